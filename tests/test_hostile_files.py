"""Damaged and hostile model files: an error in words, never a traceback, a hang or gigabytes of memory."""

from __future__ import annotations

import importlib.util
import random
from collections import Counter
from pathlib import Path

import pytest
import small_tflite_files
from damage import complaints, damaged, outcomes
from small_models import small_float, small_int8

from smelt.formats.tflite import write_tflite

MUTATIONS = 500
PARTS = 5
DIGITS = Path(__file__).parents[1] / "examples" / "digits" / "digits.onnx"


def mutations(sources: list[bytes], seed: int) -> list[bytes]:
    """Damaged copies."""
    rng = random.Random(seed)
    return [damaged(rng, rng.choice(sources)) for _ in range(MUTATIONS // PARTS)]


def check(tmp_path: Path, contents: list[bytes], suffix: str) -> None:
    files = []
    for index, content in enumerate(contents):
        files.append(tmp_path / f"{index:03d}{suffix}")
        files[-1].write_bytes(content)
    results = outcomes(files)
    assert not complaints(results), complaints(results)
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


TFLITE_KINDS = {
    "narrow": small_tflite_files.narrow_layers,
    "recurrent": small_tflite_files.recurrent_layers,
    "blocks": small_tflite_files.blocks,
    "sparse": lambda: small_tflite_files.sparse_dense_layer(blocks=True)[0].model(),
    "variable": lambda: small_tflite_files.with_variable(assigned_by_main=False).model(),
    "signatures": lambda: small_tflite_files.with_two_signatures().model(),
}


@pytest.mark.parametrize("kind", TFLITE_KINDS)
def test_mutated_tflite_of_other_kinds(tmp_path: Path, kind: str) -> None:
    data = TFLITE_KINDS[kind]()
    path = tmp_path / "whole.tflite"
    path.write_bytes(data)
    assert outcomes([path])[path] == "generated"
    check(tmp_path, mutations([data], seed=400), ".tflite")


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
