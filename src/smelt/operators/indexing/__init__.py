"""Elements at places that an input names: gather_nd, gather_elements, tensor_scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import EngineError, GraphError
from smelt.ir import Array, DType, Value
from smelt.operators.operator import (
    Call,
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
from smelt.operators.shape.strided import strides
from smelt.targets import Target

_REDUCTIONS = ("update", "add", "mul", "min", "max")
"""In the order of enum smelt_scatter."""
_COMBINE = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


@dataclass(frozen=True)
class GatherNd:
    """The first batch_dims dimensions of both inputs are walked together."""

    batch_dims: int = 0


@dataclass(frozen=True)
class GatherElements:
    """axis is counted from 0."""

    axis: int


@dataclass(frozen=True)
class TensorScatter:
    """reduction: what an update does to an element (update, add, mul, min, max)."""

    reduction: str = "update"


def _check_indices(call: Call) -> Value:
    indices = call.input(1)
    if indices.dtype not in (DType.S32, DType.S64):
        raise GraphError(f"{call.node.label}: '{indices.name}' is {indices.dtype.value}, needs s32 or s64")
    return indices


def _named_shape(call: Call, batch: int) -> tuple[int, ...]:
    """The shape of what all tuples of indices name."""
    data, indices = call.input(0), _check_indices(call)
    depth = indices.shape[-1] if indices.shape else 0
    fits = 0 <= batch < len(indices.shape) and data.shape[:batch] == indices.shape[:batch]
    if not fits or not 0 < depth <= len(data.shape) - batch:
        raise GraphError(
            f"{call.node.label}: '{indices.name}' {list(indices.shape)} does not hold tuples of indices of "
            f"'{data.name}' {list(data.shape)} with {batch} common dimensions"
        )
    return (*indices.shape[:-1], *data.shape[batch + depth :])


def _inside(call: Call, indices: Array, sizes: Sequence[int]) -> NDArray[np.int64]:
    """Indices from 0 up; EngineError for one that is outside."""
    places = indices.astype(np.int64)
    limits = np.asarray(sizes, np.int64)
    if np.any((places < -limits) | (places >= limits)):
        raise EngineError(f"{call.node.label}: an index is outside of a dimension of {list(sizes)}")
    return np.where(places < 0, places + limits, places)


def _infer_gather_nd(call: Call) -> tuple[TensorType, ...]:
    return (TensorType(call.input(0).dtype, _named_shape(call, call.attributes.batch_dims)),)


def _evaluate_gather_nd(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    data, indices = arrays
    assert data is not None
    assert indices is not None
    batch, depth = call.attributes.batch_dims, indices.shape[-1]
    places = _inside(call, indices, data.shape[batch : batch + depth])
    lead = np.indices(indices.shape[:batch] + (1,) * (indices.ndim - 1 - batch))[:batch]
    return (np.ascontiguousarray(data[(*lead, *np.moveaxis(places, -1, 0))]),)


def _places(call: Call, batch: int) -> dict[str, Any]:
    data, indices = call.input(0), call.input(1)
    depth, size = indices.shape[-1], data.dtype.numpy.itemsize
    steps = strides(data.shape, size)[batch : batch + depth]
    axes = np.array(list(zip(data.shape[batch : batch + depth], steps, strict=True)), np.int32).reshape(-1)
    return {
        "batches": math.prod(indices.shape[:batch]),
        "rows": math.prod(indices.shape[batch:-1]),
        "depth": depth,
        "index_words": indices.dtype.bits // 32,
        "run": math.prod(data.shape[batch + depth :]) * size,
        "batch_bytes": math.prod(data.shape[batch:]) * size,
        "axes": Table("axes", axes, "size, bytes from one to the next"),
    }


def _of_whole_bytes(call: Call, target: Target) -> bool:
    return call.input(0).dtype.bits >= 8


def _lower_gather_nd(call: Call, target: Target) -> Lowering:
    parameters = Parameters("struct smelt_places", _places(call, call.attributes.batch_dims))
    return Lowering("smelt_gather_nd", (Output(), Input(0), Input(1), parameters))


def _infer_gather_elements(call: Call) -> tuple[TensorType, ...]:
    data, indices, axis = call.input(0), _check_indices(call), call.attributes.axis
    alike = len(data.shape) == len(indices.shape) and all(
        a == b for k, (a, b) in enumerate(zip(data.shape, indices.shape, strict=True)) if k != axis
    )
    if not 0 <= axis < len(data.shape) or not alike:
        raise GraphError(
            f"{call.node.label}: '{indices.name}' {list(indices.shape)} and '{data.name}' {list(data.shape)} "
            f"differ in other dimensions than {axis}"
        )
    return (TensorType(data.dtype, indices.shape),)


def _evaluate_gather_elements(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    data, indices = arrays
    assert data is not None
    assert indices is not None
    axis = call.attributes.axis
    return (np.take_along_axis(data, _inside(call, indices, [data.shape[axis]]), axis),)


def _lower_gather_elements(call: Call, target: Target) -> Lowering:
    data, indices, axis = call.input(0), call.input(1), call.attributes.axis
    sizes = (
        math.prod(data.shape[:axis]), data.shape[axis], indices.shape[axis], math.prod(data.shape[axis + 1 :]),
        data.dtype.numpy.itemsize, indices.dtype.bits // 32,
    )  # fmt: skip
    return Lowering("smelt_gather_elements", (Output(), Input(0), Input(1), *sizes))


def _infer_scatter(call: Call) -> tuple[TensorType, ...]:
    data, updates = call.input(0), call.input(2)
    if call.attributes.reduction not in _REDUCTIONS:
        raise GraphError(f"{call.node.label}: there is no reduction '{call.attributes.reduction}'")
    if updates.dtype is not data.dtype or updates.shape != _named_shape(call, 0):
        raise GraphError(
            f"{call.node.label}: '{updates.name}' is {updates.dtype.value}{list(updates.shape)}, "
            f"needs {data.dtype.value}{list(_named_shape(call, 0))}"
        )
    return (TensorType(data.dtype, data.shape),)


def _evaluate_scatter(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    data, indices, updates = arrays
    assert data is not None
    assert indices is not None
    assert updates is not None
    depth = indices.shape[-1]
    places = _inside(call, indices, data.shape[:depth]).reshape(-1, depth)
    result = np.array(data)
    combine = _COMBINE.get(call.attributes.reduction)
    with np.errstate(over="ignore"):
        for place, update in zip(places, updates.reshape(-1, *data.shape[depth:]), strict=True):
            at = tuple(place)
            result[at] = update if combine is None else combine(result[at], update)
    return (result,)


def _accepts_scatter(dtype: DType | None, call: Call, target: Target) -> bool:
    plain = call.attributes.reduction == "update"
    return _of_whole_bytes(call, target) and (plain if dtype is None else call.input(0).dtype is dtype)


def _lower_scatter(function: str, call: Call, target: Target) -> Lowering:
    parameters = Parameters("struct smelt_places", _places(call, 0))
    plain = function == "smelt_tensor_scatter"
    reduction = () if plain else (_REDUCTIONS.index(call.attributes.reduction),)
    arguments = (Output(), Input(0), Input(1), Input(2), parameters, call.input(0).bytes, *reduction)
    return Lowering(function, arguments)


def _scatter_kernel(dtype: DType | None) -> Kernel:
    stem = "tensor_scatter" if dtype is None else f"tensor_scatter_{dtype.value}"
    accepts, lower = partial(_accepts_scatter, dtype), partial(_lower_scatter, f"smelt_{stem}")
    return Kernel(f"smelt_{stem}", (f"{stem}.c",), "indexing.h", accepts, lower)


GATHER_ND = Operator(
    name="gather_nd",
    summary="what tuples of indices name; negative indices count from the end",
    attributes=GatherNd,
    infer=_infer_gather_nd,
    evaluate=_evaluate_gather_nd,
    traits=Traits(quantizable=False),
    kernels=(Kernel("smelt_gather_nd", ("gather_nd.c",), "indexing.h", _of_whole_bytes, _lower_gather_nd),),
)
GATHER_ELEMENTS = Operator(
    name="gather_elements",
    summary="for each index the element that it names along an axis",
    attributes=GatherElements,
    infer=_infer_gather_elements,
    evaluate=_evaluate_gather_elements,
    traits=Traits(quantizable=False),
    kernels=(
        Kernel(
            "smelt_gather_elements",
            ("gather_elements.c",),
            "indexing.h",
            _of_whole_bytes,
            _lower_gather_elements,
        ),
    ),
)
TENSOR_SCATTER = Operator(
    name="tensor_scatter",
    summary="the first input with updates at the places that tuples of indices name, one after another",
    attributes=TensorScatter,
    infer=_infer_scatter,
    evaluate=_evaluate_scatter,
    traits=Traits(quantizable=False),
    kernels=(
        _scatter_kernel(None),
        *(_scatter_kernel(dtype) for dtype in (DType.F32, DType.S32, DType.S64)),
    ),
)
