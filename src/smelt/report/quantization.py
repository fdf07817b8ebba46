"""What quantization did to a model: accuracy before and after, layers that hurt most first, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, Graph, Node
from smelt.operators import find_operator
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Weights
from smelt.quantize.noise import scored_tensors
from smelt.quantize.parameters import real
from smelt.quantize.prepare import channel_factors
from smelt.quantize.samples import to_input
from smelt.report.difference import TensorDifference
from smelt.report.layer_noise import LayerNoise, layer_noise

Predict = Callable[[Mapping[str, Array]], dict[str, NDArray[np.float64]]]
Metric = Callable[[Predict], float]

CLIPPED = 0.001
SELDOM = 1 / 16


@dataclass(frozen=True)
class Layer:
    """A row of the report.

    `weights_db`: signal-to-noise ratio of the weights.  `share`: of the noise at the outputs, what the error that
    this layer adds causes by itself.
    """

    noise: LayerNoise
    precision: str
    weights_db: float | None
    share: float
    advice: str


@dataclass(frozen=True)
class Score:
    """A figure of merit before and after quantizing."""

    name: str
    before: float
    after: float
    remark: str = ""


@dataclass(frozen=True)
class QuantizationReport:
    """A float model beside its quantized form.

    `outputs`: the outputs (before a last softmax or logistic).  `layers`: those that hurt most first.
    `left_in_float`: the operators that compute in float32 in the quantized model.
    """

    names: tuple[str, str]
    samples: int
    bytes: tuple[int, int]
    outputs: tuple[TensorDifference, ...]
    layers: tuple[Layer, ...]
    left_in_float: tuple[str, ...]
    scores: tuple[Score, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "models": list(self.names),
            "samples": self.samples,
            "constant_bytes": list(self.bytes),
            "scores": [vars(score) for score in self.scores],
            "outputs": [_difference_json(output) for output in self.outputs],
            "left_in_float": list(self.left_in_float),
            "layers": [_layer_json(layer) for layer in self.layers],
        }


def quantization_report(
    first: Graph,
    second: Graph,
    samples: Iterable[Mapping[str, Array]],
    *,
    names: tuple[str, str] | None = None,
    metric: Metric | None = None,
    scores: Iterable[Score] = (),
) -> QuantizationReport:
    """Compare a float model with its quantized form on samples given for the float one.

    `metric(predict)` is a figure of merit of the user's: predict takes a sample of real numbers by the float model's
    input names and returns the outputs as real numbers by the float model's output names.  `scores` are added as
    they are.
    """
    given = list(samples)
    noise = layer_noise(first, second, given)
    total = sum(_caused(layer) for layer in noise)
    layers = [_row(first, second, layer, _caused(layer) / total if total else 0.0) for layer in noise]
    layers.sort(key=lambda layer: -layer.share)
    by_name = {layer.name: layer.difference for layer in noise}
    found = list(scores)
    if metric is not None:
        found.append(Score("metric", metric(_predict(first, first)), metric(_predict(first, second))))
    return QuantizationReport(
        names=names or (first.name, second.name),
        samples=len(given),
        bytes=(constant_bytes(first), constant_bytes(second)),
        outputs=tuple(by_name[name] for name in scored_tensors(first) if name in by_name),
        layers=tuple(layers),
        left_in_float=left_in_float(second),
        scores=tuple(found),
    )


def constant_bytes(graph: Graph) -> int:
    """Bytes of all constants."""
    return sum(graph.values[name].bytes for name in graph.constants)


def left_in_float(graph: Graph) -> tuple[str, ...]:
    """The operators that compute in float32; conversions, views and what quantizes its input itself not counted."""
    return tuple(
        node.label
        for node in graph.nodes
        if node.operator not in ("quantize", "dequantize")
        and not find_operator(node.operator).traits.alias
        and node.attributes.get("quantize_input", "none") == "none"
        and any(graph.values[name].dtype.is_float for name in node.outputs)
    )


def _predict(first: Graph, graph: Graph) -> Predict:
    def predict(sample: Mapping[str, Array]) -> dict[str, NDArray[np.float64]]:
        pairs = zip(graph.inputs, first.inputs, strict=True)
        results = evaluate_graph(graph, {own: to_input(graph.values[own], sample[n]) for own, n in pairs})
        outputs = zip(first.outputs, graph.outputs, strict=True)
        return {name: real(graph.values[own], results[own]) for name, own in outputs}

    return predict


def _caused(layer: LayerNoise) -> float:
    """Noise power at the outputs over their signal power."""
    ratio = layer.caused.signal_to_noise_db
    return 0.0 if ratio is None else float(10 ** (-ratio / 10))


def _row(first: Graph, second: Graph, layer: LayerNoise, share: float) -> Layer:
    node = first.producers()[layer.name]
    place = find_operator(node.operator).traits.weights
    weights = node.inputs[place.input] if place else None
    weights_db, precision = None, layer.value.dtype.value
    if place and weights is not None and weights in first.constants and weights in second.constants:
        stored = second.values[weights]
        both = TensorDifference(weights, first.values[weights].shape)
        if stored.shape == first.values[weights].shape:
            numbers = _as_they_were(second, node, place, real(stored, second.constants[weights]))
            both.update(first.constants[weights].astype(np.float64), numbers, identical=False)
            weights_db = both.signal_to_noise_db
        precision = f"{stored.dtype.value} weights, {precision}"
    return Layer(layer, precision, weights_db, share, _advice(layer, weights_db, share))


def _as_they_were(
    graph: Graph, node: Node, place: Weights, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights without what equalization did to them."""
    factors = channel_factors(graph)
    data = node.inputs[place.data] or ""
    axis = place.channel_axis if place.data_axis is None else place.data_axis
    for name, where, power in ((node.outputs[0], place.channel_axis, 1.0), (data, axis, -1.0)):
        if name in factors and len(factors[name]) == weights.shape[where]:
            shape = [1] * weights.ndim
            shape[where] = -1
            weights = weights * (factors[name] ** power).reshape(shape)
    return weights


