"""Placement in the order of time: the bases and the choices of a plan whose buffers mostly live briefly.

A plan is a sequence of units (episodes); each offers settings (directions), of which one is taken. What a unit
needs to know of the past are the bases of the buffers that are still live, so a state from which no
completion was found is never tried again, and a long chain costs little more than its links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smelt.memory.layout import Gap

Gaps = Mapping[tuple[str, str], tuple[Gap, ...]]


@dataclass(frozen=True)
class Setting:
    """One way for a unit to run: bytes and alignment of its buffers, and the forbidden gaps between them."""

    sizes: Mapping[str, tuple[int, int]]
    gaps: Gaps

    def allows(self, bases: Mapping[str, int], pair: tuple[str, str]) -> bool:
        """Whether the bases of a pair of buffers lie in none of its gaps."""
        distance = bases[pair[1]] - bases[pair[0]]
        return not any(low < distance < high for low, high in self.gaps[pair])


@dataclass(frozen=True)
class Placed:
    """A base for each buffer, the index of the setting taken for each unit, and the bytes that it takes."""

    bases: Mapping[str, int]
    choices: tuple[int, ...]
    arena_bytes: int


class TimeSearch:
    """Depth-first search for a placement of at most `target` bytes; deterministic, `nodes` bases are tried."""

    def __init__(self, units: Sequence[Sequence[Setting]], target: int, nodes: int) -> None:
        self.units = units
        self.target = target
        self.nodes = nodes
        self.bases: dict[str, int] = {}
        self.ends: dict[str, int] = {}
        self.choices: list[int] = []
        self.failed: set[tuple[int, ...]] = set()
        self.neighbours = [[_neighbours(setting) for setting in unit] for unit in units]
        self.arriving = _arriving(units)

    def run(self) -> Placed | None:
        """The first placement found; None if there is none among those tried, or the nodes ran out."""
        stack = [self._unit(0)]
        while stack and self.nodes > 0:
            if next(stack[-1], False):
                if len(stack) == len(self.units):
                    return Placed(dict(self.bases), tuple(self.choices), max(self.ends.values(), default=0))
                stack.append(self._unit(len(stack)))
            else:
                stack.pop()
        return None

    def _unit(self, at: int) -> Iterator[bool]:
        """Every way tried to place what a unit brings; the placement is in `bases` while it yields."""
        state = (at, *(self.bases.get(name, -1) for name in self.arriving[at]))
        if state in self.failed:
            return
        for choice, setting in enumerate(self.units[at]):
            if not all(
                setting.allows(self.bases, pair) for pair in setting.gaps if self.bases.keys() >= set(pair)
            ):
                continue
            new = [name for name in setting.sizes if name not in self.bases]
            new.sort(key=lambda name: -setting.sizes[name][0])
            self.choices.append(choice)
            yield from self._place(setting, self.neighbours[at][choice], new)
            self.choices.pop()
        self.failed.add(state)

    def _place(
        self, setting: Setting, neighbours: Mapping[str, list[tuple[str, Gap]]], new: Sequence[str]
    ) -> Iterator[bool]:
        if not new:
            yield True
            return
        name = new[0]
        size, alignment = setting.sizes[name]
        for base in self._candidates(size, alignment, neighbours[name]):
            if self.nodes <= 0:
                return
            self.nodes -= 1
            self.bases[name] = base
            self.ends[name] = base + size
            yield from self._place(setting, neighbours, new[1:])
            del self.bases[name], self.ends[name]

    def _candidates(self, size: int, alignment: int, neighbours: Sequence[tuple[str, Gap]]) -> list[int]:
        """The lowest, the highest and then all other bases that touch a neighbour or an end of the arena."""
        mask = alignment - 1
        top = (self.target - size) & ~mask
        bases = self.bases
        taken = sorted((bases[a] + low, bases[a] + high) for a, (low, high) in neighbours if a in bases)
        found = set()
        floor = 0
        for low, high in (*taken, (self.target - size, self.target + 1)):
            ceiling = low & ~mask if low < top else top
            if floor <= ceiling:
                found |= {floor, ceiling}
            if high > floor:
                floor = (high + mask) & ~mask
        fitting = sorted(found)
        return fitting[:1] + fitting[:0:-1]


def _neighbours(setting: Setting) -> dict[str, list[tuple[str, Gap]]]:
    found: dict[str, list[tuple[str, Gap]]] = {name: [] for name in setting.sizes}
    for (a, b), gaps in setting.gaps.items():
        for low, high in gaps:
            found[b].append((a, (low, high)))
            found[a].append((b, (-high, -low)))
    return found


def _arriving(units: Sequence[Sequence[Setting]]) -> list[list[str]]:
    """For each unit the buffers of earlier ones that it or a later one knows."""
    before: list[set[str]] = [set()]
    for unit in units:
        before.append(before[-1].union(*(setting.sizes for setting in unit)))
    after: set[str] = set()
    found = []
    for at in range(len(units) - 1, -1, -1):
        after = after.union(*(setting.sizes for setting in units[at]))
        found.append(sorted(before[at] & after))
    return found[::-1]
