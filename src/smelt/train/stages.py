"""The techniques of a recipe: a function each, whose keyword arguments are the options that a stage may have.

A technique changes the network; what trains it afterwards is in compression.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np

from smelt.errors import UsageError
from smelt.formats import load
from smelt.ir import Array, Graph
from smelt.passes import optimize
from smelt.quantize.noise import scored_tensors
from smelt.quantize.quantize_graph import quantize_graph
from smelt.quantize.samples import samples_for
from smelt.targets import Target
from smelt.train.channel_statistics import Moments
from smelt.train.clustering import cluster_weights
from smelt.train.costs import Measure
from smelt.train.data import Batch, TrainingData
from smelt.train.device_cost import Quantity, int8_cost
from smelt.train.distillation import check_alike
from smelt.train.gradual_pruning import GradualPruning
from smelt.train.losses import cross_entropy
from smelt.train.low_rank import factorize
from smelt.train.pruning import prune as pruned
from smelt.train.pruning_choice import Limit
from smelt.train.pruning_criteria import (
    Criterion,
    activations,
    batch_normalization_scale,
    data_moments,
    magnitude,
)
from smelt.train.pruning_gradients import Gradients, gradients, taylor
from smelt.train.pruning_groups import ChannelGroups
from smelt.train.quantized_training import check_trainable
from smelt.train.sparsity import zero_weights, zero_weights_of_blocks
from smelt.train.students import make_student

CALIBRATION_SAMPLES = 128


Priced = Literal["flash", "ram", "cycles"]
QUANTITIES: Mapping[Priced, Quantity] = {"flash": "flash_bytes", "ram": "ram_bytes", "cycles": "cycles"}
ROUNDS = 8
"""How often a limit is tightened until what is measured keeps it."""
BETWEEN = 2
"""Epochs of training between the rounds of a stage."""


@dataclass(frozen=True)
class Work:
    """What a technique has: the network as it is and as it was, the training samples, and what the device says.

    `measure` gives costs as they are, `target` estimates of them, which are quicker to search by.  Of a stage in rounds
    `start` is the network at its start, and `rounds` how many are left, this one included.
    """

    graph: Graph
    original: Graph
    data: TrainingData
    seed: int
    measure: Measure | None = None
    target: Target | None = None
    start: Graph | None = None
    rounds: int = 1

    def samples(self) -> dict[str, Array]:
        """Training samples to calibrate on."""
        chosen = np.random.default_rng(self.seed).permutation(len(self.data))[:CALIBRATION_SAMPLES]
        return dict(zip(self.graph.inputs, self.data.at(chosen).inputs, strict=True))

    def moments(self) -> dict[str, Moments]:
        """What layers read of training samples."""
        return data_moments(self.graph, samples_for(self.graph, self.samples()))

    def gradients(self) -> Gradients:
        """Of the cross entropy with labels, at as many training samples."""
        batches = self.data.at(slice(0, CALIBRATION_SAMPLES)).batches(1)
        if self.data.labels is None:
            raise UsageError("the criterion taylor needs labels: an array y in the training data")
        pairs = [(batch.inputs[0], batch.labels) for batch in batches if batch.labels is not None]
        scored = replace(self.graph, outputs=scored_tensors(self.graph))
        return gradients(scored, pairs, lambda found, labels: cross_entropy(found, Batch((), labels)))

    def within(self, name: Priced, at_most: float, make: Callable[[Limit], Graph]) -> Graph:
        """What `make` makes of a limit such that a cost is at most a number or, up to 1, a share of the original's."""
        if self.measure is None:
            raise UsageError(f"a limit on {name} needs a device to measure it on")
        measure = self.measure

        def measured(graph: Graph) -> float:
            return float(getattr(measure(graph), name))

        estimated = measured if self.target is None else int8_cost(QUANTITIES[name], self.target)
        start = measured(self.original)
        wanted = at_most * start if at_most <= 1 else at_most
        if self.rounds > 1:  # the same share in each of the rounds that are left
            now = measured(self.graph)
            wanted = max(wanted, now * (wanted / now) ** (1 / self.rounds))
        allowed = wanted * estimated(self.original) / start
        for _ in range(ROUNDS):
            try:
                graph = make(Limit(estimated, allowed))
            except UsageError as error:
                unit = "cycles" if name == "cycles" else f"bytes of {name}"
                raise UsageError(
                    f"{error} (as estimated, where {allowed:,.0f} are {wanted:,.0f} {unit})"
                ) from error
            if (found := measured(graph)) <= wanted:
                return graph
            allowed *= 0.95 * wanted / found
        raise UsageError(
            f"{name} of {found:,.0f} at best, not {wanted:,.0f}, after {ROUNDS} tries: raise the limit"
        )


def _one_of(what: str, **budgets: Any) -> tuple[str, Any]:
    """The only budget that is given."""
    given = [(name, value) for name, value in budgets.items() if value is not None]
    if len(given) != 1:
        raise UsageError(f"{what} has one budget: {', '.join(budgets)}")
    return given[0]


def _criterion(work: Work, name: str) -> Criterion:
    criteria: Mapping[str, Callable[[], Criterion]] = {
        "l1": lambda: magnitude(1),
        "l2": lambda: magnitude(2),
        "batch-norm": lambda: batch_normalization_scale,
        "activations": lambda: activations(work.moments()),
        "taylor": lambda: taylor(work.gradients()),
    }
    if name not in criteria:
        raise UsageError(f"no criterion is called '{name}'; there are {', '.join(criteria)}")
    return criteria[name]()


