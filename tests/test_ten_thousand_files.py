"""Ten thousand damaged files over all readers: each is read or refused in words, in bounded time and memory."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from damage import complaints, damaged_inside, outcomes
from small_models import small_float, small_int8

from smelt.formats.onnx import write_onnx
from smelt.formats.tflite import write_tflite

FILES = 10_000
BATCH = 200
"""Damaged files that lie on the disk at a time."""

Sources = list[Mapping[str, bytes]]
"""Undamaged models: the contents of their files by name."""


def tflite() -> Sources:
    return [{"model.tflite": write_tflite(graph)} for graph in (small_float(), small_int8())]


def onnx() -> Sources:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    return [{"model.onnx": write_onnx(graph)} for graph in (small_float(), small_int8())]


def keras() -> Sources:
    pytest.importorskip("h5py", reason="the extra keras is not installed")
    from small_keras import small_archive

    return [{"model.keras": small_archive()}]


def h5() -> Sources:
    pytest.importorskip("h5py", reason="the extra keras is not installed")
    from small_keras import small_h5

    return [{"model.h5": small_h5()}]


def saved_model() -> Sources:
    from small_saved_models import bundle, small_model

    model = small_model()
    index, data = bundle(dict(model.variables.values()))
    variables = {"variables/variables.index": index, "variables/variables.data-00000-of-00001": data}
    return [{"saved_model.pb": model.protobuf(), **variables}]


def exported() -> Sources:
    import small_torch_files

    return [{"model.pt2": small_torch_files.exported()}]


def scripted() -> Sources:
    import small_torch_files

    return [{"model.pt": small_torch_files.scripted(is_traced=True)}]


def lite() -> Sources:
    import small_torch_files

    return [{"model.ptl": small_torch_files.lite(is_traced=True)}]


MODELS: tuple[Callable[[], Sources], ...] = (tflite, onnx, keras, h5, saved_model, exported, scripted, lite)


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The path to load: the only file, or the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / next(iter(files)) if len(files) == 1 else folder


@pytest.mark.parametrize("make", MODELS)
def test_damaged_models_are_read_or_refused_in_words(make: Callable[[], Sources], tmp_path: Path) -> None:
    sources = make()
    rng = random.Random(make.__name__)
    whole = [written(tmp_path / f"whole_{index}", files) for index, files in enumerate(sources)]
    assert set(outcomes(whole, load_only=True).values()) == {"loaded"}
    counts: Counter[str] = Counter()
    for start in range(0, FILES // len(MODELS), BATCH):
        paths = []
        for index in range(start, min(start + BATCH, FILES // len(MODELS))):
            files = dict(rng.choice(sources))
            name = rng.choice([name for name, content in files.items() if content])
            files[name] = damaged_inside(rng, files[name])
            paths.append(written(tmp_path / f"{index}", files))
        results = outcomes(paths, load_only=True)
        assert not complaints(results), complaints(results)
        counts.update(results.values())
    # Damage that never got past the door would test nothing; nor would damage that breaks nothing.
    assert counts["loaded"] > 0, counts
    assert counts["FormatError"] + counts["UnsupportedError"] > sum(counts.values()) // 10, counts
