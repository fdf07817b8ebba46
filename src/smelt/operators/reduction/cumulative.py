"""cumsum and cumprod: running totals along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.ir import Array, DType
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
)
from smelt.targets import Target


@dataclass(frozen=True)
class Cumulative:
    """axis is counted from 0; exclusive: without the element itself; reverse: from the end on."""

    axis: int
    exclusive: bool = False
    reverse: bool = False


def _infer(call: Call) -> tuple[TensorType, ...]:
    value, axis = call.input(0), call.attributes.axis
    if not 0 <= axis < len(value.shape) or value.dtype is DType.BOOL:
        raise GraphError(
            f"{call.node.label}: has no meaning for axis {axis} of {value.dtype.value}{list(value.shape)}"
        )
    return (TensorType(value.dtype, value.shape),)


def _evaluate(
    call: Call, arrays: Sequence[Array | None], *, function: Callable[..., NDArray[Any]], first: int
) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    a: Cumulative = call.attributes
    walked = np.flip(x, a.axis) if a.reverse else x
    with np.errstate(over="ignore"):
        total = function(walked, axis=a.axis, dtype=x.dtype)
    if a.exclusive:
        start = np.full_like(
            np.take(x, [], a.axis), first, shape=(*x.shape[: a.axis], 1, *x.shape[a.axis + 1 :])
        )
        total = np.concatenate([start, np.delete(total, -1, a.axis)], a.axis)
    return (np.ascontiguousarray(np.flip(total, a.axis) if a.reverse else total),)


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype and call.input(0).quantization is None


def _lower(function: str, call: Call, target: Target) -> Lowering:
    shape, a = call.input(0).shape, call.attributes
    fields = {
        "outer": math.prod(shape[: a.axis]),
        "count": shape[a.axis],
        "inner": math.prod(shape[a.axis + 1 :]),
        "exclusive": int(a.exclusive),
        "reverse": int(a.reverse),
    }
    return Lowering(
        function, (Output(), Input(0), Parameters("struct smelt_cumulative_parameters", {**fields}))
    )


def cumulative(name: str, summary: str, function: Callable[..., NDArray[Any]], first: int) -> Operator:
    """An operator whose outputs are running results of `function`, which starts with `first`."""
    stems = {dtype: f"{name}_{dtype.value}" for dtype in (DType.F32, DType.S32, DType.S64)}
    return Operator(
        name=name,
        summary=summary,
        attributes=Cumulative,
        infer=_infer,
        evaluate=partial(_evaluate, function=function, first=first),
        traits=Traits(quantizable=False),
        kernels=tuple(
            Kernel(
                f"smelt_{stem}",
                (f"{stem}.c",),
                "cumulative.h",
                partial(_accepts, dtype),
                partial(_lower, f"smelt_{stem}"),
            )
            for dtype, stem in stems.items()
        ),
    )
