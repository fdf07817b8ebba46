"""int4 weights of dense layers with a scale for each block of a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType, Quantization, Value
from smelt.quantize.weights import least_squares_scales, with_scales

LARGEST = 7
_SMALLEST_SCALE = float(np.finfo(np.float16).smallest_normal)
_LARGEST_SCALE = float(np.finfo(np.float16).max)


def block_obstacle(weights: Array, block: int) -> str | None:
    """Why the rows of a dense layer's weights cannot have a scale for each block, or None."""
    if weights.shape[1] % block:
        return f"blocks of {block} do not divide its rows of {weights.shape[1]}"
    reach = np.abs(weights.astype(np.float64)).max(axis=1) / LARGEST
    if (reach > _LARGEST_SCALE).any() or ((reach > 0) & (reach < _SMALLEST_SCALE)).any():
        return "half precision does not hold the scales of its blocks"
    return None


def in_blocks(name: str, weights: Array, block: int) -> tuple[Value, Array]:
    """Weights as int4 tensor and integers; of each block the scale, in half precision, of the least squared error.

    `weights` are finite and without `block_obstacle`.
    """
    rows = weights.astype(np.float64).reshape(-1, block)
    start = _half(np.abs(rows).max(axis=1) / LARGEST)
    scales = _half(least_squares_scales(rows, 0, start, LARGEST))
    integers = with_scales(rows, 0, scales, LARGEST).array
    quantization = Quantization(tuple(float(s) for s in scales), (0,) * len(scales), 0, block)
    value = Value(name, DType.S4, weights.shape, quantization)
    return value, integers.reshape(weights.shape).astype(np.int8)


def _half(scales: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rounded to half precision; 1 for a block of which nothing is left."""
    half = scales.astype(np.float16)
    return np.where(half > 0, half, np.float16(1)).astype(np.float32)
