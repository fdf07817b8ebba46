"""A histogram of values that come in pieces: bounded memory, a range that grows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array

BINS = 4096
"""Bins on each side of zero."""


class Histogram:
    """Counts of values in 2 * BINS bins of equal width from -limit to limit; exact zeros by themselves.

    `limit` is a power of two.  When a larger value comes it grows and neighbouring bins are joined, so the
    counts do not depend on the order in which values come.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(2 * BINS, np.int64)
        self.zeros = 0
        self.exponent: int | None = None

    @property
    def width(self) -> float:
        """The width of a bin; 0 before any value but zero was seen."""
        return 0.0 if self.exponent is None else math.ldexp(1.0, self.exponent) / BINS

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        return np.asarray((np.arange(2 * BINS) - BINS + 0.5) * self.width, np.float64)

    @property
    def total(self) -> int:
        """The number of values."""
        return int(self.counts.sum()) + self.zeros

    def add(self, array: Array) -> None:
        """Count finite values of any shape."""
        values = array.astype(np.float64).ravel()
        values = values[values != 0]
        self.zeros += array.size - values.size
        if values.size == 0:
            return
        largest = math.frexp(float(np.abs(values).max()))[1]
        if self.exponent is None:
            self.exponent = largest
        elif largest > self.exponent:
            self._grow(largest - self.exponent)
            self.exponent = largest
        # ldexp in two steps: the factor itself may be no float
        scaled = np.ldexp(np.ldexp(values, -self.exponent), BINS.bit_length() - 1)
        bins = np.clip(np.floor(scaled).astype(np.int64) + BINS, 0, 2 * BINS - 1)
        self.counts += np.bincount(bins, minlength=2 * BINS)

    def _grow(self, doublings: int) -> None:
        """Join 2^doublings neighbours, outwards from zero."""
        joined = 1 << min(doublings, BINS.bit_length() - 1)
        counts = np.zeros_like(self.counts)
        inner = BINS // joined
        counts[BINS : BINS + inner] = self.counts[BINS:].reshape(inner, joined).sum(axis=1)
        counts[BINS - inner : BINS] = self.counts[:BINS].reshape(inner, joined).sum(axis=1)
        self.counts = counts
