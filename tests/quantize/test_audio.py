"""Calibration samples from folders of .wav files: what is read, against scipy's reader and transforms, and refused."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import scipy.fft
import scipy.io.wavfile
import scipy.signal

import smelt
from smelt.errors import FormatError, SmeltError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.quantize.audio import AudioRecipe, recordings
from smelt.quantize.sources import open_samples

RATE = 8000


def network(*shape: int) -> Graph:
    build = GraphBuilder("one")
    return build.build([build.add("relu", [build.input("a", DType.F32, shape)])])


def write(path: Path, data: Array, *, bits: int = 16, rate: int = RATE, channels: int = 1) -> Path:
    """Integers of so many bits (8: 0 to 255), channels side by side."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(bits // 8)
        stream.setframerate(rate)
        integers = data.astype(np.uint8 if bits == 8 else "<i4").reshape(-1, 1)
        stream.writeframes(integers.view(np.uint8)[:, : bits // 8].tobytes())
    return path


def noise(count: int, bits: int = 16) -> Array:
    low, high = (0, 255) if bits == 8 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return np.random.default_rng(bits).integers(low, high, count, endpoint=True)


def only(graph: Graph, folder: Path, recipe: AudioRecipe) -> Array:
    samples, count = open_samples(graph, folder, recipe=recipe)
    (sample,) = samples
    assert count == 1
    return sample["a"]


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_those_that_scipy_reads(tmp_path: Path, bits: int, channels: int) -> None:
    path = write(tmp_path / "a.wav", noise(50 * channels, bits), bits=bits, channels=channels)
    rate, given = scipy.io.wavfile.read(path)
    assert rate == RATE
    real = given.astype(np.float64)
    # scipy has 24 bits in the upper part of 32
    real = (real - 128) / 128 if bits == 8 else real / 2.0 ** (31 if bits == 24 else bits - 1)
    found = only(network(1, 50), tmp_path, AudioRecipe(rate=RATE))
    np.testing.assert_array_equal(found[0], real.reshape(50, -1).mean(axis=1).astype(np.float32))


def test_windows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.arange(10) * 2**11)
    numbers = np.arange(10) / 16
    assert [list(r) for r in recordings(path, 4, RATE, "start")] == [list(numbers[:4])]
    assert [list(r) for r in recordings(path, 4, RATE, "middle")] == [list(numbers[3:7])]
    assert [list(r) for r in recordings(path, 4, RATE, "split")] == [list(numbers[:4]), list(numbers[4:8])]
    for fit in ("start", "middle", "split"):
        (padded,) = recordings(path, 12, RATE, fit)
        assert list(padded) == [*numbers, 0, 0]


def reference(recording: Array, recipe: AudioRecipe, frames: int) -> Array:
    """Log energies of mel bands by scipy's transform and a filterbank band by band."""
    frame, stride = round(recipe.rate * recipe.frame / 1000), round(recipe.rate * recipe.stride / 1000)
    points = recipe.fft or 2 ** int(np.ceil(np.log2(frame)))
    shape = scipy.signal.get_window(recipe.window, frame)
    _, _, spectra = scipy.signal.stft(
        recording,
        window=shape,
        nperseg=frame,
        noverlap=frame - stride,
        nfft=points,
        boundary=None,
        padded=False,
    )
    energies = np.abs(spectra.T[:frames] * shape.sum()) ** recipe.power
    hertz = np.arange(points // 2 + 1) * recipe.rate / points
    mel = 2595 * np.log10(1 + hertz / 700)
    edges = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (recipe.low, recipe.high)), recipe.mels + 2)
    bands = [np.interp(mel, edges[i : i + 3], [0, 1, 0]) for i in range(recipe.mels)]
    return np.asarray(np.log(energies @ np.array(bands).T + recipe.offset))


