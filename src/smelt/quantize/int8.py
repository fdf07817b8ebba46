"""Full int8 post-training quantization per the TensorFlow Lite int8 specification."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

import numpy as np

from smelt.errors import QuantizationError, UnsupportedError
from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import call_of, find_operator, verify_graph
from smelt.operators.operator import Weights
from smelt.quantize.calibrate import Ranges, calibrate
from smelt.quantize.observers import MinMaxObserver, Observer
from smelt.quantize.parameters import activation_quantization, quantize_array, weight_scales
from smelt.quantize.samples import representative

IoType = Literal["int8", "float32"]


def quantize_int8(
    graph: Graph,
    samples: object,
    *,
    input_type: IoType = "int8",
    output_type: IoType = "int8",
    observer: Callable[[str], Observer] = MinMaxObserver,
    after_sample: Callable[[int], None] | None = None,
) -> Graph:
    """The int8 form of a float32 graph, calibrated on samples.

    `samples` is a path (.npz, .npy), arrays, or an iterable, as `representative` takes them.

    Activations are asymmetric per tensor, weights symmetric per output channel, biases int32.
    `input_type` and `output_type` choose int8 tensors or float32 ones with a quantize or dequantize
    node.  Raises UnsupportedError naming operators that have no int8 meaning.
    """
    _check_quantizable(graph)
    ranges = calibrate(graph, representative(graph, samples), observer, after_sample=after_sample)
    return _Quantizer(graph, ranges, input_type, output_type).run()


def _check_quantizable(graph: Graph) -> None:
    if any(v.quantization is not None for v in graph.values.values()):
        raise QuantizationError(f"'{graph.name}' is quantized already; quantize the float model")
    for node in graph.nodes:
        if not find_operator(node.operator).traits.quantizable:
            raise UnsupportedError(f"{node.label}: this operator has no int8 form in smelt")


class _Quantizer:
    def __init__(self, graph: Graph, ranges: Ranges, input_type: IoType, output_type: IoType) -> None:
        self.graph = graph
        self.input_type, self.output_type = input_type, output_type
        self.parameters = activation_parameters(graph, ranges)
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self.requantized: dict[tuple[str, Quantization], str] = {}

    def run(self) -> Graph:
        """Quantize node by node in order."""
        inputs = [self._input(name) for name in self.graph.inputs]
        for node in self.graph.nodes:
            self._node(node)
        outputs = [self._output(name) for name in self.graph.outputs]
        quantized = Graph(
            name=self.graph.name,
            values=self.values,
            nodes=tuple(self.nodes),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            constants=self.constants,
            metadata=self.graph.metadata,
        )
        return verify_graph(quantized.replaced())

    def _quantized(self, name: str) -> Value:
        value = self.graph.values[name]
        return replace(value, dtype=DType.S8, quantization=self.parameters[name])

    def _fresh(self, stem: str) -> str:
        return self.graph.fresh_name(stem, taken=self.values)

    def _input(self, name: str) -> str:
        value = self.graph.values[name]
        if value.dtype is not DType.F32:
            self.values[name] = value
            return name
        self.values[name] = self._quantized(name)
        if self.input_type == "int8":
            return name
        outside = self._fresh(f"{name}_float32")
        self.values[outside] = replace(value, name=outside)
        self.nodes.append(Node("quantize", (outside,), (name,), {"dtype": "s8"}, f"quantize {name}"))
        return outside

    def _output(self, name: str) -> str:
        value = self.graph.values[name]
        inside = self._constant(name) if name in self.graph.constants else name
        if value.dtype is not DType.F32 or self.output_type == "int8":
            return inside
        outside = self._fresh(f"{name}_float32")
        self.values[outside] = replace(value, name=outside)
        self.nodes.append(Node("dequantize", (inside,), (outside,), {}, f"dequantize {name}"))
        return outside

    def _constant(self, name: str) -> str:
        """A constant operand in int8 per tensor; the same constant may be weights elsewhere."""
        value, array = self.graph.values[name], self.graph.constants[name]
        if value.dtype is not DType.F32:
            self.values[name], self.constants[name] = value, array
            return name
        parameters = self.parameters[name]
        integers = quantize_array(array, parameters.scale, parameters.zero_point, -128, 127)
        return self._add_constant(name, integers.astype(np.int8), DType.S8, parameters)

    def _node(self, node: Node) -> None:
        traits = find_operator(node.operator).traits
        inputs: list[str | None] = list(node.inputs)
        special: set[int] = set()
        if traits.weights is not None:
            special = {i for i in (traits.weights.input, traits.weights.bias) if i is not None}
            self._weights(node, traits.weights, inputs)
        for index, name in enumerate(inputs):
            if name is None or index in special:
                continue
            if name in self.graph.constants:
                inputs[index] = self._constant(name)
            if traits.same_quantization and self.graph.values[name].dtype is DType.F32:
                inputs[index] = self._matched(name, inputs[index] or name, self.parameters[node.outputs[0]])
        for name in node.outputs:
            value = self.graph.values[name]
            self.values[name] = self._quantized(name) if value.dtype is DType.F32 else value
        self.nodes.append(replace(node, inputs=tuple(inputs)))

    def _matched(self, name: str, inside: str, wanted: Quantization) -> str:
        """The tensor itself (here called `inside`), or a requantized copy where its parameters are fixed to others."""
        if self.parameters[name] == wanted:
            return inside
        if (name, wanted) not in self.requantized:
            copy = self._fresh(f"{name}_requantized")
            self.values[copy] = replace(self._quantized(name), name=copy, quantization=wanted)
            self.nodes.append(Node("quantize", (inside,), (copy,), {"dtype": "s8"}, f"requantize {name}"))
            self.requantized[name, wanted] = copy
        return self.requantized[name, wanted]

    def _weights(self, node: Node, place: Weights, inputs: list[str | None]) -> None:
        """Quantize weights per channel, and the bias with the product of the scales."""
        weights_name, data_name = inputs[place.input], inputs[place.data]
        assert weights_name is not None
        assert data_name is not None
        weights = self.graph.constants.get(weights_name)
        if weights is None:
            raise UnsupportedError(f"{node.label}: int8 quantization needs constant weights")
        if not np.isfinite(weights).all():
            raise QuantizationError(f"{node.label}: weights '{weights_name}' hold NaN or infinity")
        data_scale = self.parameters[data_name].scale
        bias_name = inputs[place.bias] if place.bias is not None and place.bias < len(inputs) else None
        if bias_name is not None and bias_name not in self.graph.constants:
            raise UnsupportedError(f"{node.label}: int8 quantization needs a constant bias")
        bias = self.graph.constants[bias_name].astype(np.float64) if bias_name else None
        channels = weights.shape[place.channel_axis]
        # |bias / (data_scale * scale)| must stay well inside int32
        needed = np.abs(bias) / (data_scale * 2.0**30) if bias is not None else np.zeros(channels)
        scales = weight_scales(weights, place.channel_axis, needed)
        shape = [1] * weights.ndim
        shape[place.channel_axis] = channels
        integers = quantize_array(weights, scales.reshape(shape), 0, -127, 127).astype(np.int8)
        quantization = Quantization(tuple(float(s) for s in scales), (0,) * channels, place.channel_axis)
        inputs[place.input] = self._add_constant(weights_name, integers, DType.S8, quantization)
        if bias is not None and bias_name is not None and place.bias is not None:
            bias_scales = scales.astype(np.float64) * data_scale
            limit = 2**31 - 1
            rounded = quantize_array(bias, bias_scales.astype(np.float32), 0, -limit, limit)
            bias_quantization = Quantization(
                tuple(float(np.float32(s)) for s in bias_scales), (0,) * channels, 0
            )
            inputs[place.bias] = self._add_constant(
                bias_name, rounded.astype(np.int32), DType.S32, bias_quantization
            )

    def _add_constant(self, stem: str, array: Array, dtype: DType, quantization: Quantization) -> str:
        """A constant of this content; the name of the float one unless another content took it."""
        name = stem
        if name in self.values and not (
            np.array_equal(self.constants[name], array) and self.values[name].quantization == quantization
        ):
            name = self._fresh(stem)
        self.values[name] = Value(name, dtype, tuple(array.shape), quantization)
        self.constants[name] = array
        return name


def activation_parameters(graph: Graph, ranges: Ranges) -> dict[str, Quantization]:
    """The int8 parameters of every float tensor that is no weight.

    Tensors joined by an operator that keeps its scale (pooling, reshape, concatenation, …) share
    one range; outputs whose parameters the specification fixes (softmax, logistic, tanh) keep them.
    """
    groups = _Groups()
    fixed: dict[str, Quantization] = {}
    all_ranges = dict(ranges)
    for node in graph.nodes:
        call = call_of(graph, node)
        traits = find_operator(node.operator).traits
        for name in node.inputs:
            if name is not None and name in graph.constants and graph.values[name].dtype is DType.F32:
                array = graph.constants[name]
                low_high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
                all_ranges[name] = low_high
        if traits.fixed_output and call.output.dtype is DType.F32:
            fixed[node.outputs[0]] = traits.fixed_output(DType.S8)
        if traits.same_quantization:
            source = [n for n in node.inputs if n and graph.values[n].dtype is DType.F32]
            for name in source:
                pinned = {groups.root(other) for other in fixed}
                if len(source) == 1 or groups.root(name) not in pinned:
                    groups.join(name, node.outputs[0])
    for name in graph.outputs:
        if name in graph.constants and graph.values[name].dtype is DType.F32:
            all_ranges[name] = (float(graph.constants[name].min()), float(graph.constants[name].max()))
    result: dict[str, Quantization] = {}
    for members in groups.partition(all_ranges):
        given = next((fixed[m] for m in members if m in fixed), None)
        low = min(all_ranges[m][0] for m in members)
        high = max(all_ranges[m][1] for m in members)
        shared = given or activation_quantization(low, high)
        result.update(dict.fromkeys(members, shared))
    result.update(fixed)
    return result


class _Groups:
    """Union-find over tensor names."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        """The representative of a name's group."""
        while self.parent.get(name, name) != name:
            name = self.parent[name]
        return name

    def join(self, a: str, b: str) -> None:
        """Put two names into one group."""
        self.parent[self.root(a)] = self.root(b)

    def partition(self, names: Iterable[str]) -> list[list[str]]:
        """All names, group by group, in their given order."""
        members: dict[str, list[str]] = {}
        for name in names:
            members.setdefault(self.root(name), []).append(name)
        return list(members.values())
