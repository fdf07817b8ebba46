"""Removing groups of channels: first zeros in the layers that read them, then nothing at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from smelt.ir import Graph
from smelt.operators import call_of
from smelt.operators.operator import Mask
from smelt.passes.channels import channel_count, layer_role
from smelt.passes.constant_channels import Known, fold_constant_channels
from smelt.passes.edited_constants import EditedConstants
from smelt.passes.remove_dead_channels import remove_dead_channels
from smelt.train.channel_statistics import Moments
from smelt.train.pruning_groups import ChannelGroups
from smelt.train.pruning_reconstruction import reconstructed


@dataclass(frozen=True)
class Pruned:
    """A smaller graph, and the one that it equals: of full size, with zeros for what was removed.

    `kept` says of each tensor of the graph before, that lost channels, which ones stay.
    """

    graph: Graph
    masked: Graph
    kept: Mapping[str, Mask]


def remove_groups(
    groups: ChannelGroups, removed: Collection[int], moments: Mapping[str, Moments] | None = None
) -> Pruned:
    """The graph without groups of channels, by their numbers.

    With the moments of what layers read, these make up for what is removed (pruning_reconstruction).
    """
    kept = groups.masks(removed)
    graph = groups.graph if moments is None else reconstructed(groups, kept, moments)
    masked = mask_channels(graph, kept)
    return Pruned(remove_dead_channels(masked), masked, kept)


def mask_channels(graph: Graph, kept: Mapping[str, Mask]) -> Graph:
    """The graph whose layers have zero weights for the channels that are not kept, of their data and their state."""
    if not kept:
        return graph
    nothing = {
        value.name: Known(np.zeros(channel_count(value), np.bool_), np.zeros(channel_count(value)))
        for value in graph.values.values()
    }
    zeros = {name: Known(~mask, np.zeros(len(mask))) for name, mask in kept.items()}
    return _forgetting(fold_constant_channels(graph, {**nothing, **zeros}), kept)


def _forgetting(graph: Graph, kept: Mapping[str, Mask]) -> Graph:
    """The graph whose layers with a state do not read what is not kept of it."""
    edited, nodes = EditedConstants(graph), []
    for node in graph.nodes:
        role = layer_role(call_of(graph, node))
        if role is not None and role.recurrent is not None and node.outputs[0] in kept:
            name = node.inputs[role.recurrent]
            assert name is not None
            array = graph.constants[name]
            zeros = np.where(kept[node.outputs[0]], array, np.zeros((), array.dtype))
            inputs = list(node.inputs)
            inputs[role.recurrent] = edited.put(graph.values[name], zeros)
            node = node.with_inputs(*inputs)
        nodes.append(node)
    return graph.replaced(nodes=nodes, values=edited.values, constants=edited.arrays)
