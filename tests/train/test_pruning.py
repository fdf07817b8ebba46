"""Structured pruning: what is removed equals what was masked, on random networks; budgets; errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import RandomNetwork

from smelt.errors import UsageError
from smelt.ir import Array, DType, Graph, Node, Value
from smelt.ir.text import from_text
from smelt.operators import call_of, find_operator, verify_graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes.channels import channel_count
from smelt.passes.remove_dead_channels import remove_dead_channels

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.channel_statistics import channel_moments
from smelt.train.pruning import prune
from smelt.train.pruning_choice import Limit
from smelt.train.pruning_criteria import activations, batch_normalization_scale, data_moments, magnitude
from smelt.train.pruning_groups import ChannelGroups
from smelt.train.pruning_removal import Pruned

RECURRENT = ("lstm", "gru", "rnn")
LAYERS = ("conv_2d", "fully_connected", *RECURRENT)


def _check(graph: Graph, pruned: Pruned) -> None:
    """The pruned graph has the kept channels alone, and computes what both masked networks of full size do."""
    verify_graph(pruned.graph)
    for node in pruned.graph.nodes:
        for name in node.outputs:
            before = channel_count(graph.values[name])
            kept = pruned.kept.get(name, np.ones(before))
            assert channel_count(pruned.graph.values[name]) == np.count_nonzero(kept), name
            assert pruned.masked.values[name] == graph.values[name]
    inputs = sample_inputs(graph)
    computed = evaluate_graph(pruned.graph, inputs)
    for reference in (pruned.masked, _multiplied_by_masks(graph, pruned)):
        for name, array in evaluate_graph(reference, inputs).items():
            np.testing.assert_allclose(computed[name], array, rtol=0, atol=1e-5 * np.abs(array).max())


def _multiplied_by_masks(graph: Graph, pruned: Pruned) -> Graph:
    """The graph with channels that are gone multiplied by zero where layers read them, weights as they were."""
    nodes, values, constants = [], [], {}
    for node in graph.nodes:
        data = str(node.inputs[0])
        if node.operator in LAYERS and data in pruned.kept:
            mask = Value(f"{node.name}/mask", DType.F32, (graph.values[data].shape[-1],))
            masked = replace(graph.values[data], name=f"{node.name}/masked")
            values += [mask, masked]
            constants[mask.name] = pruned.kept[data].astype(np.float32)
            nodes.append(Node("mul", (data, mask.name), (masked.name,)))
            node = node.with_inputs(masked.name, *node.inputs[1:])
        if node.operator in RECURRENT and node.outputs[0] in pruned.kept:
            # what a unit was a step before is read by weights alone
            name = f"{node.name}/recurrent"
            constants[name] = graph.constants[str(node.inputs[2])] * pruned.kept[node.outputs[0]]
            values.append(replace(graph.values[str(node.inputs[2])], name=name))
            node = node.with_inputs(*node.inputs[:2], name, *node.inputs[3:])
        nodes.append(node)
    return graph.replaced(nodes=nodes, values=values, constants=constants)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), share=st.floats(0.1, 0.8), multiple=st.sampled_from([1, 2, 4]))
def test_the_pruned_network_equals_the_masked_one(seed: int, share: float, multiple: int) -> None:
    # zeros that a pad adds are no loss
    graph = remove_dead_channels(RandomNetwork(seed).graph)
    _check(graph, prune(graph, share, multiple=multiple))


def _two_layers(hidden: int = 8, scales: bool = False) -> Graph:
    """dense, perhaps a factor a channel, dense; unit k has weights k + 1 on either side."""
    builder, sizes = GraphBuilder("two layers"), np.arange(1, hidden + 1, dtype=np.float32)
    x = builder.input("x", DType.F32, (1, 3))
    x = builder.add("fully_connected", [x, builder.constant("w", np.tile(sizes[:, None], 3))], name="first")
    if scales:
        x = builder.add("mul", [x, builder.constant("s", sizes[::-1].copy())], name="scaled")
    weights = builder.constant("v", np.tile(sizes, (2, 1)))
    return builder.build([builder.add("fully_connected", [x, weights], name="second")])


def _kept(pruned: Pruned, name: str = "first") -> list[int]:
    return np.flatnonzero(pruned.kept[name]).tolist()


def test_the_smallest_weights_go_first() -> None:
    assert _kept(prune(_two_layers(), 0.5)) == [4, 5, 6, 7]
    assert _kept(prune(_two_layers(), 0.5, magnitude(1))) == [4, 5, 6, 7]


def test_norms_differ_where_one_weight_is_large() -> None:
    builder = GraphBuilder("norms")
    x = builder.input("x", DType.F32, (1, 4))
    weights = np.array([[3, 0, 0, 0], [1, 1, 1, 1]], np.float32)
    x = builder.add("fully_connected", [x, builder.constant("w", weights)], name="first")
    output = builder.add("fully_connected", [x, builder.constant("v", np.ones((1, 2), np.float32))])
    graph = builder.build([output])
    assert _kept(prune(graph, 0.5, magnitude(1), multiple=1)) == [1]
    assert _kept(prune(graph, 0.5, magnitude(2), multiple=1)) == [0]


def test_the_scale_of_batch_normalization() -> None:
    assert _kept(prune(_two_layers(scales=True), 0.5, batch_normalization_scale)) == [0, 1, 2, 3]
    assert _kept(prune(_two_layers(), 0.5, batch_normalization_scale)) == [4, 5, 6, 7]


@pytest.mark.parametrize(("hidden", "multiple", "kept"), [(10, 4, 8), (10, 2, 6), (10, 1, 5), (8, 4, 4)])
def test_what_is_left_is_a_multiple(hidden: int, multiple: int, kept: int) -> None:
    assert len(_kept(prune(_two_layers(hidden), 0.5, multiple=multiple))) == kept


def test_of_each_layer_something_stays() -> None:
    assert len(_kept(prune(_two_layers(16), 1.0, multiple=1))) == 2
    assert len(_kept(prune(_two_layers(16), 1.0, multiple=1, most=0.99))) == 1
    assert len(_kept(prune(_two_layers(16), 1.0, multiple=8))) == 8


def test_shares_of_single_layers() -> None:
    graph = RandomNetwork(3).graph
    families = ChannelGroups(graph).families
    name = max(families, key=lambda family: len(family.groups)).name
    pruned = prune(graph, {name: 0.5}, multiple=1)
    _check(graph, pruned)
    assert np.count_nonzero(pruned.kept[name]) == -(-len(pruned.kept[name]) // 2)


def _macs(graph: Graph) -> int:
    return sum(find_operator(n.operator).cost(call_of(graph, n)).macs for n in graph.nodes)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.3])
def test_a_limit_is_kept_and_not_undercut_by_more_than_a_step(share: float) -> None:
    builder, rng = GraphBuilder("three layers"), np.random.default_rng(0)
    x = builder.input("x", DType.F32, (1, 16))
    for shape in ((64, 16), (64, 64), (10, 64)):
        x = builder.add(
            "fully_connected", [x, builder.constant("w", rng.normal(size=shape).astype(np.float32))]
        )
    graph = builder.build([x])
    limit = Limit(_macs, share * _macs(graph))
    pruned = prune(graph, limit, multiple=1)
    _check(graph, pruned)
    assert limit.at_most - (64 + 64) < _macs(pruned.graph) <= limit.at_most


def test_a_limit_takes_the_channels_that_save_most() -> None:
    """Two layers with weights of the same size, one of which is computed at 64 times as many places."""
    builder = GraphBuilder("wide and narrow")
    x = builder.input("x", DType.F32, (1, 8, 8, 4))
    ones = np.ones((8, 1, 1, 4), np.float32)
    x = builder.add("conv_2d", [x, builder.constant("w", ones)], name="large")
    x = builder.add("conv_2d", [x, builder.constant("w", np.ones((4, 1, 1, 8), np.float32))])
    x = builder.add("average_pool_2d", [x], {"filter": (8, 8), "stride": (8, 8)})
    x = builder.add("conv_2d", [x, builder.constant("w", ones)], name="small")
    x = builder.add("conv_2d", [x, builder.constant("w", np.ones((4, 1, 1, 8), np.float32))])
    graph = builder.build([x])
    pruned = prune(graph, Limit(_macs, 0.9 * _macs(graph)))
    assert "large" in pruned.kept
    assert "small" not in pruned.kept


def test_a_limit_that_is_kept_already_changes_nothing() -> None:
    graph = _two_layers()
    assert prune(graph, Limit(_macs, _macs(graph))).graph is graph


def test_shared_weights_stay_shared() -> None:
    builder = GraphBuilder("shared")
    x = builder.input("x", DType.F32, (1, 4))
    rng = np.random.default_rng(0)
    first, shared, last = (rng.normal(size=s).astype(np.float32) for s in ((8, 4), (8, 8), (2, 8)))
    x = builder.add("fully_connected", [x, builder.constant("first", first)], {"activation": "relu"})
    weights = builder.constant("shared", shared)
    for _ in range(2):
        x = builder.add("fully_connected", [x, weights], {"activation": "relu"})
    graph = builder.build([builder.add("fully_connected", [x, builder.constant("last", last)])])
    pruned = prune(graph, 0.5)
    _check(graph, pruned)
    shapes = sorted(value.shape for value in pruned.graph.constants.values())
    assert shapes == [(2, 4), (4, 4), (4, 4)]


def test_no_channel_of_what_is_read_as_a_whole() -> None:
    builder = GraphBuilder("softmax inside")
    x = builder.input("x", DType.F32, (1, 4))
    x = builder.add("fully_connected", [x, builder.constant("w", np.ones((8, 4), np.float32))])
    x = builder.add("softmax", [x])
    graph = builder.build(
        [builder.add("fully_connected", [x, builder.constant("v", np.ones((2, 8), np.float32))])]
    )
    assert ChannelGroups(graph).count == 0
    assert prune(graph, 0.5).graph is graph


def test_what_makes_no_sense_is_refused() -> None:
    graph = _two_layers()
    with pytest.raises(UsageError, match="from 0 to 1"):
        prune(graph, 1.5)
    with pytest.raises(UsageError, match=r"'third': no such tensor or node; there are channels .* 'first'"):
        prune(graph, {"third": 0.5})
    with pytest.raises(UsageError, match="'second': no channels that can be removed"):
        prune(graph, {"second": 0.5})
    with pytest.raises(UsageError, match=r"reaches \d+ at best, not 1"):
        prune(graph, Limit(_macs, 1))
    with pytest.raises(UsageError, match="multiples of 0"):
        prune(graph, 0.5, multiple=0)
    with pytest.raises(UsageError, match="no norm 3"):
        magnitude(3)
    quantized = from_text("""
        graph "q"
        input %x: s8[1,2] scale 1
        constant %w: s8[2,2] scale 1 = [1, 2, 3, 4]
        %y: s8[1,2] scale 1 = fully_connected(%x, %w)
        output %y
    """)
    with pytest.raises(UsageError, match="prune the float model"):
        prune(quantized, 0.5)


def _redundant() -> tuple[Graph, list[dict[str, Array]]]:
    """A convolution whose channel 1 is 2 * channel 0 + 3, and whose channel 2 is always 5, read by another."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4, 1, 1, 3)).astype(np.float32)
    weights[1], weights[2] = 2 * weights[0], 0
    builder = GraphBuilder("redundant")
    x = builder.input("x", DType.F32, (1, 5, 5, 3))
    names = [builder.constant("w", weights), builder.constant("b", np.array([0, 3, 5, 1], np.float32))]
    x = builder.add("conv_2d", [x, *names], name="first")
    reader = builder.constant("v", rng.normal(size=(2, 3, 3, 4)).astype(np.float32))
    graph = builder.build([builder.add("conv_2d", [x, reader], name="second")])
    return graph, [{"x": rng.normal(size=(1, 5, 5, 3)).astype(np.float32)} for _ in range(30)]


