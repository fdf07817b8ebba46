"""How a node connects the channels of what it reads with those of what it computes.

A channel is an index of a tensor's last dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Value
from smelt.operators import Call, find_operator
from smelt.operators.operator import ChannelPairs, Mask, Weights

Numbers = NDArray[Any]
"""int64 of quantized tensors, float64 of others."""

_Element = TypeVar("_Element", bound=np.generic)


def channel_count(value: Value) -> int:
    """The size of the last dimension; 1 for a scalar."""
    return value.shape[-1] if value.shape else 1


def channel_pairs(call: Call) -> tuple[ChannelPairs | None, ...]:
    """For each input, which channels of it become which of the output, as `Traits.channels` says.

    None for an input of which any channel may count for any output, and for trained parameters.
    """
    traits, role = find_operator(call.node.operator).traits, layer_role(call)
    unknown = (None,) * len(call.inputs)
    described = [value for value in (*call.inputs, *call.outputs) if value is not None]
    if (len(call.outputs) != 1 and traits.units is None) or not all(
        value.shape and value.elements for value in described
    ):
        return unknown
    if role is not None and not _has_constant_parameters(call, role):
        return unknown
    if traits.channels is not None:
        return traits.channels(call)
    if traits.alias:
        return (_pairs_in_memory(call.input(0), call.output),)
    if traits.elementwise:
        return tuple(_pairs_in_place(value, call.output) for value in call.inputs)
    return unknown


def _pairs_in_memory(source: Value, result: Value) -> ChannelPairs:
    places = np.arange(math.lcm(source.shape[-1], result.shape[-1]))
    return np.stack([places % source.shape[-1], places % result.shape[-1]], axis=1)


def _pairs_in_place(source: Value | None, result: Value) -> ChannelPairs | None:
    if source is None or source.shape[-1] != result.shape[-1]:
        return None
    return np.stack([np.arange(result.shape[-1])] * 2, axis=1)


def layer_role(call: Call) -> Weights | None:
    """Where a layer, with a state or without, keeps its parameters; None for other nodes."""
    traits = find_operator(call.node.operator).traits
    return traits.weights or traits.units


def _has_constant_parameters(call: Call, role: Weights) -> bool:
    optional = (index for index in (role.bias, role.recurrent) if index is not None and call.has(index))
    return all(call.constant(index) is not None for index in (role.input, *optional))


@dataclass(frozen=True)
class Mixing:
    """A layer each output channel of which depends on weighted sums over channels of the data.

    `weights` are [outputs, taps, features], zero point subtracted; feature j is channel j modulo the
    data's channels.  `inner` has the same shape: whether a weight never meets padding.  With several
    `groups`, each output has zeros for the features of others.  `remembers` is [outputs, outputs]: whether
    the first depends on what the second was a step before; None without a state.
    """

    role: Weights
    weights: Numbers
    inner: Mask
    groups: int = 1
    remembers: Mask | None = None

    @property
    def reads(self) -> Mask:
        """[outputs, features]: whether an output depends on a feature."""
        return np.asarray((self.weights != 0).any(axis=1))

    def stored(self, reads: Mask) -> Mask:
        """What is said of [outputs, features], said of the weights as the node has them, but for their taps."""
        assert self.role.data_axis is not None
        if self.groups > 1:
            groups = np.arange(len(reads)) * self.groups // len(reads)
            reads = reads.reshape(len(reads), self.groups, -1)[np.arange(len(reads)), groups]
        rows = np.tile(reads, (self.role.gates, 1))
        return rows if self.role.channel_axis < self.role.data_axis else rows.T


def mixing(call: Call) -> Mixing | None:
    """How a layer with constant weights mixes channels; None for other nodes.

    None too where the layer quantizes its data first: then each value counts for the scale of all.
    """
    role = layer_role(call)
    if role is None or role.data_axis is None or not _has_constant_parameters(call, role):
        return None
    if getattr(call.attributes, "quantize_input", "none") != "none":
        return None
    channels = channel_count(call.input(role.data))
    features = call.input(role.input).shape[role.data_axis]
    groups = channels // features if 0 < features < channels else 1
    if channels == 0 or features * groups % channels:
        return None
    weights = centred_weights(call, role)
    inner = np.ones((), np.bool_) if role.inner_taps is None else role.inner_taps(call)
    everywhere = np.broadcast_to(inner, weights.shape)
    remembers = None if role.recurrent is None else _remembers(call, role)
    return Mixing(
        role,
        _ungrouped(_in_rows(weights, role), groups, 0),
        _ungrouped(_in_rows(everywhere, role), groups, 1),
        groups,
        remembers,
    )


def _remembers(call: Call, role: Weights) -> Mask:
    assert role.recurrent is not None
    weights = call.constant(role.recurrent)
    assert weights is not None
    return np.asarray((_in_rows(weights, role) != 0).any(axis=1))


def _ungrouped(rows: NDArray[_Element], groups: int, filling: int) -> NDArray[_Element]:
    """[outputs, taps, features of a group] as [outputs, taps, features of all groups]."""
    if groups == 1:
        return rows
    outputs, taps, features = rows.shape
    result = np.full((groups, outputs // groups, taps, groups, features), filling, rows.dtype)
    for group, own in enumerate(rows.reshape(groups, -1, taps, features)):
        result[group, :, :, group] = own
    return result.reshape(outputs, taps, groups * features)


def centred_weights(call: Call, role: Weights) -> Numbers:
    """A layer's constant weights less their zero point, in a type that sums them exactly."""
    weights = call.constant(role.input)
    assert weights is not None
    quantization = call.input(role.input).quantization
    if quantization is None:
        return np.asarray(weights, np.float64)
    # Per-channel weights are symmetric.
    zero_point = quantization.zero_points[0] if len(quantization.zero_points) == 1 else 0
    return np.asarray(weights, np.int64) - zero_point


def _in_rows(array: NDArray[_Element], role: Weights) -> NDArray[_Element]:
    """Weights as [outputs, taps, features]; gates are taps."""
    assert role.data_axis is not None
    moved = np.moveaxis(array, (role.channel_axis, role.data_axis), (0, -1))
    gates = moved.reshape(role.gates, len(moved) // role.gates, -1, moved.shape[-1])
    return np.moveaxis(gates, 0, 1).reshape(gates.shape[1], -1, gates.shape[-1])


def unused_outputs(call: Call) -> Mask | None:
    """Of a layer that pairs channels (depthwise): the outputs whose weights are all zero; None for other nodes."""
    role = find_operator(call.node.operator).traits.weights
    if role is None or role.data_axis is not None or not _has_constant_parameters(call, role):
        return None
    weights = centred_weights(call, role)
    others = tuple(axis for axis in range(weights.ndim) if axis != role.channel_axis)
    return np.asarray((weights == 0).all(axis=others))
