"""Activations of int16 values: logistic and tanh from one table of 256 values, clamps and leaky_relu by arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UnsupportedError
from smelt.ir import DType, Quantization
from smelt.operators.fixed_point import Int64, activation_bounds, quantize_multiplier
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Table,
    equal_inputs,
)
from smelt.targets import Target

OUTPUT = Quantization.per_tensor(1 / 32768, 0)
"""The output parameters of logistic and tanh that the TFLite quantization specification fixes."""

_STEPS_A_UNIT = 24
"""Entries of the table for one unit of its argument."""


@lru_cache(maxsize=1)
def sigmoid_table() -> NDArray[np.uint16]:
    """2**16 / (1 + exp(-i / 24)) for i = 0 .. 255, plus half of what interpolation lacks halfway to the next.

    The last is 65535.
    These are the values of TensorFlow Lite's sigmoid_table_uint16 (kernels/internal/common.cc).
    """
    curve = 65536 / (1 + np.exp(-np.arange(2 * 256 + 1) / (2 * _STEPS_A_UNIT)))
    here, halfway, after = curve[:-2:2], curve[1::2], curve[2::2]
    table = np.floor(here + (halfway - (here + after) / 2) / 2 + 0.5)
    table[-1] = 65535
    return np.asarray(table, np.uint16)


def input_multiplier(call: Call) -> tuple[int, int]:
    """(multiplier, right shift) from an input to 2**17 = 10.67; UnsupportedError for parameters that TFLite has not.

    Source: CalculateArithmeticOpData of logistic_common.cc and tanh.cc in TensorFlow Lite Micro.
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    if source.zero_point != 0 or result != OUTPUT:
        raise UnsupportedError(
            f"{call.node.label}: int16 input and output must have zero point 0, and the output scale 1/32768"
        )
    exponent = math.log2(source.scale)
    raised = 12 + round(exponent)
    if abs(exponent - round(exponent)) < 1e-3 and 0 <= raised <= (1 if call.node.operator == "tanh" else 0):
        return 3 << raised, 0
    multiplier, shift = source.scale * 4096.0 * 3.0, 0
    if multiplier > 32767:
        raise UnsupportedError(f"{call.node.label}: the input scale {source.scale} is too large for int16")
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier, shift = multiplier * 2.0, shift + 1
    return int(multiplier), shift


def _rescaled(call: Call, x: Int64) -> Int64:
    multiplier, shift = input_multiplier(call)
    return np.asarray((x * multiplier + ((1 << shift) >> 1)) >> shift)


def _interpolated(magnitude: Int64, bits: int) -> Int64:
    """The table at magnitude / 2**bits, in 16 + bits fractional bits; the caller replaces what lies behind its end."""
    table = sigmoid_table().astype(np.int64)
    index = np.minimum(magnitude >> bits, 254)
    low, high = table[index], table[index + 1]
    return np.asarray((low << bits) + (magnitude & ((1 << bits) - 1)) * (high - low))


def table_logistic(x: Int64) -> Int64:
    """logistic(x) in 15 fractional bits for x of which 2**17 is 10.67.

    Source: Logistic for int16 in TensorFlow Lite (reference/integer_ops/logistic.h).
    """
    magnitude = np.abs(x)
    result = np.where(magnitude >> 9 >= 255, 0x7FFF << 10, _interpolated(magnitude, 9))
    return np.where(x >= 0, result + (1 << 9), (1 << 25) - result + (1 << 9) - 1) >> 10


def table_tanh(x: Int64) -> Int64:
    """tanh(x) likewise.  Source: Tanh for int16 in TensorFlow Lite (reference/integer_ops/tanh.h)."""
    magnitude = np.abs(x)
    result = np.where(magnitude >> 8 >= 255, 0xFFFF << 8, _interpolated(magnitude, 8))
    return np.where(x >= 0, result - (1 << 23) + (1 << 7), (1 << 23) - result + (1 << 7) - 1) >> 8


def logistic_s16_response(call: Call, x: Int64) -> Int64:
    """Of an input with the call's parameters."""
    return table_logistic(_rescaled(call, x))


def tanh_s16_response(call: Call, x: Int64) -> Int64:
    """Of an input with the call's parameters."""
    return table_tanh(_rescaled(call, x))


def _accepts(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.S16 and call.output.dtype is DType.S16


def _accepts_leaky_relu(call: Call, target: Target) -> bool:
    return _accepts(call, target) and call.attributes.alpha >= 0


def _lower_sigmoid(stem: str, call: Call, target: Target) -> Lowering:
    multiplier, shift = input_multiplier(call)
    fields: dict[str, int | float | Table | None] = {
        "table": Table("sigmoid", sigmoid_table()),
        "count": call.output.elements,
        "multiplier": multiplier,
        "shift": shift,
    }
    parameters = Parameters("struct smelt_sigmoid_s16_parameters", fields)
    return Lowering(f"smelt_{stem}_s16", (Output(), Input(0), parameters))


def _lower_relu(call: Call, target: Target) -> Lowering:
    low, high = activation_bounds(call.node.operator, call.quantization(call.output), call.output.dtype)
    return _slopes(call, 1.0, low, high)


def _lower_leaky_relu(call: Call, target: Target) -> Lowering:
    return _slopes(call, float(np.float32(call.attributes.alpha)), *DType.S16.integer_range)


def _slopes(call: Call, alpha: float, low: int, high: int) -> Lowering:
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    mantissa, shift = quantize_multiplier(source.scale / result.scale)
    negative_mantissa, negative_shift = quantize_multiplier(source.scale * alpha / result.scale)
    fields: dict[str, int | float | Table | None] = {
        "count": call.output.elements,
        "input_zero_point": source.zero_point,
        "mantissa": mantissa,
        "shift": shift,
        "negative_mantissa": negative_mantissa,
        "negative_shift": negative_shift,
        "zero_point": result.zero_point,
        "low": low,
        "high": high,
    }
    parameters = Parameters("struct smelt_slopes_s16_parameters", fields)
    return Lowering("smelt_slopes_s16", (Output(), Input(0), parameters))


def _kernel(
    stem: str,
    lower: Callable[[Call, Target], Lowering],
    accepts: Callable[[Call, Target], bool] = _accepts,
) -> Kernel:
    return Kernel(
        name=f"smelt_{stem}_s16",
        sources=(f"{stem}_s16.c",),
        header="activation_s16.h",
        accepts=accepts,
        lower=lower,
        ascending=True,
        in_place=equal_inputs,
        row_by_row=True,
    )


LOGISTIC, TANH = (_kernel(stem, partial(_lower_sigmoid, stem)) for stem in ("logistic", "tanh"))
CLAMP = _kernel("slopes", _lower_relu)
LEAKY_RELU = _kernel("slopes", _lower_leaky_relu, _accepts_leaky_relu)
