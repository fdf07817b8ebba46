"""Which channels of a graph's tensors have one value, whatever the input, and letting layers do without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import Call, call_of, find_operator
from smelt.operators.operator import Mask
from smelt.passes.channels import (
    Mixing,
    Numbers,
    channel_count,
    channel_pairs,
    mixing,
    unused_outputs,
)
from smelt.passes.edited_constants import EditedConstants

_Element = TypeVar("_Element", bound=np.generic)


@dataclass(frozen=True)
class Known:
    """Which channels of a tensor are constant, and the value of each that is (others hold 0)."""

    constant: Mask
    values: Array


def constant_channels(graph: Graph) -> dict[str, Known]:
    """What is known of every tensor that nodes compute, and of the graph's inputs (nothing).

    An output channel that depends on constant channels alone is evaluated, as the operator means it,
    on a whole tensor that holds those constants; it is constant where it comes out the same at all
    positions.  So padding needs no rule: a constant that differs from it gives other values at edges.
    """
    known = {name: _nothing(graph.values[name]) for name in graph.inputs}
    for node in graph.nodes:
        call = call_of(graph, node)
        known.update((value.name, _nothing(value)) for value in call.outputs)
        if len(node.outputs) == 1 and call.output.shape and call.output.elements:
            candidates = _candidates(call, known)
            if candidates.any():
                known[node.outputs[0]] = _evaluated(call, known, candidates)
    return known


def _nothing(value: Value) -> Known:
    count = channel_count(value)
    return Known(np.zeros(count, np.bool_), np.zeros(count, value.dtype.numpy))


def _candidates(call: Call, known: dict[str, Known]) -> Mask:
    """The output channels that depend on nothing but constants."""
    result = np.ones(channel_count(call.output), np.bool_)
    mixed, unused = mixing(call), unused_outputs(call)
    for index, pairs in enumerate(channel_pairs(call)):
        value = call.inputs[index]
        if value is None or call.constants[index] is not None:
            continue
        constant = known[value.name].constant
        if mixed is not None and index == mixed.role.data:
            result &= ~mixed.reads[:, ~_per_feature(constant, mixed)].any(axis=1)
            result &= mixed.remembers is None or ~mixed.remembers.any(axis=1)
        elif pairs is None:
            result &= bool(constant.all())
        else:
            varying = np.zeros_like(result)
            varying[pairs[~constant[pairs[:, 0]], 1]] = True
            result &= ~varying if unused is None else ~varying | unused
    return result


def _per_feature(channels: NDArray[_Element], mixed: Mixing) -> NDArray[_Element]:
    return np.resize(channels, mixed.weights.shape[2])


def _evaluated(call: Call, known: dict[str, Known], candidates: Mask) -> Known:
    arrays = [_representative(call, known, index) for index in range(len(call.inputs))]
    with np.errstate(all="ignore"):
        (result,) = find_operator(call.node.operator).evaluate(call, arrays)
    positions = result.reshape(-1, result.shape[-1])
    constant = candidates & (positions == positions[0]).all(axis=0)
    return Known(constant, np.where(constant, positions[0], np.zeros_like(positions[0])))


def _representative(call: Call, known: dict[str, Known], index: int) -> Array | None:
    value = call.inputs[index]
    if value is None:
        return None
    array = call.constants[index]
    return np.broadcast_to(known[value.name].values, value.shape) if array is None else array


def fold_constant_channels(graph: Graph, known: dict[str, Known]) -> Graph:
    """Let layers add what constant channels of their data come to to the bias, and weigh those with zero.

    Not where such a channel meets padding that differs from it, and not where the bias would leave its
    type.  A tensor all of whose channels are constant becomes a constant of an elementwise reader.
    """
    edited = EditedConstants(graph)
    nodes = [_folded(call_of(graph, node), known, edited) for node in graph.nodes]
    return graph.replaced(nodes=nodes, values=edited.values, constants=edited.arrays)


def _folded(call: Call, known: dict[str, Known], edited: EditedConstants) -> Node:
    mixed = mixing(call)
    if mixed is not None and call.constants[mixed.role.data] is None:
        return _folded_layer(call, mixed, known[call.input(mixed.role.data).name], edited)
    if find_operator(call.node.operator).traits.elementwise and len(call.inputs) > 1:
        return _folded_operands(call, known, edited)
    return call.node


def _folded_layer(call: Call, mixed: Mixing, known: Known, edited: EditedConstants) -> Node:
    role, data = mixed.role, call.input(mixed.role.data)
    narrow = data.dtype.is_float and call.input(role.input).dtype is not data.dtype
    if not known.constant.any() or role.bias is None or narrow:
        return call.node
    zero_point = 0 if data.quantization is None else data.quantization.zero_point
    offsets = _per_feature(known.values.astype(mixed.weights.dtype) - zero_point, mixed)
    met_by_padding = ((mixed.weights != 0) & ~mixed.inner).any(axis=1)
    uneasy = met_by_padding if mixed.remembers is None else np.ones_like(met_by_padding)
    folded = mixed.reads & _per_feature(known.constant, mixed) & ((offsets == 0) | ~uneasy)
    if mixed.remembers is not None:
        return call.node.with_inputs(*_with_weights(call, mixed, folded, edited))
    bias = _bias(call, mixed)
    total = bias + (mixed.weights.sum(axis=1) * offsets * folded).sum(axis=1)
    folded &= _fits(total, call.input(role.data).dtype)[:, None]
    inputs = _with_weights(call, mixed, folded, edited)
    total = np.where(folded.any(axis=1), total, bias)
    if not np.array_equal(total, bias):
        inputs += [None] * (role.bias + 1 - len(inputs))
        described = call.input(role.bias) if call.has(role.bias) else _described_bias(call, mixed)
        inputs[role.bias] = edited.put(described, total.astype(described.dtype.numpy))
    return call.node.with_inputs(*inputs)


def _with_weights(call: Call, mixed: Mixing, folded: Mask, edited: EditedConstants) -> list[str | None]:
    inputs = list(call.node.inputs)
    if folded.any():
        place = mixed.role.input
        inputs[place] = edited.put(call.input(place), _without(call, mixed, folded))
    return inputs


def _bias(call: Call, mixed: Mixing) -> Numbers:
    array = None if mixed.role.bias is None else call.constant(mixed.role.bias)
    zeros = np.zeros(mixed.weights.shape[0], mixed.weights.dtype)
    return zeros if array is None else array.astype(zeros.dtype)


def _fits(total: Numbers, data: DType) -> Mask:
    if data.is_float:
        return np.asarray(np.abs(total) <= np.finfo(data.numpy.name).max)
    low, high = DType.S32.integer_range
    return (total >= low) & (total <= high)


def _without(call: Call, mixed: Mixing, folded: Mask) -> Array:
    """The weights, with zero (their zero point) where what they meet has been folded."""
    role = mixed.role
    weights, quantization = call.constant(role.input), call.input(role.input).quantization
    assert weights is not None
    assert role.data_axis is not None
    zero = quantization.zero_points[0] if quantization and len(quantization.zero_points) == 1 else 0
    axes = [axis for axis in range(weights.ndim) if axis not in (role.channel_axis, role.data_axis)]
    placed = np.expand_dims(mixed.stored(folded), axes)
    return np.where(placed, np.asarray(zero, weights.dtype), weights)


def _described_bias(call: Call, mixed: Mixing) -> Value:
    """The description of the bias of a layer that had none: scaled as sums of products are."""
    stem, shape = f"{call.node.name or call.output.name}/bias", (mixed.weights.shape[0],)
    weights, data = call.input(mixed.role.input).quantization, call.input(mixed.role.data).quantization
    if weights is None or data is None:
        return Value(stem, call.input(mixed.role.data).dtype, shape)
    scales = tuple(float(np.float32(data.scale * scale)) for scale in weights.scales)
    axis = None if weights.axis is None else 0
    dtype = DType.S64 if call.input(mixed.role.data).dtype is DType.S16 else DType.S32
    return Value(stem, dtype, shape, Quantization(scales, (0,) * len(scales), axis))


def _folded_operands(call: Call, known: dict[str, Known], edited: EditedConstants) -> Node:
    inputs = list(call.node.inputs)
    for index, value in enumerate(call.inputs):
        others = [other for place, other in enumerate(call.inputs) if place != index]
        if value is None or value.name not in known or not known[value.name].constant.all():
            continue
        if _is_shaped_by(call.output, [o for o in others if o is not None and o.name in known]):
            shape = (*[1] * (len(value.shape) - 1), channel_count(value))
            inputs[index] = edited.put(replace(value, shape=shape), known[value.name].values.reshape(shape))
            return call.node.with_inputs(*inputs)
    return call.node


def _is_shaped_by(result: Value, operands: Sequence[Value]) -> bool:
    """Whether one of the operands alone gives the result its shape."""
    return any(operand.shape == result.shape for operand in operands)
