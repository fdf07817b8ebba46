"""ONNX operators that smelt has only on constants, which exporters leave in the file: done while reading.

One short function each, whose signature is the operator's schema; inputs are arrays.  What can be larger
than its inputs asks `_.allow` before it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from smelt.errors import FormatError
from smelt.formats.channels_first.shapes import (
    checked_shape,
    integers,
)
from smelt.formats.onnx.schema import Table
from smelt.ir import Array

FOLDING = Table()
"""What computes an operator of constants, by its name."""


class Surroundings(Protocol):
    """What a function below may ask."""

    label: str

    def allow(self, elements: int, item_bytes: int) -> None:
        """Raise FormatError when so much more data is too much for this file."""


@FOLDING.reads("Constant")
def _constant(
    _: Surroundings, *,
    value: Array | None = None, value_float: float | None = None, value_floats: Sequence[float] | None = None,
    value_int: int | None = None, value_ints: Sequence[int] | None = None,
) -> Array:  # fmt: skip
    if value is not None:
        return value
    floats = value_float if value_floats is None else value_floats
    whole = value_int if value_ints is None else value_ints
    if (floats is None) == (whole is None):
        raise FormatError(f"{_.label}: has not exactly one value")
    return np.array(whole, np.int64) if floats is None else np.array(floats, np.float32)


@FOLDING.reads("ConstantOfShape")
def _constant_of_shape(_: Surroundings, shape: Array, *, value: Array | None = None) -> Array:
    item = np.zeros(1, np.float32) if value is None else value
    if item.size != 1:
        raise FormatError(f"{_.label}: its value has {item.size} elements, needs 1")
    return _expanded(_, item.reshape(()), integers(shape))


@FOLDING.reads("Expand")
def _expand(_: Surroundings, x: Array, shape: Array) -> Array:
    wanted = checked_shape(integers(shape), _.label)
    return _expanded(_, x, np.broadcast_shapes(x.shape, wanted))


def _expanded(_: Surroundings, x: Array, shape: Sequence[int]) -> Array:
    result = checked_shape(shape, _.label)
    _.allow(math.prod(result), x.itemsize)
    return np.array(np.broadcast_to(x, result))


@FOLDING.reads("Slice", until=9)
def _slice_1(
    _: Surroundings, x: Array, *,
    axes: Sequence[int] | None = None, ends: Sequence[int], starts: Sequence[int],
) -> Array:  # fmt: skip
    return _sliced(x, starts, ends, axes, None)


@FOLDING.reads("Slice", since=10)
def _slice(
    _: Surroundings, x: Array, starts: Array, ends: Array,
    axes: Array | None = None, steps: Array | None = None,
) -> Array:  # fmt: skip
    along = None if axes is None else integers(axes)
    return _sliced(x, integers(starts), integers(ends), along, None if steps is None else integers(steps))


def _sliced(
    x: Array, begin: Sequence[int], end: Sequence[int], axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> Array:  # fmt: skip
    """A part that may be backwards, or have no elements."""
    along = range(len(begin)) if axes is None else axes
    strides = (1,) * len(begin) if steps is None else steps
    index = [slice(None)] * x.ndim
    for axis, first, last, step in zip(along, begin, end, strides, strict=True):
        # From the end backwards, a limit below the first element is written as a number below -size.
        stop = None if step < 0 and last < -x.shape[axis] else last
        index[axis] = slice(first, stop, step)
    return x[tuple(index)]


@FOLDING.reads("Range")
def _range(_: Surroundings, start: Array, limit: Array, delta: Array, *, stash_type: int = 1) -> Array:
    first, last, step = (x.reshape(-1)[0] for x in (start, limit, delta))
    if not step or not all(np.isfinite([first, last, step])):
        raise FormatError(f"{_.label}: from {first} to {last} by {step} is no range")
    _.allow(max(math.ceil((float(last) - float(first)) / float(step)), 0), start.itemsize)
    return np.arange(first, last, step, dtype=start.dtype)
