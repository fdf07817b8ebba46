"""Which measured kernel each layer takes, when every kernel that is used adds its code to the firmware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from smelt.engines.kernel_figures import Figures

Goal = Literal["both", "cycles", "flash"]
"""What counts: cycles and flash; cycles far more than flash; flash as long as cycles do not grow by half.

By half over the fastest kernels, or up to what the default ones take.
"""

_WORTH = {"both": 100, "cycles": 2000}
"""A kilobyte of flash is worth this fraction of all cycles: 1 in so many."""
_TIE = {"both": 400, "flash": 400, "cycles": 4000}
"""Cycles that differ by 1 in so many count as equal."""

Choices = Mapping[str, Figures]
Cost = tuple[int, int]
"""What is to be small, and what decides between equals."""


@dataclass(frozen=True)
class _Set:
    """A set of kernels: the label of each layer's, and what all cost together."""

    labels: tuple[str, ...]
    cost: Cost


class _Choosing:
    """The layers of a network, each kind of which there are `counts`, and how they are weighed."""

    def __init__(
        self, layers: Sequence[Choices], counts: Sequence[int], defaults: Sequence[str], goal: Goal
    ) -> None:
        self._layers = list(zip(layers, counts, strict=True))
        self._goal = goal
        self._least = sum(count * min(f.cycles for f in x.values()) for x, count in self._layers)
        self._limit = max(
            3 * self._least // 2,
            sum(c * x[d].cycles for (x, c), d in zip(self._layers, defaults, strict=True) if d in x),
        )

    def weighed(self, allowed: frozenset[str]) -> _Set | None:
        """What layers take of the allowed kernels; None when there is none for one, or all are far too slow."""
        labels, priced = [], []
        for choices, _ in self._layers:
            own = {label: figures for label, figures in choices.items() if label in allowed}
            if not own:
                return None
            labels.append(self._taken(own))
            # that another one than the best takes a little longer with less scratch costs nothing
            best = min(own.values(), key=self._layer_cost)
            priced.append(replace(best, code=own[labels[-1]].code))
        return self._set(labels, priced)

    def assigned(self, labels: Sequence[str]) -> _Set | None:
        """What it costs when every layer takes the kernel of this label; None when one of them cannot."""
        if any(label not in choices for (choices, _), label in zip(self._layers, labels, strict=True)):
            return None
        return self._set(labels, [x[label] for (x, _), label in zip(self._layers, labels, strict=True)])

    def _set(self, labels: Sequence[str], priced: Sequence[Figures]) -> _Set | None:
        counts = [count for _, count in self._layers]
        cycles = sum(count * f.cycles for f, count in zip(priced, counts, strict=True))
        tables = sum(count * f.table_bytes for f, count in zip(priced, counts, strict=True))
        code: dict[str, int] = {}
        for figures in priced:
            code |= figures.code
        if self._goal == "flash" and cycles > self._limit:
            return None
        return _Set(tuple(labels), self._cost(cycles, tables + sum(code.values())))

    def _cost(self, cycles: int, flash_bytes: int) -> Cost:
        if self._goal == "flash":
            return flash_bytes, cycles
        return cycles * _WORTH[self._goal] * 1024 + self._least * flash_bytes, cycles

    def _layer_cost(self, figures: Figures) -> Cost:
        return self._cost(figures.cycles, figures.table_bytes)

    def _taken(self, choices: Choices) -> str:
        """The best; of those that are nearly as good the one with the smallest workspace, or the first."""
        best = min(choices.values(), key=self._layer_cost)
        slack = best.cycles // _TIE[self._goal]

        def is_near(figures: Figures) -> bool:
            return self._cost(figures.cycles - slack, figures.table_bytes) <= self._layer_cost(best)

        near = [label for label, figures in choices.items() if is_near(figures)]
        return near[0] if self._goal == "cycles" else min(near, key=lambda x: choices[x].scratch_bytes)


def choose_kernels(
    layers: Sequence[Choices], counts: Sequence[int], defaults: Sequence[str], goal: Goal
) -> list[str]:
    """The label of the kernel for each kind of layer, of which there are so many, by the figures of each label.

    Starts from the best of all kernels, the fastest and the default ones, and allows or forbids one or two at a time
    as long as that is better.  The default kernels stay where nothing better is found.
    """
    names = sorted({label for choices in layers for label in choices})
    choosing = _Choosing(layers, counts, defaults, goal)
    starts = (frozenset(names), _fastest(layers), frozenset(defaults) & frozenset(names))
    flips = [frozenset(flip) for size in (1, 2) for flip in combinations(names, size)]
    found = {start: best for start in starts if (best := choosing.weighed(start)) is not None}
    while True:
        allowed, best = min(found.items(), key=lambda item: item[1].cost)
        tried = {allowed ^ flip: choosing.weighed(allowed ^ flip) for flip in flips}
        found = {kernels: x for kernels, x in tried.items() if x is not None and x.cost < best.cost}
        if not found:
            default = choosing.assigned(defaults)
            return list(defaults if default is not None and default.cost <= best.cost else best.labels)


def _fastest(layers: Sequence[Choices]) -> frozenset[str]:
    """The layers' fastest kernels, or the first that are nearly as fast: a start that is never far too slow."""
    kernels = set()
    for choices in layers:
        limit = min(f.cycles for f in choices.values())
        limit += limit // _TIE["flash"]
        kernels.add(next(label for label, figures in choices.items() if figures.cycles <= limit))
    return frozenset(kernels)
