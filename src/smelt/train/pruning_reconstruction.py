"""Layers that make up for what is removed of their data: by what stays, as far as it tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smelt.ir import Graph, Node, Value
from smelt.operators import Call
from smelt.operators.operator import Mask
from smelt.passes.channels import Mixing
from smelt.passes.edited_constants import EditedConstants
from smelt.train.channel_statistics import Floats, Moments, with_ridge
from smelt.train.pruning_groups import ChannelGroups


@dataclass(frozen=True)
class _Guess:
    """What goes, guessed from what stays: matrix @ kept channels + offset."""

    matrix: Floats
    offset: Floats


def reconstructed(groups: ChannelGroups, kept: Mapping[str, Mask], moments: Mapping[str, Moments]) -> Graph:
    """The graph whose layers take channels that stay for a guess of those that go, by linear regression.

    The bias is right away from padding.  Layers with a state, and those that share weights, stay as they are;
    groups of a convolution, which do not see each other's channels, take the mean.  Source: He et al., "Channel
    Pruning for Accelerating Very Deep Neural Networks", 2017 (least squares for the channels that stay).
    """
    graph, edited = groups.graph, EditedConstants(groups.graph)
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    changed: dict[tuple[str, ...], Node] = {}
    for call, mixed in groups.layers:
        name = call.input(mixed.role.data).name
        own = [
            call.input(k).name for k in (mixed.role.input, mixed.role.bias) if k is not None and call.has(k)
        ]
        single = all(readers[parameter] == 1 for parameter in own)
        if name in kept and single and mixed.role.bias is not None and mixed.remembers is None:
            guess = _guess(kept[name], moments[name], alone=mixed.groups > 1)
            changed[call.node.outputs] = _with_guess(call, mixed, kept[name], guess, edited)
    nodes = [changed.get(node.outputs, node) for node in graph.nodes]
    return graph.replaced(nodes=nodes, values=edited.values, constants=edited.arrays)


def _guess(kept: Mask, moments: Moments, alone: bool) -> _Guess:
    mean, covariance = moments.mean, moments.covariance
    if alone:
        matrix = np.zeros((np.count_nonzero(~kept), np.count_nonzero(kept)))
    else:
        staying, both = covariance[np.ix_(kept, kept)], covariance[np.ix_(kept, ~kept)]
        matrix = np.asarray(np.linalg.solve(with_ridge(staying), both).T, np.float64)
    return _Guess(matrix, mean[~kept] - matrix @ mean[kept])


def _with_guess(call: Call, mixed: Mixing, kept: Mask, guess: _Guess, edited: EditedConstants) -> Node:
    role, inputs = mixed.role, list(call.node.inputs)
    weights = call.constant(role.input)
    assert weights is not None
    assert role.data_axis is not None
    assert role.bias is not None
    kind = call.output.dtype.numpy
    # the channels of the data last, however often they follow each other
    rows = mixed.weights.reshape(len(mixed.weights), -1, len(kept))
    bias = rows[:, :, ~kept].sum(axis=1) @ guess.offset
    if guess.matrix.any():
        rows = rows.copy()
        rows[:, :, kept] += rows[:, :, ~kept] @ guess.matrix
        axes = (role.channel_axis, role.data_axis), (0, -1)
        moved = rows.reshape(np.moveaxis(weights, *axes).shape)
        inputs[role.input] = edited.put(
            call.input(role.input), np.moveaxis(moved, *reversed(axes)).astype(kind)
        )
    given = call.constant(role.bias)
    inputs += [None] * (role.bias + 1 - len(inputs))
    described = Value(f"{call.node.name}/bias", call.output.dtype, bias.shape)
    described = call.input(role.bias) if call.has(role.bias) else described
    inputs[role.bias] = edited.put(described, (bias + (0 if given is None else given)).astype(kind))
    return call.node.with_inputs(*inputs)
