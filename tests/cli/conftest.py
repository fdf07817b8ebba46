"""What tests of the command line share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Command, Result
from small_models import plain_int8, small_float, small_int8, small_samples

from smelt.cli.main import main
from smelt.formats.tflite import write_tflite


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `smelt ARGUMENTS` in this process."""

    def call(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["smelt", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
        captured = capsys.readouterr()
        return Result(int(code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a float and an int8 model, samples and labelled samples."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "small.tflite").write_bytes(write_tflite(small_float()))
    (folder / "small_int8.tflite").write_bytes(write_tflite(small_int8()))
    (folder / "plain_int8.tflite").write_bytes(write_tflite(plain_int8()))
    np.savez(folder / "calibrate.npz", x=small_samples())
    np.save(folder / "sample.npy", small_samples(1))
    labels = np.arange(8, dtype=np.uint8) % 5
    np.savez(folder / "labelled.npz", x=small_samples(), y=labels)
    return folder
