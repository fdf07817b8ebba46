"""Real numbers quantized while a network runs, with the parameters that their own range asks for.

The C twin is `runtime/primitives/smelt_dynamic.c`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.operators.fixed_point import round_half_away

QUANTIZED_INPUTS = ("none", "symmetric", "asymmetric")
"""The values of the attribute `quantize_input`."""

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Quantized:
    """Rows of integers held in float64, with the scale and zero point of each row, [rows, 1]."""

    integers: NDArray[np.float64]
    scales: Float32
    zero_points: NDArray[np.float64]

    @property
    def centred(self) -> NDArray[np.float64]:
        """The integers less their zero points."""
        return self.integers - self.zero_points


def quantize_rows(numbers: Float32, kind: str) -> Quantized:
    """Each row [rows, elements] as int8: "symmetric" with zero point 0, "asymmetric" with the full range used.

    Source: SymmetricQuantizeFloats and AsymmetricQuantizeFloats in TensorFlow Lite (portable_tensor_utils.cc), here in
    float32 throughout.
    """
    one, low = np.float32(1), np.minimum(numbers.min(axis=1, keepdims=True, initial=0), np.float32(0))
    high = np.maximum(numbers.max(axis=1, keepdims=True, initial=0), np.float32(0))
    largest = np.maximum(high, -low)
    empty = largest == 0
    safe = np.where(empty, one, largest)
    if kind == "symmetric":
        scales, inverse = safe / np.float32(127), np.float32(127) / safe
        zero_points, lowest = np.zeros(low.shape), -127
    else:
        scales = np.where(empty, one, (high - low) / np.float32(255))
        inverse = one / scales
        zero_points, lowest = _zero_points(low / scales, high / scales), -128
    scales = np.where(empty, one, scales)
    inverse, zero_points = np.where(empty, np.float32(0), inverse), np.where(empty, 0, zero_points)
    moved = zero_points.astype(np.float32) + numbers * inverse
    return Quantized(np.clip(round_half_away(moved), lowest, 127), scales.astype(np.float32), zero_points)


def _zero_points(low: Float32, high: Float32) -> NDArray[np.float64]:
    """Those that map the end of the range that is nearer to zero, in steps, exactly; then to the nearest integer."""
    from_low = np.float32(128) - low < np.float32(127) + high
    exact = np.where(from_low, np.float32(-128) - low, np.float32(127) - high)
    return np.clip(round_half_away(exact), -128, 127)
