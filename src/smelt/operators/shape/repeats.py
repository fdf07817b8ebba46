"""tile and broadcast_to: tensors repeated along their dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array
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
from smelt.operators.shape.strided import MOST_LOOPS, Loop, Runs, merged, strides
from smelt.targets import Target


@dataclass(frozen=True)
class Tile:
    """How often the tensor is repeated along each dimension."""

    multiples: tuple[int, ...]


@dataclass(frozen=True)
class BroadcastTo:
    """The whole output shape, to which the input broadcasts."""

    shape: tuple[int, ...]


def _infer_tile(call: Call) -> tuple[TensorType, ...]:
    value, multiples = call.input(0), call.attributes.multiples
    if len(multiples) != len(value.shape) or any(n < 0 for n in multiples):
        raise GraphError(f"{call.node.label}: {multiples} are not repetitions of each of {list(value.shape)}")
    return (TensorType(value.dtype, tuple(s * n for s, n in zip(value.shape, multiples, strict=True))),)


def _infer_broadcast_to(call: Call) -> tuple[TensorType, ...]:
    value, shape = call.input(0), call.attributes.shape
    try:
        fits = np.broadcast_shapes(value.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise GraphError(
            f"{call.node.label}: '{value.name}' {list(value.shape)} does not broadcast to {shape}"
        )
    return (TensorType(value.dtype, shape),)


def _evaluate_tile(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.tile(x, call.attributes.multiples).reshape(call.output.shape),)


def _evaluate_broadcast_to(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.array(np.broadcast_to(x, call.attributes.shape)),)


def _runs(call: Call) -> Runs:
    """Each dimension as two loops: over the repetitions, and over the elements."""
    value, size = call.input(0), call.output.dtype.numpy.itemsize
    shape = (1,) * (len(call.output.shape) - len(value.shape)) + value.shape
    walk = zip(call.output.shape, shape, strides(shape, size), strides(call.output.shape, size), strict=True)
    loops: list[Loop] = []
    for total, count, source, to in walk:
        loops += [Loop(total // count, 0, count * to), Loop(count, source, to)]
    return merged(loops, size)


def _accepts(call: Call, target: Target) -> bool:
    whole = call.output.dtype.bits >= 8 and call.output.elements > 0
    return whole and len(_runs(call).loops) <= MOST_LOOPS


def _lower(call: Call, target: Target) -> Lowering:
    runs = _runs(call)
    parameters = Parameters(
        "struct smelt_strided_copy_parameters",
        {"run": runs.run, "input_offset": 0, "loops": runs.table_loops, "axes": runs.axes()},
    )
    return Lowering("smelt_strided_copy", (Output(), Input(0), parameters))


_KERNELS = (Kernel("smelt_strided_copy", ("strided_copy.c",), "shape.h", _accepts, _lower),)

TILE = Operator(
    name="tile",
    summary="the whole tensor repeated along each dimension",
    attributes=Tile,
    infer=_infer_tile,
    evaluate=_evaluate_tile,
    traits=Traits(same_quantization=True),
    kernels=_KERNELS,
)
BROADCAST_TO = Operator(
    name="broadcast_to",
    summary="dimensions of size 1 repeated, and new ones in front",
    attributes=BroadcastTo,
    infer=_infer_broadcast_to,
    evaluate=_evaluate_broadcast_to,
    traits=Traits(same_quantization=True),
    kernels=_KERNELS,
)
