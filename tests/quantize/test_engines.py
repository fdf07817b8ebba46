"""Files of every scheme in other people's engines, with smelt's own results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.engines.engine import Engine
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import SCHEMES
from smelt.quantize.samples import to_input

IN_FILES = [name for name, each in SCHEMES.items() if each.precision is None or not each.precision.is_coarse]


def without_softmax() -> Graph:
    """Softmax makes several steps of one of what it reads."""
    graph = small_float()
    last = graph.nodes[-1]
    values = {name: value for name, value in graph.values.items() if name not in last.outputs}
    return replace(graph, nodes=graph.nodes[:-1], outputs=(str(last.inputs[0]),), values=values)


def made(scheme: str, graph: Graph) -> tuple[Graph, list[dict[str, Array]]]:
    samples = list(smelt.samples_for(graph, {"x": small_samples(16)}))
    result = smelt.quantize_graph(graph, scheme, samples)
    given = [
        {n: to_input(result.values[n], a) for n, a in zip(result.inputs, sample.values(), strict=True)}
        for sample in samples
    ]
    return result, given


def run(engine: Engine, graph: Graph, sample: dict[str, Array]) -> Array:
    given = {value.name: sample[name] for name, value in zip(graph.inputs, engine.inputs, strict=True)}
    return next(iter(engine.run(given).values()))


@pytest.mark.parametrize("scheme", IN_FILES)
def test_litert(scheme: str) -> None:
    """Integer results to one step (LiteRT's fast kernels round otherwise), floats to 1e-4 of the largest."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    graph, samples = made(scheme, without_softmax())
    with smelt.open_engine("litert", graph) as engine:
        for sample in samples:
            wanted = evaluate_graph(graph, sample)[graph.outputs[0]]
            found = run(engine, graph, sample)
            assert found.dtype == wanted.dtype
            tolerance = 1e-4 * np.abs(wanted).max() if wanted.dtype.kind == "f" else 1
            assert np.abs(found.astype(float) - wanted.astype(float)).max() <= tolerance


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_tensorflow_lite_micro(scheme: str) -> None:
    """To the last bit."""
    pytest.importorskip("tflite_micro", reason="TensorFlow Lite Micro is not installed")
    graph, samples = made(scheme, small_float())
    with smelt.open_engine("tflm", graph) as engine:
        for sample in samples:
            wanted = evaluate_graph(graph, sample)[graph.outputs[0]]
            np.testing.assert_array_equal(run(engine, graph, sample), wanted)
