"""TFLite's operators that move, repeat or choose elements as smelt's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator
from smelt.formats.tflite.translation import Folded, Surroundings, Translated, activation, integers, reads


@reads(BuiltinOperator.RESHAPE)
def _reshape(_: Surroundings, x: str, shape: str | None = None) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.SQUEEZE)
def _squeeze(_: Surroundings, x: str) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.EXPAND_DIMS)
def _expand_dims(_: Surroundings, x: str, axis: str) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.TRANSPOSE)
def _transpose(_: Surroundings, x: str, permutation: str) -> Translated:
    return Translated("transpose", (x,), {"permutation": tuple(int(p) for p in integers(_, permutation))})


@reads(BuiltinOperator.PAD)
def _pad(_: Surroundings, x: str, paddings: str) -> Translated:
    return Translated("pad", (x,), {"paddings": tuple(int(p) for p in integers(_, paddings).reshape(-1))})


@reads(BuiltinOperator.PADV2)
def _pad_with(_: Surroundings, x: str, paddings: str, value: str) -> Translated:
    element = _.constant(value).reshape(-1)
    if len(element) != 1:
        raise FormatError(f"{_.label}: pads with {len(element)} values, needs one")
    amounts = tuple(int(p) for p in integers(_, paddings).reshape(-1))
    quantization = _.value(value).quantization
    real = float(element[0])
    if quantization is not None:
        if quantization != _.outputs[0].quantization:
            raise UnsupportedError(
                f"{_.label}: '{value}' and the output have different quantization parameters"
            )
        real = (real - quantization.zero_points[0]) * quantization.scales[0]
    return Translated("pad", (x,), {"paddings": amounts, "value": real})


@reads(BuiltinOperator.CONCATENATION)
def _concatenation(
    _: Surroundings, *inputs: str, axis: int, fused_activation_function: ActivationFunctionType
) -> Translated:
    if activation(_, fused_activation_function) != "none":
        raise UnsupportedError(f"{_.label}: a concatenation with a fused activation is not supported")
    if not inputs:
        raise FormatError(f"{_.label}: has no inputs")
    return Translated(
        "concatenation", inputs, {"axis": axis + (len(_.value(inputs[0]).shape) if axis < 0 else 0)}
    )


@reads(BuiltinOperator.DENSIFY)
def _densify(_: Surroundings, x: str) -> Folded:
    """Sparse constants are read as dense ones."""
    return Folded(_.constant(x))


@reads(BuiltinOperator.SHAPE)
def _shape(_: Surroundings, x: str) -> Folded:
    return Folded(np.array(_.value(x).shape, _.outputs[0].dtype.numpy))


@reads(BuiltinOperator.STRIDED_SLICE)
def _strided_slice(
    _: Surroundings,
    x: str,
    begin: str,
    end: str,
    strides: str,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Translated | Folded:
    if ellipsis_mask or new_axis_mask:
        raise UnsupportedError(f"{_.label}: STRIDED_SLICE with an ellipsis or new axis is not supported")
    index: list[int | slice] = []
    for i, (first, last, step) in enumerate(
        zip(*(integers(_, name).tolist() for name in (begin, end, strides)), strict=True)
    ):
        bit = 1 << i
        whole = slice(None if begin_mask & bit else first, None if end_mask & bit else last, step)
        index.append(first if shrink_axis_mask & bit else whole)
    if _.is_constant(x):
        return Folded(np.asarray(_.constant(x)[tuple(index)]))
    return _cut(_, x, index)


def _cut(_: Surroundings, x: str, index: Sequence[int | slice]) -> Translated:
    """What numpy's indexing gives; a number removes its axis."""
    shape = _.value(x).shape
    whole = [*index, *([slice(None)] * (len(shape) - len(index)))]
    ranges = [
        part.indices(n) if isinstance(part, slice) else (part % max(n, 1), part % max(n, 1) + 1, 1)
        for part, n in zip(whole, shape, strict=True)
    ]
    sizes = [len(range(*span)) for span in ranges]
    if not all(sizes):
        raise UnsupportedError(f"{_.label}: the part of a computed tensor is empty, which is not supported")
    begins, ends, steps = zip(*ranges, strict=True)
    part = Translated("strided_slice", (x,), {"begin": begins, "end": ends, "stride": steps})
    if sizes == list(_.outputs[0].shape):
        return part
    return Translated("reshape", (_.step(part, sizes),), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.SLICE)
def _slice(_: Surroundings, x: str, begin: str, size: str) -> Translated | Folded:
    starts, counts = (integers(_, name).reshape(-1).tolist() for name in (begin, size))
    index = [slice(a, None if n == -1 else a + n) for a, n in zip(starts, counts, strict=True)]
    if any(a < 0 or n < -1 for a, n in zip(starts, counts, strict=True)):
        raise FormatError(f"{_.label}: cuts {counts} from {starts}")
    if _.is_constant(x):
        return Folded(np.asarray(_.constant(x)[tuple(index)]))
    return _cut(_, x, index)


