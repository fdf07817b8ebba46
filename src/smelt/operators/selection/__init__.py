"""Elements chosen or converted: gather by indices, select by a condition, cast to another type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from smelt.errors import EngineError, GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    NoAttributes,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
)
from smelt.operators.rows import same_row_needs
from smelt.operators.shape.strided import MOST_LOOPS, strides
from smelt.targets import Target


@dataclass(frozen=True)
class Gather:
    """axis is counted from 0; the first batch_dims dimensions of both inputs are walked together."""

    axis: int = 0
    batch_dims: int = 0


@dataclass(frozen=True)
class Cast:
    """to: the output's element type, as "f32"."""

    to: str


def _infer_gather(call: Call) -> tuple[TensorType, ...]:
    data, indices, a = call.input(0), call.input(1), call.attributes
    if not 0 <= a.batch_dims <= a.axis < len(data.shape) or a.batch_dims > len(indices.shape):
        raise GraphError(
            f"{call.node.label}: axis {a.axis} and batch_dims {a.batch_dims} do not fit {list(data.shape)}"
        )
    if data.shape[: a.batch_dims] != indices.shape[: a.batch_dims]:
        raise GraphError(f"{call.node.label}: the inputs differ in their first {a.batch_dims} dimensions")
    if indices.dtype not in (DType.S32, DType.S64):
        raise GraphError(f"{call.node.label}: '{indices.name}' is {indices.dtype.value}, needs s32 or s64")
    shape = data.shape[: a.axis] + indices.shape[a.batch_dims :] + data.shape[a.axis + 1 :]
    return (TensorType(data.dtype, shape),)


