"""Calibration: run the float graph on representative samples and observe every tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from smelt.errors import QuantizationError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.observers import MinMaxObserver, Observer

Ranges = Mapping[str, tuple[float, float]]


def calibrate(
    graph: Graph,
    samples: Iterable[Mapping[str, Array]],
    observer: Callable[[str], Observer] = MinMaxObserver,
    *,
    after_sample: Callable[[int], None] | None = None,
) -> Ranges:
    """The range of every float tensor of a graph over the samples, by name.

    `observer(name)` makes the observer of a tensor.  Memory is bounded by one sample.
    `after_sample(count)` reports progress.  QuantizationError without samples or on NaN.
    """
    observers: dict[str, Observer] = {}

    def observe(name: str, array: Array) -> None:
        if graph.values[name].dtype.is_float:
            observers.setdefault(name, observer(name)).update(array)

    count = 0
    for sample in samples:
        evaluate_graph(graph, sample, observe)
        count += 1
        if after_sample:
            after_sample(count)
    if count == 0:
        raise QuantizationError("the calibration set is empty: give at least one sample, better a hundred")
    return {name: item.range() for name, item in observers.items()}
