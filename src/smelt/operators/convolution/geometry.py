"""What the kernels of convolutions share: attributes, sizes, and the integers of the quantized meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import DType, Quantization
from smelt.operators.dynamic import QUANTIZED_INPUTS
from smelt.operators.fixed_point import ACTIVATIONS, Int64, wrap_int32
from smelt.operators.operator import Call, ChannelPairs

Int32 = NDArray[np.int32]
Int8 = NDArray[np.int8]

CHANNEL_AXIS = {"conv_2d": 0, "depthwise_conv_2d": 3}


@dataclass(frozen=True)
class Conv2dAttributes:
    """stride, dilation: (height, width); padding: (top, bottom, left, right); activation: a fused clamp.

    quantize_input: none, symmetric or asymmetric: how each image of real data is quantized to int8, while the network
    runs, to meet integer weights (smelt.operators.dynamic).
    """

    stride: tuple[int, ...] = (1, 1)
    dilation: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] = (0, 0, 0, 0)
    activation: str = "none"
    quantize_input: str = "none"


@dataclass(frozen=True)
class DepthwiseConv2dAttributes(Conv2dAttributes):
    """Those of conv_2d; output channel c * multiplier + m is computed from input channel c."""

    multiplier: int = 1


@dataclass(frozen=True)
class Geometry:
    """The sizes of one convolution: elements, input rows and columns.

    `field` is the number of weights an output value meets: kernel height * width * channels of a group.
    """

    batch: int
    input_height: int
    input_width: int
    input_channels: int
    kernel_height: int
    kernel_width: int
    output_height: int
    output_width: int
    output_channels: int
    groups: int
    stride_height: int
    stride_width: int
    dilation_height: int
    dilation_width: int
    top: int
    bottom: int
    left: int
    right: int

    @property
    def group_channels(self) -> int:
        """The input channels that an output channel sees."""
        return self.input_channels // self.groups

    @property
    def field(self) -> int:
        """The weights that an output value meets."""
        return self.kernel_height * self.kernel_width * self.group_channels

    @property
    def pixels(self) -> int:
        """The output pixels, all of the batch."""
        return self.batch * self.output_height * self.output_width

    @property
    def overhangs(self) -> bool:
        """Whether some receptive field reaches over an edge (padding at the end may be unused)."""
        reach_height = (self.output_height - 1) * self.stride_height - self.top
        reach_width = (self.output_width - 1) * self.stride_width - self.left
        return (
            self.top > 0
            or self.left > 0
            or reach_height + (self.kernel_height - 1) * self.dilation_height >= self.input_height
            or reach_width + (self.kernel_width - 1) * self.dilation_width >= self.input_width
        )


def geometry(call: Call) -> Geometry:
    """The sizes of a conv_2d or depthwise_conv_2d; raises GraphError where they do not fit together."""
    attributes: Conv2dAttributes = call.attributes
    data, weights = call.input(0), call.input(1)
    if len(data.shape) != 4 or len(weights.shape) != 4:
        raise GraphError(
            f"{call.node.label}: input '{data.name}' {list(data.shape)} and weights '{weights.name}' "
            f"{list(weights.shape)} must have 4 dimensions"
        )
    _check_attributes(call)
    batch, height, width, channels = data.shape
    output_channels = weights.shape[CHANNEL_AXIS[call.node.operator]]
    top, bottom, left, right = attributes.padding
    return Geometry(
        batch=batch,
        input_height=height,
        input_width=width,
        input_channels=channels,
        kernel_height=weights.shape[1],
        kernel_width=weights.shape[2],
        output_height=_output_size(call, 0, height, top + bottom, weights.shape[1]),
        output_width=_output_size(call, 1, width, left + right, weights.shape[2]),
        output_channels=output_channels,
        groups=_groups(call, channels, output_channels),
        stride_height=attributes.stride[0],
        stride_width=attributes.stride[1],
        dilation_height=attributes.dilation[0],
        dilation_width=attributes.dilation[1],
        top=top,
        bottom=bottom,
        left=left,
        right=right,
    )


def _check_attributes(call: Call) -> None:
    attributes: Conv2dAttributes = call.attributes
    for name, value, count, smallest in (
        ("stride", attributes.stride, 2, 1),
        ("dilation", attributes.dilation, 2, 1),
        ("padding", attributes.padding, 4, 0),
    ):
        if len(value) != count or min(value) < smallest:
            raise GraphError(
                f"{call.node.label}: {name} {value} must be {count} numbers of at least {smallest}"
            )


def _output_size(call: Call, axis: int, size: int, padding: int, kernel: int) -> int:
    """floor((size + padding - reach) / stride) + 1, where reach is the dilated kernel."""
    attributes: Conv2dAttributes = call.attributes
    reach = (kernel - 1) * attributes.dilation[axis] + 1
    if kernel < 1 or size + padding < reach:
        raise GraphError(
            f"{call.node.label}: a kernel that reaches over {reach} does not fit input "
            f"'{call.input(0).name}' of {size} + {padding} padding ({'height' if axis == 0 else 'width'})"
        )
    return (size + padding - reach) // attributes.stride[axis] + 1


def _groups(call: Call, channels: int, output_channels: int) -> int:
    """Depthwise: one group a channel. conv_2d: what the weights' input channels leave (TFLite's rule)."""
    weights = call.input(1)
    if call.node.operator == "depthwise_conv_2d":
        multiplier: int = call.attributes.multiplier
        if weights.shape[0] != 1 or output_channels != channels * multiplier or channels < 1:
            raise GraphError(
                f"{call.node.label}: weights '{weights.name}' {list(weights.shape)} do not fit {channels} "
                f"input channels with multiplier {multiplier}; "
                f"expected [1, height, width, {channels * multiplier}]"
            )
        return channels
    group_channels = weights.shape[3]
    if group_channels < 1 or channels % group_channels or output_channels % (channels // group_channels):
        raise GraphError(
            f"{call.node.label}: weights '{weights.name}' {list(weights.shape)} do not divide "
            f"{channels} input channels into groups of equal size"
        )
    return channels // group_channels


def inner_taps(call: Call) -> NDArray[np.bool_]:
    """Which taps of the kernel lie inside the input for every output pixel: [1, height, width, 1]."""
    sizes = geometry(call)
    rows = np.arange(sizes.kernel_height) * sizes.dilation_height - sizes.top
    columns = np.arange(sizes.kernel_width) * sizes.dilation_width - sizes.left
    last_row = rows + (sizes.output_height - 1) * sizes.stride_height
    last_column = columns + (sizes.output_width - 1) * sizes.stride_width
    inner_rows = (rows >= 0) & (last_row < sizes.input_height)
    inner_columns = (columns >= 0) & (last_column < sizes.input_width)
    return np.asarray((inner_rows[:, None] & inner_columns)[None, :, :, None])


def depthwise_channels(call: Call) -> tuple[ChannelPairs | None, ...]:
    """Each input channel and the output channels that depthwise_conv_2d computes from it.

    Where it quantizes the input first, each value counts for the scale of all.
    """
    if call.attributes.quantize_input != "none":
        return (None,) * len(call.inputs)
    outputs = np.arange(call.input(1).shape[CHANNEL_AXIS["depthwise_conv_2d"]])
    pairs = np.stack([outputs // call.attributes.multiplier, outputs], axis=1)
    return (pairs, *[None] * (len(call.inputs) - 1))


def quantize_multipliers(reals: Iterable[float]) -> tuple[Int32, Int8]:
    """Mantissas and shifts of real multipliers that are not negative: `quantize_multiplier` of each."""
    fractions, shifts = np.frexp(np.fromiter(reals, np.float64))
    mantissas = np.floor(fractions * 2.0**31 + 0.5)
    full = mantissas == 2.0**31
    mantissas, shifts = np.where(full, 2.0**30, mantissas), shifts + full
    kept = (mantissas != 0) & (shifts >= -31)
    return np.where(kept, mantissas, 0).astype(np.int32), np.where(kept, shifts, 0).astype(np.int8)


def per_channel(quantization: Quantization, channels: int) -> tuple[float, ...]:
    """The scale of every output channel."""
    return quantization.scales * channels if len(quantization.scales) == 1 else quantization.scales


def requantization(call: Call) -> tuple[Int32, Int8]:
    """(mantissas, shifts), one a output channel: input scale * weight scale / output scale, in double.

    Source: PopulateConvolutionQuantizationParams in TensorFlow Lite.
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    weights = call.input(1)
    channels = weights.shape[CHANNEL_AXIS[call.node.operator]]
    scales = per_channel(call.quantization(weights), channels)
    return quantize_multipliers(source.scale * scale / result.scale for scale in scales)


