"""The kernels for Arm cores with DSP instructions of int16 data and int8 weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType
from smelt.operators.convolution.geometry import Int8, Int32, geometry, requantization
from smelt.operators.convolution.portable import fits, is_contiguous, window_fields
from smelt.operators.fixed_point import activation_bounds, reduced_multiplier
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]
_FOUR = 4


def packed_rows(matrix: Array) -> NDArray[np.uint32]:
    """[channels, values] of int8 weights as `smelt_gemm_s16__arm_dsp.h` describes."""
    channels, depth = matrix.shape
    padded = np.zeros((channels + channels % 2, depth + -depth % _FOUR), np.int8)
    padded[:channels, :depth] = matrix
    words = padded.reshape(len(padded), -1, _FOUR)[:, :, [0, 2, 1, 3]]
    paired = words.reshape(-1, 2, words.shape[1], _FOUR).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(paired).reshape(-1).view("<u4").astype(np.uint32)


def gemm_fields(matrix: Array) -> Fields:
    """The fields of `struct smelt_gemm_s16__arm_dsp`, as member `gemm` of a parameter struct."""
    channels, depth = matrix.shape
    return {
        "gemm.weights": Table("weights", packed_rows(matrix)),
        "gemm.depth": depth + -depth % _FOUR,
        "gemm.channels": channels,
    }


def narrow_fields_s16(call: Call, matrix: Array, mantissas: Int32, shifts: Int8) -> Fields | None:
    """The fields of `struct smelt_narrow_s16__arm_dsp`, as member `outputs`; None where sums may not fit 32 bits.

    `matrix` holds the weights of each output channel.  A multiplier of 15 bits with a right shift of 16 to 32 is one of
    32 bits with a shift of 32, exactly.
    """
    bias = call.constant(2)
    channels = len(matrix)
    numbers = np.zeros(channels, np.int64) if bias is None else bias.astype(np.int64)
    largest = np.abs(matrix.astype(np.int64)).sum(axis=1) * 2**15 + np.abs(numbers)
    reduced, right = (np.broadcast_to(x, (channels,)) for x in reduced_multiplier(mantissas, shifts))
    if not ((largest < 2**31).all() and (right >= 17).all() and (right <= 32).all()):
        return None
    low, high = activation_bounds(
        call.attributes.activation, call.quantization(call.output), call.output.dtype
    )
    return {
        "outputs.bias": Table("bias", numbers.astype(np.int32)),
        "outputs.multipliers": Table("multipliers", (reduced << (32 - right)).astype(np.int32)),
        "outputs.low": low,
        "outputs.high": high,
    }


def _matrix(call: Call) -> Array:
    weights = call.constant(1)
    assert weights is not None
    if call.node.operator == "depthwise_conv_2d":
        return weights.reshape(-1, weights.shape[3]).T
    return weights.reshape(weights.shape[0], -1)


def _outputs(call: Call) -> Fields | None:
    return narrow_fields_s16(call, _matrix(call), *requantization(call))


def _known(fields: Fields | None) -> Fields:
    assert fields is not None
    return fields


def _fits(call: Call, target: Target) -> bool:
    return target.has("dsp") and fits(call, DType.S16, DType.S8) and _outputs(call) is not None


def _window(call: Call) -> dict[str, int]:
    fields = window_fields(geometry(call))
    return {**fields, "window.input_channels": 2 * fields["window.input_channels"]}


def _gathers(call: Call) -> bool:
    sizes = geometry(call)
    return not is_contiguous(sizes) or sizes.field % _FOUR > 0


def _accepts_conv(call: Call, target: Target) -> bool:
    return _fits(call, target) and geometry(call).groups == 1


def _lower_conv(call: Call, target: Target) -> Lowering:
    fields: Fields = {
        **_window(call),
        **gemm_fields(_matrix(call)),
        **_known(_outputs(call)),
        "gather": int(_gathers(call)),
    }
    parameters = Parameters("struct smelt_conv_2d_s16__arm_dsp_parameters", fields)
    return Lowering("smelt_conv_2d_s16__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return 2 * 2 * (sizes.field + -sizes.field % _FOUR)


def _accepts_depthwise(call: Call, target: Target) -> bool:
    even = geometry(call).input_channels % 2 == 0 and call.attributes.multiplier == 1
    return even and _fits(call, target)


def _taps(call: Call) -> int:
    taps = geometry(call).kernel_height * geometry(call).kernel_width
    return taps + taps % 2


def _lower_depthwise(call: Call, target: Target) -> Lowering:
    weights = call.constant(1)
    assert weights is not None
    channels = weights.shape[3]
    padded = np.zeros((_taps(call), channels), np.int8)
    padded[: weights.shape[1] * weights.shape[2]] = weights.reshape(-1, channels)
    words = padded.reshape(-1, 2, channels // 2, 2).transpose(2, 0, 1, 3)
    fields: Fields = {
        **_window(call),
        **_known(_outputs(call)),
        "weights": Table("weights", np.ascontiguousarray(words).reshape(-1).view("<u4").astype(np.uint32)),
        "taps": _taps(call),
    }
    parameters = Parameters("struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters", fields)
    return Lowering("smelt_depthwise_conv_2d_s16__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _depthwise_scratch_bytes(call: Call, target: Target) -> int:
    return 2 * _taps(call) * geometry(call).input_channels


CONV_2D_S16 = Kernel(
    name="smelt_conv_2d_s16__arm_dsp",
    sources=("conv_2d_s16__arm_dsp.c", "smelt_gemm_s16__arm_dsp.c"),
    header="convolution_s16__arm_dsp.h",
    accepts=_accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    row_function="smelt_conv_2d_rows_s16__arm_dsp",
)
DEPTHWISE_CONV_2D_S16 = Kernel(
    name="smelt_depthwise_conv_2d_s16__arm_dsp",
    sources=("depthwise_conv_2d_s16__arm_dsp.c",),
    header="convolution_s16__arm_dsp.h",
    accepts=_accepts_depthwise,
    lower=_lower_depthwise,
    scratch_bytes=_depthwise_scratch_bytes,
    ascending=True,
    row_function="smelt_depthwise_conv_2d_rows_s16__arm_dsp",
)
