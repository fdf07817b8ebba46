"""Legacy .h5 files of the MLPerf Tiny models against what TensorFlow's converter made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize

pytest.importorskip("h5py", reason="h5py is not installed: pip install 'smelt[keras]'")


@pytest.mark.parametrize("name", ["resnet8", "vww", "ad", "sww"])
def test_h5_equals_the_converted_file(name: str, shared: Path) -> None:
    ours = optimize(smelt.load(shared / "models" / "mlperf_tiny" / f"{name}.h5"))
    theirs = optimize(smelt.load(shared / "models" / "tf_converter" / f"{name}_h5_float32.tflite"))
    assert len(ours.nodes) == len(theirs.nodes)
    data = random_array(ours.values[ours.inputs[0]], 7)
    (got,) = evaluate_graph(ours, {ours.inputs[0]: data}).values()
    shape = theirs.values[theirs.inputs[0]].shape
    (meant,) = evaluate_graph(theirs, {theirs.inputs[0]: data.reshape(shape)}).values()
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()
