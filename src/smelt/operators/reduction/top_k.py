"""topk_v2: the largest or smallest elements along the last dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, DType
from smelt.operators.operator import Call, Input, Kernel, Lowering, Operator, Output, TensorType, Traits
from smelt.targets import Target


@dataclass(frozen=True)
class TopK:
    """The k largest (or smallest) elements, in order; index_type: "s32" or "s64"."""

    k: int
    largest: bool = True
    index_type: str = "s32"


def _infer(call: Call) -> tuple[TensorType, ...]:
    value, a = call.input(0), call.attributes
    if not value.shape or not 0 < a.k <= value.shape[-1] or a.index_type not in ("s32", "s64"):
        raise GraphError(
            f"{call.node.label}: there are no {a.k} elements in a row of {list(value.shape)}, or no {a.index_type}"
        )
    shape = (*value.shape[:-1], a.k)
    return (TensorType(value.dtype, shape), TensorType(DType(a.index_type), shape))


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    a: TopK = call.attributes
    if a.largest:
        # stable from behind, then turned around: of several alike the first comes first
        order = x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    else:
        order = np.argsort(x, axis=-1, kind="stable")
    order = np.ascontiguousarray(order[..., : a.k])
    return np.take_along_axis(x, order, -1), order.astype(DType(a.index_type).numpy)


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype


def _lower(function: str, call: Call, target: Target) -> Lowering:
    shape, a = call.input(0).shape, call.attributes
    columns = shape[-1]
    rows = call.input(0).elements // columns
    words = DType(a.index_type).bits // 32
    return Lowering(function, (Output(0), Output(1), Input(0), rows, columns, a.k, int(a.largest), words))


def _kernel(dtype: DType) -> Kernel:
    stem = f"topk_v2_{dtype.value}"
    accepts, lower = partial(_accepts, dtype), partial(_lower, f"smelt_{stem}")
    return Kernel(f"smelt_{stem}", (f"{stem}.c",), "top_k.h", accepts, lower)


TOPK_V2 = Operator(
    name="topk_v2",
    summary="the largest or smallest elements of each row, in order, and their indices",
    attributes=TopK,
    infer=_infer,
    evaluate=_evaluate,
    traits=Traits(quantizable=False),
    kernels=tuple(_kernel(dtype) for dtype in (DType.F32, DType.S32, DType.S64)),
)
