"""Weights of which but a sign, or a sign and zero, are kept: the scale of each channel that leaves the least error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array
from smelt.quantize.precision import Precision

Float64 = NDArray[np.float64]

_NOTHING = 2.0**-40
"""The scale of signs that stand for zeros."""


def coarse_scales(
    weights: Array, axis: int, smallest: NDArray[np.float64], precision: Precision
) -> NDArray[np.float32]:
    """For each channel the scale with the least squared error, and at least `smallest` (one value a channel).

    Binary: the mean magnitude (Rastegari et al., "XNOR-Net", 2016, section 3.1).  Ternary: the mean of the n largest
    magnitudes, for the best n; those below half of it are the zeros (the optimum that Li and Liu, "Ternary weight
    networks", 2016, equation 5, approximate by a threshold).
    """
    channels = np.abs(np.moveaxis(weights.astype(np.float64), axis, 0).reshape(weights.shape[axis], -1))
    if precision.has_zero:
        sums = np.cumsum(-np.sort(-channels, axis=1), axis=1)
        counts = np.arange(1, channels.shape[1] + 1)
        best = np.argmax(sums**2 / counts, axis=1)
        scales = np.take_along_axis(sums / counts, best[:, None], axis=1)[:, 0]
    else:
        scales = channels.mean(axis=1)
    scales = np.maximum(scales, smallest).astype(np.float32)
    return np.where(scales > 0, scales, np.float32(_NOTHING)).astype(np.float32)


def signs(weights: Array) -> NDArray[np.int64]:
    """-1 for negative weights, 1 for all others."""
    return np.where(weights.astype(np.float64) < 0, -1, 1).astype(np.int64)
