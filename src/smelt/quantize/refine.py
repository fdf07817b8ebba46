"""Better weights and biases for a quantized graph, layer by layer, from samples without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import call_of, find_operator
from smelt.operators.operator import Weights
from smelt.quantize.fields import OPERATORS, Fields
from smelt.quantize.layer_rounding import LayerRounding
from smelt.quantize.moments import Sums
from smelt.quantize.noise import Sample
from smelt.quantize.parameters import real
from smelt.quantize.precision import PRECISIONS, Precision
from smelt.quantize.progress import Progress, unwatched
from smelt.quantize.rounding import ROUNDINGS
from smelt.quantize.samples import to_input
from smelt.quantize.weights import quantize_bias

Float64 = NDArray[np.float64]
NARROW = (
    Precision("int8 weights", weights=DType.S8, largest_weight=127),
    Precision("int4 weights", weights=DType.S4, largest_weight=7),
)
"""Of float layers."""


@dataclass(frozen=True)
class Refinement:
    """What is improved.

    rounding: a name in ROUNDINGS.  bias: biases take up the mean error of their channel.  scales: how many
    smaller scales are tried for each channel's weights.
    """

    rounding: str = "nearest"
    bias: bool = False
    scales: int = 0


def refine(
    graph: Graph,
    quantized: Graph,
    samples: Sequence[Sample],
    how: Refinement,
    progress: Progress = unwatched,
) -> Graph:
    """The quantized graph with the weights and biases of its convolutions and dense layers improved.

    Layers are taken in order, so that each sees what the improved ones before it make of the samples.
    """
    return _Walk(graph, quantized, samples, how).run(progress)


class _Walk:
    def __init__(self, graph: Graph, quantized: Graph, samples: Sequence[Sample], how: Refinement) -> None:
        self.graph, self.quantized, self.how = graph, quantized, how
        self.wanted: dict[str, list[Array]] = {
            name: [sample[name] for sample in samples] for name in graph.inputs
        }
        pairs = zip(quantized.inputs, graph.inputs, strict=True)
        self.found: dict[str, list[Array]] = {
            own: [to_input(quantized.values[own], sample[name]) for sample in samples] for own, name in pairs
        }
        self.count = len(samples)
        self.values: dict[str, Value] = dict(quantized.values)
        self.constants: dict[str, Array] = dict(quantized.constants)
        uses = [name for node in quantized.nodes for name in node.inputs]
        self.shared = {name for name in uses if uses.count(name) > 1}

    def run(self, progress: Progress) -> Graph:
        """All layers in order."""
        producers, nodes = self.graph.producers(), []
        last = {name: index for index, node in enumerate(self.quantized.nodes) for name in node.inputs}
        float_last = {name: node.outputs[0] for node in self.graph.nodes for name in node.inputs}
        for index, node in enumerate(self.quantized.nodes):
            original = producers.get(node.outputs[0])
            improved = node
            if original is not None and original.operator == node.operator:
                self._evaluate(self.graph, original, self.wanted, self.graph.constants)
                improved = self._improved(node, original)
            nodes.append(improved)
            progress("improving layers", index + 1, len(self.quantized.nodes))
            current = self._current(nodes)
            self._evaluate(current, improved, self.found, self.constants)
            for name in {n for n in node.inputs if n and last[n] == index}:
                self.found.pop(name, None)
            if original is not None:
                for name in {n for n in original.inputs if n and float_last[n] == original.outputs[0]}:
                    self.wanted.pop(name, None)
        return self.quantized.replaced(nodes=nodes, values=self.values.values(), constants=self.constants)

    def _current(self, nodes: Sequence[Node]) -> Graph:
        return replace(self.quantized, values=self.values, constants=self.constants)

    def _evaluate(
        self, graph: Graph, node: Node, arrays: dict[str, list[Array]], constants: Mapping[str, Array]
    ) -> None:
        call, operator = call_of(graph, node), find_operator(node.operator)
        for index in range(self.count):
            given = [
                None if name is None else constants[name] if name in constants else arrays[name][index]
                for name in node.inputs
            ]
            for name, result in zip(node.outputs, operator.evaluate(call, given), strict=True):
                arrays.setdefault(name, []).append(result)

    def _improved(self, node: Node, original: Node) -> Node:
        place = find_operator(node.operator).traits.weights
        name = node.inputs[place.input] if place else None
        if place is None or name is None or node.operator not in OPERATORS or name in self.shared:
            return node
        value = self.values[name]
        precision = _precision(self.quantized, node, value)
        known = value.quantization
        if precision is None or known is None or known.axis is None or known.block:
            return node
        return self._refined(node, original, place, precision)

    def _refined(self, node: Node, original: Node, place: Weights, precision: Precision) -> Node:
        """New integers for the weights of a layer, a new bias, and the node that reads them."""
        data, source = node.inputs[place.data], original.inputs[place.data]
        weights_name, stem = node.inputs[place.input], original.inputs[place.input]
        assert data is not None
        assert source is not None
        assert weights_name is not None
        assert stem is not None
        fields = Fields(call_of(self.graph, original))
        value = self.values[data]
        weights = fields.weights(self.graph.constants[stem])
        halves = Sums(fields, weights), Sums(fields, weights)
        for index, (wanted, found) in enumerate(zip(self.wanted[source], self.found[data], strict=True)):
            halves[index % 2].add(wanted, real(value, found).reshape(wanted.shape))
        moments = halves[0].moments(halves[1], centred=self.how.bias)
        stored = self.values[weights_name].quantization
        assert stored is not None
        scales = fields.by_channel(np.array(stored.scales))
        integers = fields.weights(self.constants[weights_name])
        bias_name = original.inputs[place.bias] if place.bias and place.bias < len(original.inputs) else None
        bias = self.graph.constants[bias_name].astype(np.float64) if bias_name else np.zeros(scales.size)
        how = self.how if precision.has_zero else replace(self.how, rounding="nearest", scales=0)
        if value.quantization is not None and self._is_long(
            bias, scales, value.quantization.scale, precision
        ):
            how = replace(how, scales=0)
        if how.rounding != "nearest" or how.scales:
            layer = LayerRounding(weights, precision.largest_weight, ROUNDINGS[how.rounding], how.scales)
            integers, scales = layer.rounded(
                scales, moments, [half.moments(centred=how.bias) for half in halves]
            )
            self._store(weights_name, fields.stored(integers), scales.reshape(-1), precision)
        if not (how.bias or how.scales):
            return node
        if how.bias:
            got = np.einsum("gof,gf->go", integers * scales[:, :, None], moments.mean)
            bias = bias + (moments.wanted_mean - got).reshape(-1)
        return self._with_bias(node, place, bias, scales.reshape(-1), precision)

    @staticmethod
    def _is_long(bias: Float64, scales: Float64, data_scale: float, precision: Precision) -> bool:
        """Whether a bias would be too large for the sums if a scale became half of what it is."""
        return bool((np.abs(bias) > scales.reshape(-1) * data_scale * 2.0 ** (precision.bias_bits - 1)).any())

    def _store(self, name: str, integers: Float64, scales: Float64, precision: Precision) -> None:
        value = self.values[name]
        assert precision.weights is not None
        assert value.quantization is not None
        new = Quantization(
            tuple(float(np.float32(s)) for s in scales),
            value.quantization.zero_points,
            value.quantization.axis,
        )
        self.values[name] = replace(value, quantization=new)
        self.constants[name] = integers.astype(precision.weights.numpy)

    def _with_bias(
        self, node: Node, place: Weights, bias: Float64, scales: Float64, precision: Precision
    ) -> Node:
        assert place.bias is not None
        inputs = [*node.inputs, *[None] * (place.bias + 1 - len(node.inputs))]
        name = inputs[place.bias]
        if name is None or name in self.shared:
            name = self.quantized.fresh_name(f"{node.outputs[0]}_bias", taken=self.values)
        inputs[place.bias] = name
        data = self.values[node.inputs[place.data] or ""].quantization
        if precision.bias is None or data is None:
            self.values[name] = Value(name, DType.F32, bias.shape)
            self.constants[name] = bias.astype(np.float32)
            return node.with_inputs(*inputs)
        rounded = quantize_bias(bias, data.scale, scales.astype(np.float32), precision)
        self.values[name] = Value(name, precision.bias, bias.shape, rounded.quantization)
        self.constants[name] = rounded.array.astype(precision.bias.numpy)
        return node.with_inputs(*inputs)


def _precision(graph: Graph, node: Node, weights: Value) -> Precision | None:
    data = graph.values[node.inputs[0] or ""].dtype
    known = (*PRECISIONS.values(), *NARROW)
    return next((p for p in known if (p.activations or DType.F32, p.weights) == (data, weights.dtype)), None)
