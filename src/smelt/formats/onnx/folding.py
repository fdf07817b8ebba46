"""ONNX operators on constants, which exporters leave in the file to compute shapes: done while reading.

One short function each, whose signature is the operator's schema; inputs are arrays.  What can be larger
than its inputs asks `_.allow` before it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.shapes import (
    checked_shape,
    integers,
    positive_axes,
    reshaped,
    squeezed,
    unsqueezed,
)
from smelt.formats.onnx.model import DTYPES
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


@FOLDING.reads("Identity")
def _identity(_: Surroundings, x: Array) -> Array:
    return x


@FOLDING.reads("Cast")
def _cast(_: Surroundings, x: Array, *, to: int, saturate: int = 1, round_mode: str = "up") -> Array:
    if to not in DTYPES:
        raise UnsupportedError(f"{_.label}: the data type {to} is not supported")
    return x.astype(DTYPES[to])


@FOLDING.reads("Gather")
def _gather(_: Surroundings, x: Array, indices: Array, *, axis: int = 0) -> Array:
    (along,) = positive_axes([axis], x.ndim)
    _.allow(x.size // max(x.shape[along], 1) * indices.size, x.itemsize)
    return np.asarray(np.take(x, indices.astype(np.int64), along))


@FOLDING.reads("Concat")
def _concat(_: Surroundings, *inputs: Array, axis: int) -> Array:
    _.allow(sum(x.size for x in inputs), max(x.itemsize for x in inputs))
    return np.concatenate(inputs, axis)


@FOLDING.reads("Slice")
def _slice(
    _: Surroundings, x: Array, starts: Array, ends: Array,
    axes: Array | None = None, steps: Array | None = None,
) -> Array:  # fmt: skip
    begin, end = integers(starts), integers(ends)
    along = range(len(begin)) if axes is None else integers(axes)
    strides = (1,) * len(begin) if steps is None else integers(steps)
    index = [slice(None)] * x.ndim
    for axis, first, last, step in zip(along, begin, end, strides, strict=True):
        # From the end backwards, a limit below the first element is written as a number below -size.
        stop = None if step < 0 and last < -x.shape[axis] else last
        index[axis] = slice(first, stop, step)
    return x[tuple(index)]


@FOLDING.reads("Reshape")
def _reshape(_: Surroundings, x: Array, shape: Array, *, allowzero: int = 0) -> Array:
    return x.reshape(reshaped(x.shape, integers(shape), bool(allowzero)))


@FOLDING.reads("Squeeze")
def _squeeze(_: Surroundings, x: Array, axes: Array | None = None) -> Array:
    return x.reshape(squeezed(x.shape, None if axes is None else integers(axes)))


@FOLDING.reads("Unsqueeze")
def _unsqueeze(_: Surroundings, x: Array, axes: Array) -> Array:
    return x.reshape(unsqueezed(x.shape, integers(axes)))


@FOLDING.reads("Transpose")
def _transpose(_: Surroundings, x: Array, *, perm: Sequence[int] | None = None) -> Array:
    return np.ascontiguousarray(x.transpose(perm))


@FOLDING.reads("Range")
def _range(_: Surroundings, start: Array, limit: Array, delta: Array, *, stash_type: int = 1) -> Array:
    first, last, step = (x.reshape(-1)[0] for x in (start, limit, delta))
    if not step or not all(np.isfinite([first, last, step])):
        raise FormatError(f"{_.label}: from {first} to {last} by {step} is no range")
    _.allow(max(math.ceil((float(last) - float(first)) / float(step)), 0), start.itemsize)
    return np.arange(first, last, step, dtype=start.dtype)


@FOLDING.reads("Where")
def _where(_: Surroundings, condition: Array, x: Array, y: Array) -> Array:
    _.allow(math.prod(np.broadcast_shapes(condition.shape, x.shape, y.shape)), max(x.itemsize, y.itemsize))
    return np.where(condition, x, y)


def _divide(a: Any, b: Any) -> Any:
    """ONNX's Div: towards zero on integers."""
    if np.issubdtype(a.dtype, np.floating):
        return a / b
    if np.any(b == 0):
        raise FormatError("an integer is divided by zero")
    return np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))


def _elementwise(operator: str, compute: Callable[[Any, Any], Any]) -> None:
    @FOLDING.reads(operator)
    def function(_: Surroundings, a: Array, b: Array) -> Array:
        if a.dtype != b.dtype:
            raise FormatError(f"{_.label}: its inputs are {a.dtype} and {b.dtype}")
        _.allow(math.prod(np.broadcast_shapes(a.shape, b.shape)), a.itemsize)
        return np.asarray(compute(a, b))


_elementwise("Add", np.add)
_elementwise("Sub", np.subtract)
_elementwise("Mul", np.multiply)
_elementwise("Div", _divide)
_elementwise("Equal", np.equal)
_elementwise("Greater", np.greater)
_elementwise("Less", np.less)
