"""Choosing a calibration method by the error that it leaves on samples it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from smelt.ir import DType, Graph
from smelt.quantize.calibrate import Ranges, observe
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.noise import Sample, decibels, noise_ratio, wanted_numbers
from smelt.quantize.observers import TensorStatistics
from smelt.quantize.progress import Progress, unwatched

Statistics = Mapping[str, TensorStatistics]
LARGEST_FOLD = 16
LEVELS = {DType.S8: 256, DType.S16: 65536}


def ranges_by(
    method: str, statistics: Statistics, types: Collection[DType] = tuple(LEVELS)
) -> dict[DType, Ranges]:
    """The ranges that a method gives for each of these activation types."""
    find = CALIBRATORS[method]
    return {dtype: {name: find(seen, LEVELS[dtype]) for name, seen in statistics.items()} for dtype in types}


def best_method(
    graph: Graph,
    samples: Sequence[Sample],
    assemble: Callable[[Mapping[DType, Ranges]], Graph],
    types: Collection[DType] = tuple(LEVELS),
    progress: Progress = unwatched,
) -> tuple[str, Mapping[str, float]]:
    """The method with the least noise, and the signal-to-noise ratio of each in decibels.

    Every method is calibrated on each half of the samples and measured on the other.  `types`: those of activations
    that `assemble` asks for.
    """
    even, odd = samples[0::2], samples[1::2] or samples[0::2]
    noise, done = dict.fromkeys(CALIBRATORS, 0.0), 0
    for seen, unseen in ((even, odd), (odd, even)):
        statistics = observe(graph, seen, TensorStatistics)
        scored = unseen[:LARGEST_FOLD]
        wanted = wanted_numbers(graph, scored)
        for method in noise:
            quantized = assemble(ranges_by(method, statistics, types))
            noise[method] += noise_ratio(quantized, scored, wanted) / 2
            done += 1
            progress("choosing a calibrator", done, 2 * len(noise))
    best = min(noise, key=noise.__getitem__)
    return best, {method: decibels(ratio) for method, ratio in noise.items()}
