"""How much a network needs each group of channels: the criteria of structured pruning.

A criterion gives each group a number; the mean over a layer's channels is 1, so that layers compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.operators import Call, call_of, find_operator
from smelt.operators.operator import Weights
from smelt.passes.channels import centred_weights, channel_pairs
from smelt.train.channel_statistics import Floats, Moments, channel_moments
from smelt.train.pruning_groups import ChannelGroups

Criterion = Callable[[ChannelGroups], Floats]
"""The importance of each group, by its number."""


def magnitude(norm: int = 2) -> Criterion:
    """The L1 or L2 norm of the weights that compute a channel and that read it.

    Source: Li et al., "Pruning Filters for Efficient ConvNets", 2017; of all layers of a group as in Fang et
    al., "DepGraph", 2023.
    """
    if norm not in (1, 2):
        raise UsageError(f"there is no norm {norm} to prune by: 1 (sums) or 2 (squares)")

    def importance(groups: ChannelGroups) -> Floats:
        return groups.mean((name, relative(sums ** (1 / norm))) for name, sums in _sums(groups, norm))

    return importance


def batch_normalization_scale(groups: ChannelGroups) -> Floats:
    """The factors that multiply a channel after its layer, where a graph has them; the L2 norm elsewhere.

    Where they are folded into the weights, they are gone: prune before passes do that.  Source: Liu et al.,
    "Learning Efficient Convolutional Networks through Network Slimming", 2017.
    """
    found = groups.mean((name, relative(factors)) for name, factors in _factors(groups))
    known = groups.mean((name, np.ones_like(factors)) for name, factors in _factors(groups)) > 0
    return np.where(known, found, magnitude(2)(groups))


def activations(moments: Mapping[str, Moments]) -> Criterion:
    """How much of what layers read is lost with a channel: what no other tells of it, weighed as the layers do.

    `moments` are `data_moments` of the graph; no labels are needed.  It is meant for removal with the same moments,
    which takes from the other channels what they tell.  Relative to how much a layer's sums vary in all.
    """

    def importance(groups: ChannelGroups) -> Floats:
        return groups.mean((name, _lost(np.sqrt(sums), moments[name])) for name, sums in _reading(groups, 2))

    return importance


def _lost(norms: Floats, moments: Moments) -> Floats:
    whole = np.linalg.norm(norms * moments.deviation)
    return np.divide(norms * moments.own_deviation, whole, out=np.zeros_like(norms), where=whole > 0)


def data_moments(graph: Graph, samples: Iterable[Mapping[str, Array]]) -> dict[str, Moments]:
    """The moments of what layers read; `samples` map the graph's inputs to arrays."""
    layers = ChannelGroups(graph).layers
    return channel_moments(graph, samples, {call.input(mixed.role.data).name for call, mixed in layers})


def relative(scores: Floats) -> Floats:
    """Scores of a layer's channels, divided by their mean."""
    mean = scores.mean() if scores.size else 0.0
    return scores / mean if mean > 0 else np.ones_like(scores)


def weighted_calls(groups: ChannelGroups) -> Iterator[tuple[Call, Weights]]:
    """The layers with constant weights, and where these are."""
    for node in groups.graph.nodes:
        call = call_of(groups.graph, node)
        role = find_operator(node.operator).traits.weights
        if role is not None and call.constant(role.input) is not None:
            yield call, role


def _sums(groups: ChannelGroups, power: int) -> Iterator[tuple[str, Floats]]:
    for call, role in weighted_calls(groups):
        powers = np.abs(centred_weights(call, role).astype(np.float64)) ** power
        rows = np.moveaxis(powers, role.channel_axis, 0)
        yield call.output.name, rows.reshape(len(rows), -1).sum(axis=1)
    yield from _reading(groups, power)


def _reading(groups: ChannelGroups, power: int) -> Iterator[tuple[str, Floats]]:
    """Sums over the weights that meet a channel."""
    for call, mixed in groups.layers:
        features = (np.abs(mixed.weights.astype(np.float64)) ** power).sum(axis=(0, 1))
        data = call.input(mixed.role.data)
        yield data.name, features.reshape(-1, data.shape[-1]).sum(axis=0)


def _factors(groups: ChannelGroups) -> Iterator[tuple[str, Floats]]:
    for node in groups.graph.nodes:
        if node.operator != "mul":
            continue
        call = call_of(groups.graph, node)
        for array, pairs in zip(call.constants, channel_pairs(call), strict=True):
            if array is not None and pairs is not None and array.size == call.output.shape[-1]:
                yield call.output.name, np.abs(array.reshape(-1).astype(np.float64))
