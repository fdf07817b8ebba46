"""TensorFlow's operators that move, cut and repeat; the functions are as in operators.py."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.einsum import product_of
from smelt.formats.saved_model.interpreter import Blocks, Interpreter, Item
from smelt.formats.saved_model.operators import OPERATORS, matrix_product

_MOST_PARTS = 4096


@OPERATORS.reads("Reshape")
def _reshape(_: Interpreter, x: Item, shape: Item) -> str:
    wanted = list(_.integers(shape))
    if wanted.count(-1) == 1:
        known = math.prod(n for n in wanted if n != -1)
        wanted[wanted.index(-1)] = math.prod(_.shape(x)) // known if known else 0
    if min(wanted, default=0) < 0 or math.prod(wanted) != math.prod(_.shape(x)):
        raise FormatError(f"{_.label}: cannot reshape {list(_.shape(x))} to {list(_.integers(shape))}")
    return _.reshape(x, wanted)


@OPERATORS.reads("Squeeze")
def _squeeze(_: Interpreter, x: Item, *, squeeze_dims: Sequence[int] = ()) -> Item:
    if isinstance(x, Blocks):
        if x.block[0] != 1 or x.weights is None or tuple(squeeze_dims) not in ((1,), (-3,)):
            raise UnsupportedError(f"{_.label}: of blocks is not supported")
        return replace(x, narrowed=True)
    shape = _.shape(x)
    chosen = {_.axis(n, len(shape)) for n in squeeze_dims} or {a for a, n in enumerate(shape) if n == 1}
    return _.reshape(x, [n for axis, n in enumerate(shape) if axis not in chosen])


@OPERATORS.reads("ExpandDims")
def _expand_dims(_: Interpreter, x: Item, axis: Item) -> Item:
    if isinstance(x, Blocks):
        return _with_height(_, x, _.integer(axis))
    shape = list(_.shape(x))
    shape.insert(_.axis(_.integer(axis), len(shape) + 1), 1)
    return _.reshape(x, shape)


def _with_height(_: Interpreter, x: Blocks, axis: int) -> Blocks:
    """A signal in blocks as an image of height 1, for a convolution of one dimension."""
    batch, *rest = _.shape(x.source)
    if len(rest) != 2 or axis not in (1, -3):
        raise UnsupportedError(f"{_.label}: a new axis {axis} of blocks is not supported")
    image = _.reshape(x.source, (batch, 1, *rest))
    return replace(x, source=image, block=(1, *x.block), paddings=((0, 0), *x.paddings))


@OPERATORS.reads("Transpose")
def _transpose(_: Interpreter, x: Item, permutation: Item) -> str:
    rank = len(_.shape(x))
    order = [_.axis(n, rank) for n in _.integers(permutation)]
    if sorted(order) != list(range(rank)):
        raise FormatError(f"{_.label}: {order} does not permute {rank} dimensions")
    return _.transpose(x, order)


def joined(_: Interpreter, parts: Sequence[Item], axis: int) -> str:
    """The parts one after the other along an axis."""
    if not parts or len(parts) > _MOST_PARTS:
        raise FormatError(f"{_.label}: puts {len(parts)} tensors together")
    if len(parts) == 1:
        return _.tensor(parts[0])
    return _.emit("concatenation", parts, {"axis": axis})


@OPERATORS.reads("ConcatV2")
def _concat(_: Interpreter, *inputs: Item) -> str:
    if len(inputs) < 2:
        raise FormatError(f"{_.label}: has {len(inputs)} inputs")
    *parts, axis = inputs
    # Parts without elements are there where shapes are put together.
    along = _.axis(_.integer(axis), len(_.shape(parts[0])))
    return joined(_, [part for part in parts if _.shape(part)[along]] or parts[:1], along)


@OPERATORS.reads("Concat")
def _concat_1(_: Interpreter, axis: Item, *inputs: Item) -> str:
    return _concat(_, *inputs, axis)


@OPERATORS.reads("Pack")
def _pack(_: Interpreter, *inputs: Item, axis: int = 0) -> str:
    return stacked(_, inputs, axis)


def stacked(_: Interpreter, parts: Sequence[Item], axis: int) -> str:
    """The parts side by side along a new axis."""
    if not parts:
        raise FormatError(f"{_.label}: puts nothing together")
    shape = list(_.shape(parts[0]))
    along = _.axis(axis, len(shape) + 1)
    shape.insert(along, 1)
    if any(_.shape(part) != _.shape(parts[0]) for part in parts):
        raise FormatError(f"{_.label}: puts tensors of different shapes together")
    return joined(_, [_.reshape(part, shape) for part in parts], along)


def cut(_: Interpreter, x: Item, axis: int, begin: int, end: int) -> str:
    """What lies from begin to before end along an axis."""
    shape = _.shape(x)
    if (begin, end) == (0, shape[axis]):
        return _.tensor(x)
    first = tuple(begin if place == axis else 0 for place in range(len(shape)))
    last = tuple(end if place == axis else size for place, size in enumerate(shape))
    return sliced(_, x, first, last, (1,) * len(shape))


def sliced(_: Interpreter, x: Item, begin: Sequence[int], end: Sequence[int], stride: Sequence[int]) -> str:
    """Every stride-th element from begin to before end; what comes out empty is known."""
    if any(first >= last for first, last in zip(begin, end, strict=True)):
        spans = zip(begin, end, stride, strict=True)
        return _.keep(np.zeros([len(range(*span)) for span in spans], _.value(x).dtype.numpy))
    attributes = {"begin": tuple(begin), "end": tuple(end), "stride": tuple(stride)}
    return _.emit("strided_slice", (x,), {**attributes})


@OPERATORS.reads("Unpack")
def _unpack(_: Interpreter, x: Item, *, num: int, axis: int = 0) -> Sequence[str]:
    shape = _.shape(x)
    along = _.axis(axis, len(shape))
    if num != shape[along] or num > _MOST_PARTS:
        raise FormatError(f"{_.label}: takes {num} parts of {list(shape)}")
    rest = shape[:along] + shape[along + 1 :]
    return [_.reshape(cut(_, x, along, n, n + 1), rest) for n in range(num)]


@OPERATORS.reads("Split")
def _split(_: Interpreter, axis: Item, x: Item, *, num_split: int) -> Sequence[str]:
    shape = _.shape(x)
    along = _.axis(_.integer(axis), len(shape))
    if not 1 <= num_split <= _MOST_PARTS or shape[along] % num_split:
        raise FormatError(f"{_.label}: splits {list(shape)} into {num_split} parts")
    size = shape[along] // num_split
    return [cut(_, x, along, n * size, (n + 1) * size) for n in range(num_split)]


@OPERATORS.reads("SplitV")
def _split_sizes(_: Interpreter, x: Item, sizes: Item, axis: Item, *, num_split: int = 0) -> Sequence[str]:
    shape, given = _.shape(x), list(_.integers(sizes))
    along = _.axis(_.integer(axis), len(shape))
    if given.count(-1) == 1:
        given[given.index(-1)] = shape[along] - sum(given) - 1
    if min(given, default=-1) < 0 or sum(given) != shape[along]:
        raise FormatError(f"{_.label}: splits {list(shape)} into {given}")
    ends = np.cumsum(given).tolist()
    return [cut(_, x, along, end - size, end) for size, end in zip(given, ends, strict=True)]


@OPERATORS.reads("Slice")
def _slice(_: Interpreter, x: Item, begin: Item, size: Item) -> str:
    shape, first, sizes = _.shape(x), _.integers(begin), _.integers(size)
    if not len(first) == len(sizes) == len(shape):
        raise FormatError(f"{_.label}: cuts {list(sizes)} at {list(first)} out of {list(shape)}")
    last = [shape[a] if sizes[a] == -1 else first[a] + sizes[a] for a in range(len(shape))]
    if not all(0 <= a <= b <= n for a, b, n in zip(first, last, shape, strict=True)):
        raise FormatError(f"{_.label}: cuts {list(sizes)} at {list(first)} out of {list(shape)}")
    if not any(first) and tuple(last) == shape:
        return _.tensor(x)
    return sliced(_, x, first, last, (1,) * len(shape))


@OPERATORS.reads("StridedSlice")
def _strided_slice(
    _: Interpreter, x: Item, begin: Item, end: Item, strides: Item, *, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> str:  # fmt: skip
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    numbers = [_.integers(item) for item in (begin, end, strides)]
    if len({len(some) for some in numbers}) != 1:
        raise FormatError(f"{_.label}: begin, end and strides differ in length")
    spans, shape = [], []
    for span, kept in _spans(_, _.shape(x), *numbers, masks=masks):
        if span is not None:
            spans.append(span)
        if kept:
            shape.append(1 if span is None else len(span))
    cut_out = x
    for axis, span in enumerate(spans):
        if span.step < 0:
            _.allow(4 * len(span))
            cut_out = _.emit("gather", (cut_out, _.keep(np.array(span, np.int32))), {"axis": axis})
            spans[axis] = range(len(span))
    if any(span != range(size) for span, size in zip(spans, _.shape(cut_out), strict=True)):
        first, last, step = zip(*((span.start, span.stop, span.step) for span in spans), strict=True)
        cut_out = sliced(_, cut_out, first, last, step)
    return _.reshape(cut_out, shape)


def _spans(
    _: Interpreter, shape: Sequence[int], begin: Sequence[int], end: Sequence[int], stride: Sequence[int], *,
    masks: Sequence[int],
) -> Iterator[tuple[range | None, bool]]:  # fmt: skip
    """For each entry what it takes of the next dimension (None: a new one), and whether the result has it."""
    begins, ends, dots, new, shrunk = masks
    explicit = sum(not (dots | new) >> place & 1 for place in range(len(begin)))
    if explicit > len(shape) or bin(dots).count("1") > 1:
        raise FormatError(f"{_.label}: cuts {explicit} dimensions out of {list(shape)}")
    axis = 0
    for place in range(len(begin)):
        bit = 1 << place
        if dots & bit:
            for _rest in range(len(shape) - explicit):
                yield range(shape[axis]), True
                axis += 1
            continue
        if new & bit:
            yield None, True
            continue
        if not stride[place]:
            raise FormatError(f"{_.label}: a stride is 0")
        if shrunk & bit:
            at = begin[place] + (shape[axis] if begin[place] < 0 else 0)
            if not 0 <= at < shape[axis]:
                raise FormatError(f"{_.label}: there is no element {begin[place]} along axis {axis}")
            yield range(at, at + 1), False
        else:
            first = None if begins & bit else begin[place]
            last = None if ends & bit else end[place]
            yield range(*slice(first, last, stride[place]).indices(shape[axis])), True
        axis += 1
    for size in shape[axis:]:
        yield range(size), True


@OPERATORS.reads("Pad")
def _pad(_: Interpreter, x: Item, paddings: Item) -> str:
    return _padded(_, x, paddings, 0.0)


@OPERATORS.reads("PadV2")
def _pad_with(_: Interpreter, x: Item, paddings: Item, value: Item) -> str:
    number = _.constant(value)
    if number.size != 1:
        raise FormatError(f"{_.label}: pads with {number.size} values")
    return _padded(_, x, paddings, float(number.reshape(-1)[0]))


def _padded(_: Interpreter, x: Item, paddings: Item, value: float) -> str:
    amounts = _.constant(paddings)
    if amounts.shape != (len(_.shape(x)), 2) or amounts.dtype.kind not in "iu":
        raise FormatError(f"{_.label}: pads {list(_.shape(x))} by {list(amounts.shape)} numbers")
    margins = tuple(int(n) for n in amounts.reshape(-1))
    if not any(margins):
        return _.tensor(x)
    return _.emit("pad", (x,), {"paddings": margins, "value": value})


@OPERATORS.reads("Fill")
def _fill(_: Interpreter, shape: Item, value: Item) -> str:
    sizes, number = _.integers(shape), _.constant(value)
    if min(sizes, default=0) < 0 or number.size != 1:
        raise FormatError(f"{_.label}: fills {list(sizes)} with {number.size} values")
    _.allow(math.prod(sizes) * number.itemsize)
    return _.keep(np.full(sizes, number.reshape(())))


@OPERATORS.reads("ZerosLike")
def _zeros_like(_: Interpreter, x: Item) -> str:
    return _.keep(np.broadcast_to(np.zeros((), _.value(x).dtype.numpy), _.shape(x)))


@OPERATORS.reads("OnesLike")
def _ones_like(_: Interpreter, x: Item) -> str:
    return _.keep(np.broadcast_to(np.ones((), _.value(x).dtype.numpy), _.shape(x)))


@OPERATORS.reads("Range")
def _range(_: Interpreter, start: Item, limit: Item, delta: Item) -> str:
    first, last, step = (_.constant(item).reshape(-1)[0].item() for item in (start, limit, delta))
    if not step or not all(math.isfinite(n) for n in (first, last, step)):
        raise FormatError(f"{_.label}: from {first} to {last} by {step} is no range")
    _.allow(8 * max(math.ceil((last - first) / step), 0))
    return _.keep(np.arange(first, last, step, dtype=_.value(start).dtype.numpy))


@OPERATORS.reads("GatherV2")
def _gather(_: Interpreter, x: Item, indices: Item, axis: Item, *, batch_dims: int = 0) -> str:
    along = _.axis(_.integer(axis), len(_.shape(x)))
    return _.emit("gather", (x, indices), {"axis": along, "batch_dims": batch_dims})


@OPERATORS.reads("Gather")
def _gather_1(_: Interpreter, x: Item, indices: Item) -> str:
    return _.emit("gather", (x, indices), {"axis": 0})


@OPERATORS.reads("ResourceGather")
def _gather_variable(_: Interpreter, handle: Item, indices: Item, *, batch_dims: int = 0) -> str:
    return _.emit("gather", (_.variable(handle), indices), {"axis": 0, "batch_dims": batch_dims})


@OPERATORS.reads("ReverseV2")
def _reverse(_: Interpreter, x: Item, axes: Item) -> str:
    result = _.tensor(x)
    for axis in _.integers(axes):
        along = _.axis(axis, len(_.shape(x)))
        _.allow(4 * _.shape(x)[along])
        order = np.arange(_.shape(x)[along], dtype=np.int32)[::-1]
        result = _.emit("gather", (result, _.keep(order)), {"axis": along})
    return result


@OPERATORS.reads("Einsum")
def _einsum(_: Interpreter, *inputs: Item, equation: str) -> str:
    if len(inputs) != 2:
        raise UnsupportedError(f"{_.label}: of {len(inputs)} tensors is not supported")
    a, b = inputs
    product = product_of(_.label, equation, _.shape(a), _.shape(b))
    left = _.reshape(_.transpose(a, product.left_order), product.left_shape)
    right = _.reshape(_.transpose(b, product.right_order), product.right_shape)
    whole = _.reshape(matrix_product(_, left, right, False, False), product.shape)
    return _.transpose(whole, product.order)
