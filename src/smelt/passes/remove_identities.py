"""Nodes whose output is their input are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smelt.ir import Array, Graph, Node, Value
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator


def remove_identities(graph: Graph) -> Graph:
    """Leave out nodes that change nothing: neither elements nor shape, type, scale and zero point.

    One between an input and an output of the graph stays, since an output has to be computed.
    """
    return apply_rules(graph, RULES)


def _keeps_order(node: Node, value: Value) -> bool:
    permutation = node.attributes["permutation"]
    assert isinstance(permutation, tuple)
    moved = [axis for axis in permutation if value.shape[int(axis)] != 1]
    return moved == sorted(moved)


def _takes_every_element(node: Node, value: Value) -> bool:
    stride = node.attributes["stride"]
    return isinstance(stride, tuple) and all(step == 1 for step in stride)


def _has_one_element_windows(node: Node, value: Value) -> bool:
    return node.attributes["filter"] == (1, 1) and node.attributes.get("activation", "none") == "none"


def _has_exact_rescaling(node: Node, value: Value) -> bool:
    return value.dtype.is_integer and value.dtype.bits <= 16


CHANGES_NOTHING: Mapping[str, Callable[[Node, Value], bool]] = {
    "transpose": _keeps_order,
    "strided_slice": _takes_every_element,
    "pad": lambda node, value: True,
    "concatenation": lambda node, value: len(node.inputs) == 1,
    "quantize": _has_exact_rescaling,
    "dequantize": lambda node, value: value.dtype.is_float,
    "average_pool_2d": _has_one_element_windows,
    "max_pool_2d": _has_one_element_windows,
}
"""Whether a node that keeps shape, type and quantization of its input also keeps the elements."""


def _may_change_nothing(node: Node) -> bool:
    return node.operator in CHANGES_NOTHING or find_operator(node.operator).traits.alias


def _changes_nothing(match: Match) -> bool:
    before, after = match.value(match.tensor("x")), match.output
    if (before.dtype, before.shape, before.quantization) != (after.dtype, after.shape, after.quantization):
        return False
    question = CHANGES_NOTHING.get(match.root.operator)
    return question is None or question(match.root, before)


def _without_effect(match: Match) -> bool:
    x = match.value(match.tensor("x"))
    plain = match.root.attributes.get("activation", "none") == "none"
    return plain and x.dtype.is_float and x.shape == match.output.shape


def _is_one(array: Array) -> bool:
    return bool((array == 1).all())


def _is_zero(array: Array) -> bool:
    return bool((array == 0).all())


def _use_input(match: Match) -> Replacement:
    return match.use("x")


RULES = (
    Rule("same elements", Pattern(_may_change_nothing, (Anything("x"),)), _use_input, _changes_nothing),
    Rule(
        "times one",
        Pattern("mul", (Anything("x"), Constant("c", _is_one)), either_order=True),
        _use_input,
        _without_effect,
    ),
    Rule(
        "plus zero",
        Pattern("add", (Anything("x"), Constant("c", _is_zero)), either_order=True),
        _use_input,
        _without_effect,
    ),
    Rule("minus zero", Pattern("sub", (Anything("x"), Constant("c", _is_zero))), _use_input, _without_effect),
)
