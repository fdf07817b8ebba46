"""Integers and scales for the weights of one layer, such that its results are those of the float layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.quantize.moments import Moments
from smelt.quantize.rounding import error, gptq, spreading

Float64 = NDArray[np.float64]
DAMPINGS = (0.01, 0.1, 1.0)
SMALLEST_SHARE = 0.5
"""Of the scale given, among those tried."""


@dataclass(frozen=True)
class LayerRounding:
    """Float weights [groups, outputs, field], the largest integer, a rounding, how many smaller scales are tried."""

    weights: Float64
    largest: int
    rounding: Callable[[Float64, Float64, Float64, int], Float64]
    tried_scales: int

    def rounded(
        self, scales: Float64, moments: Moments, halves: Sequence[Moments]
    ) -> tuple[Float64, Float64]:
        """Integers and scales [groups, outputs], with the damping that serves each half of the samples best.

        It is chosen by the error on one half of what is rounded with the other.
        """
        damping = min(DAMPINGS, key=lambda each: self._error_on_unseen(scales, halves, each))
        target, damped = moments.aim(self.weights, damping)
        chosen = self._best_scales(target, scales, damped)
        return self.rounding(target, chosen, damped, self.largest), chosen

    def _error_on_unseen(self, scales: Float64, halves: Sequence[Moments], damping: float) -> float:
        total = 0.0
        for seen, unseen in (halves, halves[::-1]):
            target, damped = seen.aim(self.weights, damping)
            integers = gptq(target, scales, damped, self.largest)
            total += unseen.error(integers * scales[:, :, None])
        return total

    def _best_scales(self, target: Float64, scales: Float64, damped: Float64) -> Float64:
        """For each output the scale that leaves the least error."""
        if not self.tried_scales:
            return scales
        shares = np.linspace(1, SMALLEST_SHARE, self.tried_scales + 1)
        tried = np.asarray((scales * shares[:, None, None]).astype(np.float32), np.float64)
        spread = spreading(damped)
        rounded = [gptq(target, each, damped, self.largest, spread) * each[:, :, None] for each in tried]
        errors = [error(each, target, damped) for each in rounded]
        return np.asarray(np.take_along_axis(tried, np.argmin(errors, axis=0)[None], axis=0)[0])
