"""Budgets held by the graph that comes out, as somebody measures it, not only by estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smelt.errors import QuantizationError
from smelt.ir import Graph
from smelt.quantize.prices import Price

BUDGETS = ("size", "ram", "cycles")
ROUNDS = 6
Measure = Callable[[Graph], Price]


def within_measured(
    make: Callable[[Mapping[str, int]], Graph],
    budget: Mapping[str, int],
    estimate: Measure,
    measure: Measure,
    tell: Callable[[str], None],
) -> Graph:
    """What `make` gives for limits on its estimates, lowered until what is measured is within the budget.

    Each round takes what the last result had too much off its estimate.  QuantizationError, with what was measured,
    when it stays too much or nothing cheaper is found.
    """
    limits, measured = dict(budget), ""
    for _ in range(ROUNDS):
        try:
            result = make(limits)
        except QuantizationError as error:
            if measured:
                raise QuantizationError(f"nothing is cheaper than {measured}: {error}") from error
            raise
        price = measure(result)
        over = {kind: _cost(price, kind) - limit for kind, limit in budget.items()}
        measured = ", ".join(f"{kind} {_cost(price, kind):,} of {budget[kind]:,}" for kind in budget)
        tell(f"budget: {measured}")
        if all(extra <= 0 for extra in over.values()):
            return result
        estimated = estimate(result)
        for kind, extra in over.items():
            if extra > 0:
                limits[kind] = min(limits[kind], _cost(estimated, kind)) - extra
    raise QuantizationError(f"the budget is not held after {ROUNDS} rounds; the last one has {measured}")


def _cost(price: Price, kind: str) -> int:
    found = getattr(price, kind)
    if found is None:
        raise QuantizationError(f"there is a budget for {kind}, and the measurement does not say them")
    return int(found)
