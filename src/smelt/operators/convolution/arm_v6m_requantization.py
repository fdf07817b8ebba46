"""Exact requantization from products of 32 bits, for Arm cores without a long multiplication.

A kernel ends with a = accumulator + start, where the start brings the interesting accumulators to 0 .. span: below 0
the output is its lower bound, above span its upper bound.  With a clamped to that range,

    output = (floor(a * multiplier / 2**shift) + offset) >> 24    (modulo 2**32; the low byte is the output)

in parts of the multiplier that fit: two in the short form, three in the long form, which is for large spans and for
negative values (floors nest, so that this is the same).  TFLite Micro's doubly rounded function and this one never fall
as a grows, so they are equal everywhere if they step at the same accumulators: `_offsets` finds the offsets with which
they do, or none.  Without an activation that clamps negative values, those round the other way: in the long form
they have an offset of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_requantization import Scaling, Sums
from smelt.operators.fixed_point import Int64

_OUTPUT_SHIFT = 24
_LONG_SHIFT = 20  # two parts of ten bits below the multiplier's whole part
_LONG_SPAN = 2**22
_CANDIDATES = sorted(range(-16, 17), key=abs)
_FAR = 2**62

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Requantization:
    """What the kernel is given a channel; `shift` is 0 in the long form, whose multipliers have 20 bits of fraction.

    `zeros` is the a that an accumulator of 0 has, where that matters; below it `steps_down` is added to the offset.
    """

    shift: int
    starts: Int64
    spans: Int64
    multipliers: Int64
    offsets: Int64
    zeros: Int64
    steps_down: Int64

    def words(self) -> NDArray[np.uint32]:
        """[channels, words of a record] in the order of smelt_requantize_s8__arm_v6m.h."""
        if self.shift:
            columns = [self.starts, self.spans, self.multipliers, self.offsets]
        else:
            whole, fraction = self.multipliers >> _LONG_SHIFT, self.multipliers & (2**_LONG_SHIFT - 1)
            columns = [self.starts, self.spans, whole, self.offsets, fraction, self.zeros, self.steps_down]
        return (np.stack(columns, axis=1) & 0xFFFFFFFF).astype(np.uint32)


@dataclass(frozen=True)
class _Steps:
    """Outputs, and [channels, outputs] the smallest accumulators that give at least those.

    The range that matters, a channel: `first` gives the lower bound or is the smallest accumulator, `last` likewise.
    """

    values: Int64
    accumulators: Int64
    first: Int64
    last: Int64


def requantize(sums: Sums, scaling: Scaling) -> Requantization | None:
    """The cheapest exact form, or None where none was found; remembered, since a kernel is asked several times."""
    integers = (sums.bias, sums.low, sums.high, scaling.mantissas, scaling.shifts)
    return _solved(*(array.tobytes() for array in integers), scaling.zero_point, scaling.low, scaling.high)


@lru_cache(maxsize=64)
def _solved(
    bias: bytes,
    lowest: bytes,
    highest: bytes,
    mantissas: bytes,
    shifts: bytes,
    zero_point: int,
    low: int,
    high: int,
) -> Requantization | None:
    sums = Sums(*(np.frombuffer(data, np.int64) for data in (bias, lowest, highest)))
    factors, exponents = (np.frombuffer(data, np.int64) for data in (mantissas, shifts))
    return _search(sums, Scaling(factors, exponents, zero_point, low, high))


def _search(sums: Sums, scaling: Scaling) -> Requantization | None:
    # Beyond 32 bits accumulators wrap, and TFLite Micro's function falls.
    reach = np.maximum(abs(sums.low), abs(sums.high)) << np.clip(scaling.shifts, 0, 31)
    if ((reach >= 2**31) & ~sums.constant).any():
        return None
    steps = _steps(sums, scaling)
    spans = steps.last - steps.first
    real = np.where(spans > 0, scaling.mantissas * np.exp2(scaling.shifts - 31.0), 0.0)
    zeros = np.clip(-steps.first, 0, spans + 1)
    never = np.zeros_like(zeros)
    short = _short_shift(int(spans.max(initial=0)), float(real.max(initial=0.0)))
    for shift, middle in ((short, never), (0, never), (0, zeros)):
        if shift == 0 and (spans >= _LONG_SPAN).any():
            return None
        found = _solve(real, shift or _LONG_SHIFT, steps, middle) if shift is not None else None
        if found is not None:
            multipliers, below, above = found
            return Requantization(
                shift=shift or 0,
                starts=sums.bias - steps.first,
                spans=spans,
                multipliers=multipliers,
                offsets=above,
                zeros=middle,
                steps_down=np.where(middle > 0, below - above, 0),
            )
    return None


def _short_shift(span: int, real: float) -> int | None:
    """The largest shift for which the products of both parts, and the multiplier, fit 32 bits."""
    largest = min(32 - span.bit_length(), 31)
    while largest > 0 and real * 2.0 ** (_OUTPUT_SHIFT + largest) >= 2**32 - 64:
        largest -= 1
    return largest if largest > 0 else None


def _steps(sums: Sums, scaling: Scaling) -> _Steps:
    values = np.arange(scaling.low, scaling.high + 2, dtype=np.int64)
    low = np.repeat(sums.low[:, None], len(values), axis=1)
    high = np.repeat(sums.high[:, None] + 1, len(values), axis=1)
    while (low < high).any():
        middle = (low + high) >> 1
        reached = np.clip(scaling.apply(middle), scaling.low, scaling.high) >= values
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    first = np.clip(low[:, 1] - 1, sums.low, sums.high)
    last = np.clip(low[:, -2], first, sums.high)
    return _Steps(values, low, first, last)


def _solve(
    real: NDArray[np.float64], shift: int, steps: _Steps, middle: Int64
) -> tuple[Int64, Int64, Int64] | None:
    """(multipliers, offsets where a < middle, offsets elsewhere) that step where they should, or None."""
    spans = steps.last - steps.first
    exact = np.rint(real * 2.0 ** (_OUTPUT_SHIFT + shift)).astype(np.int64)
    solved = np.zeros(len(exact), np.bool_)
    multipliers, below, above = (np.zeros_like(exact) for _ in range(3))
    # Neighbouring multipliers move the far steps by a small part of an accumulator.
    stride = np.maximum(exact >> np.minimum(8 + _bits(spans), 62), 1)
    for candidate in _CANDIDATES:
        tried = np.maximum(exact + candidate * stride, 0)
        fits_below, offsets_below = _offsets(tried, shift, steps, np.zeros_like(middle), middle - 1)
        fits_above, offsets_above = _offsets(tried, shift, steps, middle, spans)
        new = ~solved & (fits_below | (middle == 0)) & (fits_above | (middle > spans))
        multipliers = np.where(new, tried, multipliers)
        below = np.where(new, offsets_below, below)
        above = np.where(new, np.where(middle <= spans, offsets_above, offsets_below), above)
        solved |= new
        if solved.all():
            return multipliers, below, above
    return None


def _bits(numbers: Int64) -> Int64:
    return np.ceil(np.log2(numbers.astype(np.float64) + 1)).astype(np.int64)


def _offsets(multipliers: Int64, shift: int, steps: _Steps, first: Int64, last: Int64) -> tuple[Bool, Int64]:
    """Whether an offset makes the kernel step where it should for a from `first` to `last`, and that offset."""
    at = steps.accumulators - steps.first[:, None]
    bottom, top = first[:, None], last[:, None]
    goal = steps.values << _OUTPUT_SHIFT

    def scaled(a: Int64) -> Int64:
        return (np.maximum(a, 0) * multipliers[:, None]) >> shift

    reached = np.where(at <= top, goal - scaled(np.maximum(at, bottom)), -_FAR)
    not_before = np.where(at > bottom, goal - 1 - scaled(np.minimum(at, top + 1) - 1), _FAR)
    smallest, largest = reached.max(axis=1), not_before.min(axis=1)
    return smallest <= largest, (smallest + largest) >> 1
