"""Quantized addition, subtraction and multiplication, multipliers and rounding as in TFLite Micro."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import DType
from smelt.operators.fixed_point import (
    Int64,
    activation_bounds,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from smelt.operators.operator import Call


@dataclass(frozen=True)
class Sum:
    """The constants of a quantized a + sign * b; multipliers are (mantissa, shift), every shift is <= 0.

    Inputs are raised by `left_shift` bits and brought to twice the larger input scale.
    """

    left_shift: int
    multiplier_a: tuple[int, int]
    multiplier_b: tuple[int, int]
    multiplier: tuple[int, int]
    sign: int


def sum_of(call: Call) -> Sum:
    """The constants of an add or sub; UnsupportedError when the output scale is too fine for the method.

    Source: add_common.cc and sub_common.cc of TensorFlow Lite Micro.
    """
    scales = [call.quantization(value).scale for value in (call.input(0), call.input(1), call.output)]
    left_shift = 15 if call.output.dtype is DType.S16 else 20
    twice_largest = 2 * max(scales[:2])
    output = twice_largest / (2**left_shift * scales[2])
    if not output < 1:
        raise UnsupportedError(
            f"{call.node.label}: the scale {scales[2]} of output '{call.output.name}' is over "
            f"2**{left_shift - 1} times finer than its inputs'; requantize the model with matching ranges"
        )
    return Sum(
        left_shift=left_shift,
        multiplier_a=quantize_multiplier(scales[0] / twice_largest),
        multiplier_b=quantize_multiplier(scales[1] / twice_largest),
        multiplier=quantize_multiplier(output),
        sign=-1 if call.node.operator == "sub" else 1,
    )


def product_multiplier(call: Call) -> tuple[int, int]:
    """The multiplier of a mul.  Source: mul_common.cc of TensorFlow Lite Micro."""
    a, b, output = (call.quantization(v).scale for v in (call.input(0), call.input(1), call.output))
    return quantize_multiplier(a * b / output)


def quantized_sum(call: Call, a: Int64, b: Int64) -> Int64:
    """a + b or a - b of quantized integers, clamped to the activation."""
    constants = sum_of(call)
    scaled = [
        multiply_by_quantized_multiplier((x - zero_point) << constants.left_shift, *multiplier)
        for x, zero_point, multiplier in (
            (a, call.quantization(call.input(0)).zero_point, constants.multiplier_a),
            (b, call.quantization(call.input(1)).zero_point, constants.multiplier_b),
        )
    ]
    total = scaled[0] + constants.sign * scaled[1]
    return _finished(call, multiply_by_quantized_multiplier(total, *constants.multiplier))


def quantized_product(call: Call, a: Int64, b: Int64) -> Int64:
    """a * b of quantized integers, clamped to the activation."""
    centred_a = a - call.quantization(call.input(0)).zero_point
    centred_b = b - call.quantization(call.input(1)).zero_point
    return _finished(call, multiply_by_quantized_multiplier(centred_a * centred_b, *product_multiplier(call)))


def _finished(call: Call, y: Int64) -> Int64:
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return np.clip(y + result.zero_point, low, high)
