"""examples/hello_world: what its program on the emulated core says is what the model says here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smelt

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello_world"
STEPS = 100


def largest_error() -> float:
    """Of the sine in a period, by the operators' meaning."""
    graph = smelt.load(EXAMPLE / "sine.tflite")
    x, y = (graph.values[names[0]] for names in (graph.inputs, graph.outputs))
    assert x.quantization
    assert y.quantization
    errors = []
    with smelt.open_engine("reference", graph) as engine:
        for angle in 2 * np.pi * np.arange(STEPS) / STEPS:
            given = round(angle / x.quantization.scales[0]) + x.quantization.zero_points[0]
            (found,) = engine.run({x.name: np.full((1, 1), given, np.int8)})[y.name].ravel().astype(int)
            real = (found - y.quantization.zero_points[0]) * y.quantization.scales[0]
            errors.append(abs(real - np.sin(angle)))
    return float(max(errors))


def test_hello_world(tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason="emulates the core")
    command = [sys.executable, EXAMPLE / "run.py", tmp_path / "hello"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"largest error of the sine, in thousandths: (\d+)", done.stdout)
    assert len(found) == 2, done.stdout  # in C, and in C++ with the names of TensorFlow Lite Micro
    for error in map(int, found):
        assert abs(error - 1000 * largest_error()) < 1  # rounded, in float32
        assert 0 < error < 50


def test_main_is_as_short_as_it_is_said_to_be() -> None:
    assert len((EXAMPLE / "main.c").read_text().splitlines()) <= 60
