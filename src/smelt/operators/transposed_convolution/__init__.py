"""transpose_conv: a convolution's reverse, which spreads each input pixel over a window of the output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.convolution.geometry import Int8, Int32, per_channel, quantize_multipliers
from smelt.operators.convolution.outputs import (
    float_bounds,
    output_s8,
    output_s16,
    rows_fields,
    rows_fields_s16,
)
from smelt.operators.fixed_point import ACTIVATIONS
from smelt.operators.operator import (
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
    Weights,
)
from smelt.targets import Target

Float64 = NDArray[np.float64]
Fields = dict[str, int | float | Table | None]


@dataclass(frozen=True)
class TransposeConv:
    """size: the output's (height, width); padding: the rows above and columns left that are cut off.

    Input pixel (y, x) and tap (v, u) meet in output pixel (y * stride + v - top, x * stride + u - left).
    """

    size: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] = (0, 0)
    activation: str = "none"


def _infer(call: Call) -> tuple[TensorType, ...]:
    data, weights, a = call.input(0), call.input(1), call.attributes
    if len(data.shape) != 4 or len(weights.shape) != 4 or weights.shape[3] != data.shape[3]:
        raise GraphError(
            f"{call.node.label}: weights '{weights.name}' {list(weights.shape)} do not fit '{data.name}' "
            f"{list(data.shape)}"
        )
    pairs = (a.size, a.stride, a.padding)
    if any(len(pair) != 2 for pair in pairs) or min(*a.size, *a.stride) < 1 or min(a.padding) < 0:
        raise GraphError(f"{call.node.label}: size, stride or padding make no sense")
    if (
        weights.dtype is not (DType.S8 if data.dtype is DType.S16 else data.dtype)
        or a.activation not in ACTIVATIONS
    ):
        raise GraphError(f"{call.node.label}: weights of another type, or activation '{a.activation}'")
    if call.has(2) and call.input(2).shape != weights.shape[:1]:
        raise GraphError(f"{call.node.label}: its bias has not one element a channel")
    if data.dtype is DType.S16 and call.quantization(data).zero_point != 0:
        raise UnsupportedError(f"{call.node.label}: int16 data '{data.name}' must have zero point 0")
    return (TensorType(data.dtype, (data.shape[0], *a.size, weights.shape[0])),)


def _inner_taps(call: Call) -> NDArray[np.bool_]:
    """Which taps every output pixel meets: [1, height, width, 1]; with a stride none, since pixels take turns."""
    a: TransposeConv = call.attributes
    met = []
    for axis in (0, 1):
        taps, size = call.input(1).shape[axis + 1], call.input(0).shape[axis + 1]
        places = np.arange(a.size[axis])[:, None] + a.padding[axis] - np.arange(taps)
        inside = (places >= 0) & (places < size * a.stride[axis]) & (places % a.stride[axis] == 0)
        met.append(inside.all(axis=0))
    return np.asarray((met[0][:, None] & met[1])[None, :, :, None])


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    data, weights = arrays[0], arrays[1]
    bias = arrays[2] if len(arrays) > 2 else None
    assert data is not None
    assert weights is not None
    integer = call.input(0).dtype in _OUTPUTS
    if not (integer or call.input(0).dtype.is_float):
        raise UnsupportedError(f"{call.node.label}: has no meaning for {call.input(0).dtype.value}")
    zero_point = call.quantization(call.input(0)).zero_point if integer else 0
    sums = _sums(call, data.astype(np.float64) - zero_point, weights)
    if integer:
        return (_OUTPUTS[call.input(0).dtype](call, sums, bias, *_multipliers(call)),)
    result = sums if bias is None else sums + bias.astype(np.float64)
    return (np.clip(result, *float_bounds(call.attributes.activation)).astype(data.dtype),)


_OUTPUTS = {DType.S8: output_s8, DType.S16: output_s16}


def _multipliers(call: Call) -> tuple[Int32, Int8]:
    """Source: TransposeConv in TensorFlow Lite Micro: as those of convolutions."""
    source, weights, result = (call.quantization(v) for v in (call.input(0), call.input(1), call.output))
    scales = per_channel(weights, call.input(1).shape[0])
    return quantize_multipliers(source.scale * scale / result.scale for scale in scales)


def _sums(call: Call, data: Float64, weights: Array) -> Float64:
    """Sums of products; those of integers are exact in float64."""
    a: TransposeConv = call.attributes
    (batch, height, width, _), (outputs, taps_y, taps_x, _) = data.shape, weights.shape
    step_y, step_x = a.stride
    # everything that a pixel may reach, and what the output has beyond that
    tall = max((height - 1) * step_y + taps_y, a.padding[0] + a.size[0])
    wide = max((width - 1) * step_x + taps_x, a.padding[1] + a.size[1])
    whole = np.zeros((batch, tall, wide, outputs))
    kernel = weights.astype(np.float64)
    for y in range(taps_y):
        for x in range(taps_x):
            rows, columns = slice(y, y + height * step_y, step_y), slice(x, x + width * step_x, step_x)
            whole[:, rows, columns][:, :height, :width] += data @ kernel[:, y, x].T
    top, left = a.padding
    return whole[:, top : top + a.size[0], left : left + a.size[1]]


def _accepts(call: Call, target: Target) -> bool:
    plain = not call.has(2) or call.constant(2) is not None
    return call.input(0).dtype is DType.F32 and call.output.dtype is DType.F32 and plain


def _accepts_integers(dtype: DType) -> Callable[[Call, Target], bool]:
    def accepts(call: Call, target: Target) -> bool:
        plain = call.constant(1) is not None and (not call.has(2) or call.constant(2) is not None)
        return call.input(0).dtype is dtype and call.output.quantization is not None and plain

    return accepts


def _window(call: Call) -> Fields:
    data, weights, a = call.input(0), call.input(1), call.attributes
    fields: Fields = {
        "batches": data.shape[0],
        "input_height": data.shape[1],
        "input_width": data.shape[2],
        "input_channels": data.shape[3],
        "output_height": a.size[0],
        "output_width": a.size[1],
        "output_channels": weights.shape[0],
        "kernel_height": weights.shape[1],
        "kernel_width": weights.shape[2],
        "stride_height": a.stride[0],
        "stride_width": a.stride[1],
        "pad_top": a.padding[0],
        "pad_left": a.padding[1],
    }
    return {f"window.{name}": number for name, number in fields.items()}


def _lower(call: Call, target: Target) -> Lowering:
    bias = call.constant(2)
    low, high = float_bounds(call.attributes.activation)
    fields = {
        **_window(call),
        "bias": None if bias is None else Table("bias", bias),
        "low": low,
        "high": high,
    }
    parameters = Parameters("struct smelt_transpose_conv_f32_parameters", fields)
    return Lowering("smelt_transpose_conv_f32", (Output(), Input(0), Input(1), parameters))


def _lower_s8(call: Call, target: Target) -> Lowering:
    bias = call.constant(2)
    numbers = np.zeros(call.input(1).shape[0], np.int32) if bias is None else bias.astype(np.int32)
    fields: Fields = {
        **_window(call),
        **rows_fields(call, numbers, *_multipliers(call)),
        "input_zero_point": call.quantization(call.input(0)).zero_point,
    }
    parameters = Parameters("struct smelt_transpose_conv_s8_parameters", fields)
    return Lowering("smelt_transpose_conv_s8", (Output(), Input(0), Input(1), parameters))


def _lower_s16(call: Call, target: Target) -> Lowering:
    fields: Fields = {
        **_window(call),
        **rows_fields_s16(call, call.input(1).shape[0], *_multipliers(call)),
    }
    parameters = Parameters("struct smelt_transpose_conv_s16_parameters", fields)
    return Lowering("smelt_transpose_conv_s16", (Output(), Input(0), Input(1), parameters))


def _cost(call: Call) -> Cost:
    return Cost(macs=call.input(0).elements * int(np.prod(call.input(1).shape[:3])))


TRANSPOSE_CONV = Operator(
    name="transpose_conv",
    summary="each input pixel times a window of weights, summed where the windows lie in the output",
    attributes=TransposeConv,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(
        weights=Weights(input=1, channel_axis=0, bias=2, data_axis=3, inner_taps=_inner_taps),
        fuses_activation=True,
    ),
    kernels=(
        Kernel(
            "smelt_transpose_conv_s8",
            ("transpose_conv_s8.c", "smelt_rows_s8.c"),
            "transposed_convolution.h",
            _accepts_integers(DType.S8),
            _lower_s8,
        ),
        Kernel(
            "smelt_transpose_conv_s16",
            ("transpose_conv_s16.c", "smelt_rows_s16.c"),
            "transposed_convolution.h",
            _accepts_integers(DType.S16),
            _lower_s16,
        ),
        Kernel(
            "smelt_transpose_conv_f32",
            ("transpose_conv_f32.c",),
            "transposed_convolution.h",
            _accepts,
            _lower,
        ),
    ),
)
