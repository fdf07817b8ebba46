"""Operators that only move data; most of them move nothing, once what is NCHW in the file is NHWC."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smelt.errors import FormatError
from smelt.formats.channels_first.layout import (
    NHWC,
    Layout,
    Shape,
    Tensor,
    channels_last,
    channels_last_of_rank,
    flattened,
    inverse,
    keeps_order,
    natural,
)
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.translation import Result, Surroundings, Translated, fixed
from smelt.ir import Array, Attribute


def concatenation(_: Surroundings, tensors: Sequence[Tensor], axis: int) -> Translated:
    """Tensors one after another along an axis."""
    if any(x.rank != tensors[0].rank for x in tensors):
        raise FormatError(f"{_.label}: its inputs differ in the number of dimensions")
    (along,) = positive_axes([axis], tensors[0].rank)
    if any(x.layout.is_channels_last for x in tensors):
        layouts = [channels_last(x.shape) for x in tensors]
        names = [_.place(x, layout) for x, layout in zip(tensors, layouts, strict=True)]
        kind = channels_last_of_rank(tensors[0].rank)
        return Translated("concatenation", names, {"axis": layouts[0].axis(along)}, kind)
    return Translated("concatenation", [_.place(x, natural(x.shape)) for x in tensors], {"axis": along})


def pad(_: Surroundings, x: Tensor, amounts: Sequence[tuple[int, int]], value: float) -> Translated:
    """A constant around a tensor: amounts are (before, after) for each dimension of the file."""
    layout = x.layout if x.layout.is_channels_last else natural(x.shape)
    paddings = [0] * (2 * len(layout.shape))
    for axis, (before, after) in enumerate(amounts):
        place = layout.axis(axis)
        paddings[2 * place : 2 * place + 2] = before, after
    kind = channels_last_of_rank(x.rank) if layout.is_channels_last else natural
    return Translated("pad", (_.place(x, layout),), {"paddings": tuple(paddings), "value": value}, kind)


def part(_: Surroundings, x: Tensor, spans: Sequence[tuple[int, int, int]]) -> Result:
    """A part of each dimension of the file: (begin, end, step), all inside it, begin < end."""
    if all(span == (0, size, 1) for span, size in zip(spans, x.shape, strict=True)):
        return x
    layout = x.layout if x.layout.is_channels_last else natural(x.shape)
    inner = [(0, size, 1) for size in layout.shape]
    for axis, span in enumerate(spans):
        inner[layout.axis(axis)] = span
    begin, end, stride = zip(*inner, strict=True)
    kind = channels_last_of_rank(x.rank) if layout.is_channels_last else natural
    attributes: dict[str, Attribute] = {"begin": begin, "end": end, "stride": stride}
    return Translated("strided_slice", (_.place(x, layout),), attributes, kind)


def gather(_: Surroundings, x: Tensor, indices: Tensor, axis: int) -> Translated:
    """Slices of an axis (counted from 0) by index; negative indices count from the end."""
    places = _.place(indices, natural(indices.shape))
    if x.layout.is_channels_last and indices.rank == 1:
        layout = x.layout
        kind = channels_last_of_rank(x.rank)
        return Translated("gather", (_.place(x, layout), places), {"axis": layout.axis(axis)}, kind)
    return Translated("gather", (_.place(x, natural(x.shape)), places), {"axis": axis})


def changed(x: Tensor, transform: Callable[[Array], Array], variant: str) -> Tensor:
    """A constant with its elements in other places."""
    assert x.array is not None
    array = transform(x.array)
    integers = None if x.integers is None else x.integers.moved(transform)
    return Tensor(x.name, array.shape, array, variant=variant, integers=integers)


def reshape(_: Surroundings, x: Tensor, shape: Shape) -> Result:
    """Another shape without moving data, if any form of the tensor allows it."""
    if shape == x.shape:
        return x
    if x.array is not None:
        return changed(x, lambda array: array.reshape(shape), f"{x.variant} as {shape}")
    for form, name in x.forms.items():
        if form.permutation == NHWC and len(shape) in (3, 4) and shape[:2] == form.factors[:2]:
            layout = channels_last(shape)
            if layout.shape == form.shape:
                return Tensor(x.name, shape, forms={layout: name})
            return Translated("reshape", (name,), {"shape": layout.shape}, fixed(layout))
        if form.is_channels_last and (split := _with_split_channels(form, shape)):
            return Translated("reshape", (name,), {"shape": split.shape}, fixed(split))
        if form.permutation == SPLIT and len(shape) == 4 and (shape[0], *shape[2:]) == form.shape[:3]:
            layout = channels_last(shape)
            return Translated("reshape", (name,), {"shape": layout.shape}, fixed(layout))
        if form.keeps_order:
            return Translated("reshape", (name,), {"shape": shape})
        if form.is_channels_last and shape == flattened(form).foreign:
            return Translated("reshape", (name,), {"shape": shape}, fixed(flattened(form)))
    return Translated("reshape", (_.place(x, natural(x.shape)),), {"shape": shape})


def transpose(_: Surroundings, x: Tensor, order: Shape) -> Result:
    """Dimensions in another order: result dimension i is dimension order[i], counted from 0."""
    if positive_axes(order, x.rank) != tuple(range(x.rank)) or min(order, default=0) < 0:
        raise FormatError(f"{_.label}: {order} is no permutation of {x.rank} dimensions")
    shape = tuple(x.shape[axis] for axis in order)
    if x.array is not None:
        return changed(x, lambda array: array.transpose(order), f"{x.variant} by {order}")
    for form, name in x.forms.items():
        if form.is_channels_last and x.rank == 3:
            return _signal(_, name, tuple((0, 2, 1)[axis] for axis in order), shape)
        if form.permutation == SPLIT and (own := _split_channels(_, form, name, order)):
            return own
        if form.factors == x.shape:
            # From this form to the file's result, and to the same in NHWC.
            moved = tuple(form.permutation.index(axis) for axis in order)
            if moved == tuple(range(x.rank)):
                return Tensor(x.name, shape, forms={natural(shape): name})
            if x.rank == 4 and tuple(moved[axis] for axis in NHWC) == (0, 1, 2, 3):
                return Tensor(x.name, shape, forms={channels_last(shape): name})
            if form.is_channels_last:
                return Translated("transpose", (name,), {"permutation": moved})
    source = _.place(x, natural(x.shape))
    if order == (0, 2, 1) and _.wants_channels_last():
        layout = channels_last(shape)
        return Translated("reshape", (source,), {"shape": layout.shape}, fixed(layout))
    if keeps_order(x.shape, order):
        return Translated("reshape", (source,), {"shape": shape})
    return Translated("transpose", (source,), {"permutation": order})


SPLIT: Shape = (0, 3, 4, 1, 2)
"""The permutation from the file's N, G, C, H, W, the channels of NCHW in groups, to N, H, W, G, C."""


