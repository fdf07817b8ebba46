"""Weights of four bits or less of layers that use each of them often are unpacked to int8 before the layer runs."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from smelt.codegen.options import Options
from smelt.codegen.packing import packed_kernels, usual_packed
from smelt.ir import Array, DType, Graph, Node, Value
from smelt.operators import Call, accepted_kernels, call_of
from smelt.operators.bit_planes import FEW_BITS
from smelt.operators.cycles import estimated_cycles
from smelt.targets import Target

_OFTEN = 4
"""Outputs a channel from which on unpacking weights costs less than widening each of them at each use."""

_FEWEST = 512
"""Weights from which on what describes packed ones does not count."""


def with_packed_nibbles(graph: Graph, target: Target, options: Options) -> tuple[Graph, Options]:
    """The graph with narrow weights of int8 layers described as int8, and those layers among the packed ones.

    Packed weights take no more bits each in flash than before; unpacked, all kernels for int8 weights are there for
    them.  Layers that use a weight once or twice, small ones, and those that no kernel with packed weights computes
    stay as they are; so do those of one or two bits whose own kernel is as fast, or wanted for its size.
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
    types = call.input(0).dtype is DType.S8 and call.input(1).dtype.bits < 8
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
    packed = packed_kernels(as_int8, kernels[0], target) if kernels else ()
    if not packed or call.node.operator == "depthwise_conv_2d" or call.input(1).dtype not in FEW_BITS:
        return bool(packed)
    own = estimated_cycles(call, accepted_kernels(call, target, options.form)[0], target=target)
    fast = options.optimize in ("balanced", "speed") and options.ram_bytes is None
    return fast and estimated_cycles(as_int8, usual_packed(packed, as_int8, target), target=target) < own
