"""Functions in int8 networks; where they have no int16 meaning they stay in float32 and are named."""

from __future__ import annotations

import numpy as np
import pytest

import smelt
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph

SAMPLES = [{"x": x} for x in np.random.default_rng(3).normal(size=(64, 1, 8)).astype(np.float32)]
FUNCTIONS = ("abs", "elu", "gelu", "hard_swish", "prelu", "sum")


def with_function(operator: str) -> Graph:
    """The function between two dense layers."""
    build, rng = GraphBuilder("function"), np.random.default_rng(5)
    w = [build.constant(n, rng.normal(size=(8, 8)).astype(np.float32) / 3) for n in ("w1", "w2")]
    hidden = build.add("fully_connected", [build.input("x", DType.F32, (1, 8)), w[0]])
    inputs = [hidden]
    if operator == "prelu":
        inputs.append(build.constant("slopes", rng.normal(0.2, 0.2, size=8).astype(np.float32)))
    attributes = {"axes": (0,), "keep_dims": True} if operator == "sum" else {}
    made = build.add(operator, inputs, attributes)
    return build.build([build.add("fully_connected", [made, w[1]], name="y")])


@pytest.mark.parametrize("operator", FUNCTIONS)
def test_int8_throughout_and_close_to_the_float_network(operator: str) -> None:
    graph = with_function(operator)
    told: list[str] = []
    small = smelt.quantize_graph(
        graph, "int8", SAMPLES, input_type="float32", output_type="float32", tell=told.append, improve=()
    )
    assert [node.operator for node in small.nodes] == [
        "quantize", "fully_connected", operator, "fully_connected", "dequantize",
    ]  # fmt: skip
    assert not told
    expected = np.array([evaluate_graph(graph, sample)["y"] for sample in SAMPLES])
    inputs = [{small.inputs[0]: sample["x"]} for sample in SAMPLES]
    actual = np.array([evaluate_graph(small, given)[small.outputs[0]] for given in inputs])
    assert np.abs(actual - expected).max() < 0.03 * np.abs(expected).max()


@pytest.mark.parametrize("operator", FUNCTIONS)
def test_int16_activations_go_around_them(operator: str) -> None:
    told: list[str] = []
    wide = smelt.quantize_graph(with_function(operator), "int16x8", SAMPLES, tell=told.append)
    (node,) = [node for node in wide.nodes if node.operator == operator]
    assert wide.values[node.inputs[0] or ""].dtype is DType.F32
    assert any(f"{operator} has no int16x8 form" in line for line in told)
