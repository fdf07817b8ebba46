"""Arena layout: an offset for every buffer, in as few bytes as can be.

A layout is a set of bases under pairwise constraints: for two buffers a and b, `base_b - base_a` must not lie
strictly between two numbers, the pair's forbidden gap. Buffers that are never live together have no gap, two
that are have (-b.bytes, a.bytes), and extents narrow it, which makes running in place and overlap possible.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from smelt.memory.bound import peak_bound
from smelt.memory.branch_and_bound import pack
from smelt.memory.check import check_plan
from smelt.memory.lifetimes import Buffer, check_names

Gap = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """Where each buffer begins in the arena, and how large the arena is.

    `bound_bytes` is the live-peak lower bound of `arena_bytes`. `method` says how the layout was found:
    "greedy by …", "local search" or "branch and bound".
    """

    offsets: Mapping[str, int]
    arena_bytes: int
    bound_bytes: int
    method: str


def plan(buffers: Sequence[Buffer], *, iterations: int = 2_000, nodes: int = 20_000) -> Plan:
    """Lay buffers out in one arena; stops as soon as the live-peak bound is reached.

    Tries greedy orders, then `iterations` of a seeded local search over placement orders, then branch and
    bound over at most `nodes` partial layouts (whole buffers only). No limit is a time, so the same buffers
    give the same plan. Every plan has passed `check_plan`. Raises GraphError for two buffers of one name.
    """
    check_names(buffers)
    bound = peak_bound(buffers).bytes
    gaps = forbidden_gaps(buffers)
    best, method = _greedy(buffers, gaps, bound)
    if best.arena_bytes > bound and iterations:
        improved = _local_search(buffers, gaps, best, bound, iterations)
        if improved.arena_bytes < best.arena_bytes:
            best, method = improved, "local search"
    if best.arena_bytes > bound and nodes and not any(buffer.extents for buffer in buffers):
        bases = pack(buffers, bound, best.arena_bytes, nodes)
        if bases:
            best, method = _Layout.of(buffers, bases, best.order), "branch and bound"
    offsets = {buffer.name: base for buffer, base in zip(buffers, best.bases, strict=True)}
    made = Plan(offsets, best.arena_bytes, bound, method)
    check_plan(buffers, made)
    return made


def forbidden_gaps(buffers: Sequence[Buffer]) -> list[list[tuple[int, Gap]]]:
    """For each buffer b, the (a, (low, high)) such that low < base_b - base_a < high loses live bytes.

    Where a pair conflicts on several steps, the gap is the smallest one that covers them all.
    """
    found: list[list[tuple[int, Gap]]] = [[] for _ in buffers]
    for b, second in enumerate(buffers):
        for a, first in enumerate(buffers[:b]):
            gap = _gap(first, second)
            if gap:
                found[b].append((a, gap))
                found[a].append((b, (-gap[1], -gap[0])))
    return found


def _gap(a: Buffer, b: Buffer) -> Gap | None:
    """The forbidden gap of base_b - base_a; None if every difference is allowed."""
    steps = range(max(a.first, b.first), min(a.last, b.last) + 1)
    if not steps or not a.bytes or not b.bytes:
        return None
    if not a.extents and not b.extents:
        return -b.bytes, a.bytes
    lows, highs = [], []
    for step in steps:
        (a_begin, a_end), (b_begin, b_end) = a.extent(step), b.extent(step)
        if a_begin < a_end and b_begin < b_end:
            lows.append(a_begin - b_end)
            highs.append(a_end - b_begin)
    return (min(lows), max(highs)) if lows else None


@dataclass(frozen=True)
class _Layout:
    order: tuple[int, ...]
    bases: tuple[int, ...]
    arena_bytes: int

    @staticmethod
    def of(buffers: Sequence[Buffer], bases: Sequence[int], order: Sequence[int]) -> _Layout:
        ends = (base + buffer.bytes for base, buffer in zip(bases, buffers, strict=True))
        return _Layout(tuple(order), tuple(bases), max(ends, default=0))


def _first_fit(
    buffers: Sequence[Buffer], gaps: Sequence[Sequence[tuple[int, Gap]]], order: Iterable[int]
) -> list[int]:
    """Place each buffer in this order at the lowest base that the ones before it allow.

    Without extents some order gives a smallest arena: the one that sorts a smallest layout by base.
    """
    bases = [-1] * len(buffers)
    for at in order:
        taken = sorted((bases[a] + low, bases[a] + high) for a, (low, high) in gaps[at] if bases[a] >= 0)
        mask = buffers[at].alignment - 1
        base = 0
        for low, high in taken:
            if base <= low:
                break
            if base < high:
                base = (high + mask) & ~mask
        bases[at] = base
    return bases


def _length(buffer: Buffer) -> int:
    return buffer.last - buffer.first + 1


_GREEDY: tuple[tuple[str, Callable[[Buffer], tuple[int, ...]]], ...] = (
    ("greedy by size", lambda b: (-b.bytes, b.first)),
    ("greedy by area", lambda b: (-b.bytes * _length(b), b.first)),
    ("greedy by lifetime", lambda b: (-_length(b), -b.bytes)),
    ("greedy by birth", lambda b: (b.first, -b.bytes)),
    ("greedy by death", lambda b: (-b.last, -b.bytes)),
    ("greedy by alignment", lambda b: (-b.alignment, -b.bytes)),
)


def _greedy(
    buffers: Sequence[Buffer], gaps: Sequence[Sequence[tuple[int, Gap]]], bound: int
) -> tuple[_Layout, str]:
    """The first greedy layout that reaches the bound, else the first of the smallest."""
    found: list[tuple[_Layout, str]] = []
    for method, key in _GREEDY:
        order = sorted(range(len(buffers)), key=lambda at: (*key(buffers[at]), at))
        layout = _Layout.of(buffers, _first_fit(buffers, gaps, order), order)
        if layout.arena_bytes <= bound:
            return layout, method
        found.append((layout, method))
    return min(found, key=lambda pair: pair[0].arena_bytes)


def _local_search(
    buffers: Sequence[Buffer],
    gaps: Sequence[Sequence[tuple[int, Gap]]],
    start: _Layout,
    bound: int,
    iterations: int,
) -> _Layout:
    """Move a buffer that ends highest to an earlier turn, or swap two turns; keep what is not worse.

    After many tries without gain it starts again from the best layout, shuffled a little.
    """
    chance = random.Random(0)
    best = current = start
    stale = 0
    for _ in range(iterations):
        order = list(current.order)
        if chance.random() < 0.7:
            top = [at for at in order if current.bases[at] + buffers[at].bytes == current.arena_bytes]
            moved = chance.choice(top)
            turn = order.index(moved)
            order.pop(turn)
            order.insert(chance.randrange(turn + 1), moved)
        else:
            i, j = chance.randrange(len(order)), chance.randrange(len(order))
            order[i], order[j] = order[j], order[i]
        tried = _Layout.of(buffers, _first_fit(buffers, gaps, order), order)
        stale = 0 if tried.arena_bytes < current.arena_bytes else stale + 1
        if tried.arena_bytes <= current.arena_bytes:
            current = tried
        if current.arena_bytes < best.arena_bytes:
            best = current
            if best.arena_bytes <= bound:
                break
        if stale > 150:
            current, stale = _kick(buffers, gaps, best, chance), 0
    return best


def _kick(
    buffers: Sequence[Buffer],
    gaps: Sequence[Sequence[tuple[int, Gap]]],
    layout: _Layout,
    chance: random.Random,
) -> _Layout:
    order = list(layout.order)
    for _ in range(3):
        order.insert(chance.randrange(len(order)), order.pop(chance.randrange(len(order))))
    return _Layout.of(buffers, _first_fit(buffers, gaps, order), order)
