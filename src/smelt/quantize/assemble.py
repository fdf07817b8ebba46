"""The quantized form of a graph, node by node, each in its own precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import find_operator, verify_graph
from smelt.operators.operator import Weights
from smelt.quantize.calibrate import Ranges
from smelt.quantize.parameters import quantize_array
from smelt.quantize.precision import FLOAT32, Precision
from smelt.quantize.sharing import activation_parameters
from smelt.quantize.weights import Integers, quantize_weights


def assemble(
    graph: Graph,
    ranges: Mapping[DType, Ranges],
    precisions: Mapping[str, Precision],
    input_type: DType,
    output_type: DType,
) -> Graph:
    """A float32 graph with each node in its precision (by the name of its first output; absent: float32).

    `ranges` are those for each activation type.  Conversions are added where precisions meet; float
    inputs and outputs become tensors of the given types (s8, s16 or f32).
    """
    return _Assembly(graph, ranges, precisions).run(input_type, output_type)


class _Assembly:
    def __init__(
        self, graph: Graph, ranges: Mapping[DType, Ranges], precisions: Mapping[str, Precision]
    ) -> None:
        self.graph, self.precisions = graph, precisions
        self.parameters = {dtype: activation_parameters(graph, seen, dtype) for dtype, seen in ranges.items()}
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self.converted: dict[tuple[str, DType, Quantization | None], str] = {}

    def run(self, input_type: DType, output_type: DType) -> Graph:
        """All nodes in order."""
        inputs = [self._input(name, input_type) for name in self.graph.inputs]
        for node in self.graph.nodes:
            self._node(node, self.precisions.get(node.outputs[0], FLOAT32))
        outputs = [self._output(name, output_type) for name in self.graph.outputs]
        assembled = Graph(
            name=self.graph.name,
            values=self.values,
            nodes=tuple(self.nodes),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            constants=self.constants,
            metadata=self.graph.metadata,
        )
        return verify_graph(assembled.replaced())

    def _described(self, name: str, dtype: DType | None) -> Value:
        """A float tensor in an activation type, with its own parameters; None and other tensors: as it is."""
        value = self.graph.values[name]
        if value.dtype is not DType.F32 or dtype is None or dtype is DType.F32:
            return value
        return replace(value, dtype=dtype, quantization=self.parameters[dtype][name])

    def _fresh(self, stem: str) -> str:
        return self.graph.fresh_name(stem, taken=self.values)

    def _input(self, name: str, dtype: DType) -> str:
        """An input keeps its name in the type in which nodes read it; outside it may be float32."""
        readers = (self.precisions.get(n.outputs[0], FLOAT32) for n in self.graph.nodes if name in n.inputs)
        inside = next((p.activations for p in readers if p.activations is not None), None)
        if inside is None and dtype is not DType.F32:
            inside = dtype
        self.values[name] = self._described(name, inside)
        if self.values[name].dtype in (self.graph.values[name].dtype, dtype):
            return name
        outer = self._described(name, dtype)
        outside = self._fresh(f"{name}_{'float32' if dtype is DType.F32 else dtype.numpy.name}")
        self.values[outside] = replace(outer, name=outside)
        self.nodes.append(_conversion(outside, name, self.values[name].dtype, f"quantize {name}"))
        return outside

    def _output(self, name: str, dtype: DType) -> str:
        constant = name in self.graph.constants
        if dtype is DType.F32 or self.graph.values[name].dtype is not DType.F32:
            if constant or self.values[name].dtype is self.graph.values[name].dtype:
                return self._operand(name, DType.F32, None)
            # a fresh name, and the last node: conversions for other readers are no outputs
            outside = self._fresh(f"{name}_float32")
            self.values[outside] = replace(self.graph.values[name], name=outside)
            self.nodes.append(_conversion(name, outside, DType.F32, f"dequantize {name}"))
            return outside
        produced = None if constant else self.values[name]
        same = produced is not None and produced.dtype is dtype
        return self._operand(
            name, dtype, produced.quantization if same and produced else self.parameters[dtype][name]
        )

    def _node(self, node: Node, precision: Precision) -> None:
        traits = find_operator(node.operator).traits
        inputs: list[str | None] = list(node.inputs)
        dtype = precision.activations or DType.F32
        special: set[int] = set()
        if traits.weights is not None and dtype is not DType.F32:
            special = {i for i in (traits.weights.input, traits.weights.bias) if i is not None}
            self._weights(node, traits.weights, precision, inputs)
        for index, name in enumerate(inputs):
            if name is None or index in special:
                continue
            like = node.outputs[0] if traits.same_quantization else name
            inputs[index] = self._operand(name, dtype, self._described(like, dtype).quantization)
        for name in node.outputs:
            self.values[name] = self._described(name, precision.activations)
        self.nodes.append(replace(node, inputs=tuple(inputs)))

    def _operand(self, name: str, dtype: DType, wanted: Quantization | None) -> str:
        """The tensor in a type with these parameters: itself, a constant, or converted (once for all readers)."""
        original = self.graph.values[name]
        if name in self.graph.constants:
            array = self.graph.constants[name]
            if original.dtype is not DType.F32 or dtype is DType.F32 or wanted is None:
                return self._add_constant(name, array, original.dtype, original.quantization)
            own = self.parameters[dtype][name]
            low, high = dtype.integer_range
            integers = quantize_array(array, own.scale, own.zero_point, low, high).astype(dtype.numpy)
            inside = self._add_constant(name, integers, dtype, own)
        else:
            inside = name
        present = self.values[inside]
        if original.dtype is not DType.F32 or (present.dtype, present.quantization) == (dtype, wanted):
            return inside
        key = (name, dtype, wanted)
        if key not in self.converted:
            form = (
                "requantized" if dtype is present.dtype else "float32" if wanted is None else dtype.numpy.name
            )
            copy = self._fresh(f"{name}_{form}")
            self.values[copy] = replace(original, name=copy, dtype=dtype, quantization=wanted)
            verb = (
                "dequantize"
                if wanted is None
                else "quantize"
                if present.quantization is None
                else "requantize"
            )
            self.nodes.append(_conversion(inside, copy, dtype, f"{verb} {name}"))
            self.converted[key] = copy
        return self.converted[key]

    def _weights(self, node: Node, place: Weights, precision: Precision, inputs: list[str | None]) -> None:
        data, dtype = inputs[place.data], precision.activations
        assert data is not None
        assert dtype is not None
        assert precision.weights is not None
        assert precision.bias is not None
        data_scale = self.parameters[dtype][data].scale
        weights, bias = quantize_weights(self.graph, node, place, precision, data_scale)
        inputs[place.input] = self._add_integers(inputs[place.input], weights, precision.weights)
        if bias is not None and place.bias is not None:
            inputs[place.bias] = self._add_integers(inputs[place.bias], bias, precision.bias)

    def _add_integers(self, stem: str | None, integers: Integers, dtype: DType) -> str:
        assert stem is not None
        return self._add_constant(stem, integers.array.astype(dtype.numpy), dtype, integers.quantization)

    def _add_constant(self, stem: str, array: Array, dtype: DType, quantization: Quantization | None) -> str:
        """A constant of this content; the name of the float one unless another content took it."""
        name, value = stem, Value(stem, dtype, tuple(array.shape), quantization)
        if name in self.values and not (
            self.values[name] == value and np.array_equal(self.constants[name], array)
        ):
            name = self._fresh(stem)
        self.values[name] = replace(value, name=name)
        self.constants[name] = array
        return name


def _conversion(source: str, result: str, dtype: DType, name: str) -> Node:
    if dtype is DType.F32:
        return Node("dequantize", (source,), (result,), {}, name)
    return Node("quantize", (source,), (result,), {"dtype": dtype.value}, name)
