"""ONNX's operators that take elements by place, or put them there; the functions are as in operators.py."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Shape, Tensor, natural
from smelt.formats.channels_first.rearranging import gather, part
from smelt.formats.channels_first.shapes import checked_shape, integers, positive_axes
from smelt.formats.channels_first.terms import Term, computed, of, result, term
from smelt.formats.channels_first.translation import (
    Folded,
    Result,
    Results,
    Surroundings,
    Translated,
    kept,
    scalar,
)
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.arithmetic import as_type
from smelt.formats.onnx.model import DTYPES
from smelt.formats.onnx.schema import Table
from smelt.ir import Array, DType

ROWS = Table()
"""What reads such an operator."""


def _parts(_: Surroundings, x: Tensor, sizes: Sequence[int], axis: int) -> Results:
    """The tensor cut along an axis into parts of these sizes."""
    (along,) = positive_axes([axis], x.rank)
    if sum(sizes) != x.shape[along] or min(sizes, default=0) < 0:
        raise FormatError(f"{_.label}: parts of {list(sizes)} do not make {x.shape[along]}")
    parts: list[Result] = []
    for begin, size in zip(itertools.accumulate([0, *sizes]), sizes, strict=False):
        spans = [(0, extent, 1) for extent in x.shape]
        spans[along] = begin, begin + size, 1
        shape = tuple(size if k == along else extent for k, extent in enumerate(x.shape))
        empty = not math.prod(shape)
        parts.append(Folded(np.zeros(shape, _.dtype(x).numpy)) if empty else part(_, x, spans))
    return tuple(parts)


def _equal_sizes(_: Surroundings, x: Tensor, axis: int, count: int) -> Sequence[int]:
    (along,) = positive_axes([axis], x.rank)
    if count < 1:
        raise FormatError(f"{_.label}: {count} parts are wanted")
    whole = -(-x.shape[along] // count)
    return [max(min(whole, x.shape[along] - k * whole), 0) for k in range(count)]


@ROWS.reads("Split", until=12, wish=Wish.ANY)
def _split_2(_: Surroundings, x: str, *, axis: int = 0, split: Sequence[int] | None = None) -> Results:
    data = _.tensor(x)
    return _parts(_, data, split or _equal_sizes(_, data, axis, len(_.outputs)), axis)


@ROWS.reads("Split", since=13, wish=Wish.ANY)
def _split(
    _: Surroundings, x: str, split: str | None = None, *, axis: int = 0, num_outputs: int | None = None
) -> Results:
    data = _.tensor(x)
    equal = _equal_sizes(_, data, axis, num_outputs or len(_.outputs))
    return _parts(_, data, equal if split is None else integers(_.constant(split)), axis)


@ROWS.reads("Expand")
def _expand(_: Surroundings, x: str, shape: str) -> Result:
    data = _.tensor(x)
    wanted = checked_shape(integers(_.constant(shape)), _.label)
    whole = np.broadcast_shapes(data.shape, wanted)
    if whole == data.shape:
        return data
    return Translated("broadcast_to", (_.place(data, natural(data.shape)),), {"shape": whole})


@ROWS.reads("Tile", since=6)
def _tile(_: Surroundings, x: str, repeats: str) -> Translated:
    data = _.tensor(x)
    return Translated(
        "tile", (_.place(data, natural(data.shape)),), {"multiples": integers(_.constant(repeats))}
    )


@ROWS.reads("GatherND")
def _gather_nd(_: Surroundings, x: str, indices: str, *, batch_dims: int = 0) -> Translated:
    return result(_, term("gather_nd", of(_, _.tensor(x)), of(_, _.tensor(indices)), batch_dims=batch_dims))


@ROWS.reads("GatherElements")
def _gather_elements(_: Surroundings, x: str, indices: str, *, axis: int = 0) -> Translated:
    data, places = _.tensor(x), _.tensor(indices)
    (along,) = positive_axes([axis], data.rank)
    if places.rank != data.rank:
        raise FormatError(f"{_.label}: '{indices}' has {places.rank} dimensions, '{x}' {data.rank}")
    # where there are fewer indices, the rest of the data is not looked at
    spans = [(0, size if k == along else min(size, places.shape[k]), 1) for k, size in enumerate(data.shape)]
    source = kept(_, part(_, data, spans))
    return result(_, term("gather_elements", of(_, source), of(_, places), axis=along))


_REDUCTIONS = {"none": "update", "add": "add", "mul": "mul", "min": "min", "max": "max"}


def _reduction(_: Surroundings, name: str) -> str:
    if name not in _REDUCTIONS:
        raise FormatError(f"{_.label}: the reduction '{name}' is unknown")
    return _REDUCTIONS[name]


@ROWS.reads("ScatterND")
def _scatter_nd(
    _: Surroundings, x: str, indices: str, updates: str, *, reduction: str = "none"
) -> Translated:
    inputs = (of(_, _.tensor(name)) for name in (x, indices, updates))
    return result(_, term("tensor_scatter", *inputs, reduction=_reduction(_, reduction)))


@ROWS.reads("ScatterElements")
def _scatter_elements(
    _: Surroundings, x: str, indices: str, updates: str, *, axis: int = 0, reduction: str = "none"
) -> Translated:
    """Each index becomes a place in the data as one row."""
    data, places = _.tensor(x), _.tensor(indices)
    (along,) = positive_axes([axis], data.rank)
    if places.rank != data.rank:
        raise FormatError(f"{_.label}: '{indices}' has {places.rank} dimensions, '{x}' {data.rank}")
    dtype = _.dtype(places).numpy
    steps = [math.prod(data.shape[k + 1 :]) for k in range(data.rank)]
    start = np.zeros(places.shape, dtype)
    for k, size in enumerate(places.shape):
        if k != along:
            walk = np.arange(size, dtype=dtype) * np.array(steps[k], dtype)
            start = start + walk.reshape([-1 if j == k else 1 for j in range(data.rank)])
    flat = term("floor_mod", of(_, places), data.shape[along]) * steps[along] + start
    count = math.prod(places.shape)
    rows = (
        term("reshape", of(_, data), shape=(math.prod(data.shape),)),
        term("reshape", flat, shape=(count, 1)),
        term("reshape", of(_, _.tensor(updates)), shape=(count,)),
    )
    scattered = term("tensor_scatter", *rows, reduction=_reduction(_, reduction))
    return result(_, term("reshape", scattered, shape=data.shape))


@ROWS.reads("Scatter")
def _scatter(_: Surroundings, x: str, indices: str, updates: str, *, axis: int = 0) -> Translated:
    return _scatter_elements(_, x, indices, updates, axis=axis)


@ROWS.reads("OneHot")
def _one_hot(_: Surroundings, indices: str, depth: str, values: str, *, axis: int = -1) -> Translated:
    places, count, contents = _.tensor(indices), int(scalar(_, depth)), _.tensor(values)
    if not 0 < count < 1 << 24 or contents.shape != (2,):
        raise FormatError(f"{_.label}: depth {count} or values {list(contents.shape)} make no sense")
    (along,) = positive_axes([axis], places.rank + 1)
    whole = as_type(_, places, DType.S64)
    shape = (*places.shape[:along], 1, *places.shape[along:])
    index = term("reshape", of(_, whole), shape=shape)
    # ONNX lets indices count from the end; those further away are nowhere
    index = term("select", term("less", index, 0), index + count, index)
    range_shape = [-1 if k == along else 1 for k in range(len(shape))]
    hot = term("equal", index, np.arange(count, dtype=np.int64).reshape(range_shape))
    off, on = (term("strided_slice", of(_, contents), begin=(k,), end=(k + 1,), stride=(1,)) for k in (0, 1))
    return result(_, term("select", hot, on, off))


@ROWS.reads("Trilu")
def _trilu(_: Surroundings, x: str, k: str | None = None, *, upper: int = 1) -> Result:
    data, diagonal = _.tensor(x), 0 if k is None else int(scalar(_, k))
    rows, columns = data.shape[-2:]
    _.allow(rows * columns, 1)
    mask = (
        np.tri(rows, columns, diagonal - 1, dtype=np.bool_)
        if upper
        else np.tri(rows, columns, diagonal, np.bool_)
    )
    if not math.prod(data.shape):
        return data
    kept_where = ~mask if upper else mask
    if _.dtype(data) is DType.BOOL:
        return result(_, term("logical_and", of(_, data), kept_where))
    return result(_, term("select", kept_where, of(_, data), np.zeros((), _.dtype(data).numpy)))


def _blocks(_: Surroundings, x: Tensor, size: int, *, to_space: bool) -> tuple[int, int, int, int]:
    if x.rank != 4 or size < 1:
        raise FormatError(f"{_.label}: blocks of {size} of a tensor with {x.rank} dimensions")
    n, c, h, w = x.shape
    if (c % (size * size)) if to_space else (h % size or w % size):
        raise FormatError(f"{_.label}: {list(x.shape)} is not made of blocks of {size}")
    return n, c, h, w


def _rearranged(x: Term, inner: Shape, order: Shape, shape: Shape) -> Term:
    return term("reshape", term("transpose", term("reshape", x, shape=inner), permutation=order), shape=shape)


@ROWS.reads("DepthToSpace")
def _depth_to_space(_: Surroundings, x: str, *, blocksize: int, mode: str = "DCR") -> Translated:
    data, b = _.tensor(x), blocksize
    n, c, h, w = _blocks(_, data, b, to_space=True)
    small = c // (b * b)
    if mode == "DCR":
        inner, order = (n, b, b, small, h, w), (0, 3, 4, 1, 5, 2)
    else:
        inner, order = (n, small, b, b, h, w), (0, 1, 4, 2, 5, 3)
    return result(_, _rearranged(of(_, data), inner, order, (n, small, h * b, w * b)))


@ROWS.reads("SpaceToDepth")
def _space_to_depth(_: Surroundings, x: str, *, blocksize: int, mode: str = "DCR") -> Translated:
    data, b = _.tensor(x), blocksize
    n, c, h, w = _blocks(_, data, b, to_space=False)
    inner = (n, c, h // b, b, w // b, b)
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return result(_, _rearranged(of(_, data), inner, order, (n, c * b * b, h // b, w // b)))


@ROWS.reads("ReverseSequence")
def _reverse_sequence(
    _: Surroundings, x: str, lengths: str, *, batch_axis: int = 1, time_axis: int = 0
) -> Translated:
    data, counts = _.tensor(x), integers(_.constant(lengths))
    if {batch_axis, time_axis} != {0, 1} or data.rank < 2 or len(counts) != data.shape[batch_axis]:
        raise FormatError(f"{_.label}: axes {batch_axis}, {time_axis} or the lengths do not fit '{x}'")
    time = np.arange(data.shape[time_axis])
    places = np.stack([np.where(time < n, n - 1 - time, time) for n in counts])
    batch = np.broadcast_to(np.arange(len(counts))[:, None], places.shape)
    pair = np.stack([batch, places] if batch_axis == 0 else [places, batch], -1)
    tuples = pair if batch_axis == 0 else pair.swapaxes(0, 1)
    return result(_, term("gather_nd", of(_, data), np.ascontiguousarray(tuples).astype(np.int32)))


@ROWS.reads("Compress")
def _compress(_: Surroundings, x: str, condition: str, *, axis: int | None = None) -> Result:
    data = _.tensor(x)
    places = np.flatnonzero(_.constant(condition)).astype(np.int32)
    if axis is None:
        flat = computed(_, term("reshape", of(_, data), shape=(math.prod(data.shape),)))
        data, along = _.made(flat, natural((math.prod(data.shape),))), 0
    else:
        (along,) = positive_axes([axis], data.rank)
    if not places.size:
        shape = tuple(0 if k == along else size for k, size in enumerate(data.shape))
        return Folded(np.zeros(shape, _.dtype(data).numpy))
    return gather(_, data, _.known(places), along)


@ROWS.reads("EyeLike", wish=Wish.NONE)
def _eye_like(_: Surroundings, x: str, *, dtype: int | None = None, k: int = 0) -> Folded:
    data = _.tensor(x)
    if data.rank != 2:
        raise FormatError(f"{_.label}: '{x}' has {data.rank} dimensions, needs 2")
    if dtype is not None and dtype not in DTYPES:
        raise UnsupportedError(f"{_.label}: the data type {dtype} is not supported")
    _.allow(math.prod(data.shape), 8)
    kind = _.dtype(data).numpy if dtype is None else DTYPES[dtype]
    return Folded(np.eye(*data.shape, k=k, dtype=kind))  # type: ignore[call-overload]


@ROWS.reads("NonZero")
def _non_zero(_: Surroundings, x: str) -> Folded:
    return Folded(np.array(np.nonzero(_.constant(x)), np.int64))


@ROWS.reads("Unique")
def _unique(_: Surroundings, x: str, *, axis: int | None = None, sorted: int = 1) -> Results:
    values, first, inverse, counts = np.unique(_.constant(x), True, True, True, axis)
    if not sorted:
        order = np.argsort(first, kind="stable")
        values = np.take(values, order, 0 if axis is None else axis)
        first, counts = first[order], counts[order]
        inverse = np.argsort(order)[inverse]
    numbers: Sequence[Array] = [array.reshape(-1).astype(np.int64) for array in (first, inverse, counts)]
    return (Folded(values), *(Folded(array) for array in numbers))
