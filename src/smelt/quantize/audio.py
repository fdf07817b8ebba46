"""A folder of .wav files as samples: how recordings become the numbers that a network was trained on."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UsageError
from smelt.ir import Graph
from smelt.quantize.spectra import FILTERS, LOGS, WINDOWS, Spectra
from smelt.quantize.tables import read_table

SUFFIXES = (".wav", ".wave")
CHOICES = {
    "features": ("raw", "log-mel", "mfcc"),
    "fit": ("start", "middle", "split"),
    "window": WINDOWS,
    "filters": FILTERS,
    "log": LOGS,
}


@dataclass(frozen=True)
class AudioRecipe:
    """What is done to a recording: mono (the mean of its channels), numbers from -1 to 1, a window of it, features.

    features: raw (the samples), log-mel or mfcc; the input is (number - mean) / std.  rate: samples a second that
    files must have.  fit: where in a longer recording the input's window lies, or split: one after the other;
    a shorter recording has zeros after it.  frame, stride: milliseconds; the rest as `Spectra` has it, where fft = 0
    is the next power of two and high = 0 half the rate.
    """

    features: str = "raw"
    rate: int = 16000
    fit: str = "start"
    mean: float = 0.0
    std: float = 1.0
    frame: float = 30.0
    stride: float = 20.0
    fft: int = 0
    window: str = "hann"
    power: float = 1.0
    mels: int = 40
    low: float = 20.0
    high: float = 0.0
    filters: str = "tensorflow"
    log: str = "natural"
    offset: float = 1e-6
    coefficients: int = 13

    @staticmethod
    def parse(text: str) -> AudioRecipe:
        """From text such as 'features=mfcc,frame=40', or the table [audio] of a TOML file; UsageError, FormatError."""
        if text.endswith(".toml"):
            return _checked(read_table(Path(text), "audio", 'such as features = "mfcc"'), f"'{text}'")
        parts = [item.strip().partition("=") for item in text.split(",") if item.strip()]
        return _checked({name.strip(): given.strip() for name, _, given in parts}, "--audio")

    def spectra(self) -> Spectra | None:
        """What is computed of the samples; None for raw.  UsageError for numbers that cannot be."""
        if self.features == "raw":
            return None
        frame, stride = (round(self.rate * length / 1000) for length in (self.frame, self.stride))
        fft = self.fft or 1 << max(0, frame - 1).bit_length()
        high = self.high or self.rate / 2
        count = self.coefficients if self.features == "mfcc" else 0
        if not (stride > 0 and 0 < frame <= fft and 0 <= self.low < high <= self.rate / 2):
            raise UsageError(
                f"--audio: wants a stride and frame of at least one sample, here {stride} and {frame}; an fft of at "
                f"least the frame, here {fft}; low below high within half the rate, here {self.low:g} to {high:g} Hz"
            )
        if not (0 < self.mels <= fft // 2 and 0 <= count <= self.mels):
            raise UsageError(f"--audio: {count} coefficients of {self.mels} mels from {fft} points cannot be")
        return Spectra(
            self.rate, frame, stride, fft, self.window, self.power, self.mels, self.low, high, self.filters,
            self.log, self.offset, count,
        )  # fmt: skip


def _checked(given: Mapping[str, Any], where: str) -> AudioRecipe:
    """The recipe of options by name; UsageError."""
    known = {name: type(default) for name, default in vars(AudioRecipe()).items()}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            raise UsageError(f"{where}: there is no '{name}', only {', '.join(known)}")
        allowed = CHOICES.get(name)
        if allowed is not None and text not in allowed:
            raise UsageError(f"{where}: {name} is one of {', '.join(allowed)}, not '{text}'")
        values[name] = _value(known[name], text, f"{where}: {name}")
    recipe = AudioRecipe(**values)
    numbers = [number for number in vars(recipe).values() if isinstance(number, float)]
    if not np.isfinite(numbers).all() or recipe.std == 0 or recipe.power <= 0 or recipe.offset <= 0:
        raise UsageError(f"{where}: numbers are finite, std is not 0, power and offset are above 0")
    if recipe.rate <= 0:
        raise UsageError(f"{where}: rate is above 0")
    recipe.spectra()
    return recipe


def _value(kind: type, given: object, where: str) -> Any:
    """A word or a number of a kind; UsageError."""
    try:
        value = kind(given)
    except (TypeError, ValueError, OverflowError):
        value = None
    if (
        value is None
        or isinstance(given, bool)
        or (kind is int and isinstance(given, float) and value != given)
    ):
        wanted = "a whole number" if kind is int else "a number"
        raise UsageError(f"{where} wants {wanted}, not '{given}'")
    return value


def audio_files(folder: Path) -> list[Path]:
    """The .wav files below a folder, by name."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def audio_for(
    graph: Graph, files: list[Path], recipe: AudioRecipe
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """One sample a file, or many where recordings are split, for a graph with one input; errors name the file."""
    values = [graph.values[name] for name in graph.inputs]
    if len(values) != 1:
        raise UsageError(
            "recordings are samples of a model with one input; this one has " + ", ".join(graph.inputs)
        )
    value, spectra = values[0], recipe.spectra()
    sides = [size for size in value.shape if size != 1]
    columns = 1 if spectra is None else spectra.columns
    frames, rest = divmod(value.elements, columns)
    flat = len(sides) < 2 or spectra is None
    across = not flat and sides == [columns, frames] and columns != frames
    if rest or not frames or not (flat or across or sides == [frames, columns]):
        raise UsageError(
            f"--audio: {recipe.features} has {columns} numbers a frame; input '{value.name}' wants {list(value.shape)}"
        )
    length = frames if spectra is None else spectra.samples(frames)
    for file in files:
        for recording in recordings(file, length, recipe.rate, recipe.fit):
            numbers = recording if spectra is None else spectra.rows(recording)
            numbers = (numbers.T if across else numbers) - recipe.mean
            yield {value.name: (numbers / recipe.std).astype(np.float32).reshape(value.shape)}


