"""fuse_recurrent: layers that a .tflite file holds step by step, or as an LSTM and a slice, become one node again."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.operators.recurrent import GATES
from smelt.operators.recurrent.unrolled import unroll_nodes
from smelt.passes import optimize
from smelt.passes.fuse_recurrent import fuse_recurrent

CASES = [
    case
    for case in importlib.import_module("smelt.operators.recurrent.cases").CASES
    if case.operator in GATES
    if case.attributes.get("gate_activation") != "hard_sigmoid"
]
USUAL = {"returns": "last", "reverse": False, "reset_after": False, "activation": "tanh"}
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def assert_near(graph: Graph, other: Graph) -> None:
    inputs = sample_inputs(graph)
    results = evaluate_graph(other, inputs)
    for name, expected in evaluate_graph(graph, inputs).items():
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(results[name], expected, rtol=0, atol=1e-6 * largest)


def unrolled(graph: Graph) -> Graph:
    result = unroll_nodes(graph, lambda call: True)
    assert not layers(result)
    return result


def layers(graph: Graph) -> list[str]:
    return [node.operator for node in graph.nodes if node.operator in GATES]


@each_case
def test_layers_come_back_from_a_file_as_one_node(case: Case) -> None:
    graph = optimize(case.graph())
    back = optimize(read_tflite(write_tflite(graph)))
    assert [node.operator for node in back.nodes] == [case.operator]
    (before,), (after,) = graph.nodes, back.nodes
    for key, usual in USUAL.items():
        assert after.attributes.get(key, usual) == before.attributes.get(key, usual), key
    assert_near(graph, back)


@each_case
def test_unrolled_layers_are_found(case: Case) -> None:
    graph = unrolled(case.graph())
    fused = fuse_recurrent(graph)
    assert layers(fused) == [case.operator]
    assert_near(graph, fused)


def layer(operator: str, time: int = 4) -> Graph:
    """A layer all of whose outputs are read."""
    rng = np.random.default_rng(time)
    builder = GraphBuilder("layer")
    x = builder.input("x", DType.F32, (2, time, 3))
    rows = GATES[operator] * 5
    arrays = [rng.normal(0, 0.5, shape).astype(np.float32) for shape in ((rows, 3), (rows, 5), (rows,))]
    inputs = [x, *(builder.constant(f"w{k}", array) for k, array in enumerate(arrays))]
    builder.add(operator, inputs, {"returns": "all"})
    return builder.build(builder.nodes[-1].outputs)


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize("time", [1, 2, 5])
def test_all_outputs_may_be_read(operator: str, time: int) -> None:
    graph = unrolled(layer(operator, time))
    fused = fuse_recurrent(graph)
    assert [node.operator for node in fused.nodes] == [operator]
    assert fused.outputs == graph.outputs
    assert_near(graph, fused)


@pytest.mark.parametrize("operator", GATES)
def test_what_differs_in_one_step_is_left_alone(operator: str) -> None:
    graph = unrolled(layer(operator))
    nodes = list(graph.nodes)
    changed = [index for index, node in enumerate(nodes) if node.operator == "add"][-1]
    nodes[changed] = replace(nodes[changed], operator="sub")
    assert not layers(fuse_recurrent(graph.replaced(nodes=nodes)))


@pytest.mark.parametrize("operator", GATES)
def test_a_step_that_others_read_keeps_the_layer_unrolled(operator: str) -> None:
    graph = unrolled(layer(operator))
    inner = next(node.outputs[0] for node in graph.nodes if node.operator == "add")
    assert not layers(fuse_recurrent(graph.replaced(outputs=[*graph.outputs, inner])))
