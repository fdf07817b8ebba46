"""What makes a quantized graph better without training, by name, and that it is kept only where it helps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.quantize.noise import Sample, decibels, noise_ratio, wanted_numbers
from smelt.quantize.prepare import channel_factors, equalize
from smelt.quantize.progress import Progress, unwatched
from smelt.quantize.refine import Refinement, refine

IMPROVEMENTS: Mapping[str, str] = {
    "means": "average pools over a whole map become means, which have a scale of their own",
    "equalization": "channels between two layers are scaled to use the same range",
    "bias": "biases take up the mean error of their channel",
    "gptq": "weights are rounded one after the other, the rest making up for it",
    "learned": "weights are rounded so that the layer's result changes least",
    "scales": "smaller scales are tried for each channel's weights",
}
Found = TypeVar("Found")
TRIED_SCALES = 10
FEWEST_SAMPLES = 8
MOST_SAMPLES = 128


def check_improvements(names: Collection[str]) -> None:
    """UsageError for a name that is none."""
    for name in names:
        if name not in IMPROVEMENTS:
            raise UsageError(f"no improvement is called '{name}'; there are {', '.join(IMPROVEMENTS)}")


def refinement(names: Collection[str]) -> Refinement | None:
    """What is done to weights and biases; None for nothing."""
    rounding = "-".join(name for name in ("gptq", "learned") if name in names) or "nearest"
    found = Refinement(rounding, "bias" in names, TRIED_SCALES if "scales" in names else 0)
    return None if found == Refinement() else found


def improved(
    graph: Graph,
    quantized: Graph,
    samples: Sequence[Sample],
    names: Collection[str],
    tell: Callable[[str], None],
    progress: Progress = unwatched,
) -> Graph:
    """The quantized graph refined on three quarters of the samples, if it is better on the others.

    If all that is wanted is not, biases alone are tried.  With fewer than FEWEST_SAMPLES nothing could be
    checked, and the graph stays as it is; `tell` says so.
    """
    how = refinement(names)
    if how is None:
        return quantized
    if len(samples) < FEWEST_SAMPLES:
        tell(
            f"weights and biases are not improved: that takes {FEWEST_SAMPLES} samples, given {len(samples)}"
        )
        return quantized
    chosen = samples[:MOST_SAMPLES]
    unseen = chosen[3::4]
    seen = [sample for index, sample in enumerate(chosen) if index % 4 != 3]
    wanted = wanted_numbers(graph, unseen)
    before = noise_ratio(quantized, unseen, wanted)
    found = []
    for each in dict.fromkeys((how, Refinement(bias=how.bias))):
        better = refine(graph, quantized, seen, each, progress)
        found.append(noise_ratio(better, unseen, wanted))
        if found[-1] < before:
            return better
    tell(
        "weights and biases are not improved: on samples not seen the signal-to-noise ratio would go from "
        f"{decibels(before):.1f} to {decibels(min(found)):.1f} dB"
    )
    return quantized


def equalized(graph: Graph, samples: Sequence[Sample]) -> Graph | None:
    """The graph equalized on three quarters of the samples; None where no channels can be, or nothing checked."""
    if len(samples) < FEWEST_SAMPLES:
        return None
    chosen = samples[:MOST_SAMPLES]
    changed = equalize(graph, [sample for index, sample in enumerate(chosen) if index % 4 != 3])
    return changed if channel_factors(changed) else None


def better(
    found: tuple[Found, Found],
    result: Callable[[Found], Graph],
    graph: Graph,
    samples: Sequence[Sample],
    tell: Callable[[str], None],
) -> Found:
    """Of the graph as it is and equalized the one whose quantized form is better on the last quarter of the samples."""
    unseen = samples[:MOST_SAMPLES][3::4]
    wanted = wanted_numbers(graph, unseen)
    before, after = (noise_ratio(result(each), unseen, wanted) for each in found)
    if after < before:
        return found[1]
    tell(
        "channels are not equalized: on samples not seen the signal-to-noise ratio would go from "
        f"{decibels(before):.1f} to {decibels(after):.1f} dB"
    )
    return found[0]
