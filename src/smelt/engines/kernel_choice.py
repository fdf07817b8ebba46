"""Which measured kernel each layer takes, when every kernel that is used adds its code to the firmware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from smelt.engines.kernel_figures import Figures

Goal = Literal["both", "cycles", "code"]
"""What counts: cycles and code; cycles far more than code; code as long as cycles do not grow by half."""

_WORTH = {"both": 100, "cycles": 1000}
"""A kilobyte of code is worth this fraction of all cycles: 1 in so many."""
_TIE = 400
"""Cycles that differ by 1 in so many count as equal where the kernel's workspace is weighed too."""

Choices = Mapping[str, Figures]


@dataclass(frozen=True)
class _Set:
    """A set of kernels: the label of each layer's, and what it costs, the more important number first."""

    labels: tuple[str, ...]
    cost: tuple[int, int]


def choose_kernels(layers: Sequence[Choices], counts: Sequence[int], goal: Goal) -> list[str]:
    """The label of the kernel for each kind of layer, of which there are so many, by the figures of each label.

    Starts from all kernels and allows or forbids one or two at a time as long as that is better.
    """
    names = sorted({label for choices in layers for label in choices})
    least = sum(count * min(f.cycles for f in x.values()) for x, count in zip(layers, counts, strict=True))
    allowed = frozenset(names)
    best = _weigh(layers, counts, allowed, goal, least)
    assert best is not None
    flips = [frozenset(flip) for size in (1, 2) for flip in combinations(names, size)]
    while True:
        tried = [(_weigh(layers, counts, allowed ^ flip, goal, least), allowed ^ flip) for flip in flips]
        better = [
            (found, kernels) for found, kernels in tried if found is not None and found.cost < best.cost
        ]
        if not better:
            return list(best.labels)
        best, allowed = min(better, key=lambda pair: pair[0].cost)


def _weigh(
    layers: Sequence[Choices], counts: Sequence[int], allowed: frozenset[str], goal: Goal, least: int
) -> _Set | None:
    """What layers take of the allowed kernels; None when there is none for one, or all are far too slow.

    A layer's cycles are those of the fastest: that another one takes a little longer with less scratch costs nothing.
    """
    labels, cycles = [], 0
    code: dict[str, int] = {}
    for choices, count in zip(layers, counts, strict=True):
        own = {label: figures for label, figures in choices.items() if label in allowed}
        if not own:
            return None
        labels.append(_best(own, goal))
        cycles += count * min(figures.cycles for figures in own.values())
        code |= own[labels[-1]].code
    code_bytes = sum(code.values())
    if goal == "code":
        return _Set(tuple(labels), (code_bytes, cycles)) if 2 * cycles <= 3 * least else None
    return _Set(tuple(labels), (cycles * _WORTH[goal] * 1024 + least * code_bytes, cycles))


def _best(choices: Choices, goal: Goal) -> str:
    """The fastest; of those nearly as fast the one with the smallest workspace."""
    tie = 0 if goal == "cycles" else min(figures.cycles for figures in choices.values()) // _TIE
    limit = min(figures.cycles for figures in choices.values()) + tie
    near = {label: figures for label, figures in choices.items() if figures.cycles <= limit}
    return min(near, key=lambda label: (near[label].scratch_bytes, near[label].cycles, label))
