"""What structured pruning reaches: everything that ties channels together is narrowed, and stays sound as int8."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from random_networks import RandomNetwork

from smelt.ir import DType, Graph
from smelt.operators import all_operators
from smelt.operators.builder import GraphBuilder
from smelt.operators.convolution.geometry import CHANNEL_AXIS
from smelt.operators.evaluate import evaluate_graph
from smelt.passes.remove_dead_channels import remove_dead_channels
from smelt.quantize import quantize_graph

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.pruning import prune
from smelt.train.pruning_groups import ChannelGroups
from smelt.train.pruning_removal import Pruned


def _narrowed(graph: Graph, pruned: Pruned) -> set[str]:
    """Kinds of places where channels went."""
    found, readers = set(), Counter(name for node in graph.nodes for name in node.inputs[1:2])
    for node in graph.nodes:
        data, weights = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
        loses = node.outputs[0] in pruned.kept
        found |= {node.operator} if loses else set()
        if node.operator == "conv_2d" and weights is not None:
            grouped = graph.values[weights].shape[-1] != graph.values[data or ""].shape[-1]
            found |= {"grouped convolution"} if grouped and loses else set()
            found |= {"shared weights"} if readers[weights] > 1 and loses else set()
        if node.operator == "reshape" and data in pruned.kept:
            found.add("flatten")
    return found


def test_the_random_networks_reach_all_that_ties_channels() -> None:
    """test_pruning's property is of networks like these: each of these places loses channels in some of them."""
    found: set[str] = set()
    for seed in range(40):
        graph = remove_dead_channels(RandomNetwork(seed).graph)
        found |= _narrowed(graph, prune(graph, 0.5, multiple=1))
    layers = {"conv_2d", "depthwise_conv_2d", "fully_connected", "lstm", "gru", "rnn"}
    ties = {"add", "mul", "concatenation", "strided_slice", "pad", "mean", "max_pool_2d"}
    assert found >= layers | ties | {"grouped convolution", "shared weights", "flatten"}


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_units_of_lstm_go_and_the_quantized_model_follows(scheme: str) -> None:
    rng, build = np.random.default_rng(4), GraphBuilder("units")

    def constant(*shape: int) -> str:
        return build.constant("w", (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32))

    x, inputs = build.input("x", DType.F32, (1, 10, 6)), 6
    for number, (units, returns) in enumerate(((16, "sequence"), (12, "last"))):
        names = [x, constant(4 * units, inputs), constant(4 * units, units), constant(4 * units)]
        x, inputs = build.add("lstm", names, {"returns": returns}, name=f"lstm {number}"), units
    graph = build.build([build.add("fully_connected", [x, constant(5, 12), constant(5)], name="answer")])
    pruned = prune(graph, 0.5, multiple=4)
    layers = [node for node in pruned.graph.nodes if node.operator == "lstm"]
    units = [pruned.graph.values[node.outputs[0]].shape[-1] for node in layers]
    assert [count % 4 for count in units] == [0, 0]
    assert sum(units) <= 16
    samples = {"x": rng.normal(size=(24, 10, 6)).astype(np.float32)}
    quantized = quantize_graph(pruned.graph, scheme, samples, tell=lambda _: None)
    signal = noise = 0.0
    for sample in samples["x"]:
        (wanted,) = evaluate_graph(pruned.graph, {"x": sample[None]}).values()
        (name,) = quantized.outputs
        given = quantized.values[quantized.inputs[0]].quantization
        assert given is not None
        low, high = quantized.values[quantized.inputs[0]].dtype.integer_range
        integers = np.clip(np.round(sample[None] / given.scale) + given.zero_point, low, high)
        array = evaluate_graph(
            quantized,
            {quantized.inputs[0]: integers.astype(quantized.values[quantized.inputs[0]].dtype.numpy)},
        )[name]
        own = quantized.values[name].quantization
        assert own is not None
        found = (array.astype(np.float64) - own.zero_point) * own.scale
        signal, noise = signal + np.square(wanted).sum(), noise + np.square(found - wanted).sum()
    assert 10 * np.log10(signal / noise) > 15


@pytest.mark.parametrize("seed", range(12))
def test_groups_depend_on_what_operators_say_not_on_their_names(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = RandomNetwork(seed).graph
    groups = ChannelGroups(graph)
    for name in {node.operator for node in graph.nodes}:
        monkeypatch.setitem(all_operators(), f"other {name}", all_operators()[name])
    for name, axis in list(CHANNEL_AXIS.items()):  # a family may know its own names
        monkeypatch.setitem(CHANNEL_AXIS, f"other {name}", axis)
    renamed = graph.replaced(nodes=[replace(node, operator=f"other {node.operator}") for node in graph.nodes])
    again = ChannelGroups(renamed)
    assert again.families == groups.families
    assert groups.count > 0
    for name in (output for node in graph.nodes for output in node.outputs):
        np.testing.assert_array_equal(again.of(name), groups.of(name))
