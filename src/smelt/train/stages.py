"""The techniques of a recipe: a function each, whose keyword arguments are the options that a stage may have.

A technique changes the network; what trains it afterwards is in compression.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from smelt.errors import UsageError
from smelt.formats import load
from smelt.ir import Array, Graph
from smelt.passes import optimize
from smelt.quantize.quantize_graph import quantize_graph
from smelt.train.costs import Costs, Measure
from smelt.train.data import TrainingData
from smelt.train.pruning import prune as pruned
from smelt.train.pruning_choice import Limit
from smelt.train.pruning_criteria import Criterion, batch_normalization_scale, magnitude
from smelt.train.students import make_student

CALIBRATION_SAMPLES = 128


@dataclass(frozen=True)
class Work:
    """What a technique has: the network as it is and as it was, the training samples, and what the device says."""

    graph: Graph
    original: Graph
    data: TrainingData
    seed: int
    measure: Measure | None = None
    start: Costs | None = None

    def limit(self, what: str, at_most: float) -> Limit:
        """The cost `what` of at most a number or, up to 1, a share of the original's."""
        if self.measure is None or self.start is None:
            raise UsageError(f"a limit on {what} needs a target to measure it on")
        measure = self.measure
        wanted = at_most * getattr(self.start, what) if at_most <= 1 else at_most
        return Limit(lambda graph: float(getattr(measure(graph), what)), wanted)

    def samples(self) -> dict[str, Array]:
        """Training samples to calibrate on."""
        chosen = np.random.default_rng(self.seed).permutation(len(self.data))[:CALIBRATION_SAMPLES]
        return dict(zip(self.graph.inputs, self.data.at(chosen).inputs, strict=True))


CRITERIA: Mapping[str, Callable[[], Criterion]] = {
    "l1": lambda: magnitude(1),
    "l2": lambda: magnitude(2),
    "batch-norm": lambda: batch_normalization_scale,
}


def prune(
    work: Work,
    *,
    channels: float | Mapping[str, float] | None = None,
    flash: float | None = None,
    ram: float | None = None,
    cycles: float | None = None,
    criterion: str = "l2",
    multiple: int = 4,
    most: float = 0.9,
) -> Graph:
    """Structured pruning to a share of the channels to remove, or to a limit on flash, RAM or cycles."""
    limits = {"flash": flash, "ram": ram, "cycles": cycles}
    given = {name: value for name, value in limits.items() if value is not None}
    if len(given) + (channels is not None) != 1:
        raise UsageError("pruning has one budget: channels (the share to remove), flash, ram or cycles")
    if criterion not in CRITERIA:
        raise UsageError(f"no criterion is called '{criterion}'; there are {', '.join(CRITERIA)}")
    budget = channels if channels is not None else work.limit(*next(iter(given.items())))
    return pruned(work.graph, budget, CRITERIA[criterion](), multiple=multiple, most=most).graph


def distil(
    work: Work,
    *,
    student: str | None = None,
    architecture: str | None = None,
    width: float = 1.0,
    depth: int = 0,
) -> Graph:
    """Another network in the original's place: a model file, or a named architecture with random weights."""
    if (student is None) == (architecture is None):
        raise UsageError("distillation has one student: a model file (student), or an architecture")
    if student is not None:
        return optimize(load(student))
    assert architecture is not None
    return make_student(architecture, work.original, width=width, depth=depth, seed=work.seed)


def quantize(work: Work, *, scheme: str = "int8") -> Graph:
    """Quantization, calibrated on training samples."""
    return quantize_graph(work.graph, scheme, work.samples(), tell=lambda sentence: None)


TECHNIQUES: Mapping[str, Callable[..., Graph]] = {
    "prune": prune,
    "distil": distil,
    "quantize": quantize,
    "qat": quantize,
}
"""By the name that a recipe has for it; `quantize` is not trained afterwards, `qat` is, with the integers' meaning."""

UNTRAINED = ("quantize",)
