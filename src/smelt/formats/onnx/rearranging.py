"""ONNX's operators that only move data, as smelt's; the functions are as in operators.py.

Most of them move nothing at all, once what is NCHW in the file is NHWC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx.folding import integers, positive_axes, reshaped, squeezed, unsqueezed
from smelt.formats.onnx.layout import (
    NHWC,
    Shape,
    Tensor,
    channels_last,
    channels_last_of_rank,
    flattened,
    keeps_order,
    natural,
)
from smelt.formats.onnx.schema import Table
from smelt.formats.onnx.translation import Folded, Result, Surroundings, Translated, fixed, scalar

REARRANGING = Table()
"""What reads an operator that only moves data, by its name."""


@REARRANGING.reads("Concat")
def _concat(_: Surroundings, *inputs: str, axis: int) -> Translated:
    tensors = [_.tensor(name) for name in inputs]
    if any(x.rank != tensors[0].rank for x in tensors):
        raise FormatError(f"{_.label}: its inputs differ in the number of dimensions")
    (along,) = positive_axes([axis], tensors[0].rank)
    if any(x.layout.is_channels_last for x in tensors):
        layouts = [channels_last(x.onnx) for x in tensors]
        names = [_.place(x, layout) for x, layout in zip(tensors, layouts, strict=True)]
        kind = channels_last_of_rank(tensors[0].rank)
        return Translated("concatenation", names, {"axis": layouts[0].axis(along)}, kind)
    return Translated("concatenation", [_.place(x, natural(x.onnx)) for x in tensors], {"axis": along})


@REARRANGING.reads("Pad")
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
    layout = data.layout if data.layout.is_channels_last else natural(data.onnx)
    paddings = [0] * (2 * len(layout.shape))
    for i, axis in enumerate(along):
        place = layout.axis(axis % data.rank)
        paddings[2 * place : 2 * place + 2] = amounts[i], amounts[i + count]
    value = 0.0 if constant_value is None else scalar(_, constant_value)
    kind = channels_last_of_rank(data.rank) if layout.is_channels_last else natural
    return Translated("pad", (_.place(data, layout),), {"paddings": tuple(paddings), "value": value}, kind)


def _reshaped(_: Surroundings, x: Tensor, shape: Shape) -> Result:
    """Another shape without moving data, if any form of the tensor allows it."""
    if shape == x.onnx:
        return x
    for form, name in x.forms.items():
        if form.permutation == NHWC and len(shape) in (3, 4) and shape[:2] == form.factors[:2]:
            layout = channels_last(shape)
            if layout.shape == form.shape:
                return Tensor(x.name, shape, forms={layout: name})
            return Translated("reshape", (name,), {"shape": layout.shape}, fixed(layout))
        if form.keeps_order:
            return Translated("reshape", (name,), {"shape": shape})
        if form.is_channels_last and shape == flattened(form).onnx:
            return Translated("reshape", (name,), {"shape": shape}, fixed(flattened(form)))
    return Translated("reshape", (_.place(x, natural(x.onnx)),), {"shape": shape})


@REARRANGING.reads("Reshape")
def _reshape(_: Surroundings, x: str, shape: str, *, allowzero: int = 0) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, reshaped(data.onnx, integers(_.constant(shape)), bool(allowzero)))


@REARRANGING.reads("Flatten")
def _flatten(_: Surroundings, x: str, *, axis: int = 1) -> Result:
    data = _.tensor(x)
    if not -data.rank <= axis <= data.rank:
        raise FormatError(f"{_.label}: axis {axis} of a tensor with {data.rank} dimensions")
    split = axis + data.rank if axis < 0 else axis
    return _reshaped(_, data, (math.prod(data.onnx[:split]), math.prod(data.onnx[split:])))


@REARRANGING.reads("Squeeze")
def _squeeze(_: Surroundings, x: str, axes: str | None = None) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, squeezed(data.onnx, None if axes is None else integers(_.constant(axes))))


@REARRANGING.reads("Unsqueeze")
def _unsqueeze(_: Surroundings, x: str, axes: str) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, unsqueezed(data.onnx, integers(_.constant(axes))))


@REARRANGING.reads("Transpose")
def _transpose(_: Surroundings, x: str, *, perm: Sequence[int] | None = None) -> Result:
    data = _.tensor(x)
    order = tuple(range(data.rank))[::-1] if perm is None else tuple(perm)
    if positive_axes(order, data.rank) != tuple(range(data.rank)) or min(order, default=0) < 0:
        raise FormatError(f"{_.label}: {order} is no permutation of {data.rank} dimensions")
    shape = tuple(data.onnx[axis] for axis in order)
    for form, name in data.forms.items():
        if form.is_channels_last and order == (0, 2, 1):
            return Translated("reshape", (name,), {"shape": shape})
        if form.factors == data.onnx:
            # From this form to the file's result, and to the same in NHWC.
            moved = tuple(form.permutation.index(axis) for axis in order)
            if moved == tuple(range(data.rank)):
                return Tensor(data.name, shape, forms={natural(shape): name})
            if data.rank == 4 and tuple(moved[axis] for axis in NHWC) == (0, 1, 2, 3):
                return Tensor(data.name, shape, forms={channels_last(shape): name})
            if form.is_channels_last:
                return Translated("transpose", (name,), {"permutation": moved})
    source = _.place(data, natural(data.onnx))
    if order == (0, 2, 1) and _.wants_channels_last():
        layout = channels_last(shape)
        return Translated("reshape", (source,), {"shape": layout.shape}, fixed(layout))
    if keeps_order(data.onnx, order):
        return Translated("reshape", (source,), {"shape": shape})
    return Translated("transpose", (source,), {"permutation": order})


@REARRANGING.reads("Shape")
def _shape(_: Surroundings, x: str, *, end: int | None = None, start: int = 0) -> Folded:
    return Folded(np.array(_.tensor(x).onnx[start:end], np.int64))
