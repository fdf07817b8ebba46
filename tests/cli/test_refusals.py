"""How the command line refuses files, data, options and outputs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, refused

from smelt.formats.tflite.schema import BuiltinOperator


def with_operator(data: bytes, old: BuiltinOperator, new: BuiltinOperator) -> bytes:
    """A .tflite file with an operator code replaced, both in the old and the new field."""
    from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
    from smelt.formats.tflite.schema import TFLITE

    model = read_flatbuffer(data, TFLITE)
    codes = [
        code.replace(builtin_code=new, deprecated_builtin_code=int(new))
        if int(code.builtin_code) == old
        else code
        for code in model.operator_codes
    ]
    return write_flatbuffer(model.replace(operator_codes=codes), TFLITE)


def bad_models(folder: Path) -> dict[str, Path]:
    """Model files that cannot be read."""
    data = (folder / "small_int8.tflite").read_bytes()
    contents = {
        "truncated": data[: len(data) // 3],
        "empty": b"",
        "garbage": b"\xfe" * 1000,
        "unsupported": with_operator(data, BuiltinOperator.SOFTMAX, BuiltinOperator.LOG_SOFTMAX),
    }
    paths = {"missing": folder / "no_such.tflite", "folder": folder, "device": Path("/dev/zero")}
    for name, content in contents.items():
        paths[name] = folder / f"{name}.tflite"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize(
    "problem", ["missing", "folder", "device", "truncated", "empty", "garbage", "unsupported"]
)
def test_models_that_cannot_be_read(command: Command, files: Path, tmp_path: Path, problem: str) -> None:
    path = bad_models(files)[problem]
    output, labelled = tmp_path / "out", files / "labelled.npz"
    before = sorted(tmp_path.rglob("*"))
    for arguments in (
        ("inspect", path),
        ("convert", path, "-o", f"{output}.tflite"),
        ("convert", path, "-o", f"{output}.tflite", "--quantize", "int8", "--calibrate", labelled),
        ("compile", path, "-o", output),
        ("run", path, "--output", f"{output}.npy"),
        ("profile", path, "--keep", output),
        ("evaluate", path, "--evaluate", labelled),
        ("compare", path, files / "small.tflite"),
        ("compare", files / "small.tflite", path),
        ("fit", path, "--board", "nucleo-l4r5zi"),
    ):
        refused(command(*arguments), says=["LOG_SOFTMAX" if problem == "unsupported" else path.name])
    assert sorted(tmp_path.rglob("*")) == before


def test_names_with_a_slip_are_answered_with_the_right_one(
    command: Command, files: Path, tmp_path: Path
) -> None:
    model = files / "small_int8.tflite"
    for arguments in (
        ("compile", model, "-o", tmp_path / "out", "--target", "cortex-m44"),
        ("profile", model, "--target", "cortex-m44"),
        ("run", model, "--engine", "emulated", "--target", "cortex-m44"),
    ):
        refused(command(*arguments), says=["cortex-m44", "cortex-m4"])
    refused(command("fit", model, "--board", "nucleo-l4r5z"), says=["NUCLEO-L4R5ZI"])
    refused(command("fit", model, "--board", "nucleo-l4r5zi", "--every", "often"), says=["often"])
    refused(
        command("convert", model, "-o", tmp_path / "out.tflite", "--passes", "fold-paddings"),
        says=["fold-padding"],
    )
    refused(command("inspect", model, "--shape", "x=1,a"), says=["x=1,a"])
    typed = command("convert", model, "-o", files / "typed.tflite", "--input-type", "uint8")
    refused(typed, says=["--input-type", "--quantize"])
    refused(command("inspect", model, "--constant", "x"), says=["--constant x", "axes=[1,2]"])
    refused(command("inspect", model, "--constant", "x=[1,"), says=["--constant x=[1,"])
    refused(command("inspect", model, "--constant", "x=1"), says=["TensorFlow Lite", "constants"])
    refused(command("inspect", model, "--signature", "main"), says=["no signature 'main'"])
    assert os.listdir(tmp_path) == ["files"]


def test_data_that_does_not_fit(command: Command, files: Path, tmp_path: Path) -> None:
    model, output = files / "small.tflite", tmp_path / "out.tflite"
    data = {
        "shape": {"x": np.zeros((4, 8, 8, 4), np.float32)},
        "rank": {"x": np.float32(1)},
        "nan": {"x": np.full((2, 8, 8, 3), np.nan, np.float32)},
        "empty": {"x": np.zeros((0, 8, 8, 3), np.float32)},
        "names": {"a": np.zeros((1, 8, 8, 3), np.float32), "b": np.zeros(1)},
        "text": {"x": np.array(["one", "two"])},
    }
    quantize = ("convert", model, "-o", output, "--quantize", "int8", "--calibrate")
    for name, arrays in data.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, **arrays)  # type: ignore[arg-type]
        refused(command(*quantize, path))
        if name != "nan":
            refused(command("run", model, "--inputs", path))
            refused(command("evaluate", model, "--evaluate", path))
            refused(command("compare", model, model, "--inputs", path))
            refused(command("compile", model, "-o", tmp_path / "c", "--golden", path))
            refused(command("profile", model, "--inputs", path))
    refused(
        command("run", model, "--inputs", tmp_path / "shape.npz"), says=["[1, 8, 8, 3]", "[8, 8, 4]", "image"]
    )
    for path in (tmp_path / "no_such.npz", files, files / "small.tflite"):
        refused(command(*quantize, path), says=[path.name])
        refused(command("run", model, "--inputs", path), says=[path.name])
    refused(command("evaluate", model, "--evaluate", files / "calibrate.npz"), says=["y"])
    refused(command("evaluate", model, "--evaluate", files / "labelled.npz", "--skip", "8"), says=["8"])
    assert not output.exists()
    assert not (tmp_path / "c").exists()


def test_options_that_contradict_each_other(command: Command, files: Path, tmp_path: Path) -> None:
    model, data, output = files / "small.tflite", files / "calibrate.npz", tmp_path / "out.tflite"
    refused(command("convert", model, "-o", output, "--quantize", "int8"), says=["--calibrate"])
    refused(command("convert", model, "-o", output, "--calibrate", data), says=["--quantize"])
    quantize = ("--quantize", "int8", "--calibrate", data)
    refused(command("convert", files / "small_int8.tflite", "-o", output, *quantize), says=["already"])
    for arguments in (("compile", model, "-o", tmp_path / "c"), ("profile", model)):
        refused(command(*arguments, "--tune-cache", tmp_path), says=["--tune"])
        refused(command(*arguments, "--tune", "--target", "host"), says=["host", "smelt targets"])
    assert not output.exists()


def test_outputs_that_must_not_be_written(command: Command, files: Path, tmp_path: Path) -> None:
    model = files / "small.tflite"
    link = tmp_path / "link.tflite"
    link.symlink_to(model)
    (tmp_path / "round.tflite").symlink_to(tmp_path / "round.tflite")
    contents = {path: path.read_bytes() for path in files.iterdir()}
    for output in (model, link, files / ".." / "files" / "small.tflite"):
        refused(command("convert", model, "-o", output), says=["output"])
        refused(command("plan", model, "--svg", output), says=["output"])
    refused(command("convert", model, "-o", tmp_path / "out.xyz"), says=[".tflite"])
    refused(command("run", tmp_path / "round.tflite", "-o", tmp_path / "out.npy"), says=["round.tflite"])
    assert command("plan", model, "--svg", tmp_path / "round.tflite").code == 0
    (tmp_path / "round.tflite").unlink()
    refused(command("convert", model, "-o", files), says=["files"])
    refused(command("convert", model, "-o", model / "below.tflite"), says=["below.tflite"])
    refused(command("compile", model, "-o", files), says=["files"])
    refused(command("compile", model, "-o", model), says=["small.tflite"])
    refused(command("profile", model, "--keep", model), says=["small.tflite"])
    refused(command("run", model, "--output", tmp_path / "out.txt"), says=[".npy"])
    sample = files / "sample.npy"
    refused(command("run", model, "--input", sample, "--output", sample), says=["sample.npy"])
    assert {path: path.read_bytes() for path in files.iterdir()} == contents
    assert sorted(os.listdir(tmp_path)) == ["files", "link.tflite"]
