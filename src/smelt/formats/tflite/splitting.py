"""TFLite's operators that become several of smelt's: splitting and packing, space to depth and back, mirrors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import BuiltinOperator, MirrorPadMode
from smelt.formats.tflite.translation import Folded, Surroundings, Translated, integers, reads
from smelt.ir import Array

LONGEST_MIRRORED = 1 << 20
"""Elements of an axis: as many indices become a constant."""


def _axis(_: Surroundings, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise FormatError(f"{_.label}: has no axis {axis}")
    return axis % rank


def _part(_: Surroundings, x: str, axis: int, begin: int, size: int) -> Translated:
    shape = _.value(x).shape
    first = tuple(begin if k == axis else 0 for k in range(len(shape)))
    end = tuple(begin + size if k == axis else n for k, n in enumerate(shape))
    return Translated("strided_slice", (x,), {"begin": first, "end": end, "stride": (1,) * len(shape)})


def _parts(_: Surroundings, x: str, axis: int, sizes: Sequence[int]) -> list[Translated]:
    shape = _.value(x).shape
    along = _axis(_, axis, len(shape))
    if min(sizes, default=0) < 1 or sum(sizes) != shape[along]:
        raise FormatError(
            f"{_.label}: '{x}' {list(shape)} does not split into {list(sizes)} along axis {along}"
        )
    begins = accumulate(sizes, initial=0)
    return [_part(_, x, along, begin, size) for begin, size in zip(begins, sizes, strict=False)]


@reads(BuiltinOperator.SPLIT)
def _split(_: Surroundings, axis: str, x: str, *, num_splits: int) -> list[Translated]:
    along = int(integers(_, axis).reshape(-1)[0])
    size = _.value(x).shape[_axis(_, along, len(_.value(x).shape))]
    if num_splits != len(_.outputs) or size % num_splits:
        raise FormatError(
            f"{_.label}: {size} elements and {len(_.outputs)} outputs do not fit {num_splits} parts"
        )
    return _parts(_, x, along, [size // num_splits] * num_splits)


@reads(BuiltinOperator.SPLIT_V)
def _split_v(_: Surroundings, x: str, sizes: str, axis: str, *, num_splits: int) -> list[Translated]:
    along = int(integers(_, axis).reshape(-1)[0])
    given = [int(n) for n in integers(_, sizes).reshape(-1)]
    if given.count(-1) == 1:
        whole = _.value(x).shape[_axis(_, along, len(_.value(x).shape))]
        given[given.index(-1)] = whole - sum(given) - 1
    return _parts(_, x, along, given)


@reads(BuiltinOperator.UNPACK)
def _unpack(_: Surroundings, x: str, *, num: int, axis: int) -> list[Translated]:
    shape = _.value(x).shape
    along = _axis(_, axis, len(shape))
    if not num == shape[along] == len(_.outputs):
        raise FormatError(f"{_.label}: '{x}' {list(shape)} does not unpack into {num} along axis {along}")
    one = [1 if k == along else n for k, n in enumerate(shape)]
    parts = [_.step(_part(_, x, along, k, 1), one) for k in range(num)]
    return [
        Translated("reshape", (part,), {"shape": value.shape})
        for part, value in zip(parts, _.outputs, strict=True)
    ]


@reads(BuiltinOperator.PACK)
def _pack(_: Surroundings, *inputs: str, axis: int) -> Translated | Folded:
    if not inputs:
        raise FormatError(f"{_.label}: has no inputs")
    along = _axis(_, axis, len(_.value(inputs[0]).shape) + 1)
    if all(_.is_constant(name) for name in inputs):
        return Folded(np.stack([_.constant(name) for name in inputs], along))
    shape = list(_.value(inputs[0]).shape)
    shape.insert(along, 1)
    wider = [_.step(Translated("reshape", (name,), {"shape": tuple(shape)}), shape) for name in inputs]
    return Translated("concatenation", wider, {"axis": along})


def _blocks(_: Surroundings, x: str, split: Sequence[int]) -> Translated:
    """The images as six dimensions, of which the third and fourth change places."""
    order = (0, 1, 3, 2, 4, 5)
    apart = _.step(Translated("reshape", (x,), {"shape": tuple(split)}), split)
    turned = _.step(Translated("transpose", (apart,), {"permutation": order}), [split[k] for k in order])
    return Translated("reshape", (turned,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.SPACE_TO_DEPTH)
def _space_to_depth(_: Surroundings, x: str, *, block_size: int) -> Translated:
    n, h, w, c = _image(_, x, block_size)
    if h % block_size or w % block_size:
        raise FormatError(f"{_.label}: '{x}' [{n}, {h}, {w}, {c}] has no whole blocks of {block_size}")
    return _blocks(_, x, (n, h // block_size, block_size, w // block_size, block_size, c))


@reads(BuiltinOperator.DEPTH_TO_SPACE)
def _depth_to_space(_: Surroundings, x: str, *, block_size: int) -> Translated:
    n, h, w, c = _image(_, x, block_size)
    if c % block_size**2:
        raise FormatError(
            f"{_.label}: the channels of '{x}' [{n}, {h}, {w}, {c}] are no blocks of {block_size}"
        )
    return _blocks(_, x, (n, h, w, block_size, block_size, c // block_size**2))


def _batches(_: Surroundings, x: str, block: str, margins: str) -> tuple[list[int], list[tuple[int, int]]]:
    """The blocks along the dimensions behind the first, and what is before and behind each."""
    blocks = [int(n) for n in integers(_, block).reshape(-1)]
    around = [(int(a), int(b)) for a, b in integers(_, margins).reshape(-1, 2)]
    if len(blocks) != len(around) or len(blocks) >= len(_.value(x).shape) or min(blocks, default=0) < 1:
        raise FormatError(f"{_.label}: blocks {blocks} with {around} around do not fit '{x}'")
    return blocks, around


@reads(BuiltinOperator.SPACE_TO_BATCH_ND)
def _space_to_batch(_: Surroundings, x: str, block: str, paddings: str) -> Translated:
    blocks, around = _batches(_, x, block, paddings)
    shape, count = list(_.value(x).shape), len(blocks)
    amounts = [(0, 0), *around, *([(0, 0)] * (len(shape) - count - 1))]
    shape = [a + n + b for n, (a, b) in zip(shape, amounts, strict=True)]
    if any(shape[k + 1] % size for k, size in enumerate(blocks)):
        raise FormatError(f"{_.label}: '{x}', padded to {shape}, has no whole blocks of {blocks}")
    flat = tuple(number for pair in amounts for number in pair)
    padded = _.step(Translated("pad", (x,), {"paddings": flat}), shape)
    split = [shape[0]]
    for k, size in enumerate(blocks):
        split += [shape[k + 1] // size, size]
    split += shape[count + 1 :]
    within = [2 * k + 2 for k in range(count)]
    order = [*within, *(axis for axis in range(len(split)) if axis not in within)]
    apart = _.step(Translated("reshape", (padded,), {"shape": tuple(split)}), split)
    turned = _.step(
        Translated("transpose", (apart,), {"permutation": tuple(order)}), [split[axis] for axis in order]
    )
    return Translated("reshape", (turned,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.BATCH_TO_SPACE_ND)
def _batch_to_space(_: Surroundings, x: str, block: str, crops: str) -> Translated:
    blocks, around = _batches(_, x, block, crops)
    shape, count = list(_.value(x).shape), len(blocks)
    if shape[0] % prod(blocks):
        raise FormatError(f"{_.label}: '{x}' {shape} are no images of blocks {blocks}")
    images = shape[0] // prod(blocks)
    split = [*blocks, images, *shape[1:]]
    order = [count]
    for k in range(count):
        order += [count + 1 + k, k]
    order += range(2 * count + 1, len(split))
    apart = _.step(Translated("reshape", (x,), {"shape": tuple(split)}), split)
    turned = _.step(
        Translated("transpose", (apart,), {"permutation": tuple(order)}), [split[axis] for axis in order]
    )
    whole = [images, *(n * size for n, size in zip(shape[1:], blocks, strict=False)), *shape[count + 1 :]]
    joined = _.step(Translated("reshape", (turned,), {"shape": tuple(whole)}), whole)
    begin = [0, *(a for a, _b in around), *([0] * (len(shape) - count - 1))]
    end = [whole[0], *(n - b for n, (_a, b) in zip(whole[1:], around, strict=False)), *whole[count + 1 :]]
    cut = {"begin": tuple(begin), "end": tuple(end), "stride": (1,) * len(shape)}
    return Translated("strided_slice", (joined,), cut)


def _image(_: Surroundings, x: str, block_size: int) -> tuple[int, ...]:
    shape = _.value(x).shape
    if len(shape) != 4 or block_size < 1:
        raise FormatError(
            f"{_.label}: '{x}' {list(shape)} is no image, or the blocks have {block_size} elements"
        )
    return shape


@reads(BuiltinOperator.MIRROR_PAD)
def _mirror_pad(_: Surroundings, x: str, paddings: str, *, mode: MirrorPadMode) -> Translated:
    """Elements gathered along each axis that grows."""
    amounts, shape = integers(_, paddings), list(_.value(x).shape)
    if amounts.shape != (len(shape), 2) or not shape:
        raise FormatError(f"{_.label}: pads {shape} by {list(amounts.shape)} numbers")
    axes = [axis for axis, pair in enumerate(amounts) if pair.any()] or [0]
    places = {axis: _mirrored(_, shape[axis], amounts[axis].tolist(), mode) for axis in axes}
    for axis in axes[:-1]:
        shape[axis] = len(places[axis])
        indices = _.new_constant(f"places_{axis}", places[axis])
        x = _.step(Translated("gather", (x, indices), {"axis": axis}), shape)
    indices = _.new_constant(f"places_{axes[-1]}", places[axes[-1]])
    return Translated("gather", (x, indices), {"axis": axes[-1]})


def _mirrored(_: Surroundings, size: int, pair: Sequence[int], mode: MirrorPadMode) -> Array:
    """Which of `size` elements stand along the axis."""
    reflects = mode is MirrorPadMode.REFLECT
    if any(pair) and not all(0 <= count <= size - reflects for count in pair):
        raise FormatError(f"{_.label}: mirrors {list(pair)} of {size} elements")
    if size > LONGEST_MIRRORED:
        raise UnsupportedError(f"{_.label}: an axis of {size} is too long, at most {LONGEST_MIRRORED}")
    return np.pad(np.arange(size, dtype=np.int32), tuple(pair), "reflect" if reflects else "symmetric")
