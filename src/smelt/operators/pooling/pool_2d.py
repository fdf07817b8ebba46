"""average_pool_2d and max_pool_2d over NHWC activations; padding takes no part in either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.ir import Array
from smelt.operators.fixed_point import ACTIVATIONS, activation_bounds
from smelt.operators.operator import (
    Call,
    Needs,
    Operator,
    TensorType,
    Traits,
    same_channels,
)
from smelt.operators.pooling.pool_2d_kernels import AVERAGES, FLOAT_LIMIT, MAXIMA
from smelt.operators.rows import window_needs


@dataclass(frozen=True)
class Pool2D:
    """filter and stride are (height, width), padding is (top, bottom, left, right), all in elements."""

    filter: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] = (0, 0, 0, 0)
    activation: str = "none"


def _infer(call: Call) -> tuple[TensorType, ...]:
    pool: Pool2D = call.attributes
    value = call.input(0)
    label = call.node.label
    if len(value.shape) != 4:
        raise GraphError(f"{label}: input '{value.name}' has shape {list(value.shape)}, not NHWC")
    if len(pool.filter) != 2 or len(pool.stride) != 2 or min(*pool.filter, *pool.stride) < 1:
        raise GraphError(
            f"{label}: filter {pool.filter} and stride {pool.stride} are not two positive numbers each"
        )
    if len(pool.padding) != 4 or min(pool.padding) < 0:
        raise GraphError(f"{label}: padding {pool.padding} is not four numbers from 0 up")
    if pool.activation not in ACTIVATIONS:
        raise GraphError(f"{label}: unknown activation '{pool.activation}'; known: {', '.join(ACTIVATIONS)}")
    batches, *sizes, channels = value.shape
    result = []
    for axis, name in enumerate(("height", "width")):
        before, after = pool.padding[2 * axis : 2 * axis + 2]
        if max(before, after) >= pool.filter[axis]:
            raise GraphError(f"{label}: {name} padding {before}, {after} leaves windows without input")
        room = sizes[axis] + before + after - pool.filter[axis]
        if sizes[axis] < 1 or room < 0:
            raise GraphError(
                f"{label}: {name} {sizes[axis]} with padding {before}, {after} is less than the "
                f"filter's {pool.filter[axis]}"
            )
        result.append(room // pool.stride[axis] + 1)
    return (TensorType(value.dtype, (batches, *result, channels)),)


def _windows(call: Call, x: Array) -> Iterator[tuple[Array, NDArray[np.bool_]]]:
    """For each position in the filter, row by row: the elements under it, and whether they are input."""
    pool: Pool2D = call.attributes
    (kind,) = _infer(call)
    _, height, width, _ = x.shape
    _, out_height, out_width, _ = kind.shape
    for filter_y in range(pool.filter[0]):
        for filter_x in range(pool.filter[1]):
            y = np.arange(out_height) * pool.stride[0] - pool.padding[0] + filter_y
            column = np.arange(out_width) * pool.stride[1] - pool.padding[2] + filter_x
            inside = ((y >= 0) & (y < height))[:, None] & ((column >= 0) & (column < width))[None, :]
            rows = x[:, np.clip(y, 0, height - 1)]
            yield rows[:, :, np.clip(column, 0, width - 1)], inside[None, :, :, None]


def _clamped(call: Call, result: Array) -> Array:
    value = call.input(0)
    if value.dtype.is_float:
        low, high = ACTIVATIONS[call.attributes.activation]
        return np.clip(result, max(low, -FLOAT_LIMIT), min(high, FLOAT_LIMIT)).astype(value.dtype.numpy)
    low, high = activation_bounds(call.attributes.activation, call.quantization(call.output), value.dtype)
    return np.clip(result, low, high).astype(value.dtype.numpy)


def _evaluate_average(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Source: AveragePool in TensorFlow Lite's reference kernels (integer_ops/pooling.h for integers)."""
    (x,) = arrays
    assert x is not None
    (kind,) = _infer(call)
    is_float = kind.dtype.is_float
    total = np.zeros(kind.shape, x.dtype if is_float else np.int64)
    count = np.zeros((1, *kind.shape[1:3], 1), np.int64)
    for elements, inside in _windows(call, x):
        total += np.where(inside, elements, 0).astype(total.dtype)
        count += inside
    if is_float:
        return (_clamped(call, total / count.astype(x.dtype)),)
    rounded = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return (_clamped(call, rounded),)


def _evaluate_max(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    (kind,) = _infer(call)
    largest: NDArray[Any] = np.zeros(kind.shape, x.dtype)
    seen = np.zeros((1, *kind.shape[1:3], 1), np.bool_)
    for elements, inside in _windows(call, x):
        largest = np.where(inside & (~seen | (largest < elements)), elements, largest)
        seen |= inside
    return (_clamped(call, largest),)


def _needs(call: Call, input_index: int) -> Needs:
    return window_needs(call, input_index, call.attributes.filter[0])


_TRAITS = Traits(same_quantization=True, fuses_activation=True, channels=same_channels, needs=_needs)

AVERAGE_POOL_2D = Operator(
    name="average_pool_2d",
    summary="the average of each window's elements that lie inside the input",
    attributes=Pool2D,
    infer=_infer,
    evaluate=_evaluate_average,
    traits=replace(_TRAITS, rounds=True),
    kernels=AVERAGES,
)

MAX_POOL_2D = Operator(
    name="max_pool_2d",
    summary="the largest of each window's elements that lie inside the input",
    attributes=Pool2D,
    infer=_infer,
    evaluate=_evaluate_max,
    traits=_TRAITS,
    kernels=MAXIMA,
)
