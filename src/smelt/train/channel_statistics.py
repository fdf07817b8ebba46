"""What samples say of a tensor's channels: their mean and covariance over samples and places."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph

Floats = NDArray[np.float64]


RIDGE = 1e-3
"""Of the mean variance, added to all of them: samples are few."""


def with_ridge(covariance: Floats) -> Floats:
    """A covariance that has an inverse."""
    ridge = RIDGE * np.trace(covariance) / len(covariance) + np.finfo(np.float32).tiny
    return np.asarray(covariance + ridge * np.eye(len(covariance)))


@dataclass
class Moments:
    """Sums over all that was seen: [channels] of values, [channels, channels] of products, and how many."""

    total: Floats
    products: Floats
    count: int = 0

    @property
    def mean(self) -> Floats:
        """Of each channel."""
        return self.total / self.count

    @property
    def covariance(self) -> Floats:
        """Of each channel with each."""
        return np.asarray(self.products / self.count - np.outer(self.mean, self.mean))

    @property
    def deviation(self) -> Floats:
        """The standard deviation of each channel."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    @property
    def own_deviation(self) -> Floats:
        """The standard deviation of what of each channel the others do not tell (by linear regression)."""
        return np.asarray(1 / np.sqrt(np.diag(np.linalg.inv(with_ridge(self.covariance)))))


def channel_moments(
    graph: Graph, samples: Iterable[Mapping[str, Array]], names: Collection[str]
) -> dict[str, Moments]:
    """The moments of tensors, by name; UsageError without samples."""
    found: dict[str, Moments] = {}

    def see(name: str, array: Array) -> None:
        if name not in names:
            return
        count = array.shape[-1]
        places = np.asarray(array, np.float64).reshape(-1, count)
        moments = found.setdefault(name, Moments(np.zeros(count), np.zeros((count, count))))
        moments.total += places.sum(axis=0)
        moments.products += places.T @ places
        moments.count += len(places)

    for sample in samples:
        evaluate_graph(graph, sample, see)
    if not found and names:
        raise UsageError("there are no samples: give at least one, better a hundred")
    return found
