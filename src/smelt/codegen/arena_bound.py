"""How small an arena could be at best."""

from __future__ import annotations

from smelt.codegen.layers import arena_tensors, make_layers
from smelt.codegen.options import BALANCED, Options
from smelt.codegen.row_planning import row_layers
from smelt.ir import Graph
from smelt.memory.row_bound import RowBound, row_bound
from smelt.targets import Target


def arena_bound(graph: Graph, target: Target, options: Options = BALANCED) -> RowBound | None:
    """A bound below the arena of every plan, whatever kernels and order of rows it takes; None where there is none.

    Workspaces of kernels come on top.  Graphs whose layers have several outputs have no bound.
    """
    layers = make_layers(graph, target, options)
    if any(len(layer.node.outputs) != 1 for layer in layers):
        return None
    held = arena_tensors(graph, options)
    rows, tensors, _ = row_layers(graph, layers, held.home, target, options)
    return row_bound(rows, tensors, held.arrive, held.leave, keep_inputs=options.keep_input)