def _advice(layer: LayerNoise, weights_db: float | None, share: float) -> str:
    if share < SELDOM or layer.value.quantization is None:
        return ""
    if layer.clipped_share > CLIPPED:
        return f"{layer.clipped_share:.2%} clipped: calibrate on more samples, or with min-max"
    own = layer.own.signal_to_noise_db
    if weights_db is not None and own is not None and weights_db < own + 3:
        return "rounding of the weights: improve it, or give the layer wider weights"
    if _uneven(layer):
        return "a few channels take most of the range: equalization"
    if _crowded(layer):
        return "a few values take most of the range: another calibrator"
    return "rounding of the activations: int16x8 or float32 for this layer"


def _uneven(layer: LayerNoise) -> bool:
    """Whether half of the channels stay within an eighth of the largest channel's reach."""
    reach = layer.reach
    return reach is not None and reach.size > 1 and float(np.median(reach)) < float(reach.max()) / 8


def _crowded(layer: LayerNoise) -> bool:
    """Whether 99 % of the values lie in an eighth of the range that is used."""
    counts = layer.histogram
    if counts is None or not counts.sum():
        return False
    occupied = np.flatnonzero(counts)
    reach = occupied[-1] + 1 - occupied[0]
    largest = np.sort(counts)[::-1][: max(1, reach // 8)]
    return bool(largest.sum() >= 0.99 * counts.sum())


def _difference_json(difference: TensorDifference) -> dict[str, Any]:
    return {
        "name": difference.name,
        "signal_to_noise_db": difference.signal_to_noise_db,
        "cosine": difference.cosine,
        "max_difference": difference.max_difference,
    }


def _layer_json(layer: Layer) -> dict[str, Any]:
    noise = layer.noise
    histogram = noise.histogram
    return {
        **_difference_json(noise.difference),
        "operator": noise.operator,
        "precision": layer.precision,
        "own_signal_to_noise_db": noise.own.signal_to_noise_db,
        "weights_signal_to_noise_db": layer.weights_db,
        "caused_signal_to_noise_db": noise.caused.signal_to_noise_db,
        "share_of_output_noise": layer.share,
        "clipped_share": noise.clipped_share,
        "range_use": noise.range_use,
        "histogram": None if histogram is None else histogram.tolist(),
        "advice": layer.advice,
    }