def test_what_other_channels_tell_is_taken_from_them() -> None:
    graph, samples = _redundant()
    moments = data_moments(graph, samples)
    pruned = prune(graph, 0.5, activations(moments), multiple=1, moments=moments)
    # of the two that tell the same, either may stay
    assert _kept(pruned) in ([0, 3], [1, 3])
    for sample in samples[:3]:
        (expected,), (computed,) = (evaluate_graph(g, sample).values() for g in (graph, pruned.graph))
        np.testing.assert_allclose(computed, expected, rtol=0, atol=0.01 * np.abs(expected).max())
    (bare,) = evaluate_graph(prune(graph, 0.5, activations(moments), multiple=1).graph, samples[0]).values()
    (expected,) = evaluate_graph(graph, samples[0]).values()
    assert np.abs(bare - expected).max() > 0.5 * np.abs(expected).max()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_with_moments_the_pruned_network_equals_the_masked_one(seed: int) -> None:
    graph = remove_dead_channels(RandomNetwork(seed).graph)
    moments = data_moments(graph, [sample_inputs(graph)])
    pruned = prune(graph, 0.4, activations(moments), multiple=1, moments=moments)
    inputs = sample_inputs(graph)
    (expected,), (computed,) = (evaluate_graph(g, inputs).values() for g in (pruned.masked, pruned.graph))
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_moments() -> None:
    builder, rng = GraphBuilder("moments"), np.random.default_rng(0)
    x = builder.input("x", DType.F32, (1, 2, 3))
    graph = builder.build([builder.add("relu", [x])])
    samples = rng.normal(size=(20, 1, 2, 3)).astype(np.float32)
    moments = channel_moments(graph, [{"x": sample} for sample in samples], ["x"])["x"]
    places = samples.reshape(-1, 3)
    np.testing.assert_allclose(moments.mean, places.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(moments.covariance, np.cov(places.T, bias=True), atol=1e-6)
    with pytest.raises(UsageError, match="no samples"):
        channel_moments(graph, [], ["x"])
