"""SavedModels read without TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize


@pytest.mark.parametrize("file", ["", "saved_model.pb"])
def test_kws_equals_the_converted_file(file: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    models = shared / "models" / "mlperf_tiny"
    ours = optimize(smelt.load(models / "kws_saved_model" / file))
    theirs = optimize(smelt.load(models / "kws_float32.tflite"))
    assert len(ours.nodes) == len(theirs.nodes)
    assert (ours.inputs, ours.outputs) == (("input_1",), ("dense",))
    data = random_array(ours.values[ours.inputs[0]], 7)
    (got,) = evaluate_graph(ours, {ours.inputs[0]: data}).values()
    shape = theirs.values[theirs.inputs[0]].shape
    (meant,) = evaluate_graph(theirs, {theirs.inputs[0]: data.reshape(shape)}).values()
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()
