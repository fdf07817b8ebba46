"""distance: how far rows of features are from points, as the sum of squared or absolute differences.

Inputs f32[rows, features] and f32[points, features], output f32[rows, points].  Differences are taken before they are
squared: unlike |a|^2 - 2 a b + |b|^2 that loses no digits where points lie close together and far from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, DType
from smelt.operators.operator import (
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    TensorType,
    Traits,
)
from smelt.targets import Target


@dataclass(frozen=True)
class Distance:
    """power: 2 for squared differences, 1 for absolute ones."""

    power: int = 2


def _infer(call: Call) -> tuple[TensorType, ...]:
    a, b = call.input(0), call.input(1)
    if call.attributes.power not in (1, 2):
        raise GraphError(f"{call.node.label}: power {call.attributes.power} is neither 1 nor 2")
    fits = len(a.shape) == len(b.shape) == 2 and a.shape[1] == b.shape[1]
    if not fits or not a.dtype.is_float or a.dtype is not b.dtype:
        raise GraphError(
            f"{call.node.label}: {a.dtype.value}{list(a.shape)} and {b.dtype.value}{list(b.shape)} "
            f"are not rows and points of as many features"
        )
    return (TensorType(a.dtype, (a.shape[0], b.shape[0])),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    a, b = arrays
    assert a is not None
    assert b is not None
    result = np.empty(call.output.shape, a.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for index, row in enumerate(a):  # one at a time: all differences together may be gigabytes
            difference = b - row
            terms = np.square(difference) if call.attributes.power == 2 else np.abs(difference)
            result[index] = terms.sum(axis=1)
    return (result,)


def _accepts(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.F32


def _lower(call: Call, target: Target) -> Lowering:
    (rows, points), features = call.output.shape, call.input(0).shape[1]
    name = "smelt_squared_distance_f32" if call.attributes.power == 2 else "smelt_absolute_distance_f32"
    return Lowering(name, (Output(), Input(0), Input(1), rows, points, features))


def _cost(call: Call) -> Cost:
    return Cost(macs=call.output.elements * call.input(0).shape[1])


DISTANCE = Operator(
    name="distance",
    summary="sums of squared or absolute differences between rows and points",
    attributes=Distance,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(quantizable=False),
    kernels=(Kernel("smelt_distance_f32", ("distance_f32.c",), "distance.h", _accepts, _lower),),
)