@reads(BuiltinOperator.REVERSE_V2)
def _reverse(_: Surroundings, x: str, axes: str) -> Translated:
    shape = _.value(x).shape
    turned = {int(axis) % max(len(shape), 1) for axis in integers(_, axes).reshape(-1)}
    spans = [(n - 1, -1, -1) if axis in turned else (0, n, 1) for axis, n in enumerate(shape)]
    begins, ends, steps = zip(*spans, strict=True)
    return Translated("strided_slice", (x,), {"begin": begins, "end": ends, "stride": steps})


@reads(BuiltinOperator.GATHER)
def _gather(_: Surroundings, data: str, indices: str, *, axis: int, batch_dims: int) -> Translated:
    rank = max(len(_.value(data).shape), 1)
    batch = batch_dims + len(_.value(indices).shape) if batch_dims < 0 else batch_dims
    return Translated("gather", (data, indices), {"axis": axis % rank, "batch_dims": batch})


@reads(BuiltinOperator.GATHER_ND)
def _gather_nd(_: Surroundings, data: str, indices: str) -> Translated:
    return Translated("gather_nd", (data, indices), {})


@reads(BuiltinOperator.TOPK_V2)
def _topk_v2(_: Surroundings, x: str, k: str) -> Translated:
    return Translated("topk_v2", (x,), {"k": int(integers(_, k).reshape(-1)[0])})


@reads(BuiltinOperator.TILE)
def _tile(_: Surroundings, x: str, multiples: str) -> Translated:
    return Translated("tile", (x,), {"multiples": tuple(int(n) for n in integers(_, multiples).reshape(-1))})


@reads(BuiltinOperator.BROADCAST_TO)
def _broadcast_to(_: Surroundings, x: str, shape: str) -> Translated:
    return Translated("broadcast_to", (x,), {"shape": tuple(int(n) for n in integers(_, shape).reshape(-1))})


@reads(BuiltinOperator.FILL)
def _fill(_: Surroundings, shape: str, value: str) -> Translated | Folded:
    wanted = tuple(int(n) for n in integers(_, shape).reshape(-1))
    if _.is_constant(value):
        return Folded(np.full(wanted, _.constant(value).reshape(()), _.outputs[0].dtype.numpy))
    return Translated("broadcast_to", (value,), {"shape": wanted})


@reads(BuiltinOperator.BROADCAST_ARGS)
def _broadcast_args(_: Surroundings, first: str, second: str) -> Folded:
    shapes = (tuple(int(n) for n in integers(_, name).reshape(-1)) for name in (first, second))
    return Folded(np.array(np.broadcast_shapes(*shapes), _.outputs[0].dtype.numpy))


@reads(BuiltinOperator.ZEROS_LIKE)
def _zeros_like(_: Surroundings, x: str) -> Folded:
    return Folded(np.zeros(_.value(x).shape, _.outputs[0].dtype.numpy))


@reads(BuiltinOperator.EMBEDDING_LOOKUP)
def _embedding_lookup(_: Surroundings, indices: str, data: str) -> Translated:
    return Translated("gather", (data, indices), {"axis": 0, "batch_dims": 0})


@reads(BuiltinOperator.DYNAMIC_UPDATE_SLICE)
def _dynamic_update_slice(_: Surroundings, x: str, update: str, begin: str) -> Translated:
    """Updates at constant places; what would be outside is moved inside."""
    sizes, shape = _.value(x).shape, _.value(update).shape
    starts = integers(_, begin).reshape(-1).tolist()
    if not len(sizes) == len(shape) == len(starts) or any(n > m for n, m in zip(shape, sizes, strict=True)):
        raise FormatError(f"{_.label}: '{update}' {list(shape)} is no part of '{x}' {list(sizes)}")
    inside = [min(max(a, 0), m - n) for a, n, m in zip(starts, shape, sizes, strict=True)]
    places = np.moveaxis(np.indices(shape), 0, -1) + np.array(inside)
    return Translated(
        "tensor_scatter",
        (x, _.new_constant("places", places.astype(np.int32)), update),
        {"reduction": "update"},
    )


@reads(BuiltinOperator.RESIZE_BILINEAR, BuiltinOperator.RESIZE_NEAREST_NEIGHBOR)
def _resize(
    _: Surroundings, x: str, size: str, *, align_corners: bool, half_pixel_centers: bool
) -> Translated:
    return Translated(
        _.label.split()[0].lower(),
        (x,),
        {
            "size": tuple(int(n) for n in _.constant(size).reshape(-1)),
            "align_corners": align_corners,
            "half_pixel_centers": half_pixel_centers,
        },
    )
