"""A model compiled for an Ethos-U stays as it is when converted; what must understand it says what is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_models import plain_int8

from smelt.formats.tflite import write_tflite
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator


def custom_model(name: str) -> bytes:
    """One operator of which only the name is known."""
    tree = read_flatbuffer(write_tflite(plain_int8()), TFLITE)
    custom = int(BuiltinOperator.CUSTOM)
    first, *others = tree.operator_codes
    code = first.replace(builtin_code=custom, deprecated_builtin_code=custom, custom_code=name)
    tree = tree.replace(operator_codes=[code, *others])
    return write_flatbuffer(tree, TFLITE) + bytes(range(7))


def smelt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smelt", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("output", ["out.tflite", "out.cc"])
def test_it_passes_through(output: str, tmp_path: Path) -> None:
    model = custom_model("ethos-u")
    (tmp_path / "vela.tflite").write_bytes(model)
    assert smelt("convert", tmp_path / "vela.tflite", "-o", tmp_path / output).returncode == 0
    if output != "out.tflite":
        assert smelt("convert", tmp_path / output, "-o", tmp_path / "out.tflite").returncode == 0
    assert (tmp_path / "out.tflite").read_bytes() == model


@pytest.mark.parametrize(("name", "says"), [("ethos-u", "Arm's driver"), ("acme-npu", "'acme-npu'")])
def test_compiling_it_is_refused_by_name(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(custom_model(name))
    done = smelt("compile", tmp_path / "m.tflite", "-o", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
    assert f"'{name}'" in done.stderr
    assert not (tmp_path / "out").exists()
    if name != "ethos-u":
        assert smelt("convert", tmp_path / "m.tflite", "-o", tmp_path / "out.tflite").returncode == 2
