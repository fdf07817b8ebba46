"""Rounding weights so that the layer's result changes least, not the weights themselves.

All work on the groups of a layer at once: `target` [groups, outputs, field] are the real weights wanted, `scales`
[groups, outputs] their steps, `moments` [groups, field, field] the second moments of what they meet, and the error of
a choice W is the mean over samples of |(W - target) x|².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
SWEEPS = 12


def error(weights: Float64, target: Float64, moments: Float64) -> Float64:
    """The error of each output [groups, outputs]."""
    difference = weights - target
    return np.asarray((difference @ moments * difference).sum(axis=2))


def nearest(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """Each weight to the nearest integer."""
    return _nearest(target / scales[:, :, None], largest)


def learned(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """One weight after the other, over and over, to the integer that is best beside all others.

    Cyclic coordinate descent on the objective of AdaRound (Nagel et al., "Up or down? Adaptive rounding
    for post-training quantization", 2020, equation 13), from nearest rounding on, so it never ends above it.
    """
    return _descend(nearest(target, scales, moments, largest), target, scales, moments, largest)


Spread = tuple[NDArray[np.intp], Float64]


def spreading(moments: Float64) -> Spread:
    """For GPTQ, by group: the order of rounding, largest inputs first, and how errors are spread over later ones."""
    order = np.argsort(-np.diagonal(moments, axis1=1, axis2=2), axis=1, kind="stable")
    rows = np.take_along_axis(moments, order[:, :, None], axis=1)
    inverse = np.linalg.inv(np.take_along_axis(rows, order[:, None, :], axis=2))
    lower = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2)
    return order, np.asarray(lower.transpose(0, 2, 1), np.float64)


def gptq(
    target: Float64, scales: Float64, moments: Float64, largest: int, spread: Spread | None = None
) -> Float64:
    """One weight after the other to the nearest integer, the error spread over those not yet rounded.

    Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers",
    2022, algorithm 1.
    """
    order, upper = spread or spreading(moments)
    rest = np.take_along_axis(target / scales[:, :, None], order[:, None, :], axis=2)
    rounded = np.empty_like(rest)
    for index in range(rest.shape[2]):
        rounded[:, :, index] = _nearest(rest[:, :, index], largest)
        lost = (rest[:, :, index] - rounded[:, :, index]) / upper[:, index, index, None]
        rest[:, :, index + 1 :] -= lost[:, :, None] * upper[:, index, None, index + 1 :]
    result = np.empty_like(rounded)
    np.put_along_axis(result, np.broadcast_to(order[:, None, :], result.shape), rounded, axis=2)
    return result


def gptq_learned(target: Float64, scales: Float64, moments: Float64, largest: int) -> Float64:
    """`learned` from the better of nearest and GPTQ for each output on."""
    starts = [method(target, scales, moments, largest) for method in (nearest, gptq)]
    errors = [error(start * scales[:, :, None], target, moments) for start in starts]
    start = np.where((errors[1] < errors[0])[:, :, None], starts[1], starts[0])
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
    integers, wanted = start.copy(), target / scales[:, :, None]
    # gradient of the error over 2 * scale², for each weight
    slope = (integers - wanted) @ moments
    curvature = np.diagonal(moments, axis1=1, axis2=2)
    # what meets nothing stays as it is
    inverse = np.where(curvature > 0, 1 / np.where(curvature > 0, curvature, 1), 0)
    for _ in range(SWEEPS):
        changed = False
        for index in range(target.shape[2]):
            best = _nearest(integers[:, :, index] - slope[:, :, index] * inverse[:, index, None], largest)
            step = best - integers[:, :, index]
            moved = np.nonzero(step)
            if moved[0].size:
                changed = True
                integers[:, :, index] = best
                slope[moved] += step[moved][:, None] * moments[moved[0], index]
        if not changed:
            break
    return integers
