"""Running a graph on many samples at once, where it treats the samples of a batch alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from smelt.errors import SmeltError
from smelt.ir import Array, Graph, Node
from smelt.operators import verify_graph
from smelt.operators.evaluate import evaluate_graph

BATCH = 8
BATCH_ELEMENTS = 1 << 17
"""Of the largest tensor in a batch, about."""


def all_tensors(
    graph: Graph, samples: Sequence[Mapping[str, Array]], names: Sequence[str]
) -> list[dict[str, Array]]:
    """The named tensors (inputs and constants too) of every sample."""
    result: list[dict[str, Array]] = []
    largest = max(graph.values[node.outputs[0]].elements for node in graph.nodes) if graph.nodes else 1
    size = min(BATCH, max(1, BATCH_ELEMENTS // max(largest, 1)), len(samples))
    wide = rebatched(graph, size) if size > 1 else None
    at = 0
    while at < len(samples):
        if wide is not None and at + size <= len(samples):
            given = samples[at : at + size]
            if at == 0 and not _same(_run(graph, given[0], names), next(_split(wide, given, names))):
                wide = None
                continue
            result += _split(wide, given, names)
            at += size
        else:
            result.append(_run(graph, samples[at], names))
            at += 1
    return result


def rebatched(graph: Graph, size: int) -> Graph | None:
    """The graph with the leading 1 of every computed tensor made `size`; None where it has no such form."""
    values = []
    for name, value in graph.values.items():
        if name in graph.constants:
            continue
        if not value.shape or value.shape[0] != 1:
            return None
        values.append(replace(value, shape=(size, *value.shape[1:])))
    try:
        return verify_graph(graph.replaced(nodes=[_wider(node, size) for node in graph.nodes], values=values))
    except SmeltError:
        return None


def _wider(node: Node, size: int) -> Node:
    shape = node.attributes.get("shape")
    if isinstance(shape, tuple) and shape and shape[0] == 1:
        return node.with_attributes(shape=(size, *map(int, shape[1:])))
    return node


def _run(graph: Graph, sample: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
    seen: dict[str, Array] = {}

    def see(name: str, array: Array) -> None:
        if name in names:
            seen[name] = array

    evaluate_graph(graph, sample, see)
    return seen


def _split(
    graph: Graph, samples: Sequence[Mapping[str, Array]], names: Sequence[str]
) -> Iterator[dict[str, Array]]:
    stacked = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    seen = _run(graph, stacked, names)
    for index in range(len(samples)):
        yield {name: array[index : index + 1] for name, array in seen.items()}


def _same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    """Whether a sample alone and in a batch give the same, floats to rounding."""
    return one.keys() == other.keys() and all(
        array.shape == other[name].shape
        and np.allclose(array, other[name], rtol=1e-4, atol=1e-6, equal_nan=True)
        for name, array in one.items()
    )
