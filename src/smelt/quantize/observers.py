"""Observers: what calibration remembers of a tensor, and the range that it derives."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from smelt.errors import QuantizationError
from smelt.ir import Array


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
        if array.size == 0:
            return
        low, high = float(array.min()), float(array.max())
        if not np.isfinite(low) or not np.isfinite(high):
            raise QuantizationError(
                f"tensor '{self.name}' becomes {low if not np.isfinite(low) else high} on a calibration "
                "sample: look for NaN, infinity or unscaled values in the calibration data"
            )
        self.low, self.high = min(self.low, low), max(self.high, high)

    def range(self) -> tuple[float, float]:
        """The smallest and largest value seen; QuantizationError when there was none."""
        if self.low > self.high:
            raise QuantizationError(f"tensor '{self.name}' was not seen in calibration")
        return self.low, self.high
