"""From what was seen of a tensor to the range that is represented: the calibration methods, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from smelt.quantize.histogram import Histogram
from smelt.quantize.observers import TensorStatistics

Float64 = NDArray[np.float64]
Range = tuple[float, float]

PERCENTILE = 99.99


def min_max(seen: TensorStatistics, levels: int) -> Range:
    """The smallest and largest value."""
    return seen.low, seen.high


def moving_average(seen: TensorStatistics, levels: int) -> Range:
    """Moving averages of each sample's smallest and largest value, later samples weighing more."""
    return seen.mean_low, seen.mean_high


def percentile(seen: TensorStatistics, levels: int) -> Range:
    """What is left when the outermost hundredth of a percent of the values is cut off on either side."""
    counts, edges = _with_zero(seen.histogram)
    share = np.cumsum(counts) / counts.sum()
    high = edges[1:][np.searchsorted(share, PERCENTILE / 100)]
    low = edges[:-1][np.searchsorted(share, 1 - PERCENTILE / 100, side="right")]
    return _inside(seen, low, high)


def mean_squared_error(seen: TensorStatistics, levels: int) -> Range:
    """The range whose rounding and clipping have the least squared error, found on a grid, one end at a time."""
    counts, values = _values(seen.histogram)
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    ends = [low, high]
    for _ in range(2):
        for side in (0, 1):
            full = (low, high)[side]
            if full == 0:
                continue
            tries = [[full * share, ends[1]] if side == 0 else [ends[0], full * share] for share in _SHARES]
            errors = [_squared_error(counts, values, a, b, levels) for a, b in tries]
            ends = tries[int(np.argmin(errors))]
    return float(ends[0]), float(ends[1])


_SHARES = np.concatenate([np.linspace(1.0, 0.5, 26), 0.5 * 0.93 ** np.arange(1, 41)])
"""Of the full range, from all of it to less than a thirtieth; the first of equals is taken."""


def _squared_error(counts: Float64, values: Float64, low: float, high: float, levels: int) -> float:
    step = (high - low) / (levels - 1)
    if step <= 0:
        return float(np.inf)
    zero_point = np.round(-low / step)
    integers = np.clip(np.round(values / step) + zero_point, 0, levels - 1)
    return float((counts * ((integers - zero_point) * step - values) ** 2).sum())


def octav(seen: TensorStatistics, levels: int) -> Range:
    """The fixed point at which clipping and rounding errors balance, both ends in turn.

    Sakr et al., "Optimal clipping and magnitude-aware differentiation for improved quantization-aware
    training", 2022, equation 7, for a range with two ends that are found one after the other.
    """
    counts, values = _values(seen.histogram)
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    rounding = 1.0 / (12.0 * (levels - 1) ** 2)
    for _ in range(50):
        inside = float(counts[(values >= low) & (values <= high)].sum()) * rounding
        before = low, high
        for side in (0, 1):
            beyond = values < low if side == 0 else values > high
            clipped = float(counts[beyond].sum())
            total = float((counts * values)[beyond].sum())
            if side == 0 and clipped + inside > 0:
                low = max(min(seen.low, 0.0), min(0.0, (total + high * inside) / (clipped + inside)))
            if side == 1 and clipped + inside > 0:
                high = min(max(seen.high, 0.0), max(0.0, (total + low * inside) / (clipped + inside)))
        if np.allclose(before, (low, high), rtol=1e-4, atol=0):
            break
    return low, high


def entropy(seen: TensorStatistics, levels: int) -> Range:
    """The threshold on |x| at which the quantized distribution tells least apart from the clipped one.

    Migacz, "8-bit inference with TensorRT", 2017: Kullback-Leibler divergence over thresholds.
    """
    histogram = seen.histogram
    counts = histogram.counts.astype(np.float64)
    occupied = np.flatnonzero(counts)
    if occupied.size == 0:
        return min_max(seen, levels)
    middle = len(counts) // 2
    reach = int(max(middle - occupied[0], occupied[-1] + 1 - middle))
    best, least = reach, np.inf
    for bins in np.unique(np.linspace(max(reach // 32, 1), reach, 128).astype(int)):
        first, last = max(middle - bins, int(occupied[0])), min(middle + bins, int(occupied[-1]) + 1)
        if last - first < levels or last <= first:
            continue
        divergence = _divergence(counts, first, last, levels)
        if divergence < least:
            best, least = int(bins), divergence
    threshold = best * histogram.width
    return _inside(seen, -threshold, threshold)


def _divergence(counts: Float64, first: int, last: int, levels: int) -> float:
    """Of the clipped distribution in bins first to last from what `levels` equal steps keep of it."""
    inner = counts[first:last]
    clipped = inner.copy()
    clipped[0] += counts[:first].sum()
    clipped[-1] += counts[last:].sum()
    starts = np.unique(np.arange(levels) * len(inner) // levels)
    occupied = (inner > 0).astype(np.float64)
    share = np.add.reduceat(inner, starts) / np.maximum(np.add.reduceat(occupied, starts), 1)
    lengths = np.diff(np.append(starts, len(inner)))
    kept = np.repeat(share, lengths) * occupied
    p, q = clipped / clipped.sum(), kept / max(kept.sum(), 1e-300)
    both = (p > 0) & (q > 0)
    # what is clipped to an empty bin is lost altogether
    lost = float(p[(p > 0) & (q == 0)].sum())
    return float((p[both] * np.log(p[both] / q[both])).sum()) + lost * 50.0


def _with_zero(histogram: Histogram) -> tuple[Float64, Float64]:
    """Counts and edges, zeros in a bin of no width."""
    width, middle = histogram.width, len(histogram.counts) // 2
    edges = (np.arange(len(histogram.counts) + 1) - middle) * width
    counts = np.insert(histogram.counts.astype(np.float64), middle, histogram.zeros)
    return counts, np.insert(edges, middle, 0.0)


def _values(histogram: Histogram) -> tuple[Float64, Float64]:
    """The bins that are not empty: counts and centres; zero, which has no error, is left out."""
    occupied = histogram.counts > 0
    return histogram.counts[occupied].astype(np.float64), histogram.centres[occupied]


def _inside(seen: TensorStatistics, low: float, high: float) -> Range:
    return max(seen.low, min(float(low), 0.0)), min(seen.high, max(float(high), 0.0))


CALIBRATORS: Mapping[str, Callable[[TensorStatistics, int], Range]] = {
    "min-max": min_max,
    "moving-average": moving_average,
    "percentile": percentile,
    "mse": mean_squared_error,
    "entropy": entropy,
    "octav": octav,
}