def prune(
    work: Work,
    *,
    channels: float | Mapping[str, float] | None = None,
    flash: float | None = None,
    ram: float | None = None,
    cycles: float | None = None,
    criterion: str = "activations",
    multiple: int = 4,
    most: float = 0.9,
    reconstruct: bool = True,
    even: bool = False,
    rounds: int = 1,
    between: int = BETWEEN,
) -> Graph:
    """Structured pruning to a share of the channels to remove, or to a limit on flash, RAM or cycles.

    With `reconstruct` layers make up for what is removed by what stays, as training samples show it.  To keep a limit
    all layers lose the same share if `even`, else those whose channels matter least for what they save.  In several
    `rounds`, with so many epochs of training `between` them, each takes the same share, by an importance of its own.
    """
    if rounds < 1 or between < 0:
        raise UsageError(
            f"pruning has 1 round or more, and no negative epochs between; given {rounds}, {between}"
        )
    name, budget = _one_of("pruning", channels=channels, flash=flash, ram=ram, cycles=cycles)
    importance, moments = _criterion(work, criterion), work.moments() if reconstruct else None

    def made(budget: float | Mapping[str, float] | Limit) -> Graph:
        return pruned(
            work.graph,
            budget,
            importance,
            multiple=multiple,
            most=most,
            moments=moments,
            before=work.start,
            even=even,
        ).graph

    if name != "channels":
        return work.within(cast(Priced, name), budget, made)
    at_once = work.rounds == 1 and (work.start is None or work.start is work.graph)
    return made(budget if at_once else _share(work, budget))


def _share(work: Work, budget: float | Mapping[str, float]) -> float:
    """Of the channels that there are now: what this round takes on the way to a share of those at the start."""
    if isinstance(budget, Mapping):
        raise UsageError(
            "shares of single layers go in one round: give a limit or one share, or leave out rounds"
        )
    now, start = (ChannelGroups(graph).count for graph in (work.graph, work.start or work.graph))
    left = (1 - budget) * start / now if 0 <= budget < 1 else 1 - budget
    return 1 - float(left ** (1 / work.rounds)) if left > 0 else budget


def low_rank(
    work: Work,
    *,
    energy: float | Mapping[str, float] | None = None,
    flash: float | None = None,
    ram: float | None = None,
    cycles: float | None = None,
    multiple: int = 4,
    cp: bool = False,
) -> Graph:
    """Layers in factors that keep a share of what they compute (energy), or keep a limit on flash, RAM or cycles.

    With a share, layers are taken apart where that saves cycles of the target; the network stays as it was where what
    is measured of it shows neither fewer cycles nor less flash.
    """
    name, budget = _one_of("low-rank", energy=energy, flash=flash, ram=ram, cycles=cycles)
    moments = work.moments()

    def made(budget: float | Mapping[str, float] | Limit) -> Graph:
        cycles = None if work.target is None or name != "energy" else int8_cost("cycles", work.target)
        return factorize(work.graph, budget, moments, multiple=multiple, measure=cycles, cp=cp)

    if name != "energy":
        return work.within(cast(Priced, name), budget, made)
    found = made(budget)
    if work.measure is None or found is work.graph:
        return found
    before, after = work.measure(work.graph), work.measure(found)
    return found if after.cycles < before.cycles or after.flash < before.flash else work.graph


def sparsify(
    work: Work,
    *,
    share: float | Mapping[str, float] | None = None,
    keep: int | None = None,
    of: int = 4,
    begin: float = 0.0,
    end: float | None = None,
    every: int = 10,
) -> Graph:
    """Weights made zero: a share of all, or all but `keep` in each `of` neighbours (2 in 4); with `end` by training."""
    name, budget = _one_of("sparsify", share=share, keep=keep)
    if name == "keep" and end is not None:
        raise UsageError("sparsify prunes gradually to a share; it keeps 2 of 4 weights at once")
    if end is not None:
        GradualPruning(budget, end, begin, every)  # says what is wrong
        return work.graph
    return (
        zero_weights(work.graph, budget)
        if name == "share"
        else zero_weights_of_blocks(work.graph, budget, of)
    )


def gradual_pruning(technique: str, options: Mapping[str, Any]) -> GradualPruning | None:
    """What a stage's training prunes."""
    if technique != "sparsify" or options.get("end") is None:
        return None
    named = {name: options[name] for name in ("begin", "every") if name in options}
    return GradualPruning(options["share"], options["end"], **named)


def cluster(work: Work, *, values: int | Mapping[str, int] = 16) -> Graph:
    """Weights of few different values."""
    return cluster_weights(work.graph, values)


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
        given = optimize(load(student))
        check_alike(work.original, given)
        return given
    assert architecture is not None
    return make_student(architecture, work.original, width=width, depth=depth, seed=work.seed)


def quantize(work: Work, *, scheme: str = "int8") -> Graph:
    """Quantization, calibrated on training samples."""
    return quantize_graph(work.graph, scheme, work.samples(), tell=lambda sentence: None)


def qat(work: Work, *, scheme: str = "int8") -> Graph:
    """Quantization that is trained afterwards, by a scheme of integers."""
    check_trainable(scheme)
    return quantize(work, scheme=scheme)


TECHNIQUES: Mapping[str, Callable[..., Graph]] = {
    "prune": prune,
    "low-rank": low_rank,
    "sparsify": sparsify,
    "cluster": cluster,
    "distil": distil,
    "quantize": quantize,
    "qat": qat,
}
"""By the name that a recipe has for it; `quantize` is not trained afterwards, `qat` is, with the integers' meaning."""

UNTRAINED = ("cluster", "quantize")
"""Training would give clustered weights other values; after `quantize` there is `qat`."""
