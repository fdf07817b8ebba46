"""Placement by constraint programming: OR-tools' CP-SAT over bases and choices at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smelt.errors import MissingExtraError, require
from smelt.memory.layout import Gap
from smelt.memory.time_search import Placed, Setting


def solver() -> Any | None:
    """OR-tools' cp_model module, or None where it is not installed."""
    try:
        return require("ortools.sat.python.cp_model", "solver", "exact placement", package="ortools")
    except MissingExtraError:
        return None


def improve(
    cp_model: Any, units: Sequence[Sequence[Setting]], start: Placed, bound: int, effort: float
) -> Placed | None:
    """A placement smaller than `start`, or None if none was found.

    `bound` is a number of bytes that no placement can go below; without it the proof would not close. One
    worker, a fixed seed and `effort` in the solver's deterministic time make the result repeatable.
    """
    model = _Model(cp_model, units, start, bound)
    engine = cp_model.CpSolver()
    engine.parameters.num_workers = 1
    engine.parameters.random_seed = 0
    engine.parameters.max_deterministic_time = effort
    status = engine.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    choices = tuple(
        next(at for at, taken in enumerate(unit) if engine.boolean_value(taken)) for unit in model.taken
    )
    chosen = [units[at][choice] for at, choice in enumerate(choices)]
    bases = {name: engine.value(model.base(name)) for setting in chosen for name in setting.sizes}
    arena = max(bases[name] + size for setting in chosen for name, (size, _) in setting.sizes.items())
    return Placed(bases, choices, arena) if arena < start.arena_bytes else None


class _Model:
    def __init__(self, cp_model: Any, units: Sequence[Sequence[Setting]], start: Placed, bound: int) -> None:
        self.model = cp_model.CpModel()
        self.limit = start.arena_bytes
        self.top = self.model.new_int_var(bound, self.limit, "arena")
        self.multiples: dict[str, tuple[Any, int]] = {}
        self.taken: list[list[Any]] = []
        for at, unit in enumerate(units):
            taken = [self.model.new_bool_var(f"unit {at} setting {choice}") for choice in range(len(unit))]
            self.model.add_exactly_one(taken)
            self.taken.append(taken)
            for choice, setting in enumerate(unit):
                self.model.add_hint(taken[choice], choice == start.choices[at])
                self._add(setting, taken[choice], start)
        self.model.minimize(self.top)

    def base(self, name: str) -> Any:
        multiple, alignment = self.multiples[name]
        return multiple * alignment

    def _add(self, setting: Setting, taken: Any, start: Placed) -> None:
        for name, (size, alignment) in setting.sizes.items():
            if name not in self.multiples:
                variable = self.model.new_int_var(0, self.limit // alignment, name)
                self.multiples[name] = variable, alignment
                self.model.add_hint(variable, start.bases.get(name, 0) // alignment)
            self.model.add(self.base(name) + size <= self.top).only_enforce_if(taken)
        for pair, gaps in setting.gaps.items():
            for gap in gaps:
                self._keep_apart(pair, gap, taken)

    def _keep_apart(self, pair: tuple[str, str], gap: Gap, taken: Any) -> None:
        a, b = pair
        below = self.model.new_bool_var(f"{b} below {a}")
        distance = self.base(b) - self.base(a)
        self.model.add(distance <= gap[0]).only_enforce_if(taken, below)
        self.model.add(distance >= gap[1]).only_enforce_if(taken, below.negated())
