"""Quantized addition, subtraction and multiplication, multipliers and rounding as in TFLite Micro."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import DType
from smelt.operators.affine import INT8, Affine, Plane, affine_form
from smelt.operators.fixed_point import (
    ACTIVATIONS,
    Int64,
    activation_bounds,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from smelt.operators.operator import Call


@dataclass(frozen=True)
class Sum:
    """The constants of a quantized a + sign * b; multipliers are (mantissa, shift), every shift is <= 0.

    Inputs are raised by `left_shift` bits and brought to twice the larger input scale; `low` and `high` are the
    output's bounds.
    """

    left_shift: int
    multiplier_a: tuple[int, int]
    multiplier_b: tuple[int, int]
    multiplier: tuple[int, int]
    sign: int
    zero_point_a: int
    zero_point_b: int
    zero_point: int
    low: int
    high: int

    def apply(self, a: Int64, b: Int64) -> Int64:
        """The outputs of quantized integers, which broadcast."""
        raised_a = (a - self.zero_point_a) << self.left_shift
        raised_b = (b - self.zero_point_b) << self.left_shift
        scaled_a = multiply_by_quantized_multiplier(raised_a, *self.multiplier_a)
        scaled_b = multiply_by_quantized_multiplier(raised_b, *self.multiplier_b)
        y = multiply_by_quantized_multiplier(scaled_a + self.sign * scaled_b, *self.multiplier)
        return np.clip(y + self.zero_point, self.low, self.high)


def sum_of(call: Call) -> Sum:
    """The constants of an add or sub; UnsupportedError when the output scale is too fine for the method.

    Source: add_common.cc and sub_common.cc of TensorFlow Lite Micro.
    """
    a, b, result = (call.quantization(value) for value in (call.input(0), call.input(1), call.output))
    left_shift = 15 if call.output.dtype is DType.S16 else 20
    twice_largest = 2 * max(a.scale, b.scale)
    output = twice_largest / (2**left_shift * result.scale)
    if not output < 1:
        raise UnsupportedError(
            f"{call.node.label}: the scale {result.scale} of output '{call.output.name}' is over "
            f"2**{left_shift - 1} times finer than its inputs'; requantize the model with matching ranges"
        )
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return Sum(
        left_shift=left_shift,
        multiplier_a=quantize_multiplier(a.scale / twice_largest),
        multiplier_b=quantize_multiplier(b.scale / twice_largest),
        multiplier=quantize_multiplier(output),
        sign=-1 if call.node.operator == "sub" else 1,
        zero_point_a=a.zero_point,
        zero_point_b=b.zero_point,
        zero_point=result.zero_point,
        low=low,
        high=high,
    )


@lru_cache(maxsize=256)
def affine_sum(total: Sum) -> Affine | None:
    """The proven cheap form of a sum of int8 values, or None."""
    scale = _real(total.multiplier) * 2.0**total.left_shift
    slope_a = _real(total.multiplier_a) * scale
    slope_b = _real(total.multiplier_b) * scale * total.sign
    offset = total.zero_point - slope_a * total.zero_point_a - slope_b * total.zero_point_b
    outputs = total.apply(INT8[:, None], INT8)
    return affine_form(outputs, Plane(slope_a, slope_b, offset), total.low, total.high)


def _real(multiplier: tuple[int, int]) -> float:
    mantissa, shift = multiplier
    return mantissa * 2.0 ** (shift - 31)


def product_multiplier(call: Call) -> tuple[int, int]:
    """The multiplier of a mul.  Source: mul_common.cc of TensorFlow Lite Micro."""
    a, b, output = (call.quantization(v).scale for v in (call.input(0), call.input(1), call.output))
    return quantize_multiplier(a * b / output)


def float_bounds(call: Call) -> tuple[float, float]:
    """Of the activation; finite where there is one, as TFLite has them."""
    if call.attributes.activation == "none":
        return -math.inf, math.inf
    largest = float(np.finfo(call.output.dtype.numpy.name).max)
    low, high = ACTIVATIONS[call.attributes.activation]
    return max(low, -largest), min(high, largest)


def quantized_sum(call: Call, a: Int64, b: Int64) -> Int64:
    """a + b or a - b of quantized integers, clamped to the activation."""
    return sum_of(call).apply(a, b)


def quantized_product(call: Call, a: Int64, b: Int64) -> Int64:
    """a * b of quantized integers, clamped to the activation."""
    result = call.quantization(call.output)
    centred_a = a - call.quantization(call.input(0)).zero_point
    centred_b = b - call.quantization(call.input(1)).zero_point
    y = multiply_by_quantized_multiplier(centred_a * centred_b, *product_multiplier(call))
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return np.clip(y + result.zero_point, low, high)
