"""Float layers with narrower weights: of half precision, int8 or int4; nothing is calibrated."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from smelt.errors import QuantizationError
from smelt.ir import Array, DType, Graph, Node, Value
from smelt.operators import find_operator, verify_graph
from smelt.operators.operator import Weights
from smelt.quantize.blocks import block_obstacle, in_blocks
from smelt.quantize.parameters import weight_scales
from smelt.quantize.weights import least_squares_scales, with_scales

LAYERS = ("conv_2d", "depthwise_conv_2d", "fully_connected")
"""The operators whose kernels read narrow weights."""

_LARGEST = {DType.S8: 127, DType.S4: 7}
_LARGEST_HALF = float(np.finfo(np.float16).max)


def narrow_weights(
    graph: Graph,
    weights: DType,
    *,
    dynamic: bool = False,
    block: int = 0,
    only: Collection[str] | None = None,
) -> Graph:
    """The graph with constant float32 weights of convolutions and dense layers in another type.

    `weights`: f16, or symmetric per output channel s8, the largest weight of a channel exact, or s4, with the scale
    of the least squared error.  `dynamic`:
    layers with integer weights quantize their input to int8 at each run and sum integers; otherwise they compute in
    float32.  `block`: int4 weights of dense layers get a scale, in half precision, for each so many of a row, where
    there is no `block_obstacle`.  `only`: the layers with these results.  Biases stay float32.  Depthwise layers
    cannot meet s4 weights dynamically in TFLite: theirs become s8.
    QuantizationError for weights that hold NaN, infinity, or numbers beyond half precision.
    """
    values: list[Value] = []
    constants: dict[str, Array] = {}
    made: dict[tuple[str, int, DType], str] = {}

    def narrowed(node: Node, place: Weights, name: str, dtype: DType) -> str:
        key = (name, place.channel_axis, dtype)
        if key not in made:
            array = graph.constants[name]
            taken = [value.name for value in values]
            made[key] = graph.fresh_name(f"{name}/{dtype.value}", taken=taken)
            blocks = node.operator == "fully_connected" and dtype is DType.S4 and block > 0
            value, contents = _narrow(node, place, made[key], array, dtype)
            if blocks and block_obstacle(array, block) is None:
                value, contents = in_blocks(made[key], array, block)
            values.append(value)
            constants[made[key]] = contents
        return made[key]

    nodes = []
    for node in graph.nodes:
        place = find_operator(node.operator).traits.weights
        name = None if place is None or place.input >= len(node.inputs) else node.inputs[place.input]
        wanted = node.operator in LAYERS and (only is None or node.outputs[0] in only)
        if wanted and place is not None and _is_float(graph, node, name):
            assert name is not None
            dtype = DType.S8 if dynamic and node.operator == "depthwise_conv_2d" else weights
            inputs = list(node.inputs)
            inputs[place.input] = narrowed(node, place, name, dtype)
            node = node.with_inputs(*inputs)
            if dynamic:
                node = node.with_attributes(quantize_input="asymmetric")
        nodes.append(node)
    return verify_graph(graph.replaced(nodes=nodes, values=values, constants=constants))


def _is_float(graph: Graph, node: Node, name: str | None) -> bool:
    """Whether a layer is float32 throughout and its weights are constant."""
    data = graph.values[str(node.inputs[0])]
    return name in graph.constants and graph.values[str(name)].dtype is data.dtype is DType.F32


def _narrow(node: Node, place: Weights, name: str, array: Array, dtype: DType) -> tuple[Value, Array]:
    finite = bool(np.isfinite(array).all())
    if not finite or (dtype is DType.F16 and np.abs(array).max(initial=0) > _LARGEST_HALF):
        raise QuantizationError(
            f"{node.label}: its weights hold NaN, infinity or numbers beyond {dtype.value}"
        )
    if dtype is DType.F16:
        return Value(name, dtype, array.shape), array.astype(np.float16)
    largest = _LARGEST[dtype]
    scales = weight_scales(array, place.channel_axis, np.zeros(array.shape[place.channel_axis]), largest)
    if dtype is DType.S4:
        scales = least_squares_scales(array, place.channel_axis, scales, largest)
    integers = with_scales(array, place.channel_axis, scales, largest)
    return Value(name, dtype, array.shape, integers.quantization), integers.array.astype(np.int8)
