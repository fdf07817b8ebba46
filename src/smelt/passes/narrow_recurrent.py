"""Recurrent layers give back only what is read."""

from __future__ import annotations

from smelt.ir import Graph, Node
from smelt.operators.recurrent import GATES

_RETURNS = ("sequence", "last")


def narrow_recurrent(graph: Graph) -> Graph:
    """Let a recurrent layer that returns all return its sequence, or its last output, where only that is read."""
    used = {name for node in graph.nodes for name in node.inputs} | set(graph.outputs)
    return graph.replaced(nodes=[_narrowed(node, used) for node in graph.nodes])


def _narrowed(node: Node, used: set[str | None]) -> Node:
    if node.operator not in GATES or node.attributes.get("returns") != "all":
        return node
    read = [place for place, name in enumerate(node.outputs) if name in used]
    if read not in ([0], [1]):
        return node
    (place,) = read
    attributes = {**node.attributes, "returns": _RETURNS[place]}
    return Node(node.operator, node.inputs, (node.outputs[place],), attributes, node.name)
