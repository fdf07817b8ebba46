"""Softmax of int16 values: exp and the reciprocal of the sum by interpolation in two tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UnsupportedError
from smelt.ir import DType, Quantization
from smelt.operators.fixed_point import (
    Int64,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    round_half_away,
)
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Table
from smelt.targets import Target

OUTPUT = Quantization.per_tensor(1 / 32768, 0)
"""The output parameters that the TFLite quantization specification fixes."""

LARGEST_DEPTH = 2**16 - 1
"""More elements, all at the maximum, would overflow the 32-bit sum."""

_STEPS = 512
Real = NDArray[np.floating[Any]]


@lru_cache(maxsize=2)
def _table(curve: Callable[[Real], Real], low: float, high: float) -> NDArray[np.int16]:
    """A curve on [low, high] at 513 points, in 15 fractional bits, half of the error between points taken off each.

    Source: gen_lut in TensorFlow Lite Micro (kernels/internal/common.h), which computes in float32.
    """
    step = np.float32((high - low) / _STEPS)
    at = np.float32(low) + np.arange(_STEPS, dtype=np.float32) * step
    scaled, after, middle = (
        np.asarray(curve(x)) * np.float32(32768) for x in (at, at + step, at + step / np.float32(2))
    )
    interpolated = round_half_away((after + round_half_away(scaled).astype(np.float32)) / np.float32(2))
    bias = round_half_away((interpolated - round_half_away(middle)) / 2)
    last = round_half_away(curve(np.array([high], np.float32)) * np.float32(32768))
    return np.clip(np.append(round_half_away(scaled) - bias, last), -32768, 32767).astype(np.int16)


def _one_over_one_plus(x: Real) -> Real:
    return np.asarray(np.float32(1) / (np.float32(1) + x))


def exponentials() -> NDArray[np.int16]:
    """exp(x) for x = -10 .. 0."""
    return _table(np.exp, -10.0, 0.0)


def reciprocals() -> NDArray[np.int16]:
    """1 / (1 + x) for x = 0 .. 1."""
    return _table(_one_over_one_plus, 0.0, 1.0)


def multiplier(call: Call) -> tuple[int, int]:
    """From a difference of inputs to 65535 for 10; UnsupportedError for parameters that TFLite has not."""
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    if result.zero_point != 0 or abs(result.scale - OUTPUT.scale) > 0.001 * OUTPUT.scale:
        raise UnsupportedError(
            f"{call.node.label}: the int16 output must have scale 1/32768 and zero point 0"
        )
    real = source.scale * float(np.float32(call.attributes.beta)) / (10.0 / 65535.0)
    if not 0 <= real < 2.0**15:
        raise UnsupportedError(
            f"{call.node.label}: beta {call.attributes.beta} times the input's scale {source.scale} is out of "
            "the range of int16 softmax: 0 to 5"
        )
    return quantize_multiplier(real)


def evaluate(call: Call, x: Int64) -> Int64:
    """Source: SoftmaxInt16 in TensorFlow Lite (reference/softmax.h)."""
    distance = multiply_by_quantized_multiplier(x - x.max(axis=-1, keepdims=True), *multiplier(call))
    exponents = _interpolated(exponentials(), np.maximum(distance + 32767, -32768))
    sums = exponents.sum(axis=-1, keepdims=True)
    zeros = 32 - np.frexp(sums.astype(np.float64))[1].astype(np.int64)
    fraction = ((sums << (zeros - 1)) + (1 << 13)) >> 14
    scale = _interpolated(reciprocals(), np.minimum(fraction - (1 << 15) - (1 << 16), 32767))
    shift = 31 - zeros
    return np.asarray(np.clip((exponents * scale + (np.int64(1) << (shift - 1))) >> shift, 0, 32767))


def _interpolated(table: NDArray[np.int16], value: Int64) -> Int64:
    """The table at an int16 argument.  Source: LUTLookup in TensorFlow Lite (kernels/internal/common.h)."""
    wide = table.astype(np.int64)
    index = 256 + (value >> 7)
    return np.asarray(wide[index] + (((wide[index + 1] - wide[index]) * (value & 0x7F) + 64) >> 7))


def _accepts(call: Call, target: Target) -> bool:
    same = call.input(0).dtype is call.output.dtype is DType.S16
    return same and call.input(0).shape[-1] <= LARGEST_DEPTH


def _lower(call: Call, target: Target) -> Lowering:
    mantissa, shift = multiplier(call)
    depth = call.input(0).shape[-1]
    fields: dict[str, int | float | Table | None] = {
        "rows": call.input(0).elements // max(depth, 1),
        "depth": depth,
        "mantissa": mantissa,
        "shift": shift,
        "exponentials": Table("exponentials", exponentials()),
        "reciprocals": Table("reciprocals", reciprocals()),
    }
    parameters = Parameters("struct smelt_softmax_s16_parameters", fields)
    return Lowering("smelt_softmax_s16", (Output(), Input(0), parameters))


KERNEL = Kernel("smelt_softmax_s16", ("softmax_s16.c",), "softmax.h", _accepts, _lower)
