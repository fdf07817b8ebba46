"""int8 and int16x8 of keywords beside TensorFlow's own files, calibrated on the same 100 samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.ir import Array, Graph
from smelt.quantize.noise import decibels
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input

SCORED = slice(100, 220)
"""Of kws_test: not among the calibration samples."""


def logits(graph: Graph, x: Array) -> Array:
    """Real numbers before softmax, of the generated C."""
    node = graph.producers()[graph.outputs[0]]
    while node.operator != "softmax":
        node = graph.producers()[str(node.inputs[0])]
    name, value = str(node.inputs[0]), graph.values[graph.inputs[0]]
    with smelt.open_engine("native", smelt.optimize(graph.replaced(outputs=(name,)))) as engine:
        found = [engine.run({value.name: to_input(value, sample)})[name] for sample in x]
    return np.array([real(graph.values[name], each).ravel() for each in found])


def ratio(graph: Graph, wanted: Array, x: Array) -> float:
    return decibels(float(((logits(graph, x) - wanted) ** 2).sum() / (wanted**2).sum()))


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_the_signal_to_noise_ratio_is_no_lower(shared: Path, scheme: str) -> None:
    graph = smelt.optimize(smelt.load(shared / "models" / "mlperf_tiny" / "kws_float32.tflite"))
    with np.load(shared / "data" / "kws_test.npz") as file:
        x = (file["x"][: SCORED.stop].astype(np.float32) - 83) * np.float32(0.5847029)
    ours = smelt.quantize_graph(graph, scheme, x[:100], tell=lambda text: None)
    theirs = smelt.load(shared / "models" / "tf_converter" / f"kws_{scheme}.tflite")
    wanted = logits(graph, x[SCORED])
    assert ratio(ours, wanted, x[SCORED]) >= ratio(theirs, wanted, x[SCORED])
