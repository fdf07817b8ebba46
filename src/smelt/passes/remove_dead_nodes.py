"""Nodes and constants that no output of the graph depends on are left out."""

from __future__ import annotations

from smelt.ir import Graph


def remove_dead_nodes(graph: Graph) -> Graph:
    """The graph without nodes that its outputs do not need; its inputs stay."""
    needed = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if needed.isdisjoint(node.outputs):
            continue
        kept.append(node)
        needed.update(name for name in node.inputs if name is not None)
    return graph.replaced(nodes=reversed(kept))
