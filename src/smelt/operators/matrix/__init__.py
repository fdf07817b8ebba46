"""batch_matmul: products of matrices that are both computed, over leading dimensions that broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Value
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, Layout, layout_of
from smelt.operators.fixed_point import (
    multiply_by_quantized_multiplier,
    multiply_wide_sum,
    quantize_multiplier,
    reduced_multiplier,
    wrap_int32,
)
from smelt.operators.operator import (
    Call,
    Cost,
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
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]


@dataclass(frozen=True)
class BatchMatmul:
    """Whether the last two dimensions of each input are exchanged first."""

    transpose_a: bool = False
    transpose_b: bool = False


def _matrix(value: Value, transposed: bool) -> tuple[int, int]:
    rows, columns = value.shape[-2:]
    return (columns, rows) if transposed else (rows, columns)


def _sizes(call: Call) -> tuple[int, int, int]:
    """Rows, summed products and columns of one product."""
    rows, inner = _matrix(call.input(0), call.attributes.transpose_a)
    return rows, inner, _matrix(call.input(1), call.attributes.transpose_b)[1]


def _infer(call: Call) -> tuple[TensorType, ...]:
    a, b = call.input(0), call.input(1)
    if a.dtype is not b.dtype or not (a.dtype.is_float or a.dtype in (DType.S8, DType.S16)):
        raise GraphError(f"{call.node.label}: multiplies {a.dtype.value} with {b.dtype.value}")
    if min(len(a.shape), len(b.shape)) < 2:
        raise GraphError(f"{call.node.label}: '{a.name}' or '{b.name}' is no matrix")
    rows, inner, columns = _sizes(call)
    if inner != _matrix(b, call.attributes.transpose_b)[0]:
        raise GraphError(f"{call.node.label}: {list(a.shape)} and {list(b.shape)} do not fit together")
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise GraphError(f"{call.node.label}: {list(a.shape)} and {list(b.shape)} do not broadcast") from None
    return (TensorType(a.dtype, (*batch, rows, columns)),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    a, b = arrays
    assert a is not None
    assert b is not None
    left = a.swapaxes(-1, -2) if call.attributes.transpose_a else a
    right = b.swapaxes(-1, -2) if call.attributes.transpose_b else b
    if not call.input(0).dtype.is_float:
        return (_evaluate_integers(call, left, right),)
    return (np.ascontiguousarray(np.matmul(left, right)).astype(a.dtype),)


def _evaluate_integers(call: Call, left: Array, right: Array) -> Array:
    """Sums of products, requantized once for all, as fully_connected does it with weights of one scale.

    Source: BatchMatMulPrepare in TensorFlow Lite Micro.
    """
    dtype = call.input(0).dtype
    zero_points = [
        call.quantization(value).zero_point for value in (call.input(0), call.input(1), call.output)
    ]
    if dtype is DType.S16 and any(zero_points):
        raise UnsupportedError(f"{call.node.label}: zero points of int16 data must be 0")
    a, b = (array.astype(np.int64) - at for array, at in zip((left, right), zero_points, strict=False))
    multiply = multiply_wide_sum if dtype is DType.S16 else multiply_by_quantized_multiplier
    sums = np.matmul(a, b)
    scaled = multiply(sums if dtype is DType.S16 else wrap_int32(sums), *_multiplier(call))
    return np.ascontiguousarray(np.clip(scaled + zero_points[2], *dtype.integer_range).astype(dtype.numpy))


def _multiplier(call: Call) -> tuple[int, int]:
    """(mantissa, shift) of scale of a * scale of b, rounded to float32, / scale of the output."""
    a, b, result = (call.quantization(value).scale for value in (call.input(0), call.input(1), call.output))
    return quantize_multiplier(float(np.float32(a) * np.float32(b)) / result)


def _batches(call: Call) -> Layout:
    """The walk over the matrices of both inputs."""
    return layout_of(call.input(0).shape[:-2], call.input(1).shape[:-2])


def _accepts(dtype: DType) -> Callable[[Call, Target], bool]:
    def accepts(call: Call, target: Target) -> bool:
        return call.input(0).dtype is dtype and len(_batches(call).loops) <= OUTER_LOOPS

    return accepts


def _walk(call: Call) -> Fields:
    rows, inner, columns = _sizes(call)
    batches, attributes = _batches(call), call.attributes
    fields: Fields = {
        "rows": rows,
        "inner": inner,
        "columns": columns,
        "row_step_a": 1 if attributes.transpose_a else inner,
        "inner_step_a": rows if attributes.transpose_a else 1,
        "inner_step_b": 1 if attributes.transpose_b else columns,
        "column_step_b": inner if attributes.transpose_b else 1,
        "count": batches.count,
        "step_a": batches.steps[0],
        "step_b": batches.steps[1],
        "batches": Table("batches", batches.table()),
    }
    return {f"walk.{name}": field for name, field in fields.items()}


def _lowering(kind: str, fields: Fields) -> Lowering:
    parameters = Parameters(f"struct smelt_batch_matmul_{kind}_parameters", fields)
    return Lowering(f"smelt_batch_matmul_{kind}", (Output(), Input(0), Input(1), parameters))


def _lower_f32(call: Call, target: Target) -> Lowering:
    return _lowering("f32", _walk(call))


def _lower_s8(call: Call, target: Target) -> Lowering:
    mantissa, shift = _multiplier(call)
    fields: Fields = {
        **_walk(call),
        "mantissa": mantissa,
        "shift": shift,
        "zero_point_a": call.quantization(call.input(0)).zero_point,
        "zero_point_b": call.quantization(call.input(1)).zero_point,
        "zero_point": call.quantization(call.output).zero_point,
    }
    return _lowering("s8", fields)


def _lower_s16(call: Call, target: Target) -> Lowering:
    mantissa, shift = reduced_multiplier(*_multiplier(call))
    low, high = DType.S16.integer_range
    fields: Fields = {
        **_walk(call),
        "rows.bias": Table("bias", np.zeros(1, np.int32)),
        "rows.mantissas": Table("mantissas", mantissa.astype(np.int16).reshape(1)),
        "rows.shifts": Table("shifts", shift.astype(np.uint8).reshape(1)),
        "rows.low": low,
        "rows.high": high,
        "rows.step": 0,
        "rows.wide": 0,
    }
    return _lowering("s16", fields)


def _cost(call: Call) -> Cost:
    return Cost(macs=call.output.elements * _sizes(call)[1])


BATCH_MATMUL = Operator(
    name="batch_matmul",
    summary="products of matrices, over leading dimensions that broadcast",
    attributes=BatchMatmul,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(quantizable=False),
    kernels=(
        Kernel("smelt_batch_matmul_s8", ("batch_matmul_s8.c",), "matrix.h", _accepts(DType.S8), _lower_s8),
        Kernel(
            "smelt_batch_matmul_s16",
            ("batch_matmul_s16.c", "smelt_rows_s16.c"),
            "matrix.h",
            _accepts(DType.S16),
            _lower_s16,
        ),
        Kernel(
            "smelt_batch_matmul_f32", ("batch_matmul_f32.c",), "matrix.h", _accepts(DType.F32), _lower_f32
        ),
    ),
)
