"""reshape, squeeze, expand_dims and bitcast: another shape or type for the same bytes, so they need no kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, Attribute, DType
from smelt.operators.operator import Call, Mask, Operator, TensorType, Traits


@dataclass(frozen=True)
class Reshape:
    """shape is the whole output shape; no dimension is left to be computed."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Squeeze:
    """axes are the dimensions of size 1 to remove, counted from 0, each once."""

    axes: tuple[int, ...]


@dataclass(frozen=True)
class ExpandDims:
    """axis is where the output has its new dimension of size 1, from 0 to the input's rank."""

    axis: int


def _infer_reshape(call: Call) -> tuple[TensorType, ...]:
    value, shape = call.input(0), call.attributes.shape
    if any(size < 0 for size in shape) or math.prod(shape) != value.elements:
        raise GraphError(
            f"{call.node.label}: '{value.name}' with shape {list(value.shape)} has {value.elements} "
            f"elements, which do not make {list(shape)}"
        )
    return (TensorType(value.dtype, shape),)


def _infer_squeeze(call: Call) -> tuple[TensorType, ...]:
    value, axes = call.input(0), call.attributes.axes
    ones = {axis for axis, size in enumerate(value.shape) if size == 1}
    if len(set(axes)) != len(axes) or not ones.issuperset(axes):
        raise GraphError(
            f"{call.node.label}: axes {axes} are not distinct axes of size 1 of '{value.name}' "
            f"with shape {list(value.shape)}"
        )
    return (TensorType(value.dtype, tuple(s for a, s in enumerate(value.shape) if a not in axes)),)


def _infer_expand_dims(call: Call) -> tuple[TensorType, ...]:
    value, axis = call.input(0), call.attributes.axis
    if not 0 <= axis <= len(value.shape):
        raise GraphError(
            f"{call.node.label}: axis {axis} is not from 0 to {len(value.shape)}, the rank of '{value.name}'"
        )
    return (TensorType(value.dtype, (*value.shape[:axis], 1, *value.shape[axis:])),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (x.reshape(call.output.shape),)


def _narrow_reshape(call: Call, source: Mask, result: Mask) -> dict[str, Attribute]:
    return {"shape": (*call.attributes.shape[:-1], int(np.count_nonzero(result)))}


_TRAITS = Traits(alias=True, same_quantization=True)

RESHAPE = Operator(
    name="reshape",
    summary="the same elements in another shape",
    attributes=Reshape,
    infer=_infer_reshape,
    evaluate=_evaluate,
    traits=replace(_TRAITS, narrow=_narrow_reshape),
)

SQUEEZE = Operator(
    name="squeeze",
    summary="without some dimensions of size 1",
    attributes=Squeeze,
    infer=_infer_squeeze,
    evaluate=_evaluate,
    traits=_TRAITS,
)

EXPAND_DIMS = Operator(
    name="expand_dims",
    summary="with one more dimension, of size 1",
    attributes=ExpandDims,
    infer=_infer_expand_dims,
    evaluate=_evaluate,
    traits=_TRAITS,
)


@dataclass(frozen=True)
class Bitcast:
    """to: the output's element type, as "s32"; as many bits as the input's."""

    to: str


def _infer_bitcast(call: Call) -> tuple[TensorType, ...]:
    value, kind = call.input(0), call.attributes.to
    if kind not in DType._value2member_map_ or DType(kind).bits != value.dtype.bits or value.dtype.bits < 8:
        raise GraphError(
            f"{call.node.label}: '{value.name}' of {value.dtype.value} has not the bits of '{kind}'"
        )
    return (TensorType(DType(kind), value.shape),)


def _evaluate_bitcast(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.ascontiguousarray(x).view(call.output.dtype.numpy).reshape(call.output.shape),)


BITCAST = Operator(
    name="bitcast",
    summary="the same bits taken for another type of the same size",
    attributes=Bitcast,
    infer=_infer_bitcast,
    evaluate=_evaluate_bitcast,
    traits=Traits(alias=True, quantizable=False),
)
