"""Conversions between real and quantized numbers: quantize, dequantize."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Quantization
from smelt.operators.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    TensorType,
    Traits,
    equal_inputs,
    no_input,
)
from smelt.operators.rows import same_row_needs
from smelt.targets import Target

_QUANTIZED = (DType.S8, DType.U8, DType.S16, DType.S32)


@dataclass(frozen=True)
class QuantizeAttributes:
    """`dtype`: the element type of the output (s8, u8, s16, s32); its scale is the output value's."""

    dtype: str = "s8"


def _infer_quantize(call: Call) -> tuple[TensorType, ...]:
    for dtype in _QUANTIZED:
        if dtype.value == call.attributes.dtype:
            return (TensorType(dtype, call.input(0).shape),)
    known = ", ".join(dtype.value for dtype in _QUANTIZED)
    raise GraphError(f"{call.node.label}: cannot quantize to '{call.attributes.dtype}', only to {known}")


def _infer_dequantize(call: Call) -> tuple[TensorType, ...]:
    return (TensorType(DType.F32, call.input(0).shape),)


def _evaluate_quantize(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    result, dtype = call.quantization(call.output), call.output.dtype
    low, high = dtype.integer_range
    if call.input(0).dtype.is_float:
        return (_from_real(x.astype(np.float32), result, low, high).astype(dtype.numpy),)
    source = call.quantization(call.input(0))
    mantissa, shift = quantize_multiplier(source.scale / result.scale)
    centred = x.astype(np.int64) - source.zero_point
    y = multiply_by_quantized_multiplier(centred, mantissa, shift) + result.zero_point
    return (np.clip(y, low, high).astype(dtype.numpy),)


def _from_real(x: NDArray[np.float32], result: Quantization, low: int, high: int) -> NDArray[np.float64]:
    """Rounded to nearest, ties away from zero, after a float32 division; NaN becomes the smallest integer."""
    with np.errstate(over="ignore"):
        ratio = (x / np.float32(result.scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + result.zero_point
    return np.asarray(np.where(np.isnan(rounded), low, np.clip(rounded, low, high)))


def _evaluate_dequantize(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    value = call.input(0)
    if value.dtype.is_float:
        return (x.astype(np.float32),)
    if not value.dtype.is_integer:
        raise UnsupportedError(f"{call.node.label}: {value.dtype.value} '{value.name}' has no real value")
    source = call.quantization(value)
    shape = [1] * x.ndim
    if source.axis is not None:
        shape[source.axis] = -1
    scale = np.array(source.scales, np.float32).reshape(shape)
    zero_point = np.array(source.zero_points, np.int64).reshape(shape)
    return (np.asarray((x.astype(np.int64) - zero_point).astype(np.float32) * scale),)


def _real(source: DType, result: DType) -> Kernel:
    """Between float32 and quantized numbers; half precision has no parameters."""
    stem = f"{'dequantize' if result is DType.F32 else 'quantize'}_{source.value}_{result.value}"

    def lower(call: Call, target: Target) -> Lowering:
        function = f"smelt_{stem}"
        value = call.input(0) if result is DType.F32 else call.output
        if value.dtype is DType.F16:
            return Lowering(function, (Output(), Input(0), call.output.elements))
        known = call.quantization(value)
        fields = {"count": call.output.elements, "scale": known.scale, "zero_point": known.zero_point}
        return Lowering(
            function, (Output(), Input(0), Parameters("struct smelt_quantize_parameters", fields))
        )

    return _kernel(stem, lower, source, result)


def _rescaling(source: DType, result: DType) -> Kernel:
    """From quantized numbers to quantized ones."""
    stem = "requantize_s8" if source is result is DType.S8 else f"requantize_{source.value}_{result.value}"

    def lower(call: Call, target: Target) -> Lowering:
        before, after = call.quantization(call.input(0)), call.quantization(call.output)
        mantissa, shift = quantize_multiplier(before.scale / after.scale)
        fields = {
            "count": call.output.elements,
            "input_zero_point": before.zero_point,
            "mantissa": mantissa,
            "shift": shift,
            "zero_point": after.zero_point,
        }
        parameters = Parameters("struct smelt_requantize_s8_parameters", fields)
        return Lowering(f"smelt_{stem}", (Output(), Input(0), parameters))

    return _kernel(stem, lower, source, result)


def _kernel(stem: str, lower: Callable[[Call, Target], Lowering], source: DType, result: DType) -> Kernel:
    in_order = source.bits == result.bits
    return Kernel(
        name=f"smelt_{stem}",
        sources=(f"{stem}.c",),
        header="conversion.h",
        accepts=partial(_converts, source, result),
        lower=lower,
        ascending=in_order,
        in_place=equal_inputs if in_order else no_input,
        row_by_row=in_order,
    )


def _converts(source: DType, result: DType, call: Call, target: Target) -> bool:
    per_tensor = all(
        value.quantization is None or value.quantization.axis is None
        for value in (call.input(0), call.output)
    )
    return per_tensor and call.input(0).dtype is source and call.output.dtype is result


_REAL = (DType.S8, DType.S16, DType.U8)
_RESCALED = (
    (DType.S8, DType.S8), (DType.S8, DType.S16), (DType.S16, DType.S8), (DType.S16, DType.S16),
    (DType.U8, DType.S8), (DType.S8, DType.U8),
)  # fmt: skip

QUANTIZE = Operator(
    name="quantize",
    summary="real numbers to quantized ones, or quantized ones to other parameters",
    infer=_infer_quantize,
    evaluate=_evaluate_quantize,
    attributes=QuantizeAttributes,
    traits=Traits(elementwise=True, needs=same_row_needs),
    kernels=(
        *(_real(DType.F32, result) for result in _REAL),
        *(_rescaling(source, result) for source, result in _RESCALED),
    ),
)
DEQUANTIZE = Operator(
    name="dequantize",
    summary="quantized or half-precision numbers to float32",
    infer=_infer_dequantize,
    evaluate=_evaluate_dequantize,
    traits=Traits(elementwise=True, needs=same_row_needs),
    kernels=tuple(_real(source, DType.F32) for source in (*_REAL, DType.F16)),
)