def folded_bias(call: Call) -> Int32:
    """bias - input zero point * sum of the channel's weights, modulo 2**32, of a call with constant weights.

    With it the accumulator of raw input bytes equals that of centred inputs, provided that pads are
    read as the input zero point.
    """
    source = call.quantization(call.input(0))
    axis = CHANNEL_AXIS[call.node.operator]
    return fold_zero_point(call, source.zero_point, tuple(i for i in range(4) if i != axis))


def fold_zero_point(call: Call, zero_point: int, field_axes: tuple[int, ...]) -> Int32:
    """bias - zero_point * (weights summed over `field_axes`), modulo 2**32; no bias counts as zero."""
    weights, bias = call.constant(1), call.constant(2)
    if weights is None:
        raise GraphError(f"{call.node.label}: weights '{call.input(1).name}' are not constant")
    totals: Int64 = weights.astype(np.int64).sum(axis=field_axes)
    start = 0 if bias is None else bias.astype(np.int64)
    return wrap_int32(start - zero_point * totals).astype(np.int32)


_TYPES = {
    DType.F32: ((DType.F32, DType.F16, DType.S8, DType.S4), DType.F32),
    DType.S8: ((DType.S8, DType.S4, DType.S2, DType.S1), DType.S32),
    DType.S16: ((DType.S8,), DType.S64),
}
"""For each type of data those of weights, and that of the bias."""


