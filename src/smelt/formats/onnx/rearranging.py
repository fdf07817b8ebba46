"""ONNX's operators that only move data, as smelt's; the functions are as in operators.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Shape, Tensor
from smelt.formats.channels_first.rearranging import (
    concatenation,
    gather,
    pad,
    part,
    reshape,
    transpose,
)
from smelt.formats.channels_first.shapes import integers, positive_axes, reshaped, squeezed, unsqueezed
from smelt.formats.channels_first.translation import (
    Folded,
    Result,
    Surroundings,
    Translated,
    kept,
    scalar,
)
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an operator that only moves data."""


@ROWS.reads("Concat", wish=Wish.ANY)
def _concat(_: Surroundings, *inputs: str, axis: int) -> Translated:
    return concatenation(_, [_.tensor(name) for name in inputs], axis)


@ROWS.reads("Pad", until=10, wish=Wish.ANY)
def _pad_2(
    _: Surroundings, x: str, *, mode: str = "constant", pads: Sequence[int], value: float = 0.0
) -> Result:
    return _padded(_, _.tensor(x), tuple(pads), None, value, mode)


@ROWS.reads("Pad", since=11, wish=Wish.ANY)
def _pad(
    _: Surroundings, x: str, pads: str, constant_value: str | None = None, axes: str | None = None, *,
    mode: str = "constant",
) -> Result:  # fmt: skip
    along = None if axes is None else integers(_.constant(axes))
    value = 0.0 if constant_value is None else scalar(_, constant_value)
    return _padded(_, _.tensor(x), integers(_.constant(pads)), along, value, mode)


def _padded(
    _: Surroundings, x: Tensor, amounts: Shape, axes: Shape | None, value: float, mode: str
) -> Result:
    along = tuple(range(x.rank)) if axes is None else axes
    positive_axes(along, x.rank)
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise UnsupportedError(f"{_.label}: mode '{mode}' is not supported")
    if len(amounts) != 2 * len(along):
        raise FormatError(f"{_.label}: {len(amounts)} amounts for {len(along)} dimensions")
    pairs = [(0, 0)] * x.rank
    for i, axis in enumerate(along):
        pairs[axis % x.rank] = amounts[i], amounts[i + len(along)]
    if min(amounts, default=0) < 0:
        spans = [(max(-b, 0), d - max(-a, 0), 1) for (b, a), d in zip(pairs, x.shape, strict=True)]
        x = kept(_, part(_, x, spans))
        pairs = [(max(b, 0), max(a, 0)) for b, a in pairs]
    if mode == "constant":
        return pad(_, x, pairs, value)
    result: Result = x
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            # each element outside is one inside: which, numpy says
            places = np.pad(np.arange(x.shape[axis]), (before, after), mode)  # type: ignore[call-overload]
            result = gather(_, kept(_, result), _.known(places.astype(np.int32)), axis)
    return result


@ROWS.reads("Slice", until=9, wish=Wish.ANY)
def _slice_1(
    _: Surroundings, x: str, *, axes: Sequence[int] | None = None, ends: Sequence[int], starts: Sequence[int]
) -> Result:
    data = _.tensor(x)
    along = range(len(starts)) if axes is None else axes
    return _sliced(_, data, starts, ends, along, (1,) * len(starts))


@ROWS.reads("Slice", since=10, wish=Wish.ANY)
def _slice(
    _: Surroundings, x: str, starts: str, ends: str, axes: str | None = None, steps: str | None = None
) -> Result:
    begin, end = integers(_.constant(starts)), integers(_.constant(ends))
    along = range(len(begin)) if axes is None else integers(_.constant(axes))
    strides = (1,) * len(begin) if steps is None else integers(_.constant(steps))
    return _sliced(_, _.tensor(x), begin, end, along, strides)


def _sliced(
    _: Surroundings, x: Tensor, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int],
    steps: Sequence[int],
) -> Result:  # fmt: skip
    positive_axes(axes, x.rank)
    spans = [(0, size, 1) for size in x.shape]
    for axis, begin, end, step in zip(axes, starts, ends, steps, strict=True):
        if not step:
            raise FormatError(f"{_.label}: has a step of 0")
        spans[axis % x.rank] = slice(begin, end, step).indices(x.shape[axis])
    shape = tuple(len(range(*span)) for span in spans)
    return part(_, x, spans) if math.prod(shape) else Folded(np.zeros(shape, _.dtype(x).numpy))


@ROWS.reads("Reshape")
def _reshape(_: Surroundings, x: str, shape: str, *, allowzero: int = 0) -> Result:
    data = _.tensor(x)
    return reshape(_, data, reshaped(data.shape, integers(_.constant(shape)), bool(allowzero)))


@ROWS.reads("Flatten")
def _flatten(_: Surroundings, x: str, *, axis: int = 1) -> Result:
    data = _.tensor(x)
    if not -data.rank <= axis <= data.rank:
        raise FormatError(f"{_.label}: axis {axis} of a tensor with {data.rank} dimensions")
    split = axis + data.rank if axis < 0 else axis
    return reshape(_, data, (math.prod(data.shape[:split]), math.prod(data.shape[split:])))


@ROWS.reads("Squeeze", until=12)
def _squeeze_1(_: Surroundings, x: str, *, axes: Sequence[int] | None = None) -> Result:
    data = _.tensor(x)
    return reshape(_, data, squeezed(data.shape, axes))


@ROWS.reads("Squeeze", since=13)
def _squeeze(_: Surroundings, x: str, axes: str | None = None) -> Result:
    data = _.tensor(x)
    return reshape(_, data, squeezed(data.shape, None if axes is None else integers(_.constant(axes))))


@ROWS.reads("Unsqueeze", until=12)
def _unsqueeze_1(_: Surroundings, x: str, *, axes: Sequence[int]) -> Result:
    data = _.tensor(x)
    return reshape(_, data, unsqueezed(data.shape, axes))


@ROWS.reads("Unsqueeze", since=13)
def _unsqueeze(_: Surroundings, x: str, axes: str) -> Result:
    data = _.tensor(x)
    return reshape(_, data, unsqueezed(data.shape, integers(_.constant(axes))))


@ROWS.reads("Transpose")
def _transpose(_: Surroundings, x: str, *, perm: Sequence[int] | None = None) -> Result:
    data = _.tensor(x)
    return transpose(_, data, tuple(range(data.rank))[::-1] if perm is None else tuple(perm))


@ROWS.reads("Shape", wish=Wish.NONE)
def _shape(_: Surroundings, x: str, *, end: int | None = None, start: int = 0) -> Folded:
    return Folded(np.array(_.tensor(x).shape[start:end], np.int64))


@ROWS.reads("Size", wish=Wish.NONE)
def _size(_: Surroundings, x: str) -> Folded:
    return Folded(np.array(math.prod(_.tensor(x).shape), np.int64))


@ROWS.reads("Gather")
def _gather(_: Surroundings, x: str, indices: str, *, axis: int = 0) -> Result:
    data, chosen = _.tensor(x), _.tensor(indices)
    (along,) = positive_axes([axis], data.rank)
    return gather(_, data, chosen, along)
