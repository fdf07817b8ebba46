"""Transposes that undo each other disappear; others move to where there are fewer of them."""

from __future__ import annotations

import numpy as np

from smelt.ir import Graph, Node, Value
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.passes.layout_region import Permutation, connected_region, flip_region, inverse


def cancel_transposes(graph: Graph) -> Graph:
    """Compose neighbouring transposes, absorb them into means and fully connected layers, and compute parts
    of the graph in the other layout where fewer transposes (or transposes of smaller tensors) are left.

    A transpose that only moves dimensions of size 1 becomes a reshape.  Integer results stay the same;
    float sums may be taken in another order.
    """
    graph = apply_rules(graph, RULES)
    improving = True
    while improving:
        improving = False
        for output in [node.outputs[0] for node in graph.nodes if node.operator == "transpose"]:
            better = _improved(graph, output)
            if better is not None:
                graph, improving = better, True
    return apply_rules(graph, (*RULES, TRIVIAL))


def _improved(graph: Graph, output: str) -> Graph | None:
    """The graph after computing the neighbourhood of a transpose in its other layout, if that costs less."""
    node = graph.producers().get(output)
    if node is None or node.operator != "transpose" or node.inputs[0] is None:
        return None
    permutation = _permutation(node)
    for seeds, direction, layout in (
        ([output], "down", permutation),
        ([output], "both", permutation),
        ([node.inputs[0]], "both", inverse(permutation)),
    ):
        region = connected_region(graph, seeds, len(permutation), direction)
        if region:
            candidate = apply_rules(flip_region(graph, region, layout), RULES)
            if _cost(candidate) < _cost(graph):
                return candidate
    return None


def _cost(graph: Graph) -> tuple[int, int]:
    """How many transposes move elements, and how many elements they move."""
    moved = [
        graph.values[node.outputs[0]].elements
        for node in graph.nodes
        if node.operator == "transpose" and not _keeps_order(_permutation(node), _input_shape(graph, node))
    ]
    return len(moved), sum(moved)


def _input_shape(graph: Graph, node: Node) -> tuple[int, ...]:
    assert node.inputs[0] is not None
    return graph.values[node.inputs[0]].shape


def _permutation(node: Node) -> Permutation:
    permutation = node.attributes["permutation"]
    assert isinstance(permutation, tuple)
    return tuple(int(axis) for axis in permutation)


def _keeps_order(permutation: Permutation, shape: tuple[int, ...]) -> bool:
    moved = [axis for axis in permutation if shape[axis] != 1]
    return moved == sorted(moved)


def _compose(match: Match) -> Replacement:
    first, second = _permutation(match.node("first")), _permutation(match.root)
    node = match.root.with_inputs(match.tensor("x"))
    return Replacement((node.with_attributes(permutation=tuple(first[axis] for axis in second)),))


def _is_identity(match: Match) -> bool:
    permutation = _permutation(match.root)
    same = match.value(match.tensor("x")).quantization == match.output.quantization
    return permutation == tuple(range(len(permutation))) and same


def _moves_only_ones(match: Match) -> bool:
    return _keeps_order(_permutation(match.root), match.value(match.tensor("x")).shape)


def _as_reshape(match: Match) -> Replacement:
    node = Node(
        "reshape", (match.tensor("x"),), match.root.outputs, {"shape": match.output.shape}, match.root.name
    )
    return Replacement((node,))


def _mean_of_any_layout(match: Match) -> Replacement | None:
    """mean(transpose(x)) as mean(x), when the dimensions that stay are in the same order."""
    permutation = _permutation(match.node("transpose"))
    axes = match.root.attributes["axes"]
    assert isinstance(axes, tuple)
    stay = [permutation[axis] for axis in range(len(permutation)) if axis not in axes]
    if match.root.attributes.get("keep_dims", False) or stay != sorted(stay):
        return None
    node = match.root.with_inputs(match.tensor("x"))
    return Replacement((node.with_attributes(axes=tuple(permutation[int(axis)] for axis in axes)),))


def _reorder_weights(match: Match) -> Replacement | None:
    """fully_connected(transpose(x), w), perhaps flattened between, with the columns of w in x's order."""
    permutation = _permutation(match.node("transpose"))
    transposed = match.value(match.node("transpose").outputs[0])
    weights = match.array(match.tensor("w"))
    assert weights is not None
    outputs, inputs = weights.shape
    batch, features = transposed.shape[0], transposed.shape[1:]
    flat = "flatten" in match.nodes
    if permutation[0] != 0 or batch * inputs != transposed.elements or match.uses(match.tensor("w")) != 1:
        return None
    if not flat and match.root.attributes.get("keep_dims", False):
        return None
    ordered = weights.reshape(outputs, *features).transpose(inverse(permutation)).reshape(weights.shape)
    name = match.fresh_name(match.tensor("w"))
    old = match.value(match.tensor("w"))
    value = Value(name, old.dtype, old.shape, old.quantization)
    data = match.tensor("x")
    nodes, values = [], [value]
    if flat:
        flatten = match.node("flatten")
        flattened = match.value(flatten.outputs[0])
        data = match.fresh_name(flattened.name)
        values.append(Value(data, flattened.dtype, flattened.shape, flattened.quantization))
        nodes.append(
            Node(flatten.operator, (match.tensor("x"),), (data,), {"shape": flattened.shape}, flatten.name)
        )
    nodes.append(match.root.with_inputs(data, name, *match.root.inputs[2:]))
    return Replacement(tuple(nodes), tuple(values), {name: np.ascontiguousarray(ordered)})


_TRANSPOSE = Pattern("transpose", (Anything("x"),), name="transpose")

RULES = (
    Rule(
        "two transposes",
        Pattern("transpose", (Pattern("transpose", (Anything("x"),), name="first"),)),
        _compose,
    ),
    Rule("no transpose", Pattern("transpose", (Anything("x"),)), lambda match: match.use("x"), _is_identity),
    Rule("mean of a transpose", Pattern("mean", (_TRANSPOSE,)), _mean_of_any_layout),
    Rule(
        "transpose, then fully connected",
        Pattern("fully_connected", (_TRANSPOSE, Constant("w"))),
        _reorder_weights,
    ),
    Rule(
        "transpose, flatten, then fully connected",
        Pattern("fully_connected", (Pattern("reshape", (_TRANSPOSE,), name="flatten"), Constant("w"))),
        _reorder_weights,
    ),
)
TRIVIAL = Rule("transpose as reshape", Pattern("transpose", (Anything("x"),)), _as_reshape, _moves_only_ones)