def _evaluate_gather(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    data, indices = arrays
    assert data is not None
    assert indices is not None
    axis, batch = call.attributes.axis, call.attributes.batch_dims
    size = data.shape[axis]
    places = indices.astype(np.int64)
    if places.size and not (-size <= places.min() and places.max() < size):
        raise EngineError(f"{call.node.label}: an index is outside 0 .. {size - 1}")
    outer = math.prod(data.shape[:batch])
    rows = data.reshape(outer, *data.shape[batch:])
    chosen = places.reshape(outer, -1)
    taken = [np.take(row, some, axis - batch) for row, some in zip(rows, chosen, strict=True)]
    result = np.stack(taken) if taken else np.empty(call.output.shape, data.dtype)
    return (np.ascontiguousarray(result.reshape(call.output.shape)),)


def _accepts_gather(call: Call, target: Target) -> bool:
    return call.input(0).dtype.bits >= 8


def _lower_gather(call: Call, target: Target) -> Lowering:
    data, indices, a = call.input(0), call.input(1), call.attributes
    parameters = Parameters(
        "struct smelt_gather_parameters",
        {
            "batches": math.prod(data.shape[: a.batch_dims]),
            "outer": math.prod(data.shape[a.batch_dims : a.axis]),
            "size": data.shape[a.axis],
            "indices": math.prod(indices.shape[a.batch_dims :]),
            "index_words": indices.dtype.bits // 32,
            "run": math.prod(data.shape[a.axis + 1 :]) * data.dtype.bits // 8,
        },
    )
    return Lowering("smelt_gather", (Output(), Input(0), Input(1), parameters))


def _infer_select(call: Call) -> tuple[TensorType, ...]:
    condition, a, b = call.input(0), call.input(1), call.input(2)
    if condition.dtype is not DType.BOOL or a.dtype is not b.dtype:
        raise GraphError(
            f"{call.node.label}: chooses by {condition.dtype.value} between {a.dtype.value} and {b.dtype.value}"
        )
    try:
        shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
    except ValueError:
        raise GraphError(f"{call.node.label}: its inputs do not broadcast") from None
    return (TensorType(a.dtype, shape),)


def _evaluate_select(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    condition, a, b = arrays
    assert condition is not None
    assert a is not None
    assert b is not None
    if len({value.quantization for value in (call.input(1), call.input(2), call.output)}) != 1:
        raise UnsupportedError(f"{call.node.label}: chooses between different quantizations")
    return (np.where(condition, a, b),)


def _select_loops(call: Call) -> list[tuple[int, int, int, int]]:
    """Count, and byte steps of condition, a and b, outermost loop first; neighbours that walk alike are one."""
    shape = call.output.shape
    steps = []
    for index in range(3):
        value = call.input(index)
        padded = (1,) * (len(shape) - len(value.shape)) + value.shape
        sizes = strides(padded, value.dtype.numpy.itemsize)
        steps.append([step if extent != 1 else 0 for step, extent in zip(sizes, padded, strict=True)])
    loops: list[tuple[int, int, int, int]] = []
    for count, *own in zip(shape, *steps, strict=True):
        if count == 1:
            continue
        last = loops[-1] if loops else None
        if last and all(last[k + 1] == count * own[k] for k in range(3)):
            loops[-1] = (last[0] * count, own[0], own[1], own[2])
        else:
            loops.append((count, own[0], own[1], own[2]))
    return loops or [(1, 0, 0, 0)]


def _accepts_select(call: Call, target: Target) -> bool:
    return call.output.dtype.bits >= 8 and call.output.elements > 0 and len(_select_loops(call)) <= MOST_LOOPS


def _lower_select(call: Call, target: Target) -> Lowering:
    rows: list[tuple[int, ...]] = []
    passed = [0, 0, 0]
    loops = _select_loops(call)
    for count, *steps in reversed(loops):
        rows.append((count, *(step - done for step, done in zip(steps, passed, strict=True))))
        passed = [done + (count - 1) * step for done, step in zip(passed, steps, strict=True)]
    table = Table("loops", np.array(rows, np.int32).reshape(-1), "count, steps of condition, a and b")
    size = call.output.dtype.numpy.itemsize
    return Lowering("smelt_select", (Output(), Input(0), Input(1), Input(2), size, len(loops), table))


def _infer_cast(call: Call) -> tuple[TensorType, ...]:
    if call.attributes.to not in DType._value2member_map_:
        raise GraphError(f"{call.node.label}: there is no type '{call.attributes.to}'")
    return (TensorType(DType(call.attributes.to), call.input(0).shape),)


def _evaluate_cast(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Towards zero from real numbers to integers, saturating; modulo between integers; all but 0 is true."""
    (x,) = arrays
    assert x is not None
    target = DType(call.attributes.to)
    if call.input(0).dtype.is_float and target.is_integer:
        low, high = target.integer_range
        whole = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0, posinf=2.0**64, neginf=-(2.0**64))
        # the float of the largest s64 is beyond it
        inside = np.where((whole > float(low)) & (whole < float(high)), whole, 0).astype(target.numpy)
        result = np.where(whole >= float(high), high, np.where(whole <= float(low), low, inside))
        return (result.astype(target.numpy),)
    with np.errstate(over="ignore"):
        return (x.astype(target.numpy),)


_CASTS = (DType.F32, DType.S32, DType.S64, DType.S8, DType.U8, DType.BOOL)


def _accepts_cast(source: DType, result: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is source and call.output.dtype is result


def _lower_cast(function: str, call: Call, target: Target) -> Lowering:
    return Lowering(function, (Output(), Input(0), call.output.elements))


def _cast_kernel(source: DType, result: DType) -> Kernel:
    stem = f"cast_{source.value}_{result.value}"
    return Kernel(
        f"smelt_{stem}",
        (f"{stem}.c",),
        "selection.h",
        partial(_accepts_cast, source, result),
        partial(_lower_cast, f"smelt_{stem}"),
        row_by_row=True,
        ascending=source.bits >= result.bits,
    )


GATHER = Operator(
    name="gather",
    summary="slices of an axis by index; negative indices count from the end",
    attributes=Gather,
    infer=_infer_gather,
    evaluate=_evaluate_gather,
    traits=Traits(quantizable=False),
    kernels=(Kernel("smelt_gather", ("gather.c",), "selection.h", _accepts_gather, _lower_gather),),
)
SELECT = Operator(
    name="select",
    summary="elements of the second input where the condition is true, else of the third",
    attributes=NoAttributes,
    infer=_infer_select,
    evaluate=_evaluate_select,
    traits=Traits(quantizable=False),
    kernels=(Kernel("smelt_select", ("select.c",), "selection.h", _accepts_select, _lower_select),),
)
CAST = Operator(
    name="cast",
    summary="numbers as another type; real ones towards zero, saturating",
    attributes=Cast,
    infer=_infer_cast,
    evaluate=_evaluate_cast,
    traits=Traits(elementwise=True, needs=same_row_needs, quantizable=False),
    kernels=tuple(_cast_kernel(a, b) for a in _CASTS for b in _CASTS if a is not b),
)
