"""Changing the weights of a graph's layers, one layer after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

from smelt.errors import UsageError
from smelt.ir import DType, Graph
from smelt.operators import Call, call_of, find_operator
from smelt.train.channel_statistics import Floats

Number = TypeVar("Number", int, float)


def float_layers(graph: Graph) -> Iterator[tuple[Call, str, Floats]]:
    """The layers with constant float weights: call, name of the weights, weights as [outputs, ..., data channels].

    Of layers that share weights the first alone.  UsageError for a quantized graph.
    """
    if any(value.quantization is not None for value in graph.values.values()):
        raise UsageError(f"'{graph.name}' is quantized: compress the float model, then quantize it")
    seen = set()
    for node in graph.nodes:
        call, role = call_of(graph, node), find_operator(node.operator).traits.weights
        name = None if role is None else node.inputs[role.input]
        if role is None or name is None or name in seen or name not in graph.constants:
            continue
        if graph.values[name].dtype is DType.F32:
            seen.add(name)
            yield call, name, _rows(call, graph.constants[name].astype(np.float64))


def with_weights(graph: Graph, changed: Mapping[str, Floats]) -> Graph:
    """The graph with other weights, given by name and laid out as `float_layers` does."""
    constants = {}
    for call, name, _ in float_layers(graph):
        if name in changed:
            source, target = _axes(call)
            constants[name] = np.moveaxis(changed[name], target, source).astype(np.float32)
    return graph.replaced(constants=constants)


def settings(graph: Graph, given: Number | Mapping[str, Number]) -> dict[str, Number]:
    """The setting of each layer's weights, by their name: one for all, or by the names of nodes or their outputs.

    UsageError for names of no layer.
    """
    layers = list(float_layers(graph))
    if not isinstance(given, Mapping):
        return {name: given for _, name, _ in layers}
    known = {key: name for call, name, _ in layers for key in (call.node.name, call.output.name)}
    for key in given:
        if key not in known:
            raise UsageError(f"'{key}' is no layer with float weights of '{graph.name}'")
    return {known[key]: number for key, number in given.items()}


def _axes(call: Call) -> tuple[tuple[int, ...], tuple[int, ...]]:
    role = find_operator(call.node.operator).traits.weights
    assert role is not None
    if role.data_axis is None:
        return (role.channel_axis,), (0,)
    return (role.channel_axis, role.data_axis), (0, -1)


def _rows(call: Call, weights: Floats) -> Floats:
    source, target = _axes(call)
    return np.moveaxis(weights, source, target)
