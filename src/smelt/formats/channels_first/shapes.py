"""Arithmetic on shapes and axes, as frameworks with negative axes mean it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError
from smelt.ir import Array

MAX_ELEMENTS = 1 << 28
"""The most elements of a tensor: a damaged shape must not cost gigabytes."""


def checked_shape(dimensions: Sequence[int], where: str) -> tuple[int, ...]:
    """Dimensions of sensible size; FormatError otherwise."""
    shape = tuple(int(d) for d in dimensions)
    if any(d < 0 for d in shape):
        raise FormatError(f"{where}: shape {list(shape)} has a negative dimension")
    if math.prod(max(d, 1) for d in shape) > MAX_ELEMENTS or len(shape) > 16:
        raise FormatError(f"{where}: shape {list(shape)} is too large")
    return shape


def reshaped(shape: Sequence[int], requested: Sequence[int], allow_zero: bool) -> tuple[int, ...]:
    """The shape that ONNX's Reshape means: 0 copies a dimension, -1 is what remains."""
    result = [
        shape[i] if d == 0 and not allow_zero and i < len(shape) else int(d) for i, d in enumerate(requested)
    ]
    if result.count(-1) > 1 or min(result, default=0) < -1:
        raise FormatError(f"cannot reshape {list(shape)} to {list(requested)}")
    if -1 in result:
        rest = math.prod(d for d in result if d != -1)
        result[result.index(-1)] = math.prod(shape) // rest if rest else 0
    if math.prod(result) != math.prod(shape):
        raise FormatError(f"cannot reshape {list(shape)} to {list(requested)}")
    return tuple(result)


def squeezed(shape: Sequence[int], axes: Sequence[int] | None) -> tuple[int, ...]:
    """The shape without some dimensions of size 1; without all of them when axes is None."""
    chosen = [i for i, d in enumerate(shape) if d == 1] if axes is None else positive_axes(axes, len(shape))
    if any(shape[axis] != 1 for axis in chosen):
        raise FormatError(f"cannot squeeze dimensions {list(chosen)} of {list(shape)}: not all have size 1")
    return tuple(d for axis, d in enumerate(shape) if axis not in chosen)


def unsqueezed(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The shape with dimensions of size 1 inserted; axes count in the result."""
    chosen = positive_axes(axes, len(shape) + len(axes))
    rest = iter(shape)
    return tuple(1 if axis in chosen else next(rest) for axis in range(len(shape) + len(axes)))


def positive_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from 0, in ascending order; FormatError for one that is not there or is there twice."""
    result = sorted(int(axis) + (rank if axis < 0 else 0) for axis in axes)
    if len(set(result)) != len(result) or any(not 0 <= axis < rank for axis in result):
        raise FormatError(f"{list(axes)} are not distinct axes of a tensor with {rank} dimensions")
    return tuple(result)


def integers(array: Array) -> tuple[int, ...]:
    """The integers of a 1-D constant (or of a scalar)."""
    if not np.issubdtype(array.dtype, np.integer) or array.ndim > 1 or array.size > 64:
        raise FormatError(f"a few integers are needed, given {array.dtype}{list(array.shape)}")
    return tuple(int(item) for item in array.reshape(-1))