def _with_split_channels(form: Layout, shape: Shape) -> Layout | None:
    """The layout of NCHW whose channels are split in two dimensions, if that is what a reshape does."""
    if (
        len(form.foreign) != 4
        or len(shape) != 5
        or (shape[0], *shape[3:]) != (form.foreign[0], *form.foreign[2:])
    ):
        return None
    return Layout(shape, shape, SPLIT, tuple(shape[axis] for axis in SPLIT))


def _split_channels(_: Surroundings, form: Layout, name: str, order: Shape) -> Translated | None:
    """The two dimensions of channels exchanged, with the pixels left where they are."""
    if order != (0, 2, 1, 3, 4):
        return None
    foreign = tuple(form.foreign[axis] for axis in order)
    layout = Layout(foreign, foreign, SPLIT, tuple(foreign[axis] for axis in SPLIT))
    return Translated("transpose", (name,), {"permutation": (0, 1, 2, 4, 3)}, fixed(layout))


def _signal(_: Surroundings, name: str, order: Shape, shape: Shape) -> Translated:
    """A signal [N, 1, L, C] with its three dimensions in an order of N, L, C."""
    batch, _height, length, channels = _.shape(name)
    if keeps_order((batch, length, channels), order):
        return Translated("reshape", (name,), {"shape": shape})
    flat = _.emit("reshape", (name,), {"shape": (batch, length, channels)})
    return Translated("transpose", (flat,), {"permutation": order})


def along_last_axis(_: Surroundings, x: Tensor, operator: str, axis: int) -> Translated:
    """An operator that works on the last dimension (softmax), with its `beta` 1, along another of the file's."""
    (along,) = positive_axes([axis], x.rank)
    layout = x.layout
    source, place, rank = _.place(x, layout), layout.axis(along), len(layout.shape)
    if place == rank - 1:
        return Translated(operator, (source,), {"beta": 1.0}, fixed(layout))
    order = (*(i for i in range(rank) if i != place), place)
    last = _.emit(operator, (_.emit("transpose", (source,), {"permutation": order}),), {"beta": 1.0})
    return Translated("transpose", (last,), {"permutation": inverse(order)}, fixed(layout))


def reduction(_: Surroundings, operator: str, x: Tensor, axes: Sequence[int], keep_dims: bool) -> Translated:
    """A smelt operator with attributes `axes` and `keep_dims`; axes are the file's, counted from 0."""
    if x.layout.is_channels_last:
        layout, source = x.layout, _.place(x, x.layout)
        reduced = tuple(sorted(layout.axis(axis) for axis in axes))
        if keep_dims:
            kind = channels_last_of_rank(x.rank)
            return Translated(operator, (source,), {"axes": reduced, "keep_dims": True}, kind)
        rest = [layout.axis(axis) for axis in range(x.rank) if axis not in axes]
        if rest == sorted(rest):
            # A signal's height of 1 goes as well.
            every = tuple(axis for axis in range(4) if axis not in rest)
            return Translated(operator, (source,), {"axes": every, "keep_dims": False})
    source = _.place(x, natural(x.shape))
    return Translated(operator, (source,), {"axes": tuple(axes), "keep_dims": keep_dims})
