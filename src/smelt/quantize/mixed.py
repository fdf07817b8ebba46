"""Layers of different precision: written by hand, a few sensitive ones made wider, or found under a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from smelt.errors import FormatError, QuantizationError, UsageError
from smelt.ir import Graph, short_name
from smelt.operators import find_operator
from smelt.quantize.budgets import BUDGETS, Measure
from smelt.quantize.knapsack import Choice, choose
from smelt.quantize.noise import Sample, decibels, noise_ratio, wanted_numbers
from smelt.quantize.precision import (
    FLOAT32,
    INT4,
    INT8,
    INT16X8,
    Precision,
    find_precision,
    has_weights,
    obstacle,
)
from smelt.quantize.prices import Price, price
from smelt.quantize.progress import Progress, unwatched
from smelt.quantize.tables import read_table
from smelt.targets import Target, find_target

Precisions = Mapping[str, Precision]
Build = Callable[[Precisions], Graph]
SCORED = 16
ROUNDS = 6
ENOUGH = 0.98
"""Of the noise: what a fallback must leave at most."""


@dataclass(frozen=True)
class Mixed:
    """What departs from the scheme's one precision.

    layers: precisions by name of a layer's first output, or by pattern (fnmatch); the last that fits counts.
    fallback: how many of the layers that hurt most are computed in `wider`.  budget: the limits by name
    (size: bytes of constants, ram: bytes of tensors at once, cycles: estimated on `target`) within which
    each layer with weights is given int4, int8 or int16x8, so that the noise is least.  `measure` says what the
    result costs indeed, such as compiled: the budget is held by that, and without it by the estimates.
    """

    layers: Mapping[str, str] = field(default_factory=dict)
    fallback: int = 0
    wider: str = "int16x8"
    budget: Mapping[str, int] = field(default_factory=dict)
    target: str = "cortex-m4"
    measure: Measure | None = None

    @staticmethod
    def read_layers(path: Path) -> dict[str, str]:
        """The table [layers] of a TOML file; FormatError."""
        table = read_table(path, "layers", "with a precision for each name or pattern")
        wrong = next((name for name, text in table.items() if not isinstance(text, str)), None)
        if wrong is not None:
            raise FormatError(f"'{path}': '{wrong}' wants a precision, such as \"int16x8\"")
        return table


def by_hand(graph: Graph, precisions: Precisions, layers: Mapping[str, str]) -> dict[str, Precision]:
    """Precisions with those that were written down; UsageError for what fits no layer or cannot be had."""
    result = dict(precisions)
    for pattern, text in layers.items():
        wanted, fits = find_precision(text), False
        for node in graph.nodes:
            name = node.outputs[0]
            if not any(each == pattern or fnmatchcase(each, pattern) for each in (name, short_name(name))):
                continue
            fits = True
            reason = obstacle(graph, node, wanted)
            if reason:
                raise UsageError(f"layer '{name}' cannot be {text}: {reason}")
            result[name] = wanted
        if not fits:
            names = ", ".join(short_name(node.outputs[0]) for node in graph.nodes[:5])
            raise UsageError(f"no layer is called '{pattern}'; there are {names}, …")
    return result


class Search:
    """Assignments tried on samples."""

    def __init__(
        self,
        graph: Graph,
        samples: Sequence[Sample],
        build: Build,
        tell: Callable[[str], None],
        target: str,
        progress: Progress = unwatched,
    ) -> None:
        self.graph, self.build, self.tell, self.progress = graph, build, tell, progress
        self.samples = samples[:SCORED]
        self.wanted = wanted_numbers(graph, self.samples)
        self.target: Target = find_target(target)
        self.known: dict[tuple[str, str], float] = {}

    def noise(self, precisions: Precisions) -> float:
        """The noise ratio of the graph with these precisions."""
        return noise_ratio(self.build(precisions), self.samples, self.wanted)

    def alone(self, name: str, precision: Precision) -> float:
        """The noise ratio when this layer alone is quantized."""
        key = (name, precision.name)
        if key not in self.known:
            self.known[key] = self.noise({name: precision})
        return self.known[key]

    def _each_alone(self, tried: Mapping[str, Sequence[Precision]]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for name, precisions in tried.items():
            found[name] = [self.alone(name, precision) for precision in precisions]
            self.progress("measuring layers", len(found), len(tried))
        return found

    def price(self, precisions: Precisions) -> Price:
        """What the graph with these precisions costs."""
        return price(self.build(precisions), self.target)

    def fall_back(self, precisions: Precisions, count: int, wider: Precision) -> dict[str, Precision]:
        """At most `count` layers made wider, those that hurt most first, each step with its price told.

        A layer alone, or with those that read it, where its result must stay wide too to be any better.
        """
        able = {
            node.outputs[0]
            for node in self.graph.nodes
            if precisions.get(node.outputs[0], FLOAT32) not in (FLOAT32, wider)
            and obstacle(self.graph, node, wider) is None
        }
        views = {n.outputs[0] for n in self.graph.nodes if find_operator(n.operator).traits.alias}
        noises = self._each_alone({name: [precisions[name]] for name in able - views})
        hurt = {name: alone for name, [alone] in noises.items()}
        result, noise, left = dict(precisions), self.noise(precisions), count
        self.tell(f"before fallback: {decibels(noise):.1f} dB, {self.price(result)}")
        for name in sorted(hurt, key=lambda name: (-hurt[name], name))[: 2 * count]:
            found: list[tuple[float, list[str]]] = []
            for names in ([name], [name, *self._readers(name)]):
                fresh = [each for each in names if each in able and result[each] is not wider]
                if name in fresh and len([each for each in fresh if each not in views]) <= left:
                    found.append((self.noise({**result, **dict.fromkeys(fresh, wider)}), fresh))
            after, fresh = min(found, default=(noise, []))
            if after >= ENOUGH * noise:
                continue
            result.update(dict.fromkeys(fresh, wider))
            noise, left = after, left - len([each for each in fresh if each not in views])
            listed = ", ".join(f"'{short_name(each)}'" for each in fresh)
            self.tell(f"fallback to {wider.name} of {listed}: {decibels(noise):.1f} dB, {self.price(result)}")
        if left == count:
            self.tell(f"no layer falls back: {wider.name} would lower the noise of none that hurts")
        return result

    def _readers(self, name: str) -> list[str]:
        """The results of the layers that read a tensor, through views, these too."""
        found: list[str] = []
        seen = {name}
        for node in self.graph.nodes:
            if seen.intersection(node.inputs):
                found.append(node.outputs[0])
                if find_operator(node.operator).traits.alias:
                    seen.add(node.outputs[0])
        return found

    def within(self, precisions: Precisions, budget: Mapping[str, int]) -> dict[str, Precision]:
        """A precision for each layer with weights, the least noise within the budget; QuantizationError."""
        for name in budget:
            if name not in BUDGETS:
                raise UsageError(f"there is no budget for '{name}', only for {', '.join(BUDGETS)}")
        names = [
            node.outputs[0]
            for node in self.graph.nodes
            if has_weights(self.graph, node)
            and precisions.get(node.outputs[0], FLOAT32).activations is not None
        ]
        options = (INT4, INT8, INT16X8)
        noises = self._each_alone(dict.fromkeys(names, options)).values()
        base = {**precisions, **dict.fromkeys(names, options[0])}
        least = self._costs(base, budget)
        layers = []
        for name, row in zip(names, noises, strict=True):
            costs = [self._costs({**base, name: option}, budget) for option in options]
            layers.append([Choice(_minus(c, least), noise) for c, noise in zip(costs, row, strict=True)])
        result = self._solved(base, names, layers, options, budget)
        if result is None:
            limits = ", ".join(f"{kind} of at most {limit:,}" for kind, limit in budget.items())
            found = ", ".join(f"{kind} {cost:,}" for kind, cost in zip(budget, least, strict=True))
            raise QuantizationError(
                f"no assignment of int4, int8 and int16x8 to the layers was found with a {limits}; "
                f"int4 throughout has {found}"
            )
        self.tell(f"within the budget: {decibels(self.noise(result)):.1f} dB, {self.price(result)}")
        for name in names:
            self.tell(f"'{short_name(name)}': {result[name].name}")
        return result

    def _solved(
        self,
        base: Precisions,
        names: Sequence[str],
        layers: Sequence[Sequence[Choice]],
        options: Sequence[Precision],
        budget: Mapping[str, int],
    ) -> dict[str, Precision] | None:
        """Costs are those of changing one layer; what they do not add up to is taken off the limits, and again."""
        limits = tuple(budget.values())
        rest = _minus(limits, self._costs(base, budget))
        for _ in range(ROUNDS):
            chosen = choose(layers, rest)
            if chosen is None:
                return None
            result = {**base, **{name: options[at] for name, at in zip(names, chosen, strict=True)}}
            over = [max(0, extra) for extra in _minus(self._costs(result, budget), limits)]
            if not any(over):
                return result
            rest = _minus(rest, over)
        return None

    def _costs(self, precisions: Precisions, budget: Mapping[str, int]) -> tuple[int, ...]:
        found = self.price(precisions)
        if "cycles" in budget and found.cycles is None:
            raise QuantizationError(f"a layer has no kernel on {self.target.name}: cycles are unknown")
        return tuple(getattr(found, kind) for kind in budget)


def _minus(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    return tuple(x - y for x, y in zip(a, b, strict=True))
