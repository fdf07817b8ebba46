"""concatenation: tensors joined along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, Quantization, Value
from smelt.operators.operator import (
    Call,
    ChannelPairs,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
    same_channels,
)
from smelt.targets import Target


@dataclass(frozen=True)
class Concatenation:
    """axis is the dimension along which the inputs follow each other, counted from 0."""

    axis: int


def _infer(call: Call) -> tuple[TensorType, ...]:
    axis = call.attributes.axis
    first = call.input(0)
    if not 0 <= axis < len(first.shape):
        raise GraphError(f"{call.node.label}: axis {axis} is not a dimension of {list(first.shape)}")
    values = [call.input(index) for index in range(len(call.inputs))]
    for value in values:
        _check(call, first, value)
    total = sum(value.shape[axis] for value in values)
    return (TensorType(first.dtype, (*first.shape[:axis], total, *first.shape[axis + 1 :])),)


def _check(call: Call, first: Value, value: Value) -> None:
    axis = call.attributes.axis
    if value.dtype is not first.dtype:
        raise GraphError(
            f"{call.node.label}: '{value.name}' is {value.dtype.value}, '{first.name}' {first.dtype.value}"
        )
    if len(value.shape) != len(first.shape) or any(
        a != b for k, (a, b) in enumerate(zip(value.shape, first.shape, strict=True)) if k != axis
    ):
        raise GraphError(
            f"{call.node.label}: '{value.name}' with shape {list(value.shape)} does not continue "
            f"'{first.name}' with {list(first.shape)} along axis {axis}"
        )
    if first.quantization and value.quantization and not _alike(first.quantization, value.quantization):
        raise GraphError(
            f"{call.node.label}: '{value.name}' and '{first.name}' have different quantization parameters; "
            "the int8 specification wants equal ones: requantize one of them first"
        )


def _alike(a: Quantization, b: Quantization) -> bool:
    """Whether bytes of one mean the same in the other; scales within 1e-6, as TensorFlow Lite allows."""
    return a.zero_points == b.zero_points and bool(np.allclose(a.scales, b.scales, rtol=1e-6, atol=0))


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    parts = [array for array in arrays if array is not None]
    return (np.concatenate(parts, axis=call.attributes.axis),)


def _channels(call: Call) -> tuple[ChannelPairs, ...]:
    if call.attributes.axis != len(call.input(0).shape) - 1:
        return same_channels(call)
    counts = [call.input(index).shape[-1] for index in range(len(call.inputs))]
    starts = np.cumsum([0, *counts])
    return tuple(
        np.stack([np.arange(count), start + np.arange(count)], axis=1)
        for count, start in zip(counts, starts, strict=False)
    )


def _kernel(inputs: int) -> Kernel:
    function = f"smelt_concatenation_{inputs}"

    def accepts(call: Call, target: Target) -> bool:
        few = len(call.inputs) <= inputs
        return few and call.output.dtype.bits >= 8 and call.output.elements > 0

    def lower(call: Call, target: Target) -> Lowering:
        axis, size = call.attributes.axis, call.output.dtype.numpy.itemsize
        parts = np.zeros(inputs, np.int32)
        for index in range(len(call.inputs)):
            parts[index] = math.prod(call.input(index).shape[axis:]) * size
        parameters = Parameters(
            "struct smelt_concatenation_parameters",
            {
                "rows": math.prod(call.output.shape[:axis]),
                "parts": Table("parts", parts, "bytes of each input in a row"),
            },
        )
        sources = [Input(min(index, len(call.inputs) - 1)) for index in range(inputs)]
        return Lowering(function, (Output(), *sources, parameters))

    return Kernel(function, (f"concatenation_{inputs}.c",), "shape.h", accepts, lower)


CONCATENATION = Operator(
    name="concatenation",
    summary="the inputs one after the other along an axis",
    attributes=Concatenation,
    infer=_infer,
    evaluate=_evaluate,
    traits=Traits(same_quantization=True, channels=_channels),
    kernels=(_kernel(4), _kernel(12)),
)
