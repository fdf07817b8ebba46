"""From sums of products to outputs (bias, requantization, activation), in numpy and as C is told to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array
from smelt.operators.convolution.geometry import Int8, Int32
from smelt.operators.fixed_point import (
    ACTIVATIONS,
    activation_bounds,
    multiply_by_quantized_multiplier,
    multiply_wide_sum,
    reduced_multiplier,
    wrap_int32,
)
from smelt.operators.operator import Call, Table

FLOAT32_MAX = float(np.finfo(np.float32).max)
LARGEST_COUNT = 65535  # of what the kernels keep in 16 bits; sums of as many int8 products fit int32


def centred(call: Call, arrays: Sequence[Array | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Data and weights in float64, zero points subtracted; weights that meet real numbers are real.

    Sums of integer products are exact in float64, whose matrix product is faster than that of integers.
    """
    data, weights = arrays[0], arrays[1]
    assert data is not None
    assert weights is not None
    if call.input(0).dtype.is_float:
        return data.astype(np.float64), real_weights(call, weights)
    weight_zero_points = call.quantization(call.input(1)).zero_points
    return (
        data.astype(np.float64) - call.quantization(call.input(0)).zero_point,
        weights.astype(np.float64) - (weight_zero_points[0] if len(weight_zero_points) == 1 else 0),
    )


def real_weights(call: Call, weights: Array) -> NDArray[np.float64]:
    """Weights as the float32 numbers that they stand for."""
    value = call.input(1)
    if value.dtype.is_float:
        return weights.astype(np.float64)
    scales = _along_channels(call, weight_scales(call))
    return (weights.astype(np.float32) * scales).astype(np.float64)


def weight_scales(call: Call) -> NDArray[np.float32]:
    """The scales of integer weights, one or one an output channel."""
    return np.array(call.quantization(call.input(1)).scales, np.float32)


def _along_channels(call: Call, scales: NDArray[np.float32]) -> NDArray[np.float32]:
    known = call.quantization(call.input(1))
    if known.block:
        outputs, inputs = call.input(1).shape
        return np.repeat(scales.reshape(outputs, -1), known.block, axis=1)[:, :inputs]
    axis = known.axis
    shape = [1] * len(call.input(1).shape)
    if axis is not None:
        shape[axis] = -1
    return scales.reshape(shape)


def is_dynamic(call: Call) -> bool:
    """Whether real data are quantized before they meet integer weights."""
    return str(call.attributes.quantize_input) != "none"


def output_dynamic(
    call: Call, sums: NDArray[np.float64], scales: NDArray[np.float32], bias: Array | None
) -> Array:
    """Sums of integer products times the scales of weights and of data, plus bias, clamped; all in float32.

    `scales` are those of the data, broadcasting to the sums.
    Source: HybridConvPerChannel in TensorFlow Lite (reference/conv.h).
    """
    low, high = float_bounds(call.attributes.activation)
    real = sums.astype(np.float32) * weight_scales(call) * scales
    biased = real if bias is None else real + bias.astype(np.float32)
    return np.asarray(np.clip(biased, low, high), np.float32)


def float_bounds(activation: str) -> tuple[float, float]:
    """The bounds of a fused activation; none means all finite float32."""
    low, high = (float(np.clip(bound, -FLOAT32_MAX, FLOAT32_MAX)) for bound in ACTIVATIONS[activation])
    return low, high


def output_f32(call: Call, sums: NDArray[np.float64], bias: Array | None) -> Array:
    """Sums plus bias, clamped, rounded once to float32."""
    low, high = float_bounds(call.attributes.activation)
    biased = sums if bias is None else sums + bias.astype(np.float64)
    return np.clip(biased, low, high).astype(np.float32)


def output_s8(
    call: Call, sums: NDArray[np.float64], bias: Array | None, mantissas: Int32, shifts: Int8
) -> Array:
    """Sums plus bias modulo 2**32, requantized and clamped; mantissas and shifts for the last axis."""
    total = sums.astype(np.int64) + (0 if bias is None else bias.astype(np.int64))
    scaled = multiply_by_quantized_multiplier(wrap_int32(total), mantissas, shifts)
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return np.clip(scaled + result.zero_point, low, high).astype(np.int8)


def output_s16(
    call: Call, sums: NDArray[np.float64], bias: Array | None, mantissas: Int32, shifts: Int8
) -> Array:
    """Sums plus bias in 64 bits, requantized with one rounding and clamped; as `output_s8` otherwise.

    Source: ConvPerChannel for int16 in TensorFlow Lite (reference/integer_ops/conv.h).
    """
    total = sums.astype(np.int64) + (0 if bias is None else bias.astype(np.int64))
    low, high = activation_bounds(
        call.attributes.activation, call.quantization(call.output), call.output.dtype
    )
    return np.clip(multiply_wide_sum(total, mantissas, shifts), low, high).astype(np.int16)


def rows_fields_s16(call: Call, channels: int, mantissas: Int32, shifts: Int8) -> dict[str, int | Table]:
    """The fields of `struct smelt_rows_s16`, as member `rows` of a parameter struct."""
    bias = call.constant(2)
    numbers = np.zeros(channels, np.int64) if bias is None else bias.astype(np.int64)
    narrow = bool((numbers == numbers.astype(np.int32)).all())
    reduced, right = reduced_multiplier(mantissas, shifts)
    low, high = activation_bounds(
        call.attributes.activation, call.quantization(call.output), call.output.dtype
    )
    return {
        "rows.bias": Table("bias", numbers.astype(np.int32) if narrow else numbers),
        "rows.mantissas": Table("mantissas", reduced.astype(np.int16)),
        "rows.shifts": Table("shifts", right.astype(np.uint8)),
        "rows.low": low,
        "rows.high": high,
        "rows.step": int(len(mantissas) > 1),
        "rows.wide": int(not narrow),
    }


def rows_fields(call: Call, bias: Int32, mantissas: Int32, shifts: Int8) -> dict[str, int | Table]:
    """The fields of `struct smelt_rows_s8`, as member `rows` of a parameter struct."""
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return {
        "rows.bias": Table("bias", bias),
        "rows.mantissas": Table("mantissas", mantissas),
        "rows.shifts": Table("shifts", shifts),
        "rows.step": int(len(mantissas) > 1),
        "rows.zero_point": result.zero_point,
        "rows.low": low,
        "rows.high": high,
    }


def bias_f32(call: Call, channels: int) -> Table:
    """The float bias, zeros where there is none."""
    bias = call.constant(2)
    return Table("bias", np.zeros(channels, np.float32) if bias is None else bias)


def has_constant_parameters(call: Call) -> bool:
    """Whether weights are constant, and the bias too where there is one."""
    return call.constant(1) is not None and (not call.has(2) or call.constant(2) is not None)
