"""sum of int8: that of mean without the division by the count, in the same kernel."""

from __future__ import annotations

from smelt.ir import Array, DType
from smelt.operators.fixed_point import quantize_multiplier
from smelt.operators.operator import Call, Kernel, Lowering
from smelt.operators.pooling.axes import reduced_count, reduced_loops
from smelt.operators.pooling.mean import lower_rescaled_sums, rescaled_sums
from smelt.targets import Target


def quantized_sum(call: Call, x: Array) -> Array:
    """The sum, rescaled.

    Source: QuantizedMeanOrSum in TensorFlow Lite (kernels/internal/reference/reduce.h).
    """
    return rescaled_sums(call, x, _multiplier(call))


def _multiplier(call: Call) -> tuple[int, int]:
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    return quantize_multiplier(source.scale / result.scale)


def _accepts(call: Call, target: Target) -> bool:
    value = call.input(0)
    if value.dtype is not DType.S8 or value.quantization is None or reduced_loops(call) is None:
        return False
    largest_sum = 255 * reduced_count(call)
    return largest_sum << max(_multiplier(call)[1], 0) < 2**31


def _lower(call: Call, target: Target) -> Lowering:
    return lower_rescaled_sums("smelt_mean_s8", call, _multiplier(call))


SUM_S8 = Kernel("smelt_mean_s8", ("mean_s8.c",), "pooling.h", _accepts, _lower)
