"""Bases for all buffers of a plan and a setting for each unit, in as few bytes as can be."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.memory import cp_sat
from smelt.memory.time_search import Placed, Setting, TimeSearch

SEARCH_NODES = 20_000
_SEARCH_TARGETS = 8


def place(
    units: Sequence[Sequence[Setting]],
    bound: int,
    *,
    goal: int = 0,
    nodes: int = SEARCH_NODES,
    solver_effort: float = 1.0,
) -> tuple[Placed, str]:
    """A placement and how it was found; stops at `bound`, which none can go below, or at `goal` bytes.

    Searches in the order of time; what that leaves above the goal CP-SAT tries to close, if OR-tools is
    installed and `solver_effort` (deterministic time) is not 0. The same units give the same placement.
    """
    goal = max(goal, bound)
    best, method = _search(units, goal, nodes), "time search"
    solver = cp_sat.solver() if best.arena_bytes > goal and solver_effort else None
    if solver:
        found = cp_sat.improve(solver, units, best, bound, solver_effort)
        if found:
            best, method = found, "CP-SAT"
    return _prefer_first(units, best), method


def _search(units: Sequence[Sequence[Setting]], goal: int, nodes: int) -> Placed:
    """Try the goal, then bisect between what failed and what worked."""
    room: dict[str, int] = {}
    for setting in (setting for unit in units for setting in unit):
        for name, (size, alignment) in setting.sizes.items():
            room[name] = max(room.get(name, 0), size + alignment)
    # Without a limit to speak of, the lowest base of every buffer is found without going back.
    best = TimeSearch(units, max(sum(room.values()), goal), 1 << 60).run()
    assert best
    low, target = goal, goal
    for _ in range(_SEARCH_TARGETS):
        if low >= best.arena_bytes:
            break
        found = TimeSearch(units, target, nodes).run() or _backward(units, target, nodes)
        if found:
            best = found
        else:
            low = target + 1
        target = (low + best.arena_bytes - 1) // 2
    return best


def _backward(units: Sequence[Sequence[Setting]], target: int, nodes: int) -> Placed | None:
    """The same search from the last unit to the first, which leaves room in other places."""
    found = TimeSearch(units[::-1], target, nodes).run()
    return Placed(found.bases, found.choices[::-1], found.arena_bytes) if found else None


def _prefer_first(units: Sequence[Sequence[Setting]], placed: Placed) -> Placed:
    """Take an earlier setting wherever the same bases serve it as well."""
    choices = list(placed.choices)
    for at, unit in enumerate(units):
        taken = unit[choices[at]]
        for choice, setting in enumerate(unit[: choices[at]]):
            if setting.sizes == taken.sizes and all(
                setting.allows(placed.bases, pair) for pair in setting.gaps
            ):
                choices[at] = choice
                break
    return Placed(placed.bases, tuple(choices), placed.arena_bytes)
