"""Data turned around before a recurrent layer, and back behind it, becomes a layer that goes backwards."""

from __future__ import annotations

import numpy as np

from smelt.ir import Graph, Node
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.ir.types import Array
from smelt.operators.recurrent import GATES


def fuse_reversals(graph: Graph) -> Graph:
    """Move reversals of an axis behind transposes and recurrent layers, and drop those that undo each other."""
    return apply_rules(graph, RULES)


def _descends(array: Array) -> bool:
    """Whether the indices go from the last to the first."""
    return array.ndim == 1 and np.array_equal(array, np.arange(array.size)[::-1])


def _reverses(match: Match, node: str) -> bool:
    found = match.node(node)
    axis, size = (
        int(str(found.attributes.get("axis", 0))),
        match.value(match.tensor(f"indices of {node}")).elements,
    )
    return not found.attributes.get("batch_dims") and match.value(str(found.inputs[0])).shape[axis] == size


def _reversal(node: str, source: Anything | Pattern, *, single_use: bool) -> Pattern:
    indices = Constant(f"indices of {node}", where=_descends)
    return Pattern("gather", (source, indices), name=node, single_use=single_use)


def _same_axis(match: Match) -> bool:
    axes = {match.node(node).attributes.get("axis", 0) for node in ("first", "second")}
    return len(axes) == 1 and _reverses(match, "first") and _reverses(match, "second")


def _transpose_first(match: Match) -> Replacement:
    """The transpose before the reversal, which then is of another axis."""
    permutation = match.root.attributes["permutation"]
    assert isinstance(permutation, tuple)
    axis = permutation.index(match.node("reversal").attributes.get("axis", 0))
    name = match.fresh_name(f"{match.root.outputs[0]}/forward")
    value = match.output
    moved = Node("transpose", (match.tensor("x"),), (name,), match.root.attributes, match.root.name)
    reversal = match.node("reversal")
    turned = Node("gather", (name, reversal.inputs[1]), match.root.outputs, {"axis": axis}, reversal.name)
    return Replacement((moved, turned), values=(type(value)(name, value.dtype, value.shape),))


def _backwards(match: Match) -> Replacement | None:
    """The layer in the other direction; its sequence comes out in the order of what it read."""
    root, reversal = match.root, match.node("reversal")
    if reversal.attributes.get("axis", 0) != 1:
        return None
    turned = root.with_attributes(reverse=not root.attributes.get("reverse", False))
    turned = turned.with_inputs(match.tensor("x"), *root.inputs[1:])
    if root.attributes.get("returns", "last") == "last":
        return Replacement((turned,))
    name, value = match.fresh_name(f"{root.outputs[0]}/backwards"), match.output
    layer = Node(root.operator, turned.inputs, (name, *root.outputs[1:]), turned.attributes, root.name)
    again = Node("gather", (name, reversal.inputs[1]), root.outputs[:1], {"axis": 1}, reversal.name)
    return Replacement((layer, again), values=(type(value)(name, value.dtype, value.shape),))


RULES = (
    Rule(
        "reversal of a reversal",
        _reversal("second", _reversal("first", Anything("x"), single_use=False), single_use=False),
        lambda match: match.use("x"),
        where=_same_axis,
    ),
    Rule(
        "transpose before a reversal",
        Pattern("transpose", (_reversal("reversal", Anything("x"), single_use=True),)),
        _transpose_first,
        where=lambda match: _reverses(match, "reversal"),
    ),
    Rule(
        "recurrent layer of a reversal",
        Pattern(tuple(GATES), (_reversal("reversal", Anything("x"), single_use=False),)),
        _backwards,
        where=lambda match: _reverses(match, "reversal"),
    ),
)
