"""Weights and biases as integers, per output channel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smelt.errors import QuantizationError
from smelt.ir import Array, Graph, Node, Quantization
from smelt.operators.operator import Weights
from smelt.quantize.coarse_weights import coarse_scales, signs
from smelt.quantize.parameters import quantize_array, weight_scales
from smelt.quantize.precision import Precision


@dataclass(frozen=True)
class Integers:
    """A constant tensor as integers, and what they stand for."""

    array: NDArray[np.int64]
    quantization: Quantization


def quantize_weights(
    graph: Graph, node: Node, place: Weights, precision: Precision, data_scale: float
) -> tuple[Integers, Integers | None]:
    """A node's weights, symmetric per output channel, and its bias in steps of the product of the scales.

    QuantizationError for weights that hold NaN or infinity.
    """
    name = node.inputs[place.input]
    assert name is not None
    weights, bias = graph.constants[name], bias_of(graph, node, place)
    if not np.isfinite(weights).all():
        raise QuantizationError(f"{node.label}: weights '{name}' hold NaN or infinity")
    # |bias / (data_scale * scale)| must stay well inside the sums' type
    needed = np.zeros(weights.shape[place.channel_axis])
    if bias is not None:
        needed = np.abs(bias) / (data_scale * 2.0**precision.bias_bits)
    if precision.is_coarse:
        scales = coarse_scales(weights, place.channel_axis, needed, precision)
    else:
        scales = weight_scales(weights, place.channel_axis, needed, precision.largest_weight)
    integers = with_scales(weights, place.channel_axis, scales, precision.largest_weight)
    if not precision.has_zero:
        integers = replace(integers, array=signs(weights))
    return integers, None if bias is None else quantize_bias(bias, data_scale, scales, precision)


def bias_of(graph: Graph, node: Node, place: Weights) -> NDArray[np.float64] | None:
    """A node's float bias; None where it has none."""
    if place.bias is None or place.bias >= len(node.inputs):
        return None
    name = node.inputs[place.bias]
    return None if name is None else graph.constants[name].astype(np.float64)


def with_scales(weights: Array, axis: int, scales: NDArray[np.float32], largest: int) -> Integers:
    """Weights rounded to multiples of their channel's scale."""
    shape = [1] * weights.ndim
    shape[axis] = len(scales)
    return Integers(
        quantize_array(weights, scales.reshape(shape), 0, -largest, largest),
        Quantization(tuple(float(s) for s in scales), (0,) * len(scales), axis),
    )


def least_squares_scales(
    weights: Array, axis: int, scales: NDArray[np.float32], largest: int
) -> NDArray[np.float32]:
    """For each channel the scale, of those down to half of what is given, that leaves the least squared error."""
    other = tuple(i for i in range(weights.ndim) if i != axis)
    shape = [1] * weights.ndim
    shape[axis] = len(scales)
    tried = (scales * np.linspace(1, 0.5, 26, dtype=np.float32)[:, None]).astype(np.float32)
    errors = []
    for each in tried:
        integers = with_scales(weights, axis, each, largest).array
        errors.append(((integers * each.astype(np.float64).reshape(shape) - weights) ** 2).sum(axis=other))
    return np.asarray(np.take_along_axis(tried, np.argmin(errors, axis=0)[None], axis=0)[0], np.float32)


def quantize_bias(
    bias: NDArray[np.float64], data_scale: float, scales: NDArray[np.float32], precision: Precision
) -> Integers:
    """A bias in steps of data_scale * scale, one scale a channel."""
    steps = (scales.astype(np.float64) * data_scale).astype(np.float32)
    assert precision.bias is not None
    limit = precision.bias.integer_range[1]
    return Integers(
        quantize_array(bias, steps, 0, -limit, limit),
        Quantization(tuple(float(s) for s in steps), (0,) * len(steps), 0),
    )
