"""Channels that are constant, or that nobody reads, are not computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import Graph, Node, Quantization, Value
from smelt.operators import call_of, find_operator
from smelt.operators.operator import Mask
from smelt.passes.channels import layer_role
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
    # Blocks of weights with a scale each must stay whole.
    if any(v.quantization is not None and v.quantization.block for v in graph.values.values()):
        return graph
    # A tensor may turn out to be constant as a whole only when its other channels have gone.
    while (smaller := _with_fewer_channels(graph)) is not graph:
        graph = smaller
    return graph


def _with_fewer_channels(graph: Graph) -> Graph:
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


def _narrowed(graph: Graph, index: int, live: LiveChannels, edited: EditedConstants) -> Node:
    """The node reading and computing live channels only; tensors without any are read no longer."""
    node = graph.nodes[index]
    traits = find_operator(node.operator).traits
    inputs: list[str | None] = []
    for place, name in enumerate(node.inputs):
        if name is None or name in graph.constants:
            inputs.append(name and _selected_constant(graph, index, place, live, edited))
        elif live.of(name).any():
            inputs.append(name)
    narrowed = replace(node, inputs=tuple(inputs))
    source, result = live.of_input(index, 0), live.of(node.outputs[0])
    if traits.narrow is None or (source.all() and result.all()):
        return narrowed
    return narrowed.with_attributes(**traits.narrow(call_of(graph, node), source, result))


def _selected_constant(
    graph: Graph, index: int, place: int, live: LiveChannels, edited: EditedConstants
) -> str:
    """The name of a constant input with what the live channels need of it."""
    node = graph.nodes[index]
    name, role = node.inputs[place], layer_role(call_of(graph, node))
    assert name is not None
    shape, output = graph.values[name].shape, live.of(node.outputs[0])
    if role is not None and place in (role.input, role.recurrent):
        masks = {role.channel_axis: np.resize(output, shape[role.channel_axis])}
        if role.data_axis is not None and live.mixes(index):
            features = output if place == role.recurrent else live.of_input(index, place)
            masks[role.data_axis] = features[: shape[role.data_axis]]
    elif role is not None and place == role.bias:
        masks = {0: np.resize(output, shape[0])}
    else:
        masks = {graph.constants[name].ndim - 1: live.of_input(index, place)}
    value, array = graph.values[name], graph.constants[name]
    if all(mask.all() for mask in masks.values()):
        return name
    for axis, mask in masks.items():
        value, array = _selected_value(value, axis, mask), np.compress(mask, array, axis=axis)
    return edited.put(value, array)


def _selected_value(value: Value, axis: int, mask: Mask) -> Value:
    """The description of what a mask leaves of one dimension (counted from the end when negative)."""
    if mask.all():
        return value
    axis %= len(value.shape)
    shape = (*value.shape[:axis], int(np.count_nonzero(mask)), *value.shape[axis + 1 :])
    return replace(value, shape=shape, quantization=_selected_quantization(value.quantization, axis, mask))


def _selected_quantization(quantization: Quantization | None, axis: int, mask: Mask) -> Quantization | None:
    if quantization is None or quantization.axis != axis:
        return quantization
    kept = np.flatnonzero(mask)
    return Quantization(
        tuple(quantization.scales[i] for i in kept), tuple(quantization.zero_points[i] for i in kept), axis
    )
