"""Calibration: run the float graph on representative samples and observe every tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from typing import TypeVar

from smelt.errors import QuantizationError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.observers import MinMaxObserver, Observer
from smelt.quantize.progress import Progress, unwatched

Ranges = Mapping[str, tuple[float, float]]
AnyObserver = TypeVar("AnyObserver", bound=Observer)


def calibrate(
    graph: Graph,
    samples: Iterable[Mapping[str, Array]],
    observer: Callable[[str], Observer] = MinMaxObserver,
    *,
    progress: Progress = unwatched,
) -> Ranges:
    """The range of every float tensor of a graph over the samples, by name.

    `observer(name)` makes the observer of a tensor.  Memory is bounded by one sample.
    `progress` as in `quantize_graph`.  QuantizationError without samples or on NaN.
    """
    observers = observe(graph, samples, observer, progress=progress)
    return {name: item.range() for name, item in observers.items()}


def observe(
    graph: Graph,
    samples: Iterable[Mapping[str, Array]],
    observer: Callable[[str], AnyObserver],
    *,
    progress: Progress = unwatched,
) -> dict[str, AnyObserver]:
    """The observers of all float tensors, by name, after the samples; as `calibrate` otherwise."""
    observers: dict[str, AnyObserver] = {}

    def see(name: str, array: Array) -> None:
        if graph.values[name].dtype.is_float:
            if name not in observers:
                observers[name] = observer(name)
            observers[name].update(array)

    count, total = 0, len(samples) if isinstance(samples, Sized) else None
    for sample in samples:
        evaluate_graph(graph, sample, see)
        count += 1
        progress("calibrating", count, total)
    if count == 0:
        raise QuantizationError("the calibration set is empty: give at least one sample, better a hundred")
    return observers
