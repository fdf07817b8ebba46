"""An int8 function of two int8 values as multiplications by constants, additions and one shift, where proven exact.

    output = clamp((start + floor(multiplier_a * a / 2**8) + floor(multiplier_b * b / 2**8)) >> shift)

This rounds once where TFLite Micro rounds three times.  `affine_form` looks for constants near the real ones
with which it gives the right output for all 65,536 pairs; trying all pairs is the proof.  Ties that go away from
zero need no instruction: slightly larger multipliers take them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smelt.operators.fixed_point import Int64

SHIFT = 21
"""The shift of all forms whose sums fit 32 bits with it; others have a smaller one."""

INT8 = np.arange(-128, 128, dtype=np.int64)
_FRACTION_BITS = 8
_LARGEST = 2**31 - 1
_FEWEST_SHIFTED = 10
_CANDIDATES = np.array(sorted(range(-24, 25), key=abs), np.int64)
_STRIDES = (1, 4, 16, 64)


@dataclass(frozen=True)
class Affine:
    """The constants; `multiplier_b` is 0 for a function of one value."""

    multiplier_a: int
    multiplier_b: int
    start: int
    shift: int


@dataclass(frozen=True)
class Plane:
    """The real function that an int8 function rounds: slope_a * a + slope_b * b + offset."""

    slope_a: float
    slope_b: float
    offset: float


def affine_form(outputs: Int64, plane: Plane, low: int, high: int) -> Affine | None:
    """The form of `outputs`, [256, 256] for a and b from -128 up ([256, 1] without b), clamped to low .. high.

    None where there is none near the plane.
    """
    values_b = INT8 if outputs.shape[1] > 1 else np.zeros(1, np.int64)
    shift = _largest_shift(plane)
    if shift < _FEWEST_SHIFTED:
        return None
    for multiplier_a, multiplier_b, start in _solutions(outputs, plane, (low, high), values_b, shift):
        form = Affine(int(multiplier_a), int(multiplier_b), int(start), shift)
        if _is_exact(form, outputs, values_b, low, high):
            return form
    return None


def _largest_shift(plane: Plane) -> int:
    """With which all sums and multipliers fit 32 bits."""
    slopes = np.array([plane.slope_a, plane.slope_b])
    start = plane.offset + 0.5
    corners = [start + a * slopes[0] + b * slopes[1] for a in (-128, 127) for b in (-128, 0, 127)]
    largest = max(1.0, *(abs(corner) + 0.01 for corner in corners), *(256 * abs(slopes)))
    return min(SHIFT, 31 - int(np.ceil(np.log2(largest))))


def _is_exact(form: Affine, outputs: Int64, values_b: Int64, low: int, high: int) -> bool:
    first = form.start + (form.multiplier_a * INT8 >> _FRACTION_BITS)
    sums = first[:, None] + (form.multiplier_b * values_b >> _FRACTION_BITS)
    fits = max(abs(first).max(), abs(sums).max(), abs(form.multiplier_a), abs(form.multiplier_b)) <= _LARGEST
    return bool(fits) and np.array_equal(np.clip(sums >> form.shift, low, high), outputs)


def _solutions(
    outputs: Int64, plane: Plane, bounds: tuple[int, int], values_b: Int64, shift: int
) -> Iterator[tuple[Int64, Int64, Int64]]:
    """Multipliers and starts that are right for the pairs whose real output is close to a step."""
    unit = 2.0**shift
    real = plane.slope_a * INT8[:, None] + plane.slope_b * values_b + plane.offset + 0.5
    above = np.where(outputs > bounds[0], real - outputs, np.inf)
    below = np.where(outputs < bounds[1], outputs + 1 - real, np.inf)
    index_a, index_b = np.nonzero(np.minimum(above, below) < 2.0 ** (12 - shift))
    a, b, values = INT8[index_a], values_b[index_b], outputs[index_a, index_b]
    start = round((plane.offset + 0.5) * unit)
    slack = np.int64(2 ** (shift - 10))
    lower = np.where(values > bounds[0], values << shift, -(2**40))
    upper = np.where(values < bounds[1], ((values + 1) << shift) - 1, 2**40)
    exact_a, exact_b = (round(slope * unit * 2**_FRACTION_BITS) for slope in (plane.slope_a, plane.slope_b))
    for stride in _STRIDES:
        candidates_b = exact_b + _CANDIDATES * stride if len(values_b) > 1 else np.zeros(1, np.int64)
        terms_b = candidates_b[:, None] * b >> _FRACTION_BITS
        for candidate in exact_a + _CANDIDATES * stride:
            terms = (candidate * a >> _FRACTION_BITS) + terms_b
            smallest = np.max(lower - terms, axis=1, initial=start - slack)
            largest = np.min(upper - terms, axis=1, initial=start + slack)
            for k in np.nonzero(smallest <= largest)[0]:
                yield candidate, candidates_b[k], (smallest[k] + largest[k]) >> 1
