"""Running a graph by its meaning: each operator's numpy `evaluate`, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from smelt.errors import EngineError
from smelt.ir import Array, Graph, Node
from smelt.operators import call_of, find_operator
from smelt.operators.builder import random_array


def evaluate_graph(
    graph: Graph,
    inputs: Mapping[str, Array],
    observe: Callable[[str, Array], None] | None = None,
    *,
    before_node: Callable[[Node, int, int], None] | None = None,
) -> dict[str, Array]:
    """The graph's outputs for one set of inputs, by name.

    `inputs` maps every graph input to an array of its shape and type (EngineError otherwise).
    `observe(name, array)` is called with every input and every computed tensor in execution order;
    tensors are dropped after their last reader.  `before_node(node, index, count)` reports progress.
    """
    arrays: dict[str, Array] = dict(graph.constants)
    for name in graph.inputs:
        arrays[name] = check_input(graph, name, inputs)
        if observe:
            observe(name, arrays[name])
    last_use = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs if name}
    for index, node in enumerate(graph.nodes):
        if before_node:
            before_node(node, index, len(graph.nodes))
        call = call_of(graph, node)
        given = [None if name is None else arrays[name] for name in node.inputs]
        with np.errstate(all="ignore"):
            results = find_operator(node.operator).evaluate(call, given)
        for name, array in zip(node.outputs, results, strict=True):
            _check_result(graph, node, name, array)
            arrays[name] = array
            if observe:
                observe(name, array)
        for used in node.inputs:
            if used and last_use[used] == index and used not in graph.outputs:
                arrays.pop(used, None)
    return {name: arrays[name] for name in graph.outputs}


def sample_inputs(graph: Graph) -> dict[str, Array]:
    """Reproducible random inputs; without signs where these make a result that is not finite (a logarithm).

    Integers that are not quantized are 0 where random ones are no indices of what they index.
    """
    inputs = {name: random_array(graph.values[name], index) for index, name in enumerate(graph.inputs)}
    try:
        results = evaluate_graph(graph, inputs)
    except EngineError:
        for name, array in inputs.items():
            if array.dtype.kind in "iu" and graph.values[name].quantization is None:
                inputs[name] = np.zeros_like(array)
        results = evaluate_graph(graph, inputs)
    if all(np.isfinite(array).all() for array in results.values() if array.dtype.kind == "f"):
        return inputs
    return {name: np.abs(array) if array.dtype.kind == "f" else array for name, array in inputs.items()}


def check_input(graph: Graph, name: str, inputs: Mapping[str, Array]) -> Array:
    """The array given for a graph input, checked against its description; EngineError when it does not fit."""
    value = graph.values[name]
    if name not in inputs:
        given = ", ".join(inputs) or "none"
        raise EngineError(f"input '{name}' of '{graph.name}' is missing; given: {given}")
    array = np.asarray(inputs[name])
    if array.shape != value.shape or array.dtype != value.dtype.numpy:
        raise EngineError(
            f"input '{name}' of '{graph.name}' wants {value.dtype.value}{list(value.shape)}, "
            f"given {array.dtype}{list(array.shape)}"
        )
    return array


def _check_result(graph: Graph, node: Node, name: str, array: Array) -> None:
    value = graph.values[name]
    if array.shape != value.shape or array.dtype != value.dtype.numpy:
        raise EngineError(
            f"{node.label}: computed {array.dtype}{list(array.shape)} for '{name}', "
            f"described as {value.dtype.value}{list(value.shape)}"
        )
