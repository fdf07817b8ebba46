"""What operators say of channels, against their meaning: a channel changes the channels it is paired with alone."""

from __future__ import annotations

import numpy as np
import pytest
from case_graphs import all_cases, random_inputs

from smelt.ir import Array, DType, Graph, Node
from smelt.operators import Call, call_of, find_operator
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.case import Case, quantized, random_weights
from smelt.operators.evaluate import evaluate_graph
from smelt.passes.channels import channel_pairs, mixing

CASES = {case.name: case for cases in all_cases().values() for case in cases}


def _paired(case: Case) -> bool:
    graph = case.graph()
    return any(pairs is not None for pairs in channel_pairs(call_of(graph, graph.nodes[0])))


PAIRED = [name for name, case in CASES.items() if _paired(case)]
WEIGHTED = [name for name, case in CASES.items() if find_operator(case.operator).traits.weights]


def _output(graph: Graph, inputs: dict[str, Array]) -> Array:
    (result,) = evaluate_graph(graph, inputs).values()
    return result.reshape(-1, result.shape[-1])


def _changed(graph: Graph, inputs: dict[str, Array], name: str, channel: int) -> set[int]:
    """The output channels that change with one channel of an input."""
    other = np.array(inputs[name])
    other[..., channel] = random_array(graph.values[name], 99)[..., channel]
    before, after = _output(graph, inputs), _output(graph, {**inputs, name: other})
    # NaN equals itself here
    different = (before != after) & ((before == before) | (after == after))
    return set(np.flatnonzero(different.any(axis=0)).tolist())


def test_most_operators_pair_channels() -> None:
    operators = {CASES[name].operator for name in PAIRED}
    assert {"add", "mul", "relu", "reshape", "concatenation", "mean", "max_pool_2d", "pad"} < operators
    assert {"transpose", "strided_slice", "depthwise_conv_2d", "quantize"} < operators
    assert not {"softmax", "conv_2d", "fully_connected"} & operators


@pytest.mark.parametrize("name", PAIRED)
def test_a_channel_changes_only_those_it_is_paired_with(name: str) -> None:
    graph = CASES[name].graph()
    call = call_of(graph, graph.nodes[0])
    inputs = dict(random_inputs(graph, 1))
    for index, pairs in enumerate(channel_pairs(call)):
        tensor = graph.nodes[0].inputs[index]
        if pairs is None or tensor not in graph.inputs:
            continue
        for channel in range(min(call.input(index).shape[-1], 6)):
            partners = set(pairs[pairs[:, 0] == channel, 1].tolist()) | _remembering(call)
            assert _changed(graph, inputs, tensor, channel) <= partners


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_that_never_meet_padding(name: str) -> None:
    """Ones under a window of ones: a tap meets padding where the sum over it differs between pixels."""
    graph = CASES[name].graph()
    mixed = mixing(call_of(graph, graph.nodes[0]))
    if mixed is None or graph.values[graph.nodes[0].inputs[0]].dtype.is_integer:
        return
    node = graph.nodes[0]
    weights = graph.constants[node.inputs[1]]
    ones = {n: np.ones_like(a) for n, a in random_inputs(graph, 1).items()}
    inner = np.broadcast_to(mixed.inner[0, :, 0], (1, mixed.inner.shape[1]))[0]
    for tap in range(weights[0, ..., 0].size):
        single = np.zeros_like(weights)
        single.reshape(weights.shape[0], -1, weights.shape[-1])[:, tap] = 1
        plain = Node(node.operator, node.inputs[:2], node.outputs, {**node.attributes, "activation": "none"})
        sums = _output(graph.replaced(nodes=(plain,), constants={node.inputs[1]: single}), ones)
        assert bool((sums == sums[0]).all() and sums[0, 0] != 0) == bool(inner[tap])


def _remembering(call: Call) -> set[int]:
    """Units that depend on others through the state, and so on what these are paired with."""
    mixed = mixing(call)
    if mixed is None or mixed.remembers is None:
        return set()
    return set(np.flatnonzero(mixed.remembers.any(axis=1)).tolist())


def test_a_grouped_convolution_reads_its_own_group_alone() -> None:
    case = Case(
        "grouped",
        "conv_2d",
        (quantized((1, 3, 3, 4), 0.1, 0), random_weights((4, 1, 1, 2), 0, 1)),
        {},
        quantized((1,), 0.2, 0).quantization,
    )
    graph = case.graph()
    mixed = mixing(call_of(graph, graph.nodes[0]))
    assert mixed is not None
    assert mixed.groups == 2
    inputs = dict(random_inputs(graph, 1))
    for channel in range(4):
        changed = _changed(graph, inputs, str(graph.nodes[0].inputs[0]), channel)
        assert changed == set(np.flatnonzero(mixed.reads[:, channel]).tolist())
    with_own = mixed.stored(mixed.reads)
    assert with_own.shape == (4, 2)
    assert with_own.all()


def test_what_a_unit_remembers() -> None:
    """Unit 0 reads itself, unit 1 reads unit 0."""
    builder = GraphBuilder("units")
    x = builder.input("x", DType.F32, (1, 3, 2))
    kernel = np.array([[1, 0], [0, 1]], np.float32)
    recurrent = np.array([[1, 0], [2, 0]], np.float32)
    names = [builder.constant("k", kernel), builder.constant("r", recurrent)]
    graph = builder.build([builder.add("rnn", [x, *names])])
    mixed = mixing(call_of(graph, graph.nodes[0]))
    assert mixed is not None
    assert mixed.remembers is not None
    np.testing.assert_array_equal(mixed.remembers, recurrent != 0)
    np.testing.assert_array_equal(mixed.reads, kernel != 0)