@pytest.mark.parametrize("window", ["hann", "hamming"])
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_features_are_those_of_scipy(tmp_path: Path, window: str, power: float) -> None:
    path = write(tmp_path / "a.wav", noise(1000))
    recipe = AudioRecipe(
        "log-mel", RATE, window=window, power=power, mels=12, high=3500.0, frame=25, stride=10
    )
    frames = 1 + (1000 - 200) // 80
    wanted = reference(scipy.io.wavfile.read(path)[1] / 2**15, recipe, frames)
    found = only(network(1, frames, 12, 1), tmp_path, recipe)
    np.testing.assert_allclose(found[0, :, :, 0], wanted, rtol=1e-5, atol=1e-5)
    across = only(network(1, 12, frames), tmp_path, recipe)
    np.testing.assert_array_equal(across[0], found[0, :, :, 0].T)
    flat = only(network(1, frames * 12), tmp_path, recipe)
    np.testing.assert_array_equal(flat.ravel(), found.ravel())
    mfcc = AudioRecipe(**{**vars(recipe), "features": "mfcc", "coefficients": 5, "mean": 1.5, "std": 2.0})
    cosines = scipy.fft.dct(wanted, type=2, axis=1)[:, :5] / np.sqrt(2 * 12)
    found = only(network(1, frames, 5), tmp_path, mfcc)
    np.testing.assert_allclose(found[0], (cosines - 1.5) / 2, rtol=1e-5, atol=1e-4)


def test_logarithms(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(400))
    shapes = network(1, 1, 8)
    natural, ten, decibels = (
        only(shapes, tmp_path, AudioRecipe("log-mel", RATE, mels=8, log=log))
        for log in ("natural", "log10", "db")
    )
    np.testing.assert_allclose(ten, natural / np.log(10), rtol=1e-6)
    np.testing.assert_allclose(decibels, 10 * ten, rtol=1e-6)


def test_slaneys_bands() -> None:
    """Edges known from the scale's definition: 15 steps to 1000 Hz, 27 more to 6400; each triangle's area is 1."""
    recipe = AudioRecipe("log-mel", 16000, fft=8192, mels=41, low=0.0, high=6400.0, filters="librosa")
    spectra = recipe.spectra()
    assert spectra is not None
    weights = spectra.filterbank()
    hertz = np.linspace(0, 8000, 4097)
    centres = hertz[weights.argmax(axis=0)]
    np.testing.assert_allclose(centres[[0, 14, 40]], [200 / 3, 1000, 6400 / 6.4 ** (1 / 27)], atol=2)
    np.testing.assert_allclose(weights.sum(axis=0) * 8000 / 4096, 1, rtol=2e-3)


