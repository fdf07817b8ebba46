"""What a quantized activation makes of an integer: the meaning behind evaluation and lookup tables."""

from __future__ import annotations

import math

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import DType, Quantization
from smelt.operators.activation.wide import OUTPUT, logistic_s16_response, tanh_s16_response
from smelt.operators.fixed_point import (
    Int64,
    activation_bounds,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
)
from smelt.operators.fixed_point_functions import logistic_q4, tanh_q4
from smelt.operators.operator import Call


def clamp_response(call: Call, x: Int64) -> Int64:
    """The input rescaled to the output's parameters, then clamped.

    Source: CalculateReluOpData in TensorFlow Lite Micro.  Its relu6 does not
    rescale, so it is right, and the same as this, only where input and output have equal parameters.
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    mantissa, shift = quantize_multiplier(source.scale / result.scale)
    y = multiply_by_quantized_multiplier(x - source.zero_point, mantissa, shift) + result.zero_point
    low, high = activation_bounds(call.node.operator, result, call.output.dtype)
    return np.asarray(np.clip(y, low, high))


def leaky_relu_response(call: Call, x: Int64) -> Int64:
    """Two multipliers, one for each sign of the input.

    Source: leaky_relu_common.cc of TensorFlow Lite Micro.
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    identity = quantize_multiplier(source.scale / result.scale)
    slope = quantize_multiplier(source.scale * float(np.float32(call.attributes.alpha)) / result.scale)
    centred: Int64 = x - source.zero_point
    y: Int64 = np.where(
        centred >= 0,
        multiply_by_quantized_multiplier(centred, *identity),
        multiply_by_quantized_multiplier(centred, *slope),
    )
    return np.clip(y + result.zero_point, *call.output.dtype.integer_range)


def _short_multiplier(real: float) -> tuple[int, int]:
    """A real multiplier as (mantissa, exponent) with a mantissa of 16 bits."""
    mantissa, exponent = quantize_multiplier(real)
    return min((mantissa + (1 << 15)) >> 16, 2**15 - 1), exponent


def _short_high_mul(a: Int64, b: Int64 | int, nudge: int) -> Int64:
    """a * b / 2**15 of 16-bit numbers, after adding `nudge` towards the sign of the product; towards zero."""
    product = a * b
    total = product + np.where(product >= 0, nudge, 1 - nudge if nudge else 0)
    return np.clip(np.where(total >= 0, total >> 15, -(-total >> 15)), -(2**15), 2**15 - 1)


def hard_swish_response(call: Call, x: Int64) -> Int64:
    """The input, and its relu6(x + 3) / 6 as a number of 15 bits, multiplied.

    Source: HardSwish in TensorFlow Lite, reference/hard_swish.h.
    """
    if call.input(0).dtype is not DType.S8:
        raise UnsupportedError(f"{call.node.label}: has no meaning for {call.input(0).dtype.value}")
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    fine = np.float32(1 / 128) * np.float32(source.scale)
    output_mantissa, output_exponent = _short_multiplier(float(fine) / float(np.float32(result.scale)))
    share_mantissa, share_exponent = _short_multiplier(float(fine) / float(np.float32(3 / 32768)))
    wide: Int64 = (x - source.zero_point) << 7
    scaled = _short_high_mul(wide, output_mantissa, 1 << 14)
    share = wide
    if share_exponent > 0:
        share = np.clip(share << (share_exponent - 1), -(2**15), 2**15 - 1)
    share = _short_high_mul(share, share_mantissa, 1 << 14)
    if share_exponent > 0:
        share = np.clip(share << 1, -(2**15), 2**15 - 1)
    if share_exponent < 0:
        share = rounding_divide_by_power_of_two(share, -share_exponent)
    product = _short_high_mul((share + (1 << 15)) >> 1, scaled, 0)
    if output_exponent > 0:
        raise UnsupportedError(f"{call.node.label}: the output's scale {result.scale} is too fine for int8")
    y = rounding_divide_by_power_of_two(product, -output_exponent)
    return np.clip(y + result.zero_point, *call.output.dtype.integer_range)


def logistic_response(call: Call, x: Int64) -> Int64:
    """Fixed-point logistic; of an int8 input the output's scale is 1/256 and its zero point -128.

    Source: TensorFlow Lite Micro, reference/integer_ops/logistic.h.
    """
    if call.input(0).dtype is DType.S16:
        return logistic_s16_response(call, x)
    _require_s8(call)
    centred, q4, radius = _to_q4(call, x)
    y = rounding_divide_by_power_of_two(logistic_q4(q4), 31 - 8) - 128
    return _saturated(centred, radius, y)


def tanh_response(call: Call, x: Int64) -> Int64:
    """Fixed-point tanh; of an int8 input the output's scale is 1/128 and its zero point 0.

    Source: TensorFlow Lite Micro, reference/integer_ops/tanh.h.
    """
    if call.input(0).dtype is DType.S16:
        return tanh_s16_response(call, x)
    _require_s8(call)
    centred, q4, radius = _to_q4(call, x)
    y = rounding_divide_by_power_of_two(tanh_q4(q4), 31 - 7)
    return _saturated(centred, radius, y)


def _to_q4(call: Call, x: Int64) -> tuple[Int64, Int64, int]:
    """Input minus zero point, the same in Q4, and the magnitude from which on the output is saturated."""
    source = call.quantization(call.input(0))
    mantissa, shift = quantize_multiplier(source.scale * 2.0**27)
    radius = math.floor(15 * 2.0**27 / 2.0**shift)
    centred = x - source.zero_point
    # Saturated inputs are replaced below; kept in range so that they do not overflow before.
    inside = np.clip(centred, -radius, radius)
    return centred, multiply_by_quantized_multiplier(inside, mantissa, shift), radius


def _saturated(centred: Int64, radius: int, y: Int64) -> Int64:
    y = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, y))
    return np.clip(y, -128, 127)


def _require_s8(call: Call) -> None:
    expected = FIXED_OUTPUT[call.node.operator][DType.S8]
    if call.input(0).dtype is not DType.S8 or call.output.dtype is not DType.S8:
        raise UnsupportedError(
            f"{call.node.label}: smelt computes it for f32, s8 and s16, not for {call.input(0).dtype.value}"
        )
    if call.quantization(call.output) != expected:
        raise UnsupportedError(
            f"{call.node.label}: the int8 output '{call.output.name}' must have scale {expected.scale} "
            f"and zero point {expected.zero_point}"
        )


FIXED_OUTPUT: dict[str, dict[DType, Quantization]] = {
    "logistic": {
        DType.S8: Quantization.per_tensor(1 / 256, -128),
        DType.U8: Quantization.per_tensor(1 / 256, 0),
        DType.S16: OUTPUT,
    },
    "tanh": {
        DType.S8: Quantization.per_tensor(1 / 128, 0),
        DType.U8: Quantization.per_tensor(1 / 128, 128),
        DType.S16: OUTPUT,
    },
}
"""The output parameters that the TFLite quantization specification fixes."""
