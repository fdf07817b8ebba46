"""Calibration: run the float graph on representative samples and observe every tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from smelt.errors import QuantizationError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.observers import MinMaxObserver, Observer

Ranges = Mapping[str, tuple[float, float]]
AnyObserver = TypeVar("AnyObserver", bound=Observer)


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
    observers = observe(graph, samples, observer, after_sample=after_sample)
    return {name: item.range() for name, item in observers.items()}


def observe(
    graph: Graph,
    samples: Iterable[Mapping[str, Array]],
    observer: Callable[[str], AnyObserver],
    *,
    after_sample: Callable[[int], None] | None = None,
) -> dict[str, AnyObserver]:
    """The observers of all float tensors, by name, after the samples; as `calibrate` otherwise."""
    observers: dict[str, AnyObserver] = {}

    def see(name: str, array: Array) -> None:
        if graph.values[name].dtype.is_float:
            if name not in observers:
                observers[name] = observer(name)
            observers[name].update(array)

    count = 0
    for sample in samples:
        evaluate_graph(graph, sample, see)
        count += 1
        if after_sample:
            after_sample(count)
    if count == 0:
        raise QuantizationError("the calibration set is empty: give at least one sample, better a hundred")
    return observers
