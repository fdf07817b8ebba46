"""Observers: what calibration remembers of a tensor, and the range that it derives."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from smelt.errors import QuantizationError
from smelt.ir import Array
from smelt.quantize.histogram import Histogram


class Observer(Protocol):
    """Sees a tensor's values sample by sample, then names the range to represent."""

    def update(self, array: Array) -> None:
        """Take in the tensor's values for one sample (float, any shape)."""

    def range(self) -> tuple[float, float]:
        """The smallest and largest real value to represent."""


class MinMaxObserver:
    """The smallest and largest value seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.low = np.inf
        self.high = -np.inf

    def update(self, array: Array) -> None:
        """Take in one sample; QuantizationError on NaN or infinity."""
        if array.size:
            low, high = finite_range(self.name, array)
            self.low, self.high = min(self.low, low), max(self.high, high)

    def range(self) -> tuple[float, float]:
        """The smallest and largest value seen; QuantizationError when there was none."""
        if self.low > self.high:
            raise QuantizationError(f"tensor '{self.name}' was not seen in calibration")
        return self.low, self.high


class TensorStatistics(MinMaxObserver):
    """All that the calibration methods ask of a tensor, in bounded memory.

    `mean_low`, `mean_high`: moving averages of each sample's smallest and largest value.
    """

    MOMENTUM = 0.9

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.mean_low = 0.0
        self.mean_high = 0.0
        self.histogram = Histogram()

    def update(self, array: Array) -> None:
        """Take in one sample; QuantizationError on NaN or infinity."""
        if array.size == 0:
            return
        first = self.low > self.high
        low, high = finite_range(self.name, array)
        keep = 0.0 if first else self.MOMENTUM
        self.mean_low = keep * self.mean_low + (1 - keep) * low
        self.mean_high = keep * self.mean_high + (1 - keep) * high
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.histogram.add(array)


def finite_range(name: str, array: Array) -> tuple[float, float]:
    """The smallest and largest of an array that is not empty; QuantizationError on NaN or infinity."""
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise QuantizationError(
            f"tensor '{name}' becomes {low if not np.isfinite(low) else high} on a calibration "
            "sample: look for NaN, infinity or unscaled values in the calibration data"
        )
    return low, high
