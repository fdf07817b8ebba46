"""Low-rank factorization: exact at full rank or for weights of low rank, only where it gains, by share or limit."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.errors import UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators import call_of, find_operator, verify_graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.low_rank import factorize
from smelt.train.pruning_choice import Limit
from smelt.train.pruning_criteria import data_moments

RNG = np.random.default_rng(0)


def _low(*shape: int, rank: int) -> Array:
    """A matrix of low rank."""
    left, right = RNG.normal(size=(shape[0], rank)), RNG.normal(size=(rank, shape[1]))
    return (left @ right).astype(np.float32)


def _graph(operator: str, weights: Array, x: tuple[int, ...], **attributes: object) -> Graph:
    builder = GraphBuilder(operator)
    names = [builder.input("x", DType.F32, x), builder.constant("w", weights)]
    channels = weights.shape[3 if operator == "depthwise_conv_2d" else 0]
    names.append(builder.constant("b", RNG.normal(size=channels).astype(np.float32)))
    return builder.build([builder.add(operator, names, attributes, name="layer")])  # type: ignore[arg-type]


def _spatial(rank: int) -> Array:
    """A 3x3 kernel that is columns then rows of few channels."""
    return _low(3 * 24, 3 * 16, rank=rank).reshape(24, 3, 3, 16).transpose(0, 2, 1, 3)


def _tucker(rank: int) -> Array:
    core = RNG.normal(size=(rank, 3, 3, rank))
    outputs, inputs = RNG.normal(size=(24, rank)), RNG.normal(size=(16, rank))
    return np.einsum("or,rhwi,ci->ohwc", outputs, core, inputs).astype(np.float32)


WINDOW = {"stride": (2, 1), "padding": (1, 2, 0, 1), "dilation": (1, 2), "activation": "relu"}
IMAGE = (1, 9, 10, 16)
CASES = {
    "dense": (_graph("fully_connected", _low(32, 48, rank=4), (1, 48), activation="relu"), 2),
    "pixels": (_graph("conv_2d", _low(32, 16, rank=4).reshape(32, 1, 1, 16), IMAGE, stride=(2, 2)), 2),
    "spatial": (_graph("conv_2d", _spatial(4), IMAGE, **WINDOW), 2),
    "tucker": (_graph("conv_2d", _tucker(4), IMAGE, **WINDOW), 3),
}


def _macs(graph: Graph) -> float:
    return sum(find_operator(node.operator).cost(call_of(graph, node)).macs for node in graph.nodes)


def _samples(graph: Graph, count: int = 20) -> list[dict[str, Array]]:
    """Data with a mean and with channels that go together."""
    (name,) = graph.inputs
    shape = graph.values[name].shape
    mix = RNG.normal(size=(shape[-1], shape[-1]))
    return [{name: (RNG.normal(size=shape) @ mix + 1).astype(np.float32)} for _ in range(count)]


def _difference(graph: Graph, other: Graph, sample: dict[str, Array]) -> float:
    (expected,), (computed,) = (evaluate_graph(g, sample).values() for g in (graph, other))
    return float(np.linalg.norm(computed - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("with_moments", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_weights_of_low_rank_lose_nothing(name: str, with_moments: bool) -> None:
    graph, layers = CASES[name]
    samples = _samples(graph)
    moments = data_moments(graph, samples) if with_moments else None
    smaller = verify_graph(factorize(graph, 1 - 1e-9, moments))
    assert len(smaller.nodes) == layers
    assert _macs(smaller) < _macs(graph)
    assert _difference(graph, smaller, samples[0]) < 1e-4


def test_ranks_that_are_more_than_noise() -> None:
    weights = _low(64, 48, rank=8) + 0.1 * RNG.normal(size=(64, 48)).astype(np.float32)
    graph = _graph("fully_connected", weights, (1, 48))
    first, second = factorize(graph, None, multiple=1).nodes
    smaller = factorize(graph, None, multiple=1)
    assert smaller.values[first.outputs[0]].shape == (1, 8)
    assert second.outputs == graph.nodes[0].outputs
    assert _difference(graph, smaller, _samples(graph)[0]) < 0.1


def test_weights_of_full_rank_stay() -> None:
    graph = _graph("fully_connected", RNG.normal(size=(16, 16)).astype(np.float32), (1, 16))
    assert factorize(graph, 1.0) is graph


def test_depthwise_and_grouped_layers_stay() -> None:
    depthwise = _graph("depthwise_conv_2d", np.ones((1, 3, 3, 16), np.float32), IMAGE)
    grouped = _graph("conv_2d", np.ones((16, 3, 3, 8), np.float32), IMAGE)
    assert factorize(depthwise, 0.5) is depthwise
    assert factorize(grouped, 0.5) is grouped


@pytest.mark.parametrize("operator", ["fully_connected", "conv_2d"])
def test_data_tell_what_is_worth_keeping(operator: str) -> None:
    dense = operator == "fully_connected"
    weights = RNG.normal(size=(32, 32) if dense else (32, 1, 1, 32)).astype(np.float32)
    graph = _graph(operator, weights, (1, 32) if dense else (1, 6, 6, 32))
    strengths = (np.arange(32) < 6) * 10 + 0.1
    (name,) = graph.inputs
    shape = graph.values[name].shape
    samples = [{name: (RNG.normal(size=shape) * strengths + 2).astype(np.float32)} for _ in range(60)]
    limit = Limit(_macs, 0.6 * _macs(graph))
    blind, aware = factorize(graph, limit), factorize(graph, limit, data_moments(graph, samples))
    errors = [np.mean([_difference(graph, g, s) for s in samples[:10]]) for g in (blind, aware)]
    assert errors[1] < 0.2 * errors[0]


@pytest.mark.parametrize("share", [0.9, 0.5, 0.25])
def test_a_limit_is_kept(share: float) -> None:
    builder = GraphBuilder("two layers")
    x = builder.input("x", DType.F32, (1, 64))
    for shape in ((64, 64), (48, 64)):
        x = builder.add(
            "fully_connected", [x, builder.constant("w", RNG.normal(size=shape).astype(np.float32))]
        )
    graph = builder.build([x])
    smaller = factorize(graph, Limit(_macs, share * _macs(graph)), multiple=1)
    assert (share - 0.2) * _macs(graph) < _macs(smaller) <= share * _macs(graph)


def test_a_layer_stays_where_the_device_gains_nothing() -> None:
    graph, _ = CASES["dense"]
    assert factorize(graph, 0.9, measure=lambda each: len(each.nodes)) is graph
    assert factorize(graph, 0.9, measure=_macs) is not graph


def test_single_layers_by_name_and_what_makes_no_sense() -> None:
    graph, _ = CASES["dense"]
    assert len(factorize(graph, {"layer": 0.9}).nodes) == 2
    with pytest.raises(UsageError, match="no layer 'other'"):
        factorize(graph, {"other": 0.9})
    with pytest.raises(UsageError, match="from 0 to 1"):
        factorize(graph, 2.0)
    with pytest.raises(UsageError, match=r"factorization reaches \d+ with .* not 1:"):
        factorize(graph, Limit(_macs, 1))


def _cp(rank: int) -> Array:
    factors = (RNG.normal(size=(size, rank)) for size in (24, 3, 3, 16))
    return np.einsum("or,hr,wr,ir->ohwi", *factors).astype(np.float32)


@pytest.mark.parametrize("with_moments", [False, True])
def test_cp_takes_a_convolution_apart_in_four(with_moments: bool) -> None:
    graph = _graph("conv_2d", _cp(4), IMAGE, **WINDOW)
    samples = _samples(graph)
    moments = data_moments(graph, samples) if with_moments else None
    smaller = verify_graph(factorize(graph, 0.9999, moments, cp=True))
    assert [node.operator for node in smaller.nodes] == ["conv_2d", *["depthwise_conv_2d"] * 2, "conv_2d"]
    assert smaller.values[smaller.nodes[0].outputs[0]].shape[-1] == 4
    assert _macs(smaller) < _macs(factorize(graph, 0.9999, moments))
    assert _difference(graph, smaller, samples[0]) < 0.02


def test_cp_needs_to_make_weights_fewer() -> None:
    graph = _graph("conv_2d", RNG.normal(size=(8, 3, 3, 8)).astype(np.float32), (1, 6, 6, 8))
    assert factorize(graph, 1.0, cp=True) is graph
    limit = Limit(_macs, 0.5 * _macs(graph))
    assert _macs(factorize(graph, limit, cp=True, multiple=1)) <= limit.at_most
