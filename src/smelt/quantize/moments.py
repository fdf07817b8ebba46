"""What a layer meets and what it should make of it, summed over samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array
from smelt.quantize.fields import Fields

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Of a layer, by group: means and second moments.

    own [groups, field, field]: of what the quantized layer meets.  wanted [groups, outputs, field]: of what it should
    give with what it meets.  mean [groups, field], wanted_mean [groups, outputs], bias left out.
    """

    own: Float64
    wanted: Float64
    mean: Float64
    wanted_mean: Float64

    def aim(self, weights: Float64, damping: float) -> tuple[Float64, Float64]:
        """The real weights that give what is wanted best, and the second moments to round them by.

        The least squares of the error and of the way from the float weights, which weighs `damping` mean second
        moments: the fewer samples, the more of it they need.
        """
        mean = np.trace(self.own, axis1=1, axis2=2) / self.own.shape[2]
        weight = np.maximum(damping * mean, 1e-30)[:, None, None]
        damped = self.own + weight * np.eye(self.own.shape[2])
        target = np.linalg.solve(damped, (self.wanted + weight * weights).transpose(0, 2, 1))
        return target.transpose(0, 2, 1), damped

    def error(self, weights: Float64) -> float:
        """The mean squared error of the results with these weights, but for what no weights change."""
        return float(((weights @ self.own - 2 * self.wanted) * weights).sum())


class Sums:
    """Sums over samples, of each at most POSITIONS positions, evenly spaced."""

    POSITIONS = 64

    def __init__(self, fields: Fields, weights: Float64) -> None:
        self.fields, self.weights, self.count = fields, weights, 0
        self.sums: list[Float64 | float] = [0.0, 0.0, 0.0, 0.0]

    def add(self, wanted: Array, found: Array) -> None:
        """Take in one sample of real inputs: the float graph's and the quantized graph's."""
        x, y = self.fields.data(wanted), self.fields.data(found)
        # an odd step, so that columns of an even width take turns
        step = 1 if x.shape[1] <= self.POSITIONS else -(-x.shape[1] // self.POSITIONS) | 1
        x, y = x[:, ::step], y[:, ::step]
        target = x @ self.weights.transpose(0, 2, 1)
        terms = (y.transpose(0, 2, 1) @ y, target.transpose(0, 2, 1) @ y, y.sum(axis=1), target.sum(axis=1))
        self.count += x.shape[1]
        self.sums = [before + term for before, term in zip(self.sums, terms, strict=True)]

    def moments(self, *others: Sums, centred: bool) -> Moments:
        """Of these samples and those of others; about the means, or as they are where no bias takes these up."""
        count = self.count + sum(other.count for other in others)
        own, wanted, mean, wanted_mean = (
            np.asarray(sum(parts)) / count
            for parts in zip(self.sums, *(other.sums for other in others), strict=True)
        )
        if centred:
            own = own - mean[:, :, None] * mean[:, None, :]
            wanted = wanted - wanted_mean[:, :, None] * mean[:, None, :]
        return Moments(own, wanted, mean, wanted_mean)
