"""x / 2 * (1 + erf(x / sqrt(2))), as files spell it that have no such operator, becomes gelu."""

from __future__ import annotations

import math

import numpy as np

from smelt.ir import Array, DType, Graph, Node
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules


def fuse_gelu(graph: Graph) -> Graph:
    """Put gelu in the place of its arithmetic, in whatever order the three factors are multiplied."""
    return apply_rules(graph, RULES)


def _is(number: float) -> Constant:
    def equal(array: Array) -> bool:
        return (
            array.dtype.kind == "f" and array.size == 1 and bool(np.isclose(array, number, rtol=1e-4).all())
        )

    return Constant(f"{number:g}", where=equal)


_X = Anything("x")


def _plain(node: Node) -> bool:
    return node.attributes.get("activation", "none") == "none"


def _once(operator: str, *inputs: Anything | Constant | Pattern, either: bool = True) -> Pattern:
    return Pattern(operator, inputs, where=_plain, single_use=True, either_order=either)


_SCALED = (_once("mul", _X, _is(math.sqrt(0.5))), _once("div", _X, _is(math.sqrt(2)), either=False))
_ROOTS = [
    root
    for scaled in _SCALED
    for bell in [_once("add", _once("erf", scaled, either=False), _is(1))]
    for root in (
        Pattern("mul", (_once("mul", _X, bell), _is(0.5)), where=_plain, either_order=True),
        Pattern("mul", (_once("mul", _X, _is(0.5)), bell), where=_plain, either_order=True),
        Pattern("mul", (_once("mul", bell, _is(0.5)), _X), where=_plain, either_order=True),
    )
]


def _gelu(match: Match) -> Replacement | None:
    x = match.value(match.tensor("x"))
    if x.dtype is not DType.F32 or x.shape != match.output.shape:
        return None
    return Replacement((Node("gelu", (x.name,), match.root.outputs, {}, match.root.name),))


RULES = tuple(Rule(f"gelu {place}", root, _gelu) for place, root in enumerate(_ROOTS))
