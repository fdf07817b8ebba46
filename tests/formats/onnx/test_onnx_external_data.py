"""Data in files beside the model: read where it belongs to the model, refused where it does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx_models import parsed
from test_read_onnx import residual

from smelt import load
from smelt.errors import FormatError
from smelt.formats.onnx import read_onnx
from smelt.ir.equality import graphs_equal


def saved(folder: Path) -> Path:
    """The residual network with its large tensors in weights.bin."""
    path = folder / "net.onnx"
    onnx.save_model(
        parsed(residual()), path, save_as_external_data=True, location="weights.bin", size_threshold=64
    )
    return path


def changed(path: Path, **entries: str) -> Path:
    """The model with other entries for the place of its first tensor."""
    file = onnx.load_model(path, load_external_data=False)
    tensor = next(t for t in file.graph.initializer if t.data_location)
    for entry in tensor.external_data:
        entry.value = entries.pop(entry.key, entry.value)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(file.SerializeToString())
    return path


def test_data_beside_the_model_is_read(tmp_path: Path) -> None:
    assert graphs_equal(load(saved(tmp_path)), read_onnx(residual(), "net"))


def test_a_model_moved_without_its_data_names_the_missing_file(tmp_path: Path) -> None:
    path = saved(tmp_path)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FormatError, match=r"initializer 'w1'.*weights\.bin.*has to lie beside it"):
        load(path)


def test_bytes_without_a_folder_ask_for_the_path(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="give the path of the model"):
        read_onnx(saved(tmp_path).read_bytes())


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"location": "../secret"}, "outside the model's folder"),
        ({"location": "below/../../secret"}, "outside the model's folder"),
        ({"location": "link"}, "outside the model's folder"),
        ({"location": "ABSOLUTE"}, "outside the model's folder"),
        ({"location": ""}, "outside the model's folder"),
        ({"location": "below"}, "cannot be read"),
        ({"location": "pipe"}, "is no file"),
        ({"location": "no\0name"}, "outside the model's folder"),
        ({"offset": "999999"}, "too short"),
        ({"offset": "-8"}, "no place in a file"),
        ({"length": "12"}, "needs 648 bytes, its part of 'weights.bin' has 12"),
    ],
)
def test_other_places_are_refused(tmp_path: Path, entries: dict[str, Any], words: str) -> None:
    folder = tmp_path / "model"
    (folder / "below").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(bytes(10_000))
    (folder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    given = {
        key: str(tmp_path / "secret") if value == "ABSOLUTE" else value for key, value in entries.items()
    }
    path = changed(saved(folder), **given)
    with pytest.raises(FormatError, match=words):
        load(path)
