"""Which measured kernel each layer takes, when every kernel that is used adds its code to the firmware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from smelt.engines.kernel_figures import Figures

Goal = Literal["both", "cycles", "flash"]
"""What counts: cycles and flash; cycles far more than flash; flash as long as cycles do not grow by half."""

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

    def __init__(self, layers: Sequence[Choices], counts: Sequence[int], goal: Goal) -> None:
        self._layers = list(zip(layers, counts, strict=True))
        self._goal = goal
        self._least = sum(count * min(f.cycles for f in x.values()) for x, count in self._layers)

    def weighed(self, allowed: frozenset[str]) -> _Set | None:
        """What layers take of the allowed kernels; None when there is none for one, or all are far too slow."""
        labels, cycles, tables = [], 0, 0
        code: dict[str, int] = {}
        for choices, count in self._layers:
            own = {label: figures for label, figures in choices.items() if label in allowed}
            if not own:
                return None
            # that another one than the best takes a little longer with less scratch costs nothing
            best = min(own.values(), key=self._layer_cost)
            cycles += count * best.cycles
            tables += count * best.table_bytes
            labels.append(self._taken(own))
            code |= own[labels[-1]].code
        if self._goal == "flash" and 2 * cycles > 3 * self._least:
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


def choose_kernels(layers: Sequence[Choices], counts: Sequence[int], goal: Goal) -> list[str]:
    """The label of the kernel for each kind of layer, of which there are so many, by the figures of each label.

    Starts from all kernels and allows or forbids one or two at a time as long as that is better.
    """
    names = sorted({label for choices in layers for label in choices})
    choosing = _Choosing(layers, counts, goal)
    start = frozenset(names)
    flips = [frozenset(flip) for size in (1, 2) for flip in combinations(names, size)]
    sets = {start: choosing.weighed(start), **_fastest_only(layers, choosing)}
    found = {allowed: best for allowed, best in sets.items() if best is not None}
    while True:
        allowed, best = min(found.items(), key=lambda item: item[1].cost)
        tried = {allowed ^ flip: choosing.weighed(allowed ^ flip) for flip in flips}
        found = {kernels: x for kernels, x in tried.items() if x is not None and x.cost < best.cost}
        if not found:
            return list(best.labels)


def _fastest_only(layers: Sequence[Choices], choosing: _Choosing) -> dict[frozenset[str], _Set | None]:
    """The set of the layers' fastest kernels, or the first that is as good: a start that is never far too slow."""
    kernels = set()
    for choices in layers:
        limit = min(f.cycles for f in choices.values())
        limit += limit // _TIE["flash"]
        kernels.add(next(label for label, figures in choices.items() if figures.cycles <= limit))
    return {frozenset(kernels): choosing.weighed(frozenset(kernels))}
