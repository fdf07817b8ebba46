"""prelu of int8: what it computes, and what its C kernel is given."""

from __future__ import annotations

import numpy as np

from smelt.ir import DType
from smelt.operators.elementwise.broadcast import layout_of
from smelt.operators.fixed_point import Int64, multiply_by_quantized_multiplier, quantize_multiplier
from smelt.operators.operator import Call, Input, Lowering, Output, Parameters, Table
from smelt.targets import Target


def prelu_response(call: Call, a: Int64, b: Int64) -> Int64:
    """Two multipliers, one for each sign of the input.

    Source: BroadcastPrelu4DSlow in TensorFlow Lite, reference/prelu.h.
    """
    identity, sloped = _multipliers(call)
    data = a - call.quantization(call.input(0)).zero_point
    slopes = b - call.quantization(call.input(1)).zero_point
    y = np.where(
        data >= 0,
        multiply_by_quantized_multiplier(data, *identity),
        multiply_by_quantized_multiplier(data * slopes, *sloped),
    )
    result = call.quantization(call.output)
    return np.asarray(np.clip(y + result.zero_point, *call.output.dtype.integer_range))


def _multipliers(call: Call) -> tuple[tuple[int, int], tuple[int, int]]:
    data, slopes, result = (
        call.quantization(value).scale for value in (call.input(0), call.input(1), call.output)
    )
    return quantize_multiplier(data / result), quantize_multiplier(data * slopes / result)


def all_quantized_s8(call: Call) -> bool:
    """Whether input, slopes and output are quantized to int8."""
    return all(
        value.dtype is DType.S8 and value.quantization is not None
        for value in (call.input(0), call.input(1), call.output)
    )


def lower_prelu_s8(call: Call, target: Target) -> Lowering:
    """The call of smelt_prelu_s8."""
    layout = layout_of(call.input(0).shape, call.input(1).shape)
    (mantissa, shift), (sloped_mantissa, sloped_shift) = _multipliers(call)
    fields = {
        "input_zero_point": call.quantization(call.input(0)).zero_point,
        "slope_zero_point": call.quantization(call.input(1)).zero_point,
        "output_zero_point": call.quantization(call.output).zero_point,
        "mantissa": mantissa,
        "shift": shift,
        "sloped_mantissa": sloped_mantissa,
        "sloped_shift": sloped_shift,
        "count": layout.count,
        "step_input": layout.steps[0],
        "step_slope": layout.steps[1],
    }
    table = Table("broadcast", layout.table()) if layout.loops else None
    parameters = Parameters("struct smelt_prelu_s8_parameters", fields)
    return Lowering("smelt_prelu_s8", (Output(), Input(0), Input(1), parameters, table))
