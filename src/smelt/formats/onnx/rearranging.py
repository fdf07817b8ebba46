"""ONNX's operators that only move data, as smelt's; the functions are as in operators.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.rearranging import concatenation, pad, reshape, transpose
from smelt.formats.channels_first.shapes import integers, positive_axes, reshaped, squeezed, unsqueezed
from smelt.formats.channels_first.translation import Folded, Result, Surroundings, Translated, scalar
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an operator that only moves data."""


@ROWS.reads("Concat", wish=Wish.ANY)
def _concat(_: Surroundings, *inputs: str, axis: int) -> Translated:
    return concatenation(_, [_.tensor(name) for name in inputs], axis)


@ROWS.reads("Pad", wish=Wish.ANY)
def _pad(
    _: Surroundings, x: str, pads: str, constant_value: str | None = None, axes: str | None = None, *,
    mode: str = "constant",
) -> Translated:  # fmt: skip
    data, amounts = _.tensor(x), integers(_.constant(pads))
    if mode != "constant" or min(amounts, default=0) < 0:
        raise UnsupportedError(f"{_.label}: mode '{mode}' or negative amounts {amounts} are not supported")
    along = range(data.rank) if axes is None else integers(_.constant(axes))
    count = len(along)
    positive_axes(along, data.rank)
    if len(amounts) != 2 * count:
        raise FormatError(f"{_.label}: {len(amounts)} amounts for {count} dimensions")
    pairs = [(0, 0)] * data.rank
    for i, axis in enumerate(along):
        pairs[axis % data.rank] = amounts[i], amounts[i + count]
    value = 0.0 if constant_value is None else scalar(_, constant_value)
    return pad(_, data, pairs, value)


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


@ROWS.reads("Squeeze")
def _squeeze(_: Surroundings, x: str, axes: str | None = None) -> Result:
    data = _.tensor(x)
    return reshape(_, data, squeezed(data.shape, None if axes is None else integers(_.constant(axes))))


@ROWS.reads("Unsqueeze")
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
