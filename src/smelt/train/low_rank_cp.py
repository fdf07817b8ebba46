"""Convolutions as four small ones, by the canonical polyadic (CP) decomposition of their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from smelt.ir import Attribute
from smelt.train.channel_statistics import Floats
from smelt.train.low_rank_factors import Factor, Split, directions, unrooted

ROUNDS = 60
"""Of alternating least squares; what is left after them changes little."""

_MODES = "ohwi"


def cp_split(
    weights: Floats, root: Floats, window: Mapping[str, Attribute], energy: float, multiple: int
) -> Split | None:
    """1x1, columns of each channel, rows of each channel, 1x1; None where no rank that makes weights fewer suffices.

    `weights` are [outputs, height, width, inputs], `root` as in `Splitting`; the rank is the smallest multiple that
    keeps the share `energy` of the sum of squares.  Source: Lebedev et al., "Speeding-up Convolutional Neural Networks
    Using Fine-tuned CP-Decomposition", 2015.
    """
    rooted = weights @ root
    most = (weights.size - 1) // sum(weights.shape) // multiple
    allowed = (1 - energy) * float(np.square(rooted).sum())
    low, high, found = 0, most + 1, None
    while high - low > 1:
        middle = (low + high) // 2
        factors = cp_factors(rooted, middle * multiple)
        if float(np.square(rooted - _product(factors)).sum()) <= allowed:
            high, found = middle, factors
        else:
            low = middle
    if found is None:
        return None
    outputs, columns, rows, inputs = found
    vertical, horizontal = directions(window)
    first = unrooted(inputs.T, root)[:, None, None]
    return Split(
        "cp",
        (
            Factor(first),
            Factor(columns[None, :, None], {**vertical, "multiplier": 1}, "depthwise_conv_2d"),
            Factor(rows[None, None], {**horizontal, "multiplier": 1}, "depthwise_conv_2d"),
            Factor(outputs[:, None, None]),
        ),
    )


def cp_factors(tensor: Floats, rank: int) -> list[Floats]:
    """Matrices [dimension, rank], one a dimension, the sum of whose outer products is near a tensor of four."""
    factors = [_start(tensor, axis, rank) for axis in range(4)]
    for _ in range(ROUNDS):
        for axis in range(4):
            others = [factor for place, factor in enumerate(factors) if place != axis]
            gram = np.prod([factor.T @ factor for factor in others], axis=0)
            names = [f"{mode}r" for place, mode in enumerate(_MODES) if place != axis]
            target = np.einsum(f"{_MODES},{','.join(names)}->{_MODES[axis]}r", tensor, *others, optimize=True)
            ridge = 1e-9 * np.trace(gram) / rank * np.eye(rank)
            factors[axis] = np.linalg.solve(gram + ridge, target.T).T
    # what is strong is spread over all
    norms = [np.maximum(np.linalg.norm(factor, axis=0), 1e-30) for factor in factors]
    strength = np.exp(np.mean([np.log(norm) for norm in norms], axis=0))
    return [factor / norm * strength for factor, norm in zip(factors, norms, strict=True)]


def _start(tensor: Floats, axis: int, rank: int) -> Floats:
    """The strongest directions of a dimension, then random ones, the same each time."""
    rows = np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1)
    left = np.linalg.svd(rows, full_matrices=False)[0][:, :rank]
    drawn = np.random.default_rng(axis).normal(size=(len(rows), rank - left.shape[1]))
    return np.concatenate([left, drawn / np.sqrt(len(rows))], axis=1)


def _product(factors: Sequence[Floats]) -> Floats:
    names = ",".join(f"{mode}r" for mode in _MODES)
    return np.asarray(np.einsum(f"{names}->{_MODES}", *factors, optimize=True))
