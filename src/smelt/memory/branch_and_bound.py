"""Exact packing of whole buffers, by branch and bound over partial layouts.

After Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning" (ASPLOS
2023): buffers are placed in order of their bases, each as low as it goes, and a partial layout is given up
when what is still to come on some step cannot fit above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

from smelt.memory.lifetimes import Buffer


def pack(buffers: Sequence[Buffer], low: int, high: int, nodes: int) -> tuple[int, ...] | None:
    """Bases of a layout of fewer than `high` bytes, as close to `low` as found; None if none was found.

    Tries `low` first, then halves what is left between it and the best layout. Each try may visit a quarter
    of the `nodes` (partial layouts) still left, at least 1,000. Extents are ignored: buffers are whole.
    """
    best = None
    target = low
    while low < high and nodes > 0:
        search = _Search(buffers, target, min(nodes, max(nodes // 4, 1_000)))
        bases = search.run()
        nodes -= search.visited
        if bases:
            best, high = bases, max(base + b.bytes for base, b in zip(bases, buffers, strict=True))
        else:
            low = target + 1
        target = (low + high) // 2
    return best


class _Search:
    """One search for a layout of at most `target` bytes; the partial layout is its state."""

    def __init__(self, buffers: Sequence[Buffer], target: int, nodes: int) -> None:
        self.buffers = buffers
        self.target = target
        self.nodes = nodes
        self.visited = 0
        sections = _sections(buffers)
        self.spans = [_span(buffer, sections) for buffer in buffers]
        self.waiting = [
            sum(b.bytes for b in buffers if b.first <= step <= b.last) for step in sections
        ]  # bytes still to be placed, a section
        self.filled = [0] * len(sections)  # where placed bytes end, a section
        self.bases = [-1] * len(buffers)
        # Large and long-lived buffers first: they are the ones that fail early.
        self.rank = [-b.bytes * (b.last - b.first + 1) for b in buffers]

    def run(self) -> tuple[int, ...] | None:
        """The bases, or None if there are none or the nodes ran out."""
        stack = [self._choices(0)]
        undo: list[tuple[int, list[int]]] = []
        left = len(self.buffers)
        while stack:
            if not left:
                return tuple(self.bases)
            if not stack[-1]:
                stack.pop()
                if undo:
                    self._remove(*undo.pop())
                    left += 1
                continue
            if self.visited >= self.nodes:
                return None
            base, at = stack[-1].pop()
            self.visited += 1
            undo.append((at, self._place(at, base)))
            left -= 1
            stack.append(self._choices(base))
        return None

    def _place(self, at: int, base: int) -> list[int]:
        begin, end = self.spans[at]
        before = self.filled[begin:end]
        size = self.buffers[at].bytes
        for section in range(begin, end):
            self.filled[section] = base + size
            self.waiting[section] -= size
        self.bases[at] = base
        return before

    def _remove(self, at: int, before: list[int]) -> None:
        begin, end = self.spans[at]
        self.filled[begin:end] = before
        for section in range(begin, end):
            self.waiting[section] += self.buffers[at].bytes
        self.bases[at] = -1

    def _choices(self, floor: int) -> list[tuple[int, int]]:
        """The (base, buffer) that may come next at or above `floor`, best last; none if one cannot fit."""
        found = []
        lowest_end = self.target + 1
        lowest_base = [self.target] * len(self.filled)
        for at, buffer in enumerate(self.buffers):
            if self.bases[at] >= 0:
                continue
            begin, end = self.spans[at]
            base = max(floor, max(self.filled[begin:end]))
            base = (base + buffer.alignment - 1) & -buffer.alignment
            if base + buffer.bytes > self.target:
                return []
            lowest_end = min(lowest_end, base + max(buffer.bytes, 1))
            lowest_base[begin:end] = [min(base, other) for other in lowest_base[begin:end]]
            found.append((base, at))
        if any(map(self.target.__lt__, map(add, lowest_base, self.waiting))):
            return []
        # Where one starts above another one's end, that other one can come first. Twins are the same choice.
        twins: set[tuple[int, int, int, tuple[int, int]]] = set()
        choices = []
        for base, at in found:
            kind = (base, self.buffers[at].bytes, self.buffers[at].alignment, self.spans[at])
            if base < lowest_end and kind not in twins:
                twins.add(kind)
                choices.append((base, at))
        return sorted(choices, key=lambda choice: (choice[0], self.rank[choice[1]]), reverse=True)


def _sections(buffers: Sequence[Buffer]) -> list[int]:
    """One step of each maximal set of buffers that live together, in order: a death follows a birth."""
    births = {buffer.first for buffer in buffers}
    found: list[int] = []
    born = False
    last = max((buffer.last for buffer in buffers), default=-1)
    deaths = {buffer.last for buffer in buffers}
    for step in range(last + 1):
        born = born or step in births
        if born and step in deaths:
            found.append(step)
            born = False
    return found


def _span(buffer: Buffer, sections: Sequence[int]) -> tuple[int, int]:
    """The range of sections on which a buffer lives."""
    living = [at for at, step in enumerate(sections) if buffer.first <= step <= buffer.last]
    return living[0], living[-1] + 1
