"""Reductions over whole axes (sum, product, largest, smallest, any, all); arg_max, arg_min, running sums along one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
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
from smelt.operators.pooling.axes import reduced_loops, reduced_shape
from smelt.operators.reduction.cumulative import cumulative
from smelt.operators.reduction.quantized_sum import SUM_S8, quantized_sum
from smelt.operators.reduction.top_k import TOPK_V2
from smelt.targets import Target

Numbers = NDArray[Any]
Quantized = Callable[[Call, Array], Array]
"""What an operator makes of int8 values."""

_NUMBERS = (DType.F32, DType.S32, DType.S64)
_OF_ORDER = ("reduce_max", "reduce_min")
"""Of quantized numbers they are those of the integers."""


@dataclass(frozen=True)
class Reduction:
    """axes are counted from 0, each once; with keep_dims they stay with size 1."""

    axes: tuple[int, ...]
    keep_dims: bool = False


@dataclass(frozen=True)
class Argument:
    """axis is counted from 0; index_type: "s32" or "s64"."""

    axis: int
    index_type: str = "s32"


def _infer(call: Call, *, of_bools: bool) -> tuple[TensorType, ...]:
    value = call.input(0)
    if (value.dtype is DType.BOOL) != of_bools:
        raise GraphError(f"{call.node.label}: has no meaning for '{value.name}' of {value.dtype.value}")
    return (TensorType(value.dtype, reduced_shape(call)),)


def _evaluate(
    call: Call,
    arrays: Sequence[Array | None],
    *,
    function: Callable[..., Numbers],
    quantized: Quantized | None,
) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    if quantized is not None and call.input(0).quantization is not None and call.input(0).dtype is DType.S8:
        return (quantized(call, x),)
    if call.input(0).quantization != call.output.quantization or (
        call.input(0).quantization is not None and call.node.operator not in _OF_ORDER
    ):
        raise UnsupportedError(f"{call.node.label}: has no meaning for these quantized numbers")
    axes = tuple(call.attributes.axes)
    result = function(x, axis=axes) if axes else x
    return (np.asarray(result, x.dtype).reshape(call.output.shape),)


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    value = call.input(0)
    alike = value.quantization == call.output.quantization
    plain = value.quantization is None or (alike and call.node.operator in _OF_ORDER)
    return value.dtype is dtype and plain and reduced_loops(call) is not None


def _lower(function: str, call: Call, target: Target) -> Lowering:
    loops = reduced_loops(call)
    assert loops is not None
    return Lowering(
        function, (Output(), Input(0), Parameters("struct smelt_reduction_parameters", {**loops}))
    )


def _kernel(name: str, dtype: DType) -> Kernel:
    stem = f"{name}_{dtype.value}"
    return Kernel(
        f"smelt_{stem}",
        (f"{stem}.c",),
        "reduction.h",
        partial(_accepts, dtype),
        partial(_lower, f"smelt_{stem}"),
    )


def _operator(
    name: str,
    summary: str,
    function: Callable[..., Numbers],
    types: Sequence[DType],
    *,
    quantized: Quantized | None = None,
    kernels: tuple[Kernel, ...] = (),
) -> Operator:
    return Operator(
        name=name,
        summary=summary,
        attributes=Reduction,
        infer=partial(_infer, of_bools=types == (DType.BOOL,)),
        evaluate=partial(_evaluate, function=function, quantized=quantized),
        traits=Traits(
            quantizable=name in _OF_ORDER or quantized is not None,
            same_quantization=name in _OF_ORDER,
            int8_only=quantized is not None,
        ),
        kernels=(*(_kernel(name, dtype) for dtype in types), *kernels),
    )


def _infer_argument(call: Call) -> tuple[TensorType, ...]:
    value, axis = call.input(0), call.attributes.axis
    if not 0 <= axis < len(value.shape) or call.attributes.index_type not in ("s32", "s64"):
        raise GraphError(f"{call.node.label}: has no axis {axis}, or gives {call.attributes.index_type}")
    if value.shape[axis] == 0:
        raise GraphError(f"{call.node.label}: '{value.name}' {list(value.shape)} has no elements")
    shape = value.shape[:axis] + value.shape[axis + 1 :]
    return (TensorType(DType(call.attributes.index_type), shape),)


def _evaluate_argument(
    call: Call, arrays: Sequence[Array | None], *, function: Callable[..., Numbers]
) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.asarray(function(x, axis=call.attributes.axis), call.output.dtype.numpy),)


def _accepts_argument(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype


def _lower_argument(function: str, call: Call, target: Target) -> Lowering:
    shape, axis = call.input(0).shape, call.attributes.axis
    sizes = (math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
    return Lowering(function, (Output(), Input(0), *sizes, call.output.dtype.bits // 32))


def _argument_kernel(name: str, dtype: DType) -> Kernel:
    stem = f"{name}_{dtype.value}"
    return Kernel(
        f"smelt_{stem}",
        (f"{stem}.c",),
        "reduction.h",
        partial(_accepts_argument, dtype),
        partial(_lower_argument, f"smelt_{stem}"),
    )


def _argument(name: str, summary: str, function: Callable[..., Numbers]) -> Operator:
    return Operator(
        name=name,
        summary=summary,
        attributes=Argument,
        infer=_infer_argument,
        evaluate=partial(_evaluate_argument, function=function),
        traits=Traits(quantizable=False),
        kernels=tuple(_argument_kernel(name, dtype) for dtype in (DType.F32, DType.S8, DType.S32)),
    )


SUM = _operator(
    "sum", "the sum over whole axes", np.sum, _NUMBERS, quantized=quantized_sum, kernels=(SUM_S8,)
)
REDUCE_PROD = _operator("reduce_prod", "the product over whole axes", np.prod, _NUMBERS)
REDUCE_MAX = _operator("reduce_max", "the largest over whole axes", np.max, (*_NUMBERS, DType.S8))
REDUCE_MIN = _operator("reduce_min", "the smallest over whole axes", np.min, (*_NUMBERS, DType.S8))
REDUCE_ANY = _operator("reduce_any", "whether any is true over whole axes", np.any, (DType.BOOL,))
REDUCE_ALL = _operator("reduce_all", "whether all are true over whole axes", np.all, (DType.BOOL,))
ARG_MAX = _argument("arg_max", "the index of the first largest element along an axis", np.argmax)
ARG_MIN = _argument("arg_min", "the index of the first smallest element along an axis", np.argmin)
CUMSUM = cumulative("cumsum", "the sum of the elements up to each along an axis", np.cumsum, 0)
CUMPROD = cumulative("cumprod", "the product of the elements up to each along an axis", np.cumprod, 1)

__all__ = [
    "ARG_MAX",
    "ARG_MIN",
    "CUMPROD",
    "CUMSUM",
    "REDUCE_ALL",
    "REDUCE_ANY",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "REDUCE_PROD",
    "SUM",
    "TOPK_V2",
]
