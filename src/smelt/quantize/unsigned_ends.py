"""Inputs and outputs of unsigned bytes around a network of int8: cameras give them, older applications want them."""

from __future__ import annotations

from dataclasses import replace

from smelt.ir import DType, Graph, Node, Quantization, Value
from smelt.operators import verify_graph

_SHIFT = 128


def unsigned_ends(graph: Graph, *, inputs: bool, outputs: bool) -> Graph:
    """The graph with uint8 where its quantized int8 inputs or outputs were: the same real numbers, 128 steps higher."""
    values: list[Value] = []
    before: list[Node] = []
    after: list[Node] = []

    def outside(name: str) -> str | None:
        """The value that takes an int8 one's place; None where there is nothing to do."""
        value = graph.values[name]
        if value.dtype is not DType.S8 or value.quantization is None:
            return None
        shifted = Quantization.per_tensor(value.quantization.scale, value.quantization.zero_point + _SHIFT)
        taken = [other.name for other in values]
        found = replace(
            value, name=graph.fresh_name(f"{name}_uint8", taken), dtype=DType.U8, quantization=shifted
        )
        values.append(found)
        return found.name

    new_inputs, new_outputs = list(graph.inputs), list(graph.outputs)
    for index, name in enumerate(graph.inputs if inputs else ()):
        if (found := outside(name)) is not None:
            new_inputs[index] = found
            before.append(Node("quantize", (found,), (name,), {"dtype": "s8"}, f"{name} to int8"))
    for index, name in enumerate(graph.outputs if outputs else ()):
        if (found := outside(name)) is not None:
            new_outputs[index] = found
            after.append(Node("quantize", (name,), (found,), {"dtype": "u8"}, f"{name} to uint8"))
    nodes = (*before, *graph.nodes, *after)
    return verify_graph(graph.replaced(nodes=nodes, values=values, inputs=new_inputs, outputs=new_outputs))
