"""Softmax over the last dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Quantization
from smelt.operators.fixed_point import (
    Int64,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_mul,
)
from smelt.operators.fixed_point_functions import exp_on_negative_values, one_over_one_plus
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
)
from smelt.operators.softmax import wide
from smelt.targets import Target

FIXED_OUTPUT = {
    DType.S8: Quantization.per_tensor(1 / 256, -128),
    DType.U8: Quantization.per_tensor(1 / 256, 0),
    DType.S16: wide.OUTPUT,
}
"""The output parameters that the TFLite quantization specification fixes."""

_ACCUMULATOR_BITS = 12
_LARGEST_DEPTH = 2**13 - 1  # more elements, all at the maximum, would overflow the 32-bit sum


@dataclass(frozen=True)
class SoftmaxAttributes:
    """`beta`: the factor of the inputs, an inverse temperature."""

    beta: float = 1.0


def _infer(call: Call) -> tuple[TensorType, ...]:
    value = call.input(0)
    if not value.shape:
        raise GraphError(f"{call.node.label}: '{value.name}' is a scalar; softmax needs a dimension")
    return (TensorType(value.dtype, value.shape),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    if call.input(0).dtype.is_float:
        beta = x.dtype.type(call.attributes.beta)
        # a row of minus infinities is no number everywhere
        with np.errstate(invalid="ignore"):
            exponentials = np.exp((x - x.max(axis=-1, keepdims=True)) * beta)
            return (np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), x.dtype),)
    if call.input(0).dtype is DType.S16:
        return (wide.evaluate(call, x.astype(np.int64)).astype(np.int16),)
    return (_evaluate_s8(call, x.astype(np.int64)).astype(np.int8),)


def _evaluate_s8(call: Call, x: Int64) -> Int64:
    """Source: Softmax in TensorFlow Lite Micro, reference/softmax.h.

    Where its sum reaches 512, TFLite Micro stops with a failed check; here such small results are 0.
    """
    exponentials = exponentials_s8(call)[x.max(axis=-1, keepdims=True) - x]
    sums = rounding_divide_by_power_of_two(exponentials, _ACCUMULATOR_BITS).sum(axis=-1, keepdims=True)
    # The sum as (1 + fraction) * 2**bits.
    bits = np.frexp(sums.astype(np.float64))[1] - 1
    fraction = (sums << (31 - bits)) - 2**31
    scaled = saturating_rounding_doubling_high_mul(one_over_one_plus(fraction), exponentials)
    exponent = bits + 4
    y = np.where(exponent > 31, 0, rounding_divide_by_power_of_two(scaled, np.minimum(exponent, 31)))
    return np.asarray(np.clip(y - 128, -128, 127), np.int64)


def exponentials_s8(call: Call) -> Int64:
    """exp(-beta * scale * d) in Q0 for d = 0 .. 255, 0 from the distance on that the method leaves out.

    Raises UnsupportedError when input or output have parameters that int8 softmax cannot have.
    """
    _require_s8(call)
    scale = call.quantization(call.input(0)).scale
    real = float(np.float32(call.attributes.beta)) * scale * 2.0**26
    if not real > 1:
        raise UnsupportedError(
            f"{call.node.label}: beta {call.attributes.beta} times the input's scale {scale} is too small "
            f"for int8 softmax; it must be over 2**-26"
        )
    mantissa, shift = quantize_multiplier(min(real, 2.0**31 - 1))
    largest = math.floor(31 * 2.0**26 / 2.0**shift)
    distance = np.arange(256, dtype=np.int64)
    kept = np.minimum(distance, largest)
    rescaled = saturating_rounding_doubling_high_mul(-kept << shift, mantissa)
    return np.where(distance <= largest, exp_on_negative_values(rescaled, 5), 0)


def _require_s8(call: Call) -> None:
    source, result = call.input(0).dtype, call.output.dtype
    if source is not DType.S8 or result is not DType.S8:
        raise UnsupportedError(
            f"{call.node.label}: smelt computes it for f32, s8 and s16, not for {source.value}"
        )
    expected = FIXED_OUTPUT[DType.S8]
    if call.quantization(call.output) != expected:
        raise UnsupportedError(
            f"{call.node.label}: the int8 output '{call.output.name}' must have scale {expected.scale} "
            f"and zero point {expected.zero_point}"
        )


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    same = call.input(0).dtype is dtype and call.output.dtype is dtype
    return same and (dtype.is_float or call.input(0).shape[-1] <= _LARGEST_DEPTH)


def _rows(call: Call) -> dict[str, int | float | Table | None]:
    depth = call.input(0).shape[-1]
    return {"rows": call.input(0).elements // max(depth, 1), "depth": depth}


def _lower_s8(call: Call, target: Target) -> Lowering:
    exponentials = exponentials_s8(call)
    # Below 2**11 an exponential adds 0 to the sum and gives 0: the table ends there.
    length = int(np.count_nonzero(exponentials >= 2**11))
    table = Table("exponentials", exponentials[:length].astype(np.int32))
    fields = {**_rows(call), "length": length, "exponentials": table}
    return Lowering(
        "smelt_softmax_s8", (Output(), Input(0), Parameters("struct smelt_softmax_s8_parameters", fields))
    )


def _lower_f32(call: Call, target: Target) -> Lowering:
    fields = {**_rows(call), "beta": float(np.float32(call.attributes.beta))}
    return Lowering(
        "smelt_softmax_f32", (Output(), Input(0), Parameters("struct smelt_softmax_f32_parameters", fields))
    )


SOFTMAX = Operator(
    name="softmax",
    summary="exp(beta * x) divided by its sum over the last dimension",
    infer=_infer,
    evaluate=_evaluate,
    attributes=SoftmaxAttributes,
    traits=Traits(fixed_output=FIXED_OUTPUT.__getitem__),
    kernels=(
        Kernel("smelt_softmax_s8", ("softmax_s8.c",), "softmax.h", partial(_accepts, DType.S8), _lower_s8),
        wide.KERNEL,
        Kernel(
            "smelt_softmax_f32", ("softmax_f32.c",), "softmax.h", partial(_accepts, DType.F32), _lower_f32
        ),
    ),
)
