"""Damaged and hostile model files: an error in words, never a traceback, a hang or gigabytes of memory."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from small_models import small_float, small_int8

from smelt.formats.tflite import write_tflite

MUTATIONS = 500
PARTS = 5
WORKER = Path(__file__).with_name("hostile_worker.py")
DIGITS = Path(__file__).parents[1] / "examples" / "digits" / "digits.onnx"
EXTREMES = (0, 1, -1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, -0x80000000, 0x10000, 0x1000000, 0xFFFFFFFF)
VARINTS = (b"\x00", b"\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x10")


def flip_bits(rng: random.Random, data: bytearray) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def truncate(rng: random.Random, data: bytearray) -> bytearray:
    return data[: rng.randrange(len(data))]


def splice(rng: random.Random, data: bytearray) -> bytearray:
    size = rng.choice((4, 8, 16, 64, 300))
    source, place = (rng.randrange(max(len(data) - size, 1)) for _ in range(2))
    chunk = data[source : source + size]
    return data[:place] + chunk + data[place + (size if rng.random() < 0.5 else 0) :]


def put_extreme_integers(rng: random.Random, data: bytearray) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 5))):
        size = rng.choice((1, 2, 4, 4, 8))
        place = rng.randrange(0, len(data) - 8, rng.choice((1, 4)))
        data[place : place + size] = struct.pack("<q", rng.choice(EXTREMES))[:size]
    return data


def put_varints(rng: random.Random, data: bytearray) -> bytearray:
    number = rng.choice(VARINTS)
    place = rng.randrange(len(data))
    data[place : place + rng.choice((1, len(number)))] = number
    return data


KINDS = (flip_bits, truncate, splice, put_extreme_integers, put_extreme_integers, put_varints)


def mutations(sources: list[bytes], seed: int) -> list[bytes]:
    """Damaged copies; half the places lie in the first or last kilobyte, where the structure is."""
    rng = random.Random(seed)
    return [bytes(rng.choice(KINDS)(rng, bytearray(rng.choice(sources)))) for _ in range(MUTATIONS // PARTS)]


def outcomes(files: list[Path]) -> dict[Path, str]:
    """What the worker says of each file; "killed" with its last words for one that ended it."""
    found: dict[Path, str] = {}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    while len(found) < len(files):
        rest = [str(path) for path in files if path not in found]
        done = subprocess.run(
            [sys.executable, str(WORKER), *rest], capture_output=True, text=True, env=environment, check=False
        )
        for line in done.stdout.splitlines():
            name, _, result = line.partition("\t")
            found[Path(name)] = json.loads(result) if result else f"killed: {done.stderr[-3000:]}"
        assert done.stdout, done.stderr
    return found


def check(tmp_path: Path, contents: list[bytes], suffix: str) -> None:
    files = []
    for index, content in enumerate(contents):
        files.append(tmp_path / f"{index:03d}{suffix}")
        files[-1].write_bytes(content)
    results = outcomes(files)
    bad = {
        path.name: text
        for path, text in results.items()
        if text.startswith(("killed", "Traceback")) or " " in text
    }
    report = "\n\n".join(f"{name}:\n{text}" for name, text in list(bad.items())[:5])
    assert not bad, f"{len(bad)} of {len(files)} files were not refused in words, for example\n{report}"
    counts = Counter(results.values())
    # Mutations that never get past the door would test nothing; nor would ones that break nothing.
    assert counts["FormatError"] + counts["UnsupportedError"] + counts["GraphError"] > len(files) // 10, (
        counts
    )
    assert counts["generated"] > 0, counts


def test_the_undamaged_files_load(tmp_path: Path) -> None:
    files = [tmp_path / "int8.tflite", tmp_path / "float.tflite"]
    for path, graph in zip(files, (small_int8(), small_float()), strict=True):
        path.write_bytes(write_tflite(graph))
    assert set(outcomes(files).values()) == {"generated"}


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_tflite(tmp_path: Path, part: int) -> None:
    check(
        tmp_path, mutations([write_tflite(small_int8()), write_tflite(small_float())], seed=part), ".tflite"
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_onnx(tmp_path: Path, part: int) -> None:
    if importlib.util.find_spec("onnx") is None:
        pytest.skip("the package onnx is not installed")
    check(tmp_path, mutations([DIGITS.read_bytes()], seed=100 + part), ".onnx")


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_mutated_keras(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    from small_keras import small_archive, small_h5

    data = small_h5() if suffix == ".h5" else small_archive()
    path = tmp_path / f"whole{suffix}"
    path.write_bytes(data)
    assert outcomes([path])[path] == "generated"
    check(tmp_path, mutations([data], seed=200), suffix)


@pytest.mark.parametrize("kind", ["exported", "scripted", "lite"])
def test_mutated_torch(tmp_path: Path, kind: str) -> None:
    import small_torch_files

    make = getattr(small_torch_files, kind)
    data = make() if kind == "exported" else make(is_traced=True)
    path = tmp_path / "whole.pt"
    path.write_bytes(data)
    assert outcomes([path])[path] == "generated"
    check(tmp_path, mutations([data], seed=300), ".pt")


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\xff" * 64, b"\x08\x08", b"not a model"]
)
@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ""])
def test_files_of_nothing(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    assert outcomes([path])[path] in ("FormatError", "UnsupportedError")
