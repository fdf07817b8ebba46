"""The example of docs/quantizing.md runs as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt

pytest.importorskip("torch", reason="torch is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "quantizing.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = (
        code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if "qat" in code
    )
    monkeypatch.chdir(tmp_path)
    smelt.save(small_float(), "model.tflite")
    np.savez("train.npz", x=small_samples(40))
    exec(example, {})
    assert any(value.dtype is smelt.DType.S4 for value in smelt.load("small.tflite").values.values())
