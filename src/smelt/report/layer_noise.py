"""Where a quantized model's error comes from, layer by layer: run it beside the float model and look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, Graph, Node, Value
from smelt.operators import call_of, find_operator
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.noise import scored_tensors
from smelt.quantize.parameters import real
from smelt.quantize.prepare import channel_factors
from smelt.report.difference import TensorDifference, sample_for

HISTOGRAM_BINS = 64
Numbers = Mapping[str, Array]


@dataclass
class LayerNoise:
    """A layer of the quantized model beside the same tensor of the float model, over all samples.

    `difference`: the tensor with all error up to here.  `own`: the error that this layer alone adds, its inputs being
    what the quantized model has.  `caused`: what that error alone does to the outputs of the float model.
    `clipped`: float values beyond the range that the integers stand for.  `histogram`: of the integers, over their
    whole type; None for a layer in float32.
    `reach`: the largest |value| of each channel (last dimension), as the integers stand for it.
    """

    name: str
    operator: str
    value: Value
    difference: TensorDifference
    own: TensorDifference
    caused: TensorDifference
    clipped: int = 0
    count: int = 0
    low: int | None = None
    high: int | None = None
    histogram: NDArray[np.int64] | None = field(default=None, repr=False)
    reach: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def clipped_share(self) -> float:
        """The share of values that are clipped."""
        return self.clipped / self.count if self.count else 0.0

    @property
    def range_use(self) -> float | None:
        """The share of the integers' range between the smallest and the largest seen; None in float32."""
        if self.low is None or self.high is None:
            return None
        smallest, largest = self.value.dtype.integer_range
        return (self.high - self.low) / (largest - smallest)

    def see(self, wanted: NDArray[np.float64], integers: Array) -> None:
        """Take in one sample: the float tensor and the quantized model's."""
        self.count += integers.size
        quantization = self.value.quantization
        if quantization is None or not integers.size:
            return
        reach = np.abs(wanted).reshape(-1, wanted.shape[-1] if wanted.ndim else 1).max(axis=0)
        self.reach = reach if self.reach is None else np.maximum(self.reach, reach)
        smallest, largest = self.value.dtype.integer_range
        ideal = wanted / quantization.scale + quantization.zero_point
        self.clipped += int(((ideal < smallest - 0.5) | (ideal > largest + 0.5)).sum())
        low, high = int(integers.min()), int(integers.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        bins = (integers.astype(np.int64).ravel() - smallest) * HISTOGRAM_BINS // (largest - smallest + 1)
        counts = np.bincount(bins, minlength=HISTOGRAM_BINS)
        self.histogram = counts if self.histogram is None else self.histogram + counts


def layer_noise(first: Graph, second: Graph, samples: Iterable[Numbers]) -> list[LayerNoise]:
    """The layers of a float model whose tensors a second, quantized model has by the same name, in order.

    Samples are given for the first model.  Views and conversions are left out.
    """
    layers: dict[str, LayerNoise] = {}
    outputs, factors = scored_tensors(first), channel_factors(second)
    for sample in samples:
        wanted, found = _all(first, sample), _all(second, sample_for(first, second, sample))
        numbers = {
            n: real(second.values[n], a) * factors.get(n, 1.0) for n, a in found.items() if n in second.values
        }
        for index, node in enumerate(first.nodes):
            name = node.outputs[0]
            if not _comparable(first, second, node):
                continue
            layer = layers.get(name) or _layer(node, second.values[name], first.values[name])
            layers[name] = layer
            layer.difference.update(wanted[name].astype(np.float64), numbers[name], identical=False)
            layer.see(wanted[name].astype(np.float64) / factors.get(name, 1.0), found[name])
            result = _alone(first, node, numbers)
            if result is None:
                continue
            alone = result.astype(np.float64)
            layer.own.update(alone, numbers[name], identical=False)
            changed = wanted[name].astype(np.float64) + (numbers[name] - alone)
            after = _with(first, wanted, index, changed.astype(wanted[name].dtype))
            for output in outputs:
                layer.caused.update(
                    wanted[output].astype(np.float64),
                    after.get(output, wanted[output]).astype(np.float64),
                    identical=False,
                )
    return list(layers.values())


def _layer(node: Node, value: Value, original: Value) -> LayerNoise:
    name = node.outputs[0]
    whole, own, caused = (TensorDifference(name, original.shape) for _ in range(3))
    return LayerNoise(name, node.operator, value, whole, own, caused)


def _comparable(first: Graph, second: Graph, node: Node) -> bool:
    name = node.outputs[0]
    value, other = first.values[name], second.values.get(name)
    if other is None or name in second.constants or not value.dtype.is_float or value.shape != other.shape:
        return False
    per_tensor = other.quantization is None or other.quantization.axis is None
    known = other.dtype.is_float or other.quantization is not None
    return per_tensor and known and not find_operator(node.operator).traits.alias


def _all(graph: Graph, sample: Numbers) -> dict[str, Array]:
    seen: dict[str, Array] = {}
    evaluate_graph(graph, sample, seen.__setitem__)
    return seen


def _alone(graph: Graph, node: Node, numbers: Mapping[str, NDArray[np.float64]]) -> Array | None:
    """The float layer's result on the quantized model's inputs; None where these have other names."""
    arrays: list[Array | None] = []
    for name in node.inputs:
        if name is None or name in graph.constants:
            arrays.append(None if name is None else graph.constants[name])
        elif name in numbers and numbers[name].shape == graph.values[name].shape:
            arrays.append(numbers[name].astype(graph.values[name].dtype.numpy))
        else:
            return None
    return find_operator(node.operator).evaluate(call_of(graph, node), arrays)[0]


def _with(graph: Graph, arrays: Numbers, index: int, changed: Array) -> dict[str, Array]:
    """The tensors that change when the result of node `index` is another, everything else staying float."""
    result = {graph.nodes[index].outputs[0]: changed}
    for node in graph.nodes[index + 1 :]:
        if not any(name in result for name in node.inputs):
            continue
        inputs = [
            None if name is None else result.get(name, graph.constants.get(name, arrays.get(name)))
            for name in node.inputs
        ]
        computed = find_operator(node.operator).evaluate(call_of(graph, node), inputs)
        result.update(zip(node.outputs, computed, strict=True))
    return result
