"""aten's operators that move data or give it another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Shape, Tensor
from smelt.formats.channels_first.rearranging import concatenation, gather, part, reshape, transpose
from smelt.formats.channels_first.shapes import reshaped
from smelt.formats.channels_first.translation import Folded, Result, Translated, kept, number
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.arithmetic import select
from smelt.formats.pytorch.operands import Translation, applied, axis_of, cast, indices, plain, promoted
from smelt.formats.pytorch.schema import Ints, Numbers, Table, Tensors, Unused
from smelt.formats.pytorch.storage import MAX_ELEMENTS
from smelt.ir import DType

REARRANGING = Table()
"""What reads an operator that moves data."""


@REARRANGING.reads("aten.view", "aten.reshape", "aten._unsafe_view", "aten._reshape_alias", is_view=True)
def _view(_: Translation, x: Tensor, shape: Ints, stride: Unused = None) -> Result:
    return reshape(_, x, reshaped(x.shape, shape, True))


@REARRANGING.reads("aten.view_as", "aten.reshape_as", is_view=True)
def _view_as(_: Translation, x: Tensor, other: Tensor) -> Result:
    return _view(_, x, other.shape)


@REARRANGING.reads("aten.flatten", is_view=True)
def _flatten(_: Translation, x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Result:
    first, last = axis_of(_, start_dim, x.rank), axis_of(_, end_dim, x.rank)
    if first > last:
        raise FormatError(f"{_.label}: dimensions {start_dim} to {end_dim} of {list(x.shape)}")
    middle = math.prod(x.shape[first : last + 1])
    return reshape(_, x, (*x.shape[:first], middle, *x.shape[last + 1 :]))


@REARRANGING.reads("aten.unflatten", is_view=True)
def _unflatten(_: Translation, x: Tensor, dim: int, sizes: Ints) -> Result:
    axis = axis_of(_, dim, x.rank)
    parts = reshaped((x.shape[axis],), sizes, True)
    return reshape(_, x, (*x.shape[:axis], *parts, *x.shape[axis + 1 :]))


@REARRANGING.reads("aten.squeeze", is_view=True)
def _squeeze(_: Translation, x: Tensor, dim: Ints | None = None) -> Result:
    axes = range(x.rank) if dim is None else [axis_of(_, axis, x.rank) for axis in dim]
    return reshape(_, x, tuple(n for axis, n in enumerate(x.shape) if axis not in axes or n != 1))


@REARRANGING.reads("aten.unsqueeze", is_view=True)
def _unsqueeze(_: Translation, x: Tensor, dim: int) -> Result:
    axis = axis_of(_, dim, x.rank + 1)
    return reshape(_, x, (*x.shape[:axis], 1, *x.shape[axis:]))


@REARRANGING.reads("aten.permute", is_view=True)
def _permute(_: Translation, x: Tensor, dims: Ints) -> Result:
    return transpose(_, x, tuple(axis_of(_, axis, x.rank) for axis in dims))


@REARRANGING.reads("aten.transpose", "aten.swapaxes", "aten.swapdims", is_view=True)
def _transpose(_: Translation, x: Tensor, dim0: int, dim1: int) -> Result:
    order = list(range(x.rank))
    first, second = axis_of(_, dim0, x.rank), axis_of(_, dim1, x.rank)
    if x.rank:
        order[first], order[second] = second, first
    return transpose(_, x, tuple(order))


@REARRANGING.reads("aten.t", "aten.numpy_T", is_view=True)
def _t(_: Translation, x: Tensor) -> Result:
    return transpose(_, x, tuple(range(x.rank))[::-1])


@REARRANGING.reads("aten.mT", "aten.adjoint", is_view=True)
def _transposed_matrices(_: Translation, x: Tensor) -> Result:
    return _transpose(_, x, -2, -1)


@REARRANGING.reads("aten.movedim", "aten.moveaxis", is_view=True)
def _movedim(_: Translation, x: Tensor, source: Ints, destination: Ints) -> Result:
    start = [axis_of(_, axis, x.rank) for axis in source]
    end = [axis_of(_, axis, x.rank) for axis in destination]
    if len(set(start)) != len(source) or len(set(end)) != len(source) or len(source) != len(destination):
        raise FormatError(f"{_.label}: moves {list(source)} to {list(destination)}")
    rest = iter(axis for axis in range(x.rank) if axis not in start)
    moved = tuple(start[end.index(axis)] if axis in end else next(rest) for axis in range(x.rank))
    return transpose(_, x, moved)


def expanded(_: Translation, x: Tensor, shape: Shape) -> Result:
    """A tensor broadcast to a shape."""
    if x.shape == shape:
        return x
    if x.array is not None:
        if math.prod(shape) > MAX_ELEMENTS:
            raise FormatError(f"{_.label}: a shape {list(shape)}")
        _.allow(math.prod(shape), x.array.itemsize)
        return Folded(np.ascontiguousarray(np.broadcast_to(x.array, shape)))
    if math.prod(shape) == math.prod(x.shape):
        return reshape(_, x, shape)
    dtype = _.dtype(x)
    if math.prod(shape) > MAX_ELEMENTS:
        raise FormatError(f"{_.label}: a shape {list(shape)}")
    _.allow(math.prod(shape), 4)
    return applied(
        _, "logical_or" if dtype is DType.BOOL else "add", x, _.known(np.zeros(shape, dtype.numpy))
    )


@REARRANGING.reads("aten.expand", "aten.broadcast_to", is_view=True)
def _expand(_: Translation, x: Tensor, size: Ints, implicit: Unused = None) -> Result:
    front = len(size) - x.rank
    if front < 0:
        raise FormatError(f"{_.label}: {list(x.shape)} to {list(size)}")
    shape = tuple(x.shape[axis - front] if n == -1 and axis >= front else n for axis, n in enumerate(size))
    if min(shape, default=0) < 0 or any(m not in (1, n) for m, n in zip(x.shape, shape[front:], strict=True)):
        raise FormatError(f"{_.label}: {list(x.shape)} to {list(size)}")
    return expanded(_, x, shape)


@REARRANGING.reads("aten.expand_as", is_view=True)
def _expand_as(_: Translation, x: Tensor, other: Tensor) -> Result:
    return _expand(_, x, other.shape)


@REARRANGING.reads("aten.repeat", "aten.tile")
def _repeat(_: Translation, x: Tensor, repeats: Ints) -> Result:
    rank = max(x.rank, len(repeats))
    data = kept(_, reshape(_, x, (1,) * (rank - x.rank) + x.shape))
    multiples = (1,) * (rank - len(repeats)) + repeats
    if min(multiples, default=1) < 1 or math.prod(multiples) * math.prod(x.shape) > MAX_ELEMENTS:
        raise UnsupportedError(f"{_.label}: repeats {list(repeats)}")
    return data if set(multiples) <= {1} else Translated("tile", (plain(_, data),), {"multiples": multiples})


def sliced(_: Translation, x: Tensor, axis: int, start: int, end: int, step_: int) -> Result:
    """Part of one dimension: elements start, start + step … below end."""
    size = x.shape[axis]
    if (start, end, step_) == (0, size, 1):
        return x
    if start >= end:
        raise UnsupportedError(f"{_.label}: elements {start} to {end} of {size}: an empty tensor")
    spans = [(0, n, 1) for n in x.shape]
    spans[axis] = start, end, step_
    return part(_, x, spans)


def _bounds(start: int | None, end: int | None, size: int) -> tuple[int, int]:
    low, high, _step = slice(start, end).indices(size)
    return low, max(low, high)


@REARRANGING.reads("aten.slice", wish=Wish.ANY, is_view=True)
def _slice(
    _: Translation, x: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Result:
    axis = axis_of(_, dim, x.rank)
    if step < 1:
        raise FormatError(f"{_.label}: a step of {step}")
    return sliced(_, x, axis, *_bounds(start, end, x.shape[axis]), step)


@REARRANGING.reads("aten.narrow", wish=Wish.ANY, is_view=True)
def _narrow(_: Translation, x: Tensor, dim: int, start: int, length: int) -> Result:
    axis = axis_of(_, dim, x.rank)
    first = start + x.shape[axis] if start < 0 else start
    return sliced(_, x, axis, *_bounds(first, first + length, x.shape[axis]), 1)


@REARRANGING.reads("aten.select", is_view=True)
def _select(_: Translation, x: Tensor, dim: int, index: int) -> Result:
    axis = axis_of(_, dim, x.rank)
    if x.rank == 0 or not -x.shape[axis] <= index < x.shape[axis]:
        raise FormatError(f"{_.label}: element {index} of {list(x.shape)}")
    at = index % x.shape[axis]
    part = kept(_, sliced(_, x, axis, at, at + 1, 1))
    return reshape(_, part, (*x.shape[:axis], *x.shape[axis + 1 :]))


def _parts(_: Translation, x: Tensor, axis: int, sizes: Sequence[int]) -> list[Result]:
    found: list[Result] = []
    start = 0
    for index, size in enumerate(sizes):
        if index in _.unused:
            found.append(x)
        else:
            found.append(sliced(_, x, axis, start, start + size, 1))
        start += size
    if start != x.shape[axis] or len(sizes) > 4096:
        raise FormatError(f"{_.label}: parts {list(sizes)[:20]} of {x.shape[axis]}")
    return found


@REARRANGING.reads("aten.split", "aten.split_with_sizes", wish=Wish.ANY, is_view=True)
@REARRANGING.reads("aten.unsafe_split", wish=Wish.ANY)
def _split(_: Translation, x: Tensor, split_size: Ints, dim: int = 0) -> list[Result]:
    axis = axis_of(_, dim, x.rank)
    if len(split_size) > 1 or not split_size or split_size[0] == x.shape[axis]:
        return _parts(_, x, axis, split_size)
    size, whole = split_size[0], x.shape[axis]
    if size < 1:
        raise FormatError(f"{_.label}: parts of {size}")
    return _parts(_, x, axis, [min(size, whole - at) for at in range(0, whole, size)])


@REARRANGING.reads("aten.chunk", wish=Wish.ANY, is_view=True)
@REARRANGING.reads("aten.unsafe_chunk", wish=Wish.ANY)
def _chunk(_: Translation, x: Tensor, chunks: int, dim: int = 0) -> list[Result]:
    if chunks < 1:
        raise FormatError(f"{_.label}: {chunks} chunks")
    return _split(_, x, (-(-x.shape[axis_of(_, dim, x.rank)] // chunks),), dim)


@REARRANGING.reads("aten.tensor_split", wish=Wish.ANY, is_view=True)
def _tensor_split(_: Translation, x: Tensor, sections: int, dim: int = 0) -> list[Result]:
    axis = axis_of(_, dim, x.rank)
    if not 1 <= sections <= 4096:
        raise FormatError(f"{_.label}: {sections} sections")
    whole, more = divmod(x.shape[axis], sections)
    return _parts(_, x, axis, [whole + (index < more) for index in range(sections)])


@REARRANGING.reads("aten.unbind", is_view=True)
def _unbind(_: Translation, x: Tensor, dim: int = 0) -> list[Result]:
    axis = axis_of(_, dim, x.rank)
    if x.rank == 0 or x.shape[axis] > 4096:
        raise FormatError(f"{_.label}: {list(x.shape)} along {axis}")
    return [kept(_, _select(_, x, axis, index)) for index in range(x.shape[axis])]


@REARRANGING.reads("aten.cat", "aten.concat", "aten.concatenate", wish=Wish.ANY)
def _cat(_: Translation, tensors: Tensors, dim: int = 0) -> Result:
    parts = [x for x in tensors if x.shape != (0,)]
    if not parts:
        raise FormatError(f"{_.label}: of no tensors")
    return concatenation(_, promoted(_, *parts), axis_of(_, dim, parts[0].rank))


@REARRANGING.reads("aten.stack")
def _stack(_: Translation, tensors: Tensors, dim: int = 0) -> Result:
    if not tensors:
        raise FormatError(f"{_.label}: of no tensors")
    axis = axis_of(_, dim, tensors[0].rank + 1)
    parts = [kept(_, reshape(_, x, (*x.shape[:axis], 1, *x.shape[axis:]))) for x in promoted(_, *tensors)]
    return concatenation(_, parts, axis)


@REARRANGING.reads("aten.embedding")
def _embedding(
    _: Translation, weight: Tensor, index: Tensor, padding_idx: Unused = None,
    scale_grad_by_freq: Unused = None, sparse: Unused = None,
) -> Result:  # fmt: skip
    return gather(_, weight, indices(_, index), 0)


@REARRANGING.reads("aten.index_select")
def _index_select(_: Translation, x: Tensor, dim: int, index: Tensor) -> Result:
    return gather(_, x, indices(_, index), axis_of(_, dim, x.rank))


@REARRANGING.reads("aten.gather")
def _gather_elements(
    _: Translation, x: Tensor, dim: int, index: Tensor, sparse_grad: Unused = None
) -> Result:
    axis = axis_of(_, dim, x.rank)
    return Translated("gather_elements", (plain(_, x), plain(_, indices(_, index))), {"axis": axis})


@REARRANGING.reads("aten.cumsum")
def _cumsum(_: Translation, x: Tensor, dim: int, dtype: DType | None = None) -> Result:
    return Translated(
        "cumsum", (plain(_, cast(_, x, dtype or _.dtype(x))),), {"axis": axis_of(_, dim, x.rank)}
    )


@REARRANGING.reads("aten.index")
def _index(_: Translation, x: Tensor, given: Unused) -> Result:
    """x[:, indices]: along one dimension."""
    places = [(axis, i) for axis, i in enumerate(given if isinstance(given, list) else []) if i is not None]
    if len(places) != 1 or not isinstance(places[0][1], Tensor) or _.dtype(places[0][1]) is DType.BOOL:
        raise UnsupportedError(f"{_.label}: by masks, or along several dimensions, is not supported")
    ((axis, index),) = places
    return gather(_, x, indices(_, index), axis_of(_, axis, x.rank))


@REARRANGING.reads("aten.channel_shuffle", "aten.native_channel_shuffle")
def _channel_shuffle(_: Translation, x: Tensor, groups: int) -> Result:
    channels = x.shape[1] if x.rank > 1 else 0
    if groups < 1 or channels % groups:
        raise FormatError(f"{_.label}: {channels} channels in {groups} groups")
    order = np.arange(channels, dtype=np.int32).reshape(groups, -1).T.reshape(-1)
    return gather(_, x, _.known(np.ascontiguousarray(order)), 1)


@REARRANGING.reads("aten.flip")
def _flip(_: Translation, x: Tensor, dims: Ints) -> Result:
    data = x
    for axis in (axis_of(_, dim, x.rank) for dim in dims):
        order = np.arange(x.shape[axis], dtype=np.int32)[::-1]
        data = kept(_, gather(_, data, _.known(order), axis))
    return data


@REARRANGING.reads("aten.roll")
def _roll(_: Translation, x: Tensor, shifts: Ints, dims: Ints) -> Result:
    data = x
    if len(shifts) != len(dims):
        raise UnsupportedError(f"{_.label}: without dimensions is not supported")
    for shift, dim in zip(shifts, dims, strict=True):
        axis = axis_of(_, dim, x.rank)
        cut = -shift % x.shape[axis] if x.shape[axis] else 0
        if cut:
            parts = [(cut, x.shape[axis]), (0, cut)]
            data = kept(
                _, concatenation(_, [kept(_, sliced(_, data, axis, a, b, 1)) for a, b in parts], axis)
            )
    return data


def _triangle(_: Translation, x: Tensor, diagonal: int, upper: bool) -> Result:
    if x.rank < 2:
        raise FormatError(f"{_.label}: of {x.rank} dimensions")
    _.allow(math.prod(x.shape[-2:]), 1)
    whole = np.ones(x.shape[-2:], np.bool_)
    inside = np.triu(whole, diagonal) if upper else np.tril(whole, diagonal)
    return select(_, _.known(inside), x, number(_, 0, _.dtype(x)))


@REARRANGING.reads("aten.tril")
def _tril(_: Translation, x: Tensor, diagonal: int = 0) -> Result:
    return _triangle(_, x, diagonal, upper=False)


@REARRANGING.reads("aten.triu")
def _triu(_: Translation, x: Tensor, diagonal: int = 0) -> Result:
    return _triangle(_, x, diagonal, upper=True)


@REARRANGING.reads("aten.copy")
def _copy(_: Translation, x: Tensor, src: Tensor, non_blocking: Unused = None) -> Result:
    return expanded(_, cast(_, src, _.dtype(x)), x.shape)


@REARRANGING.reads("aten.fill", "aten.zero")
def _fill(_: Translation, x: Tensor, value: Numbers = (0.0,)) -> Result:
    return Folded(np.full(x.shape, value[0], _.dtype(x).numpy))


__all__ = ["REARRANGING", "expanded", "sliced"]
