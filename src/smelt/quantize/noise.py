"""How far a quantized graph's decisions are from the float graph's, in decibels, on given samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, Graph
from smelt.operators import find_operator
from smelt.quantize.batches import all_tensors
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input

Sample = Mapping[str, Array]
Numbers = dict[str, NDArray[np.float64]]


def scored_tensors(graph: Graph) -> tuple[str, ...]:
    """The tensors on which quality is measured: the float outputs, before a last softmax, logistic or tanh.

    These squash differences, so that their own signal-to-noise ratio says little.
    """
    producers, found = graph.producers(), []
    for name in graph.outputs:
        node = producers.get(name)
        while node is not None and find_operator(node.operator).traits.alias and node.inputs[0] is not None:
            name = node.inputs[0]
            node = producers.get(name)
        squashes = node is not None and find_operator(node.operator).traits.fixed_output is not None
        before = node.inputs[0] if squashes and node is not None else name
        if before is not None and before not in graph.constants and graph.values[before].dtype.is_float:
            found.append(before)
    return tuple(dict.fromkeys(found))


def wanted_numbers(graph: Graph, samples: Iterable[Sample]) -> list[Numbers]:
    """The scored tensors of the float graph, sample by sample."""
    return _numbers(graph, list(samples), scored_tensors(graph))


def noise_ratio(quantized: Graph, samples: Sequence[Sample], wanted: Sequence[Numbers]) -> float:
    """Noise power over signal power of the scored tensors, mean over the tensors; samples are the float graph's."""
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    # quantized inputs keep the order of the float ones, not always their names
    given = [
        {
            name: to_input(quantized.values[name], array)
            for name, array in zip(quantized.inputs, sample.values(), strict=True)
        }
        for sample in samples
    ]
    names = tuple(wanted[0]) if wanted else ()
    for numbers, found in zip(wanted, _numbers(quantized, given, names), strict=True):
        for name, number in numbers.items():
            signal[name] = signal.get(name, 0.0) + float((number**2).sum())
            noise[name] = noise.get(name, 0.0) + float(((found[name] - number) ** 2).sum())
    ratios = [noise[n] / signal[n] if signal[n] else float(noise[n] > 0) for n in signal]
    return sum(ratios) / len(ratios) if ratios else 0.0


def decibels(ratio: float) -> float:
    """A noise ratio as a signal-to-noise ratio in decibels, at most 200."""
    return -10 * math.log10(max(ratio, 1e-20))


def _numbers(graph: Graph, samples: Sequence[Sample], names: tuple[str, ...]) -> list[Numbers]:
    return [
        {name: real(graph.values[name], array) for name, array in seen.items()}
        for seen in all_tensors(graph, samples, names)
    ]
