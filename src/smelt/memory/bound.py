"""The live-peak lower bound: no layout of these buffers can take fewer bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smelt.memory.lifetimes import Buffer


@dataclass(frozen=True)
class Bound:
    """The largest number of bytes live at once, and the steps on which that many are."""

    bytes: int
    steps: tuple[int, ...]


def peak_bound(buffers: Sequence[Buffer]) -> Bound:
    """The lower bound of any layout of buffers with these lifetimes; (0, ()) without buffers."""
    live = live_bytes(buffers)
    peak = max(live, default=0)
    return Bound(peak, tuple(step for step, count in enumerate(live) if count == peak))


def live_bytes(buffers: Sequence[Buffer]) -> tuple[int, ...]:
    """For each step from 0, the fewest bytes that can hold what is live then, alignment included."""
    steps = max((buffer.last for buffer in buffers), default=-1) + 1
    live: list[list[tuple[int, int]]] = [[] for _ in range(steps)]
    for buffer in buffers:
        for step in range(buffer.first, buffer.last + 1):
            begin, end = buffer.extent(step)
            if end > begin:
                # The range starts at a multiple of the alignment, and of `begin`'s largest power of two.
                start = buffer.alignment if not begin else min(buffer.alignment, begin & -begin)
                live[step].append((end - begin, start))
    return tuple(_fewest_bytes(ranges) for ranges in live)


def _fewest_bytes(ranges: Sequence[tuple[int, int]]) -> int:
    """A lower bound on the span of disjoint ranges, each a (size, alignment of its start).

    Ranges aligned to `a` or more are padded to multiples of `a`, except the last one in the arena. What is
    aligned less may lie in that padding, so it counts only among its own kind.
    """
    fewest = 0
    for alignment in {1, *(start for _, start in ranges)}:
        sizes = [size for size, start in ranges if start >= alignment]
        paddings = [-size % alignment for size in sizes]
        fewest = max(fewest, sum(sizes) + sum(paddings) - max(paddings, default=0))
    return fewest
