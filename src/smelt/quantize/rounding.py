"""Rounding weights so that the layer's result changes least, not the weights themselves.

All work on one group of a layer: `target` [outputs, field] are the real weights wanted, `moments` [field, field] the
second moments of what they meet, and the error of a choice W is the mean over samples of |(W - target) x|².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
SWEEPS = 12


def error(weights: Float64, target: Float64, moments: Float64) -> Float64:
    """The error of each output."""
    difference = weights - target
    return np.asarray(np.einsum("of,fg,og->o", difference, moments, difference, optimize=True))


def nearest(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """Each weight to the nearest integer."""
    return _nearest(target / scales[:, None], largest)


def learned(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """One weight after the other, over and over, to the integer that is best beside all others.

    Cyclic coordinate descent on the objective of AdaRound (Nagel et al., "Up or down? Adaptive rounding
    for post-training quantization", 2020, equation 13), from nearest rounding on, so it never ends above it.
    """
    return _descend(nearest(target, scales, moments, largest), target, scales, moments, largest)


Spread = tuple[NDArray[np.intp], Float64]


def spreading(moments: Float64) -> Spread:
    """For GPTQ: the order of rounding, largest inputs first, and how the error of each is spread over later ones."""
    order = np.argsort(-np.diag(moments), kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    return order, np.asarray(np.linalg.cholesky((inverse + inverse.T) / 2).T, np.float64)


def gptq(
    target: Float64, scales: Float64, moments: Float64, largest: int, spread: Spread | None = None
) -> Float64:
    """One weight after the other to the nearest integer, the error spread over those not yet rounded.

    Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers",
    2022, algorithm 1.
    """
    order, upper = spread or spreading(moments)
    rest = (target / scales[:, None])[:, order]
    rounded = np.empty_like(rest)
    for index in range(rest.shape[1]):
        rounded[:, index] = _nearest(rest[:, index], largest)
        lost = (rest[:, index] - rounded[:, index]) / upper[index, index]
        rest[:, index + 1 :] -= lost[:, None] * upper[index, index + 1 :]
    result = np.empty_like(rounded)
    result[:, order] = rounded
    return result


def gptq_learned(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """`learned` from the better of nearest and GPTQ for each output on."""
    starts = [method(target, scales, moments, largest) for method in (nearest, gptq)]
    errors = [error(start * scales[:, None], target, moments) for start in starts]
    start = np.where((errors[1] < errors[0])[:, None], starts[1], starts[0])
    return _descend(start, target, scales, moments, largest)


ROUNDINGS: Mapping[str, Callable[[Float64, Float64, Float64, int], Float64]] = {
    "nearest": nearest,
    "learned": learned,
    "gptq": gptq,
    "gptq-learned": gptq_learned,
}


def _nearest(numbers: Float64, largest: int) -> Float64:
    return np.clip(np.copysign(np.floor(np.abs(numbers) + 0.5), numbers), -largest, largest)


def _descend(start: Float64, target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    integers, wanted = start.copy(), target / scales[:, None]
    # gradient of the error over 2 * scale², for each weight
    slope = (integers - wanted) @ moments
    curvature = np.diag(moments)
    for _ in range(SWEEPS):
        changed = False
        for index in np.flatnonzero(curvature > 0):
            best = _nearest(integers[:, index] - slope[:, index] / curvature[index], largest)
            step = best - integers[:, index]
            moved = np.flatnonzero(step)
            if moved.size:
                changed = True
                integers[moved, index] = best[moved]
                slope[moved] += step[moved, None] * moments[index]
        if not changed:
            break
    return integers