def test_recipes_from_text_and_tables(tmp_path: Path) -> None:
    assert AudioRecipe.parse("") == AudioRecipe()
    text = "features=mfcc, rate=8000,frame=40,mels=20,high=4000,window=hamming"
    wanted = AudioRecipe("mfcc", 8000, frame=40.0, mels=20, high=4000.0, window="hamming")
    assert AudioRecipe.parse(text) == wanted
    path = tmp_path / "r.toml"
    path.write_text(
        '[audio]\nfeatures = "mfcc"\nrate = 8000\nframe = 40\nmels = 20\nhigh = 4e3\nwindow = "hamming"\n'
    )
    assert AudioRecipe.parse(str(path)) == wanted
    for table in ("[sound]\n", "audio = 3\n", "[audio"):
        path.write_text(table)
        with pytest.raises(FormatError, match=r"r\.toml"):
            AudioRecipe.parse(str(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed=3", "there is no 'speed', only features, rate"),
        ("features=chroma", "features is one of raw, log-mel, mfcc, not 'chroma'"),
        ("rate=fast", "rate wants a whole number, not 'fast'"),
        ("rate=1e3", "rate wants a whole number"),
        ("frame=long", "frame wants a number"),
        ("frame=nan", "finite"),
        ("features=mfcc,stride=inf", "finite"),
        ("rate=0", "rate is above 0"),
        ("std=0", "std is not 0"),
        ("mean=nan", "finite"),
        ("features=mfcc,high=9000", "within half the rate, here 20 to 9000"),
        ("features=mfcc,stride=0", "stride and frame of at least one sample"),
        ("features=mfcc,fft=64", "fft of at least the frame, here 64"),
        ("features=mfcc,coefficients=50", "50 coefficients of 40 mels"),
    ],
)
def test_recipes_that_cannot_be(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        AudioRecipe.parse(text)


@pytest.mark.parametrize("line", ["mels = 40.5", "mels = true", "rate = inf", "fft = nan", "fft = [512]"])
def test_tables_of_no_whole_numbers(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f"[audio]\n{line}\n")
    with pytest.raises(UsageError, match=r"r\.toml.*wants a whole number"):
        AudioRecipe.parse(str(path))


def damaged(path: Path) -> dict[str, bytes]:
    whole = write(path, noise(100)).read_bytes()
    return {
        "cut short: its header says 100": whole[:-60],
        "not a readable .wav file": b"RIFF" + whole[8:],
        "not a readable": whole[:30],
        "unknown format: 3": whole[:20] + b"\x03" + whole[21:],
        "holds no samples": write(path, noise(0)).read_bytes(),
        "not a readable .wav": b"",
    }


def test_files_that_are_no_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for says, data in damaged(path).items():
        path.write_bytes(data)
        with pytest.raises(FormatError, match=rf"a\.wav.*{says}"):
            only(network(1, 100), tmp_path, AudioRecipe(rate=RATE))


def test_any_damage_is_an_error_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", noise(20))
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(0, 44, 3):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data[: rng.integers(1, len(data) + 1)]))
        try:
            found = only(network(1, 20), tmp_path, AudioRecipe(rate=RATE))
        except SmeltError:
            continue
        assert np.abs(found).max() <= 1


def test_another_rate_is_said(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(100), rate=44100)
    with pytest.raises(FormatError, match="has 44100 samples a second, and the recipe says 8000: resample"):
        only(network(1, 100), tmp_path, AudioRecipe(rate=RATE))


def test_models_that_recordings_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(100))
    with pytest.raises(UsageError, match=r"mfcc has 13 numbers a frame; input 'a' wants \[1, 49, 10\]"):
        only(network(1, 49, 10), tmp_path, AudioRecipe("mfcc", RATE))
    build = GraphBuilder("two")
    a, b = build.input("a", DType.F32, (1, 4)), build.input("b", DType.F32, (1, 4))
    with pytest.raises(UsageError, match="one input; this one has a, b"):
        list(open_samples(build.build([build.add("add", [a, b])]), tmp_path)[0])


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no \.wav files"):
        open_samples(network(1, 10), tmp_path, recipe=AudioRecipe())
    (tmp_path / "deep").mkdir()
    for index, name in enumerate(("b.wav", "deep/c.wav", "a.WAV")):
        write(tmp_path / name, np.full(30, (index + 1) * 2**12), rate=16000)
    samples, count = open_samples(network(1, 10), tmp_path)
    assert ([float(s["a"][0, 0]) for s in samples], count) == ([3 / 8, 1 / 8, 2 / 8], 3)
    split = AudioRecipe(fit="split")
    assert len(list(open_samples(network(1, 10), tmp_path, recipe=split)[0])) == 9
    assert len(list(open_samples(network(1, 10), tmp_path, recipe=split, limit=4)[0])) == 4
    assert open_samples(network(1, 10), tmp_path, limit=2)[1] == 2
    (tmp_path / "p.png").write_bytes(b"")
    with pytest.raises(UsageError, match=r"holds \.wav files and images"):
        open_samples(network(1, 10), tmp_path)
    with pytest.raises(UsageError, match="--audio is for a folder"):
        open_samples(network(1, 10), tmp_path / "a.WAV", recipe=AudioRecipe())


def test_quantizing_from_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", np.array([0, 2**14, 0, 2**14 - 1]), rate=16000)
    result = smelt.quantize_graph(network(1, 4), "int8", tmp_path)
    assert result.values["a"].quantization == smelt.Quantization.per_tensor(
        float(np.float32(0.5 / 255)), -128
    )
