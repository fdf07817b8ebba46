"""How much of a matrix is more than noise, by its singular values: a rank without a setting."""

from __future__ import annotations

import math

import numpy as np

from smelt.train.channel_statistics import Floats

TRIED = 400
"""Noise variances that are compared, at equal ratios."""


def variational_rank(values: Floats, shape: tuple[int, int]) -> int:
    """The rank of a matrix under noise, from its singular values in falling order; at least 1.

    Empirical variational Bayesian matrix factorization: the noise variance is the one of least free energy.
    Source: Nakajima et al., "Global Analytic Solution of Fully-observed Variational Bayesian Matrix Factorization",
    2013, theorem 2 and section 4.
    """
    if not values.any():
        return 1
    rows, columns = sorted(shape)
    ratio = rows / columns
    threshold = 2.5129 * math.sqrt(ratio)
    signal = (1 + threshold) * (1 + ratio / threshold)
    squares = values[values > values[0] * 1e-9] ** 2
    upper = squares.sum() / (rows * columns)
    first = min(max(math.ceil(rows / (1 + ratio)) - 1, 0), len(squares) - 1)
    lower = max(squares[first] / (columns * signal), squares[first:].mean() / columns)
    tried = np.geomspace(min(lower, upper), upper, TRIED)
    noise = min(
        tried, key=lambda variance: _energy(squares / (columns * variance), variance, rows, ratio, signal)
    )
    return max(int(np.count_nonzero(squares > columns * noise * signal)), 1)


def _energy(x: Floats, variance: float, rows: int, ratio: float, signal: float) -> float:
    """The free energy, up to a constant, of squares relative to the noise's."""
    strong, weak = x[x > signal], x[x <= signal]
    middle = strong - (1 + ratio)
    tau = (middle + np.sqrt(middle**2 - 4 * ratio)) / 2
    terms = (weak - np.log(weak)).sum() + (strong - tau).sum() + np.log((tau + 1) / strong).sum()
    terms += ratio * np.log(tau / ratio + 1).sum()
    return float(terms + (rows - len(x)) * math.log(variance))
