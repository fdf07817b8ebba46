"""Calls that compute some of a call's output channels: what is computed a slice of channels at a time."""

from __future__ import annotations

from dataclasses import replace

from smelt.ir import Quantization, Value
from smelt.operators import find_operator
from smelt.operators.operator import Call


def may_be_sliced(call: Call, slices: int) -> bool:
    """Whether the output channels fall into so many slices of one size, each of which meets all inputs."""
    weights = find_operator(call.node.operator).traits.weights
    if weights is None or weights.data_axis is None or call.constant(weights.input) is None:
        return False
    shape = call.input(weights.input).shape
    # each group of a grouped convolution meets its own inputs; a dense layer may flatten several dimensions
    grouped = len(shape) == 4 and shape[weights.data_axis] != call.input(weights.data).shape[-1]
    return not grouped and shape[weights.channel_axis] % slices == 0


def slice_calls(call: Call, slices: int) -> tuple[Call, ...]:
    """The calls of all slices, in the order of their channels."""
    if slices == 1:
        return (call,)
    count = call.output.shape[-1] // slices
    return tuple(_part(call, slice(first, first + count)) for first in range(0, slices * count, count))


def _part(call: Call, channels: slice) -> Call:
    weights = find_operator(call.node.operator).traits.weights
    assert weights is not None
    inputs, constants = list(call.inputs), list(call.constants)
    for index, axis in ((weights.input, weights.channel_axis), (weights.bias, 0)):
        if index is not None and call.has(index):
            array = call.constant(index)
            assert array is not None
            constants[index] = array[(slice(None),) * axis + (channels,)]
            inputs[index] = _narrow(call.input(index), axis, channels)
    output = _narrow(call.output, len(call.output.shape) - 1, channels)
    return replace(call, inputs=tuple(inputs), outputs=(output,), constants=tuple(constants))


def _narrow(value: Value, axis: int, channels: slice) -> Value:
    shape = list(value.shape)
    shape[axis] = channels.stop - channels.start
    quantization = value.quantization
    if quantization is not None and quantization.axis == axis:
        scales, zero_points = quantization.scales[channels], quantization.zero_points[channels]
        quantization = Quantization(scales, zero_points, axis)
    return replace(value, shape=tuple(shape), quantization=quantization)
