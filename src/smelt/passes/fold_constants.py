"""Nodes that only read constants become constants."""

from __future__ import annotations

from smelt.ir import Array, Graph, Node
from smelt.operators import call_of, find_operator

SMALL_ELEMENTS = 4096
"""A folded result may always have this many elements; a larger one no more bytes than its largest input."""


def fold_constants(graph: Graph) -> Graph:
    """Evaluate nodes all of whose inputs are constant, unless that would make the model much larger.

    Nodes that compute an output of the graph stay, since an output has to be computed.
    """
    constants: dict[str, Array] = dict(graph.constants)
    kept = []
    for node in graph.nodes:
        if not _foldable(graph, node, constants):
            kept.append(node)
            continue
        inputs = [None if name is None else constants[name] for name in node.inputs]
        results = find_operator(node.operator).evaluate(call_of(_with(graph, node, constants), node), inputs)
        constants.update(zip(node.outputs, results, strict=True))
    return graph.replaced(nodes=kept, constants=constants)


def _foldable(graph: Graph, node: Node, constants: dict[str, Array]) -> bool:
    names = [name for name in node.inputs if name is not None]
    if not names or not constants.keys() >= set(names) or not set(graph.outputs).isdisjoint(node.outputs):
        return False
    results = [graph.values[name] for name in node.outputs]
    if sum(value.elements for value in results) <= SMALL_ELEMENTS:
        return True
    return sum(value.bytes for value in results) <= max(graph.values[name].bytes for name in names)


def _with(graph: Graph, node: Node, constants: dict[str, Array]) -> Graph:
    """A graph of this node alone, in which its inputs are known to be constant."""
    inputs = {name: constants[name] for name in node.inputs if name is not None}
    return graph.replaced(nodes=(node,), constants=inputs, inputs=(), outputs=node.outputs)
