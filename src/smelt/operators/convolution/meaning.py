"""The shape rule, the numpy meaning and the cost of convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.convolution.geometry import (
    CHANNEL_AXIS,
    Geometry,
    check_parameters,
    geometry,
    output_dtype,
    requantization,
)
from smelt.operators.convolution.outputs import (
    centred,
    is_dynamic,
    output_dynamic,
    output_f32,
    output_s8,
    output_s16,
)
from smelt.operators.dynamic import quantize_rows
from smelt.operators.operator import Call, Cost, Needs, TensorType
from smelt.operators.rows import window_needs

Float64 = NDArray[np.float64]


def infer(call: Call) -> tuple[TensorType, ...]:
    """The output's type and shape."""
    sizes = geometry(call)
    check_parameters(call, sizes.output_channels)
    quantization = call.input(1).quantization
    if quantization is not None:
        axis = CHANNEL_AXIS[call.node.operator]
        if quantization.axis not in (None, axis) or any(quantization.zero_points):
            raise UnsupportedError(
                f"{call.node.label}: weights '{call.input(1).name}' must be symmetric (zero points 0) "
                f"with one scale, or a scale for each index of axis {axis}"
            )
    shape = (sizes.batch, sizes.output_height, sizes.output_width, sizes.output_channels)
    return (TensorType(output_dtype(call), shape),)


def cost(call: Call) -> Cost:
    """One multiplication for each weight of each output value, pads included."""
    sizes = geometry(call)
    return Cost(macs=sizes.pixels * sizes.output_channels * sizes.field)


def evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """conv_2d and depthwise_conv_2d, in float32, int8 or int16."""
    bias = arrays[2] if len(arrays) > 2 else None
    depthwise = call.node.operator == "depthwise_conv_2d"
    if is_dynamic(call):
        return (_evaluate_dynamic(call, arrays, bias, depthwise=depthwise),)
    data, weights = centred(call, arrays)
    sums = _sums(geometry(call), data, weights, depthwise=depthwise)
    if call.input(0).dtype.is_float:
        return (output_f32(call, sums, bias),)
    output = output_s16 if call.input(0).dtype is DType.S16 else output_s8
    return (output(call, sums, bias, *requantization(call)),)


def _evaluate_dynamic(
    call: Call, arrays: Sequence[Array | None], bias: Array | None, *, depthwise: bool
) -> Array:
    """Each image quantized by itself."""
    data, weights = arrays[0], arrays[1]
    assert data is not None
    assert weights is not None
    images = data.astype(np.float32).reshape(len(data), -1)
    quantized = quantize_rows(images, call.attributes.quantize_input)
    centred_data = quantized.centred.reshape(data.shape)
    sums = _sums(geometry(call), centred_data, weights.astype(np.float64), depthwise=depthwise)
    return output_dynamic(call, sums, quantized.scales[:, :, None, None], bias)


def _sums(sizes: Geometry, data: Float64, weights: Float64, *, depthwise: bool) -> Float64:
    """Sums of products [batch, height, width, channels], one kernel tap after the other."""
    padded = np.pad(data, ((0, 0), (sizes.top, sizes.bottom), (sizes.left, sizes.right), (0, 0)))
    padded = padded.reshape(*padded.shape[:3], sizes.groups, sizes.group_channels)
    group_outputs = sizes.output_channels // sizes.groups
    shape = (sizes.batch, sizes.output_height, sizes.output_width, sizes.groups, group_outputs)
    sums = np.zeros(shape)
    for y in range(sizes.kernel_height):
        for x in range(sizes.kernel_width):
            taps = _taps(sizes, padded, y, x)
            if depthwise:
                sums += taps * weights[0, y, x].reshape(sizes.groups, group_outputs)
            else:
                tap_weights = weights[:, y, x].reshape(sizes.groups, group_outputs, sizes.group_channels)
                sums += _product(taps, tap_weights)
    return sums.reshape(*shape[:3], sizes.output_channels)


def _taps(sizes: Geometry, padded: Float64, y: int, x: int) -> Float64:
    """What tap (y, x) of the kernel meets, for every output pixel."""
    top, left = y * sizes.dilation_height, x * sizes.dilation_width
    bottom = top + (sizes.output_height - 1) * sizes.stride_height + 1
    right = left + (sizes.output_width - 1) * sizes.stride_width + 1
    return padded[:, top : bottom : sizes.stride_height, left : right : sizes.stride_width]


def _product(taps: Float64, weights: Float64) -> Float64:
    """[batch, height, width, groups, inputs] times [groups, outputs, inputs], group by group."""
    if weights.shape[0] == 1:
        product: Float64 = taps.reshape(-1, taps.shape[4]) @ weights[0].T
        return product.reshape(*taps.shape[:4], weights.shape[1])
    grouped: Float64 = np.matmul(taps[..., None, :], weights.transpose(0, 2, 1))[..., 0, :]
    return grouped


def needs(call: Call, input_index: int) -> Needs:
    """The input rows under the kernel of each output row."""
    return window_needs(call, input_index, call.input(1).shape[1])
