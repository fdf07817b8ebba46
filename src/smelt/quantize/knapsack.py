"""One choice for each layer, the least noise for costs within their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smelt.errors import require

_STEPS = 10**9


@dataclass(frozen=True)
class Choice:
    """What one precision of a layer costs, in one number for each limit, and the noise power that it adds."""

    costs: tuple[int, ...]
    noise: float


def choose(layers: Sequence[Sequence[Choice]], limits: Sequence[int]) -> list[int] | None:
    """The index of the choice for each layer; None where nothing is within the limits.

    Exact, by OR-tools' CP-SAT; noise is rounded to a billionth of the largest sum.
    """
    cp_model = require(
        "ortools.sat.python.cp_model", "solver", "a budget for mixed precision", package="ortools"
    )
    model = cp_model.CpModel()
    largest = sum(max(choice.noise for choice in layer) for layer in layers) or 1.0
    taken = [
        [model.new_bool_var(f"layer {at} choice {index}") for index in range(len(layer))]
        for at, layer in enumerate(layers)
    ]
    for row in taken:
        model.add_exactly_one(row)
    pairs = [(choice, taken[at][i]) for at, layer in enumerate(layers) for i, choice in enumerate(layer)]
    for at, limit in enumerate(limits):
        model.add(sum(choice.costs[at] * variable for choice, variable in pairs) <= limit)
    model.minimize(sum(round(choice.noise / largest * _STEPS) * variable for choice, variable in pairs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = 20
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [next(i for i, variable in enumerate(row) if solver.boolean_value(variable)) for row in taken]
