"""ONNX's operators whose windows lie in the output (ConvTranspose, MaxUnpool, Col2Im), and LpPool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import channels_last, channels_last_of_rank
from smelt.formats.channels_first.shapes import checked_shape, integers
from smelt.formats.channels_first.taps import norm_pool, windows_along
from smelt.formats.channels_first.terms import Term, literal, of, result, term
from smelt.formats.channels_first.translation import Result, Surroundings, Translated, weights
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table
from smelt.ir import Array

ROWS = Table()
"""What reads such an operator."""


def _ones(numbers: Sequence[int] | None, rank: int) -> tuple[int, ...]:
    return tuple(numbers or (1,) * rank)


@ROWS.reads("ConvTranspose", wish=Wish.CHANNELS_LAST)
def _conv_transpose(
    _: Surroundings, x: str, w: str, b: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    data, kernel = _.tensor(x), _.tensor(w)
    rank = data.rank - 2
    if rank not in (1, 2) or kernel.rank != data.rank:
        raise UnsupportedError(
            f"{_.label}: only images and signals are supported, '{x}' is {list(data.shape)}"
        )
    array = _dilated(weights(_, kernel), _ones(dilations, rank))
    stride, extra = _ones(strides, rank), tuple(output_padding or (0,) * rank)
    if group < 1 or array.shape[0] != data.shape[1] or data.shape[1] % group or min(stride) < 1:
        raise FormatError(f"{_.label}: weights '{w}' {list(kernel.shape)}, group or strides do not fit '{x}'")
    reach = [s * (n - 1) + k for s, n, k in zip(stride, data.shape[2:], array.shape[2:], strict=True)]
    size, before = _cut(_, data.shape[2:], reach, stride, extra, auto_pad, pads, output_shape)
    checked_shape(size, _.label)
    plane = (1,) * (2 - rank)
    attributes = {
        "size": (*plane, *size),
        "stride": (*plane, *stride),
        "padding": (*(0 for _ in plane), *before),
    }
    image = array.reshape(*array.shape[:2], *plane, *array.shape[2:])
    layout = channels_last(data.shape)
    bias = None if b is None else weights(_, _.tensor(b))
    source = of(_, data, layout)
    parts = [_of_group(_, source, image, bias, group, k, layout.shape, attributes) for k in range(group)]
    whole = parts[0] if group == 1 else Term("concatenation", tuple(parts), {"axis": 3})
    inputs = result(_, whole)
    return Translated(inputs.operator, inputs.inputs, inputs.attributes, channels_last_of_rank(data.rank))


def _of_group(
    _: Surroundings, source: Term, image: Array, bias: Array | None, group: int, k: int, shape: Sequence[int],
    attributes: dict[str, tuple[int, ...]],
) -> Term:  # fmt: skip
    """One group's channels: image is [inputs, outputs / group, height, width]."""
    inputs, outputs = image.shape[0] // group, image.shape[1]
    if group > 1:
        begin = (0, 0, 0, k * inputs)
        source = term(
            "strided_slice", source, begin=begin, end=(*shape[:3], (k + 1) * inputs), stride=(1,) * 4
        )
    own = image[k * inputs : (k + 1) * inputs].transpose(1, 2, 3, 0)
    operands: list[Term | str] = [source, literal(_, np.ascontiguousarray(own))]
    if bias is not None:
        operands.append(literal(_, np.ascontiguousarray(bias[k * outputs : (k + 1) * outputs])))
    return Term("transpose_conv", tuple(operands), attributes)


def _dilated(array: Array, dilations: Sequence[int]) -> Array:
    """A kernel with zeros between its taps."""
    size = [(k - 1) * d + 1 for k, d in zip(array.shape[2:], dilations, strict=True)]
    result = np.zeros((*array.shape[:2], *size), array.dtype)
    result[(slice(None), slice(None), *(slice(None, None, d) for d in dilations))] = array
    return result


