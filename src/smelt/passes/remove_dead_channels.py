"""Channels that are constant, or that nobody reads, are not computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import Graph, Node, Quantization, Value
from smelt.operators import find_operator
from smelt.passes.channels import Mask, mixing, selected
from smelt.passes.constant_channels import constant_channels, fold_constant_channels
from smelt.passes.edited_constants import EditedConstants
from smelt.passes.live_channels import LiveChannels


def remove_dead_channels(graph: Graph) -> Graph:
    """Leave out channels (indices of last dimensions) that the graph's outputs do not depend on.

    A channel that has one value whatever the input (all weights before it are zero, or meet only such
    channels) is folded into the bias of the layers that read it, so that they read it no longer.  Channels
    that no reader needs are left out of weights, bias and every tensor between; of each tensor that is
    needed at least one stays.  Inputs and outputs of the graph keep their shapes.

    Integer results are the same to the last bit; float results up to the rounding of the bias.  The graph
    itself is returned when nothing can be left out.
    """
    folded = fold_constant_channels(graph, constant_channels(graph))
    live = LiveChannels(folded)
    computed = [name for node in folded.nodes for name in node.outputs]
    return graph if all(live.of(name).all() for name in computed) else _without_dead(folded, live)


def _without_dead(graph: Graph, live: LiveChannels) -> Graph:
    edited = EditedConstants(graph)
    nodes, values = [], []
    for index, node in enumerate(graph.nodes):
        if any(live.of(name).any() for name in node.outputs):
            nodes.append(_narrowed(graph, index, live, edited))
            values += [_selected_value(graph.values[name], -1, live.of(name)) for name in node.outputs]
    return graph.replaced(nodes=nodes, values=[*values, *edited.values], constants=edited.arrays)
