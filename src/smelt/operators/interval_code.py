"""A prefix code for weights: a few bits choose an interval of byte values, raw bits choose the value in it.

Weights near zero lie in short intervals with short prefixes, a cluster's value has one of its own, and values that do
not occur are in none. With so few intervals the decoder (runtime/primitives/smelt_unpack_s8.c) needs one small
table in flash and none in RAM, and the code is within some percent of the entropy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Uint8 = NDArray[np.uint8]
Uint16 = NDArray[np.uint16]

MOST_PREFIX_BITS = 6
MOST_BITS = MOST_PREFIX_BITS + 8
"""Of a value: the decoder holds at least 16."""

_VALUES = 256
_NO_INTERVAL = -1
_FIRST_VALUES = (128, 0)
"""Where the circle of byte values may be cut: between 127 and -128, or between 255 and 0."""

_PENALTIES = (0, 4, 16, 64, 256, 1024, 4096)
"""Bits that an interval costs while intervals are looked for: more make fewer of them."""


@dataclass(frozen=True)
class Interval:
    """2**raw_bits values from `first` on, modulo 256, after the `length` bits of `prefix`."""

    first: int
    raw_bits: int
    prefix: int
    length: int


@dataclass(frozen=True)
class IntervalCode:
    """Intervals, of which the first ones that hold a value are used for it."""

    intervals: tuple[Interval, ...]

    @property
    def prefix_bits(self) -> int:
        """The length of the longest prefix, at least 1: the decoder looks up some bit."""
        return max([1, *(interval.length for interval in self.intervals)])

    def table(self) -> Uint16:
        """What the decoder looks up by the next `prefix_bits` bits: first << 8 | raw bits << 4 | length."""
        words = np.zeros(2**self.prefix_bits, np.uint16)
        for x in self.intervals:
            unused = self.prefix_bits - x.length
            start = x.prefix << unused
            words[start : start + (1 << unused)] = x.first << 8 | x.raw_bits << 4 | x.length
        return words

    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For every byte value its code and the code's length in bits; 0 bits beyond MOST_BITS where it has none."""
        codes, lengths = np.zeros(_VALUES, np.int64), np.full(_VALUES, MOST_BITS + 1, np.int64)
        for x in reversed(self.intervals):
            raw = np.arange(1 << x.raw_bits)
            values = (x.first + raw) % _VALUES
            codes[values] = (x.prefix << x.raw_bits) + raw
            lengths[values] = x.length + x.raw_bits
        return codes, lengths

    def coded_bits(self, counts: NDArray[np.int64]) -> int:
        """The bits of so many values each."""
        return int((self.codes()[1] * counts).sum())


def encode(code: IntervalCode, values: Uint8, coded: Bool) -> Bool:
    """The bits of values, the first one first: with the code where `coded`, else their own eight."""
    codes, lengths = code.codes()
    words = np.where(coded, codes[values], values)
    length = np.where(coded, lengths[values], 8)
    assert (length <= MOST_BITS).all(), "the code was made for other values"
    places = length[:, None] - 1 - np.arange(MOST_BITS)
    bits = words[:, None] >> np.maximum(places, 0) & 1
    return bits[places >= 0].astype(np.bool_)


def best_code(values: Uint8) -> IntervalCode:
    """The code with which values, together with the decoder's table, take the fewest bits."""
    return _best_code(np.bincount(values, minlength=_VALUES).astype(np.int64).tobytes())


@lru_cache(maxsize=64)
def _best_code(data: bytes) -> IntervalCode:
    counts = np.frombuffer(data, np.int64)
    return min(_candidates(counts), key=lambda code: code.coded_bits(counts) + 16 * 2**code.prefix_bits)


def _candidates(counts: NDArray[np.int64]) -> Iterator[IntervalCode]:
    for first in _FIRST_VALUES:
        rotated = np.roll(counts, -first)
        partitions = {tuple(_partition(rotated, penalty)) for penalty in _PENALTIES}
        for partition in sorted(partitions):
            for prefix_bits in range(1, MOST_PREFIX_BITS + 1):
                if len(partition) <= 2**prefix_bits:
                    yield _with_prefixes(rotated, first, partition, prefix_bits)


def _partition(counts: NDArray[np.int64], penalty: int) -> list[tuple[int, int]]:
    """(first, raw bits) of intervals that hold all values that occur, with the least ideal length of code.

    An interval whose values occur P times among T takes P * (raw bits - log2(P / T)) bits and the penalty.
    """
    sums = np.concatenate([[0], np.cumsum(counts)])
    total = max(int(sums[-1]), 1)
    least, chosen = np.zeros(_VALUES + 1), np.zeros(_VALUES + 1, np.int64)
    raw_bits = np.arange(9)
    for end in range(1, _VALUES + 1):
        starts = np.maximum(end - (1 << raw_bits), 0)
        occurring = sums[end] - sums[starts]
        costs = least[starts] + occurring * (raw_bits - np.log2(np.maximum(occurring, 1) / total)) + penalty
        chosen[end] = np.argmin(costs)
        least[end] = costs[chosen[end]]
        if counts[end - 1] == 0 and least[end - 1] <= least[end]:
            least[end], chosen[end] = least[end - 1], _NO_INTERVAL
    found = []
    end = _VALUES
    while end > 0:
        bits = int(chosen[end])
        start = end - 1 if bits == _NO_INTERVAL else max(end - (1 << bits), 0)
        if bits != _NO_INTERVAL:
            found.append((start, bits))
        end = start
    return found[::-1]


def _with_prefixes(
    counts: NDArray[np.int64], first: int, partition: tuple[tuple[int, int], ...], prefix_bits: int
) -> IntervalCode:
    """The intervals with canonical prefixes: shorter ones first."""
    weights = [int(counts[start : start + (1 << raw)].sum()) for start, raw in partition]
    lengths = _prefix_lengths(weights, prefix_bits)
    intervals, prefix, length = [], 0, 0
    for at in sorted(range(len(partition)), key=lambda k: lengths[k]):
        prefix <<= lengths[at] - length
        length = lengths[at]
        start, raw_bits = partition[at]
        intervals.append(Interval((start + first) % _VALUES, raw_bits, prefix, length))
        prefix += 1
    return IntervalCode(tuple(intervals))


def _prefix_lengths(weights: list[int], longest: int) -> list[int]:
    """The lengths of the best prefix code whose longest prefix has at most `longest` bits.

    Source: Larmore and Hirschberg, A fast algorithm for optimal length-limited Huffman codes (package-merge), 1990.
    """
    if len(weights) == 1:
        return [0]
    single: list[tuple[int, tuple[int, ...]]] = sorted((weight, (at,)) for at, weight in enumerate(weights))
    packages = single
    for _ in range(longest - 1):
        pairs = zip(packages[::2], packages[1::2], strict=False)
        packages = sorted([*single, *((a[0] + b[0], a[1] + b[1]) for a, b in pairs)])
    lengths = [0] * len(weights)
    for _, members in packages[: 2 * len(weights) - 2]:
        for at in members:
            lengths[at] += 1
    return lengths