def recordings(file: Path, length: int, rate: int, fit: str) -> Iterator[NDArray[np.float64]]:
    """Windows of `length` samples of a .wav file, mono, from -1 to 1; zeros after a shorter one.

    FormatError for what is no PCM of 8 to 32 bits, is cut short, empty, or has another rate.
    """
    try:
        with wave.open(str(file), "rb") as stream:
            if stream.getframerate() != rate:
                raise FormatError(
                    f"'{file}' has {stream.getframerate()} samples a second, and the recipe says {rate}: resample it, "
                    f"or, if that is what the model was trained on, --audio rate={stream.getframerate()}"
                )
            if not stream.getnframes():
                raise FormatError(f"'{file}' holds no samples")
            start = max(0, stream.getnframes() - length) // 2 if fit == "middle" else 0
            stream.setpos(start)
            last = stream.getnframes() if fit == "split" else start + 1
            for first in range(start, last, length):
                count = min(length, stream.getnframes() - first)
                if first > start and count < length:
                    return
                found = _mono(file, stream, count)
                yield np.pad(found, (0, length - len(found)))
    except OSError as error:
        raise FormatError(f"cannot read '{file}': {error.strerror or error}") from error
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise FormatError(
            f"'{file}' is not a readable .wav file of PCM samples: {error or 'it ends early'}"
        ) from error


def _mono(file: Path, stream: wave.Wave_read, count: int) -> NDArray[np.float64]:
    width, channels = stream.getsampwidth(), stream.getnchannels()
    data = np.frombuffer(stream.readframes(count), np.uint8)
    if len(data) != count * width * channels:
        raise FormatError(f"'{file}' is cut short: its header says {stream.getnframes()} samples")
    if width == 1:
        numbers = (data.astype(np.float64) - 128) / 128
    elif width in (2, 3, 4):
        wide = np.zeros((len(data) // width, 4), np.uint8)
        wide[:, 4 - width :] = data.reshape(-1, width)
        numbers = wide.view("<i4")[:, 0].astype(np.float64) / 2**31
    else:
        raise FormatError(f"'{file}' has samples of {8 * width} bits; 8, 16, 24 and 32 are read")
    return np.asarray(numbers.reshape(-1, channels).mean(axis=1))