def _cut(
    _: Surroundings, size: Sequence[int], reach: Sequence[int], stride: Sequence[int], extra: Sequence[int],
    auto_pad: str, pads: Sequence[int] | None, output_shape: Sequence[int] | None,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """The output's size, and what is cut off before it.  Source: the operator's specification, ConvTranspose-11."""
    rank = len(size)
    if auto_pad in ("NOTSET", "VALID") and output_shape is None:
        amounts = [0] * (2 * rank) if pads is None or auto_pad == "VALID" else list(pads)
        if len(amounts) != 2 * rank or min(amounts) < 0:
            raise UnsupportedError(f"{_.label}: pads {amounts} are not supported")
        around = zip(reach, extra, amounts[:rank], amounts[rank:], strict=True)
        return [r + e - first - last for r, e, first, last in around], amounts[:rank]
    wanted = (
        [n * s for n, s in zip(size, stride, strict=True)]
        if output_shape is None
        else list(output_shape)[-rank:]
    )
    total = [max(r + e - n, 0) for r, e, n in zip(reach, extra, wanted, strict=True)]
    upper = auto_pad == "SAME_UPPER"
    if pads is not None and output_shape is not None and auto_pad == "NOTSET":
        return wanted, list(pads)[:rank]
    return wanted, [t // 2 if upper else t - t // 2 for t in total]


@ROWS.reads("MaxUnpool")
def _max_unpool(
    _: Surroundings, x: str, indices: str, output_shape: str | None = None, *,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = _.tensor(x)
    rank = data.rank - 2
    stride, around = _ones(strides, rank), tuple(pads or (0,) * (2 * rank))
    numbers = zip(data.shape[2:], stride, kernel_shape, around[:rank], around[rank:], strict=True)
    shape = (*data.shape[:2], *((n - 1) * s + k - first - last for n, s, k, first, last in numbers))
    inner = shape
    if output_shape is not None:
        shape = integers(_.constant(output_shape))
    checked_shape(shape, _.label)
    count = math.prod(data.shape)
    _.allow(math.prod(inner), 4)
    zeros = literal(_, np.zeros(math.prod(inner), _.dtype(data).numpy))
    places = term("reshape", of(_, _.tensor(indices)), shape=(count, 1))
    spread = term("tensor_scatter", zeros, places, term("reshape", of(_, data), shape=(count,)))
    whole = term("reshape", spread, shape=inner)
    if shape != inner:
        amounts = [(0, n - m) for n, m in zip(shape, inner, strict=True)]
        if min(a for __, a in amounts) < 0:
            raise FormatError(f"{_.label}: the output shape {list(shape)} is smaller than {list(inner)}")
        whole = term("pad", whole, paddings=tuple(n for pair in amounts for n in pair))
    return result(_, whole)


@ROWS.reads("Col2Im", since=18)
def _col2im(
    _: Surroundings, x: str, image_shape: str, block_shape: str, *,
    dilations: Sequence[int] | None = None, pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data, size, block = _.tensor(x), integers(_.constant(image_shape)), integers(_.constant(block_shape))
    windows = windows_along(_.label, size, block, "NOTSET", pads, strides, dilations)
    channels = data.shape[1] // math.prod(block)
    wide = [n + w.before + w.after for n, w in zip(size, windows, strict=True)]
    flat = np.zeros((1, 1), np.int64)
    for window, extent in zip(windows, wide, strict=True):
        here = (window.places + window.before).T
        flat = (flat[:, None, :, None] * extent + here[None, :, None, :]).reshape(
            -1, flat.shape[1] * window.count
        )
    count = math.prod(wide)
    if data.shape[1:] != (channels * flat.shape[0], flat.shape[1]):
        raise FormatError(f"{_.label}: '{x}' {list(data.shape)} does not hold blocks of {list(block)}")
    planes = data.shape[0] * channels
    places = np.arange(planes)[:, None, None] * count + flat
    zeros = literal(_, np.zeros(planes * count, _.dtype(data).numpy))
    updates = term("reshape", of(_, data), shape=(places.size,))
    spread = term("tensor_scatter", zeros, places.reshape(-1, 1).astype(np.int32), updates, reduction="add")
    whole = term("reshape", spread, shape=(data.shape[0], channels, *wide))
    begin = (0, 0, *(w.before for w in windows))
    end = (data.shape[0], channels, *(w.before + n for w, n in zip(windows, size, strict=True)))
    return result(_, term("strided_slice", whole, begin=begin, end=end, stride=(1,) * len(end)))


@ROWS.reads("LpPool", until=17)
def _lp_pool_2(
    _: Surroundings, x: str, *, auto_pad: str = "NOTSET", kernel_shape: Sequence[int], p: int = 2,
    pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    data = _.tensor(x)
    return norm_pool(
        _, data, windows_along(_.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, None), p
    )


@ROWS.reads("LpPool", since=18)
def _lp_pool(
    _: Surroundings, x: str, *, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: Sequence[int] | None = None, kernel_shape: Sequence[int], p: int = 2,
    pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    data = _.tensor(x)
    windows = windows_along(
        _.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, dilations, round_up=bool(ceil_mode)
    )
    return norm_pool(_, data, windows, p)


@ROWS.reads("GlobalLpPool")
def _global_lp_pool(_: Surroundings, x: str, *, p: int = 2) -> Result:
    data = _.tensor(x)
    return norm_pool(
        _, data, windows_along(_.label, data.shape[2:], data.shape[2:], "NOTSET", None, None, None), p
    )
