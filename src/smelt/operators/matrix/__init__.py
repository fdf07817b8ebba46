"""batch_matmul: products of matrices that are both computed, over leading dimensions that broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Value
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, Layout, layout_of
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
    if a.dtype is not b.dtype or not a.dtype.is_float:
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
    if call.input(0).quantization is not None:
        raise UnsupportedError(f"{call.node.label}: has no quantized meaning")
    left = a.swapaxes(-1, -2) if call.attributes.transpose_a else a
    right = b.swapaxes(-1, -2) if call.attributes.transpose_b else b
    return (np.ascontiguousarray(np.matmul(left, right)).astype(a.dtype),)


def _batches(call: Call) -> Layout:
    """The walk over the matrices of both inputs."""
    return layout_of(call.input(0).shape[:-2], call.input(1).shape[:-2])


def _accepts_f32(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.F32 and len(_batches(call).loops) <= OUTER_LOOPS


def _lower_f32(call: Call, target: Target) -> Lowering:
    rows, inner, columns = _sizes(call)
    batches, attributes = _batches(call), call.attributes
    parameters = Parameters(
        "struct smelt_batch_matmul_f32_parameters",
        {
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
        },
    )
    return Lowering("smelt_batch_matmul_f32", (Output(), Input(0), Input(1), parameters))


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
        Kernel("smelt_batch_matmul_f32", ("batch_matmul_f32.c",), "matrix.h", _accepts_f32, _lower_f32),
    ),
)
