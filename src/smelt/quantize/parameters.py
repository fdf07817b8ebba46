"""Scales and zero points from ranges and weights, per the TensorFlow Lite int8 specification."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType, Quantization, Value
from smelt.operators.fixed_point import round_half_away


def activation_quantization(low: float, high: float, dtype: DType = DType.S8) -> Quantization:
    """The parameters for a range, which is widened to contain zero: s8 asymmetric, s16 symmetric.

    Real zero is represented exactly.  An empty range gets a scale of 1; s16 that of a range of 1, so that
    multipliers stay small.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    wide = dtype is DType.S16
    scale = float(np.float32(max(-low, high) / 32767.0 if wide else (high - low) / 255.0))
    if not np.isfinite(1.0 / scale if scale else np.inf):
        return Quantization.per_tensor(2.0**-15 if wide else 1.0, 0)
    if wide:
        return Quantization.per_tensor(scale, 0)
    zero_point = int(np.clip(round_half_away(-128.0 - low / scale), -128, 127))
    return Quantization.per_tensor(scale, zero_point)


def weight_scales(
    weights: Array, axis: int, smallest: NDArray[np.float64], integer: int = 127
) -> NDArray[np.float32]:
    """Symmetric scales along an axis so that the largest weight becomes ± an integer.

    A channel of zeros, or one so small that its int32 bias would overflow, takes `smallest` (one
    value a channel, what its bias needs).
    """
    other = tuple(i for i in range(weights.ndim) if i != axis)
    largest = np.abs(weights.astype(np.float64)).max(axis=other)
    scales = np.maximum(largest / float(integer), smallest).astype(np.float32)
    return np.where(scales > 0, scales, np.float32(1.0)).astype(np.float32)


def quantize_array(
    array: Array, scale: NDArray[np.float32] | float, zero_point: int, low: int, high: int
) -> NDArray[np.int64]:
    """clamp(round(array / scale) + zero_point); `scale` broadcasts against the array."""
    scaled = array.astype(np.float64) / np.asarray(scale, np.float64)
    return np.clip(round_half_away(scaled) + zero_point, low, high).astype(np.int64)


def real(value: Value, array: Array) -> NDArray[np.float64]:
    """The real numbers that a tensor stands for."""
    numbers = array.astype(np.float64)
    q = value.quantization
    if q is None:
        return numbers
    shape = [1] * numbers.ndim
    if q.axis is not None:
        shape[q.axis] = -1
    scales, zeros = np.array(q.scales).reshape(shape or [1]), np.array(q.zero_points).reshape(shape or [1])
    return np.asarray((numbers - zeros) * scales, np.float64).reshape(numbers.shape)
