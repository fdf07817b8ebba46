"""Exact requantization in three or six instructions an output, for the kernels of Arm cores with DSP.

The kernels end with sums of 256 * accumulator + start, and know two forms (smelt_gemm_s8__arm_dsp.h has them in C).
Both must give TFLite Micro's doubly rounded result for every accumulator that the weights can reach:

* single: one multiplication and one shift by SHIFT.  TFLite Micro's function and this one never fall as the
  accumulator grows, so they are equal everywhere when they step at the same accumulators.  `single_rounding` finds
  the steps and solves for multiplier and start; the equality of all steps is the proof.
* signed: follows the two roundings literally; needs a right shift of at least 2 and sums below 2**23.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.operators.fixed_point import Int64, multiply_by_quantized_multiplier

SHIFT = 9  # SMELT_GEMM_SHIFT
_SUM_BITS = 8
_LARGEST = 2**31 - 1
_CANDIDATES = sorted(range(-32, 33), key=abs)

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Sums:
    """The accumulators that int8 inputs can reach: bias, smallest and largest value, one a channel."""

    bias: Int64
    low: Int64
    high: Int64

    @staticmethod
    def of(weights: Int64, bias: Int64) -> Sums:
        """From weights [channels, field] and the folded bias."""
        low = bias + np.minimum(weights * -128, weights * 127).sum(axis=1)
        high = bias + np.maximum(weights * -128, weights * 127).sum(axis=1)
        return Sums(bias, low, high)

    @property
    def constant(self) -> Bool:
        """Channels whose weights are all zero."""
        constant: Bool = self.low == self.high
        return constant


@dataclass(frozen=True)
class Scaling:
    """TFLite Micro's requantization: mantissas and shifts, one a channel; zero point and bounds of the output."""

    mantissas: Int64
    shifts: Int64
    zero_point: int
    low: int
    high: int

    def apply(self, sums: Int64) -> Int64:
        """The outputs of accumulators [channels, ...], not clamped."""
        index = (slice(None),) + (None,) * (sums.ndim - 1)
        scaled = multiply_by_quantized_multiplier(sums, self.mantissas[index], self.shifts[index])
        return scaled + self.zero_point


@dataclass(frozen=True)
class Requantization:
    """What the kernel is given a channel: start, multiplier, and the divisor of the signed form."""

    signed_rounding: bool
    starts: Int64
    multipliers: Int64
    divisors: Int64


def requantize_exactly(sums: Sums, scaling: Scaling, shift: int = SHIFT) -> Requantization | None:
    """The cheapest form that is proven exact, or None; `shift` follows the product where it rounds once."""
    # Below the zero point the two roundings of a negative value show, unless the activation clamps them.
    if scaling.low >= scaling.zero_point or (scaling.shifts >= -1).any():
        found = single_rounding(sums, scaling, shift)
        if found is not None:
            return found
    return signed_rounding(sums, scaling)


def signed_rounding(sums: Sums, scaling: Scaling) -> Requantization | None:
    """The form that rounds twice, or None where a shift or a sum is out of its range."""
    vanishing = scaling.mantissas == 0
    shifts = np.where(vanishing, -2, scaling.shifts)
    small = np.maximum(abs(sums.low), abs(sums.high)) < 2**23
    usable = (scaling.mantissas >= 0) & (shifts <= -2) & (shifts >= -31) & (small | vanishing)
    if not (usable | sums.constant).all():
        return None
    # A constant c needs r = 4 * (c - zero point), which the multiplier 2**30 makes of 16 * (c - zero point).
    constants = (_constant_outputs(sums, scaling) - scaling.zero_point) << 11
    divisors = np.int64(1) << (32 + np.where(sums.constant, -2, shifts))
    return Requantization(
        signed_rounding=True,
        starts=np.where(sums.constant, constants, sums.bias << _SUM_BITS),
        multipliers=np.where(sums.constant, 1 << 30, scaling.mantissas),
        divisors=divisors,
    )


def single_rounding(sums: Sums, scaling: Scaling, shift: int = SHIFT) -> Requantization | None:
    """The form with one rounding, or None where no multiplier and start step where they should.

    Channels of the same scale get the same multiplier where one serves all of them.
    """
    values, steps = _steps(sums, scaling)
    real = scaling.mantissas.astype(np.float64) * np.exp2(scaling.shifts - 31.0)
    exact = np.rint(real * 2.0 ** (32 + shift - _SUM_BITS)).astype(np.int64)
    # Neighbouring multipliers move the far steps by a small part of an accumulator.
    stride = np.maximum(np.rint(exact * real / 2**17).astype(np.int64), 1)
    uniform = bool((exact == exact[0]).all())
    solved = sums.constant.copy()
    multipliers = np.full_like(exact, 1 << 30)
    starts = ((2 * _constant_outputs(sums, scaling) + 1) << (shift + 2)) >> 1
    for candidate in _CANDIDATES:
        tried = exact + candidate * stride
        usable = (tried > 0) & (tried <= _LARGEST)
        fits, offsets = _offsets(np.where(usable, tried, 1), values, steps, sums, shift)
        fits &= usable
        if uniform and fits.all():
            return Requantization(False, offsets + (sums.bias << _SUM_BITS), tried, np.zeros_like(starts))
        new = fits & ~solved
        multipliers = np.where(new, tried, multipliers)
        starts = np.where(new, offsets + (sums.bias << _SUM_BITS), starts)
        solved |= new
        if solved.all() and not uniform:
            break
    return Requantization(False, starts, multipliers, np.zeros_like(starts)) if solved.all() else None


def _constant_outputs(sums: Sums, scaling: Scaling) -> Int64:
    return np.clip(scaling.apply(sums.low), scaling.low, scaling.high)


def _steps(sums: Sums, scaling: Scaling) -> tuple[Int64, Int64]:
    """Outputs v above the lowest, and [channels, v] the smallest accumulator that gives at least v.

    Accumulators are searched from the smallest reachable to one above the largest.
    """
    values = np.arange(scaling.low + 1, scaling.high + 1, dtype=np.int64)
    low = np.repeat(sums.low[:, None], len(values), axis=1)
    high = np.repeat(sums.high[:, None] + 1, len(values), axis=1)
    while (low < high).any():
        middle = (low + high) >> 1
        reached = scaling.apply(middle) >= values
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return values, low


def _offsets(multipliers: Int64, values: Int64, steps: Int64, sums: Sums, shift: int) -> tuple[Bool, Int64]:
    """Whether an offset d makes floor((256 * a + d) * m / 2**(32 + shift)) step at `steps`, and that offset.

    The kernel's output reaches v where 256 * a + d is at least `needed`.
    """
    needed = -((-(values << (32 + shift))) // multipliers[:, None])
    reached = np.where(steps <= sums.high[:, None], needed - (steps << _SUM_BITS), -(2**62))
    not_before = np.where(steps > sums.low[:, None], needed - 1 - ((steps - 1) << _SUM_BITS), 2**62)
    smallest = np.max(reached, axis=1, initial=-(2**40))
    largest = np.min(not_before, axis=1, initial=2**40)
    offsets = np.clip((smallest + largest) >> 1, smallest, largest)
    top = (sums.high << _SUM_BITS) + offsets
    bottom = (sums.low << _SUM_BITS) + offsets
    return (smallest <= largest) & (top <= _LARGEST) & (bottom >= -_LARGEST - 1), offsets