def output_dtype(call: Call) -> DType:
    """The output's type, which is the input's, when the types of data, weights and bias belong together.

    f32 data with f32, f16, s8 or s4 weights and f32 bias, s8 data with s8, s4, s2 or s1 weights and s32 bias, or s16
    data with s8 weights and s64 bias; raises UnsupportedError otherwise.
    """
    data, weights = call.input(0), call.input(1)
    allowed, bias = _TYPES.get(data.dtype, ((), None))
    if weights.dtype in allowed and (not call.has(2) or call.input(2).dtype is bias):
        return data.dtype
    found = ", ".join(call.input(i).dtype.value for i in range(len(call.inputs)) if call.has(i))
    raise UnsupportedError(
        f"{call.node.label}: data, weights and bias of types {found} are not supported; f32 data with f32, f16, s8 or "
        "s4 weights and f32 bias, s8 data with s8, s4, s2 or s1 weights and s32 bias, or s16 data with s8 weights and "
        "s64 bias, would work"
    )


def check_parameters(call: Call, output_channels: int) -> None:
    """Raises GraphError for a bias of another length than the output channels, or an unknown activation."""
    if call.has(2) and call.input(2).shape != (output_channels,):
        bias = call.input(2)
        raise GraphError(
            f"{call.node.label}: bias '{bias.name}' {list(bias.shape)} must have one value for each of "
            f"{output_channels} output channels"
        )
    data = call.input(0)
    if data.dtype is DType.S16 and call.quantization(data).zero_point != 0:
        raise UnsupportedError(f"{call.node.label}: int16 data '{data.name}' must have zero point 0")
    _check_meeting(call)
    if call.attributes.activation not in ACTIVATIONS:
        raise GraphError(
            f"{call.node.label}: unknown activation '{call.attributes.activation}'; "
            f"known: {', '.join(ACTIVATIONS)}"
        )


def _check_meeting(call: Call) -> None:
    """Raises GraphError where real data meet integer weights that have no scale, or are quantized to meet others."""
    data, weights = call.input(0), call.input(1)
    kind = call.attributes.quantize_input
    if kind not in QUANTIZED_INPUTS:
        raise GraphError(
            f"{call.node.label}: quantize_input '{kind}' is none of {', '.join(QUANTIZED_INPUTS)}"
        )
    if kind != "none" and not (data.dtype is DType.F32 and weights.dtype.is_integer):
        raise GraphError(
            f"{call.node.label}: only float32 data that meet integer weights are quantized to meet them"
        )
    if data.dtype.is_float and weights.dtype.is_integer and any(call.quantization(weights).zero_points):
        raise UnsupportedError(
            f"{call.node.label}: weights '{weights.name}' must be symmetric (zero points 0)"
        )
