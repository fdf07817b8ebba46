"""Weights of four bits or less of layers that use each of them often are unpacked to int8 before the layer runs."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from smelt.codegen.options import Options
from smelt.codegen.packing import packed_kernels
from smelt.ir import Array, DType, Graph, Node, Value
from smelt.operators import Call, accepted_kernels, call_of
from smelt.targets import Target

_OFTEN = 4
"""Outputs a channel from which on unpacking weights costs less than widening each of them at each use."""

_FEWEST = 512
"""Weights from which on what describes packed ones does not count."""


def with_packed_nibbles(graph: Graph, target: Target, options: Options) -> tuple[Graph, Options]:
    """The graph with int4 weights of int8 layers described as int8, and those layers among the packed ones.

    Packed weights take four bits or less each in flash; unpacked, all kernels for int8 weights are there for them.
    Layers that use a weight once or twice, small ones, and those that no kernel with packed weights computes stay as
    they are.
    """
    names: set[str] = set()
    nodes: list[Node] = []
    values: list[Value] = []
    constants: dict[str, Array] = {}
    for node in graph.nodes:
        call = call_of(graph, node)
        if not _is_nibble_layer(call) or not _may_be_packed(call, target, options):
            nodes.append(node)
            continue
        weights = call.input(1)
        name = graph.fresh_name(f"{weights.name}/int8", taken=constants)
        values.append(replace(weights, name=name, dtype=DType.S8))
        constants[name] = graph.constants[weights.name]
        nodes.append(_reading(node, name))
        names.add(node.outputs[0])
    if not names:
        return graph, options
    wide = graph.replaced(nodes=nodes, values=values, constants=constants)
    return wide, replace(options, packed=options.packed | names)


def _reading(node: Node, weights: str) -> Node:
    inputs = list(node.inputs)
    inputs[1] = weights
    return node.with_inputs(*inputs)


def _is_nibble_layer(call: Call) -> bool:
    if call.node.operator not in ("conv_2d", "depthwise_conv_2d", "fully_connected"):
        return False
    types = call.input(0).dtype is DType.S8 and call.input(1).dtype is DType.S4
    large = call.input(1).elements >= _FEWEST and prod(call.output.shape[:-1]) >= _OFTEN
    return types and large and call.constant(1) is not None


def _may_be_packed(call: Call, target: Target, options: Options) -> bool:
    wide: tuple[Value | None, ...] = (
        call.inputs[0],
        replace(call.input(1), dtype=DType.S8),
        *call.inputs[2:],
    )
    as_int8 = replace(call, inputs=wide)
    kernels = accepted_kernels(as_int8, target, options.form)
    return bool(kernels and packed_kernels(as_int8, kernels[0], target))
