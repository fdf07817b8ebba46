"""What the kernels of fully_connected share: attributes, sizes, and the integers of the quantized meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError
from smelt.operators.convolution.geometry import Int8, Int32, fold_zero_point, quantize_multipliers
from smelt.operators.fixed_point import wrap_int32
from smelt.operators.operator import Call


@dataclass(frozen=True)
class FullyConnectedAttributes:
    """activation: a fused clamp; keep_dims: output [*leading dimensions, outputs], not [batch, outputs].

    quantize_input: none, symmetric or asymmetric: how each row of real data is quantized to int8, while the network
    runs, to meet integer weights (smelt.operators.dynamic).
    """

    activation: str = "none"
    keep_dims: bool = False
    quantize_input: str = "none"


@dataclass(frozen=True)
class Geometry:
    """rows: vectors multiplied; inputs: elements of each; outputs: elements of a result."""

    rows: int
    inputs: int
    outputs: int


def geometry(call: Call) -> Geometry:
    """The sizes of a fully_connected; raises GraphError where they do not fit together."""
    data, weights = call.input(0), call.input(1)
    if len(weights.shape) != 2 or min(weights.shape) < 1:
        raise GraphError(
            f"{call.node.label}: weights '{weights.name}' {list(weights.shape)} must be [outputs, inputs]"
        )
    outputs, inputs = weights.shape
    elements = math.prod(data.shape)
    if elements % inputs or (call.attributes.keep_dims and (not data.shape or data.shape[-1] != inputs)):
        raise GraphError(
            f"{call.node.label}: input '{data.name}' {list(data.shape)} cannot be seen as rows of {inputs}, "
            f"which weights '{weights.name}' {list(weights.shape)} need"
        )
    return Geometry(rows=elements // inputs, inputs=inputs, outputs=outputs)


def requantization(call: Call) -> tuple[Int32, Int8]:
    """(mantissas, shifts): input scale * weight scale / output scale; length 1 for weights of one scale.

    For one scale TensorFlow Lite multiplies the two scales in float32 (GetQuantizedConvolutionMultipler),
    for a scale a channel in double (PopulateConvolutionQuantizationParams).
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    scales = call.quantization(call.input(1)).scales
    if len(scales) == 1:
        product = float(np.float32(source.scale) * np.float32(scales[0]))
        return quantize_multipliers([product / result.scale])
    return quantize_multipliers(source.scale * scale / result.scale for scale in scales)


def weights_zero_point(call: Call) -> int:
    """The one zero point of the weights; per-channel weights are symmetric."""
    quantization = call.quantization(call.input(1))
    return quantization.zero_points[0] if len(quantization.zero_points) == 1 else 0


def folded_bias(call: Call) -> Int32:
    """bias - input zero point * sum(weights - weights zero point) of each output, modulo 2**32.

    The accumulator of raw inputs with (weights - weights zero point) then equals that of centred inputs.
    """
    zero_point = call.quantization(call.input(0)).zero_point
    centre = geometry(call).inputs * weights_zero_point(call) * zero_point
    return wrap_int32(fold_zero_point(call, zero_point, (1,)).astype(np.int64) + centre).astype(np.int32)
