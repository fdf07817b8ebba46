"""What abs, elu and gelu make of quantized integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.operators.fixed_point import Int64, multiply_by_quantized_multiplier, quantize_multiplier
from smelt.operators.operator import Call

Curve = Callable[[Call, NDArray[Any]], NDArray[Any]]


def abs_response(call: Call, x: Int64) -> Int64:
    """The distance from the zero point, rescaled where the output has another scale.

    Source: AbsEvalQuantized in TensorFlow Lite Micro (kernels/elementwise.cc).
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    distance: Int64 = np.abs(x - source.zero_point)
    if source.scale != result.scale:
        multiplier = quantize_multiplier(source.scale / result.scale)
        distance = multiply_by_quantized_multiplier(distance, *multiplier)
    return np.clip(distance + result.zero_point, *call.output.dtype.integer_range)


def rounded_response(curve: Curve) -> Callable[[Call, Int64], Int64]:
    """A curve of the real numbers that the integers stand for, rounded to the output's integers.

    Source: LUTPopulate in TensorFlow Lite (kernels/internal/common.h), which computes in single precision.
    """
    return partial(_rounded, curve)


def _rounded(curve: Curve, call: Call, x: Int64) -> Int64:
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    real = np.float32(source.scale) * (x - source.zero_point).astype(np.float32)
    steps = curve(call, real).astype(np.float32) * (np.float32(1) / np.float32(result.scale))
    nearest = np.trunc(steps + np.copysign(np.float32(0.5), steps))
    return np.asarray(np.clip(nearest + result.zero_point, *call.output.dtype.integer_range), np.int64)
