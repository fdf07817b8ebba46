"""Fixed-point arithmetic as TensorFlow Lite Micro does it (double rounding): the meaning of every quantized kernel.

The C twin is `runtime/primitives/smelt_requantize.h`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smelt.errors import UnsupportedError
from smelt.ir import DType, Quantization

Int64 = NDArray[np.int64]

ACTIVATIONS = {
    "none": (-math.inf, math.inf),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A real multiplier as (mantissa, shift): real = mantissa / 2**31 * 2**shift, mantissa in [2**30, 2**31).

    Source: QuantizeMultiplier in TensorFlow Lite (kernels/internal/quantization_util).
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    mantissa = math.floor(abs(fraction) * 2**31 + 0.5) * (1 if fraction > 0 else -1)
    if mantissa == 2**31:
        mantissa, shift = 2**30, shift + 1
    if shift < -31:
        return 0, 0
    return mantissa, shift


def saturating_rounding_doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int64:
    """round(a * b / 2**31), ties towards plus infinity for a * b >= 0 and away from zero below.

    int32 operands held in int64; the one overflow (both -2**31) saturates.  Source: gemmlowp.
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    quotient = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    return np.minimum(quotient, 2**31 - 1)


def rounding_divide_by_power_of_two(x: ArrayLike, exponent: ArrayLike) -> Int64:
    """x / 2**exponent, rounded to nearest, ties away from zero.  Source: gemmlowp."""
    value, shift = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << shift) - 1
    remainder = value & mask
    threshold = (mask >> 1) + (value < 0)
    return (value >> shift) + (remainder > threshold)


def wrap_int32(x: ArrayLike) -> Int64:
    """The value modulo 2**32 as a signed 32-bit number, held in int64: what an int32 register keeps."""
    return np.asarray(x, np.int64).astype(np.int32).astype(np.int64)


def multiply_by_quantized_multiplier(x: ArrayLike, mantissa: ArrayLike, shift: ArrayLike) -> Int64:
    """x * mantissa / 2**31 * 2**shift, rounded twice as TFLite Micro does; int32 values held in int64."""
    left = np.maximum(np.asarray(shift, np.int64), 0)
    right = np.maximum(-np.asarray(shift, np.int64), 0)
    shifted = wrap_int32(np.asarray(x, np.int64) << left)
    return rounding_divide_by_power_of_two(saturating_rounding_doubling_high_mul(shifted, mantissa), right)


def reduced_multiplier(mantissa: ArrayLike, shift: ArrayLike) -> tuple[Int64, Int64]:
    """The same multiplier for sums of 64 bits: (mantissa, right shift), the mantissa rounded to 15 bits.

    UnsupportedError for one of 128 or more.
    Source: MultiplyByQuantizedMultiplier for int64 in TensorFlow Lite (kernels/internal/common.cc).
    """
    wide = np.asarray(mantissa, np.int64)
    if np.max(shift, initial=0) > 7:
        raise UnsupportedError(f"a multiplier of 2**{int(np.max(shift)) - 1} is too large for 64-bit sums")
    return np.where(wide < 0x7FFF0000, (wide + 2**15) >> 16, 0x7FFF), 15 - np.asarray(shift, np.int64)


def multiply_wide_sum(x: ArrayLike, mantissa: ArrayLike, shift: ArrayLike) -> Int64:
    """x * mantissa / 2**31 * 2**shift of a 64-bit sum, rounded once, ties towards plus infinity.

    |x| < 2**47, shift <= 7; the result is what an int32 register keeps.
    """
    reduced, right = reduced_multiplier(mantissa, shift)
    return wrap_int32((np.asarray(x, np.int64) * reduced + (np.int64(1) << (right - 1))) >> right)


def round_half_away(x: ArrayLike) -> NDArray[np.float64]:
    """Round to the nearest integer, ties away from zero (C's round)."""
    value = np.asarray(x, np.float64)
    return np.copysign(np.floor(np.abs(value) + 0.5), value)


def quantize_value(real: float, quantization: Quantization) -> int:
    """zero_point + round(real / scale), the division in float32 as TFLite does it, clamped to 32 bits only."""
    with np.errstate(over="ignore"):
        steps = round_half_away(np.float32(real) / np.float32(quantization.scale))
    return quantization.zero_point + int(np.clip(steps, -(2.0**31), 2.0**31))


def activation_bounds(activation: str, quantization: Quantization, dtype: DType) -> tuple[int, int]:
    """The smallest and largest quantized output that a fused activation allows.

    Source: CalculateActivationRangeQuantized in TensorFlow Lite.
    """
    low, high = dtype.integer_range
    real_low, real_high = ACTIVATIONS[activation]
    if math.isfinite(real_low):
        low = max(low, quantize_value(real_low, quantization))
    if math.isfinite(real_high):
        high = min(high, quantize_value(real_high, quantization))
    return low, high
