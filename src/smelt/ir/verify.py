"""The rules of the IR that need no knowledge of operators."""

from __future__ import annotations

from smelt.errors import GraphError
from smelt.ir.graph import Graph, Node, Value
from smelt.ir.types import Array, DType


def verify(graph: Graph) -> Graph:
    """Check that a graph is well formed and return it; raises GraphError naming node and tensor.

    Checked: every name is described, values are computed once and before they are read, constants
    match their description, quantization parameters fit their tensors, outputs are computed.
    """
    for value in graph.values.values():
        _verify_value(graph, value)
    _verify_constants(graph)
    available = {*graph.inputs, *graph.constants}
    for name in graph.inputs:
        _described(graph, name, "graph input")
        if name in graph.constants:
            raise GraphError(f"graph '{graph.name}': input '{name}' is also a constant")
    if len(set(graph.inputs)) != len(graph.inputs):
        raise GraphError(f"graph '{graph.name}': an input is listed twice")
    for node in graph.nodes:
        _verify_node(graph, node, available)
        available.update(node.outputs)
    for name in graph.outputs:
        _described(graph, name, "graph output")
        if name not in available:
            raise GraphError(f"graph '{graph.name}': output '{name}' is computed by no node")
    return graph


def _described(graph: Graph, name: str, where: str) -> None:
    if name not in graph.values:
        raise GraphError(f"graph '{graph.name}': {where} uses '{name}', which is not described")


def _verify_value(graph: Graph, value: Value) -> None:
    if graph.values[value.name] is not value:
        raise GraphError(f"graph '{graph.name}': tensor '{value.name}' is listed under another name")
    if any(dimension < 0 for dimension in value.shape):
        raise GraphError(f"tensor '{value.name}': shape {list(value.shape)} has a negative dimension")
    if value.quantization is None:
        return
    if not value.dtype.is_integer:
        raise GraphError(f"tensor '{value.name}': {value.dtype.value} cannot carry quantization parameters")
    problem = value.quantization.problem(value.shape, value.dtype)
    if problem:
        raise GraphError(f"tensor '{value.name}': {problem}")


def _verify_constants(graph: Graph) -> None:
    for name, array in graph.constants.items():
        _described(graph, name, "constant")
        value = graph.values[name]
        if array.shape != value.shape or array.dtype != value.dtype.numpy:
            raise GraphError(
                f"constant '{name}': array {array.dtype}{list(array.shape)} "
                f"is described as {value.dtype.value}{list(value.shape)}"
            )
        if value.dtype.bits < 8 and not _holds(value.dtype, array):
            raise GraphError(f"constant '{name}': has integers that {value.dtype.value} has not")


def _holds(dtype: DType, array: Array) -> bool:
    """Whether all integers are of a type of few bits."""
    low, high = dtype.integer_range
    inside = array.size == 0 or bool(low <= array.min() and array.max() <= high)
    return inside and not (dtype is DType.S1 and bool((array == 0).any()))


def _verify_node(graph: Graph, node: Node, available: set[str]) -> None:
    if not node.outputs:
        raise GraphError(f"{node.label}: has no output")
    for name in node.inputs:
        if name is None:
            continue
        _described(graph, name, node.label)
        if name not in available:
            raise GraphError(f"{node.label}: reads '{name}' before it is computed")
    for name in node.outputs:
        _described(graph, name, node.label)
        if name in available:
            raise GraphError(f"{node.label}: computes '{name}', which already has a value")
    if len(set(node.outputs)) != len(node.outputs):
        raise GraphError(f"{node.label}: lists an output twice")
