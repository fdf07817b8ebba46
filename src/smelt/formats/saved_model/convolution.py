"""TensorFlow's convolutions and pools as smelt's; the functions are as in operators.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.interpreter import Blocks, Interpreter, Item
from smelt.formats.saved_model.operators import OPERATORS, transposed_constant
from smelt.formats.tflite.windows import same_padding
from smelt.formats.transposed import cut_off, transpose_conv, weights_of
from smelt.ir import Attribute

_ONES = (1, 1, 1, 1)


def _plane(_: Interpreter, numbers: Sequence[int], data_format: str, what: str) -> tuple[int, int]:
    """Height and width of four numbers, the other two of which must be 1."""
    if data_format not in ("NHWC", "NCHW") or len(numbers) != 4:
        raise UnsupportedError(
            f"{_.label}: {what} {list(numbers)} in the format {data_format} is not supported"
        )
    height = 1 if data_format == "NHWC" else 2
    rest = [n for place, n in enumerate(numbers) if place not in (height, height + 1)]
    if rest != [1, 1] or not all(1 <= n < 1 << 16 for n in numbers):
        raise UnsupportedError(f"{_.label}: {what} {list(numbers)} over batches or channels is not supported")
    return numbers[height], numbers[height + 1]


def _channels_last(_: Interpreter, x: Item, data_format: str) -> str:
    if len(_.shape(x)) != 4:
        raise FormatError(f"{_.label}: reads {list(_.shape(x))}, needs four dimensions")
    return _.transpose(x, (0, 2, 3, 1)) if data_format == "NCHW" else _.tensor(x)


def _as_asked(_: Interpreter, x: str, data_format: str) -> str:
    return _.transpose(x, (0, 3, 1, 2)) if data_format == "NCHW" else x


def _window(
    _: Interpreter, x: str, kind: str, data_format: str, explicit: Sequence[int], kernel: Sequence[int],
    stride: Sequence[int], dilation: Sequence[int] = (1, 1),
) -> tuple[int, ...]:  # fmt: skip
    """(top, bottom, left, right)."""
    if kind == "VALID":
        return (0, 0, 0, 0)
    if kind == "SAME":
        shape = _.shape(x)
        return tuple(
            amount
            for axis in range(2)
            for amount in same_padding(shape[1 + axis], kernel[axis], stride[axis], dilation[axis])
        )
    if kind != "EXPLICIT" or len(explicit) != 8 or min(explicit) < 0:
        raise FormatError(f"{_.label}: the padding {kind} {list(explicit)} makes no sense")
    return tuple(explicit[2:6] if data_format == "NHWC" else explicit[4:8])


@OPERATORS.reads("Conv2D")
def _conv_2d(
    _: Interpreter, x: Item, w: Item, *, strides: Sequence[int], padding: str, data_format: str = "NHWC",
    explicit_paddings: Sequence[int] = (), dilations: Sequence[int] = _ONES,
) -> Item:  # fmt: skip
    return _convolution(_, x, w, strides, padding, data_format, explicit_paddings, dilations, each=False)


@OPERATORS.reads("DepthwiseConv2dNative")
def _depthwise(
    _: Interpreter, x: Item, w: Item, *, strides: Sequence[int], padding: str, data_format: str = "NHWC",
    explicit_paddings: Sequence[int] = (), dilations: Sequence[int] = _ONES,
) -> Item:  # fmt: skip
    return _convolution(_, x, w, strides, padding, data_format, explicit_paddings, dilations, each=True)


def _convolution(
    _: Interpreter, x: Item, w: Item, strides: Sequence[int], padding: str, data_format: str,
    explicit: Sequence[int], dilations: Sequence[int], *, each: bool,
) -> Item:  # fmt: skip
    """Weights are [height, width, inputs, outputs], of a depthwise one [height, width, channels, multiplier]."""
    if isinstance(x, Blocks):
        return _in_blocks(_, x, w, strides, padding, data_format, each)
    stride, dilation = (
        _plane(_, strides, data_format, "strides"),
        _plane(_, dilations, data_format, "dilations"),
    )
    data = _channels_last(_, x, data_format)
    if len(_.shape(w)) != 4:
        raise FormatError(f"{_.label}: its weights are {list(_.shape(w))}, four dimensions are needed")
    around = _window(_, data, padding, data_format, explicit, _.shape(w), stride, dilation)
    attributes: dict[str, Attribute] = {"stride": stride, "dilation": dilation, "padding": around}
    return _as_asked(_, _placed(_, data, w, attributes, each=each), data_format)


def _placed(_: Interpreter, data: str, w: Item, attributes: dict[str, Attribute], *, each: bool) -> str:
    height, width, channels, last = _.shape(w)
    if not each:
        return _.emit("conv_2d", (data, transposed_constant(_, w, (3, 0, 1, 2))), attributes)
    weights = _.constant(w)
    flat = _.store(_.tensor(w), lambda: weights.reshape(1, height, width, channels * last), ("depthwise", w))
    return _.emit("depthwise_conv_2d", (data, flat), {**attributes, "multiplier": last})


def _in_blocks(
    _: Interpreter, x: Blocks, w: Item, strides: Sequence[int], padding: str, data_format: str, each: bool
) -> Blocks:
    """A convolution of every n-th element is a dilated one of all; it is built when the blocks are put together."""
    usual = padding == "VALID" and tuple(strides) == _ONES and data_format == "NHWC"
    if x.weights is not None or not usual or len(x.block) != 2 or len(_.shape(w)) != 4:
        raise UnsupportedError(f"{_.label}: such a convolution of blocks is not supported")
    return replace(x, weights=_.tensor(w), each=each)


@OPERATORS.reads("Conv2DBackpropInput")
def _transposed(
    _: Interpreter, shape: Item, w: Item, x: Item, *, strides: Sequence[int], padding: str, data_format: str = "NHWC",
    dilations: Sequence[int] = _ONES,
) -> str:  # fmt: skip
    """The gradient of a convolution with weights [height, width, outputs, inputs]: `shape` is the result's."""
    stride = _plane(_, strides, data_format, "strides")
    dilation = _plane(_, dilations, data_format, "dilations")
    data, wanted = _channels_last(_, x, data_format), _.integers(shape)
    if len(wanted) not in (2, 4) or len(_.shape(w)) != 4:
        raise FormatError(f"{_.label}: its result is {list(wanted)}")
    output = wanted if len(wanted) == 2 else wanted[2:] if data_format == "NCHW" else wanted[1:3]
    extent = [(k - 1) * d + 1 for k, d in zip(_.shape(w)[:2], dilation, strict=True)]
    size = _.shape(data)[1:3]
    if padding not in ("SAME", "VALID"):
        raise UnsupportedError(f"{_.label}: the padding {padding} is not supported")
    _.allow(4 * math.prod(extent) * math.prod(_.shape(w)[2:]))
    kernel, cut = _.constant(w), cut_off(padding, size, extent, stride, output)
    weights = _.store(_.tensor(w), lambda: weights_of(kernel, dilation), ("spread", w, dilation))
    return _as_asked(_, transpose_conv(_, data, weights, None, stride, output, cut), data_format)


def _resize(
    operator: str, _: Interpreter, x: Item, size: Item, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> str:  # fmt: skip
    wanted = _.integers(size)
    flags = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return _.emit(operator, (x,), {"size": wanted, **flags})


OPERATORS["ResizeNearestNeighbor"] = partial(_resize, "resize_nearest_neighbor")
OPERATORS["ResizeBilinear"] = partial(_resize, "resize_bilinear")


@OPERATORS.reads("SpaceToBatchND")
def _space_to_batch(_: Interpreter, x: Item, block: Item, paddings: Item) -> Blocks:
    sizes, margins = _.integers(block), _.constant(paddings)
    if margins.shape != (len(sizes), 2) or len(_.shape(x)) != len(sizes) + 2 or min(sizes, default=0) < 1:
        raise UnsupportedError(f"{_.label}: blocks of {list(sizes)} in {list(_.shape(x))} are not supported")
    pairs = tuple((int(a), int(b)) for a, b in margins.tolist())
    return Blocks(_.tensor(x), sizes, pairs)


@OPERATORS.reads("BatchToSpaceND")
def _batch_to_space(_: Interpreter, x: Item, block: Item, crops: Item) -> str:
    if not isinstance(x, Blocks) or x.weights is None:
        raise UnsupportedError(f"{_.label}: does not follow SpaceToBatchND and a convolution")
    own = x.block[1:] if x.narrowed else x.block
    cut = [(int(first), int(last)) for first, last in _.constant(crops).reshape(-1, 2).tolist()]
    if _.integers(block) != own or len(cut) != len(own):
        raise UnsupportedError(f"{_.label}: its blocks do not fit those of {list(x.block)}")
    # SpaceToBatchND rounds sizes up to whole blocks; the crops take off what that added.
    cut = [(0, 0), *cut] if x.narrowed else cut
    around = [
        a - b for pair, off in zip(x.paddings, cut, strict=True) for a, b in zip(pair, off, strict=True)
    ]
    if min(around) < 0:
        raise UnsupportedError(f"{_.label}: crops more than was padded")
    attributes: dict[str, Attribute] = {"dilation": x.block, "padding": tuple(around)}
    result = _placed(_, x.source, x.weights, attributes, each=x.each)
    batch, height, *rest = _.shape(result)
    return _.reshape(result, (batch, *rest) if x.narrowed else (batch, height, *rest))


@OPERATORS.reads("AvgPool")
def _average_pool(
    _: Interpreter, x: Item, *, ksize: Sequence[int], strides: Sequence[int], padding: str,
    data_format: str = "NHWC",
) -> str:  # fmt: skip
    return _pool(_, "average_pool_2d", x, ksize, strides, padding, data_format, ())


@OPERATORS.reads("MaxPool")
def _max_pool(
    _: Interpreter, x: Item, *, ksize: Sequence[int], strides: Sequence[int], padding: str,
    data_format: str = "NHWC", explicit_paddings: Sequence[int] = (),
) -> str:  # fmt: skip
    return _pool(_, "max_pool_2d", x, ksize, strides, padding, data_format, explicit_paddings)


@OPERATORS.reads("MaxPoolV2")
def _max_pool_2(
    _: Interpreter, x: Item, ksize: Item, strides: Item, *, padding: str, data_format: str = "NHWC"
) -> str:
    return _pool(_, "max_pool_2d", x, _.integers(ksize), _.integers(strides), padding, data_format, ())


def _pool(
    _: Interpreter, operator: str, x: Item, ksize: Sequence[int], strides: Sequence[int], padding: str,
    data_format: str, explicit: Sequence[int],
) -> str:  # fmt: skip
    size, stride = _plane(_, ksize, data_format, "ksize"), _plane(_, strides, data_format, "strides")
    data = _channels_last(_, x, data_format)
    around = _window(_, data, padding, data_format, explicit, size, stride)
    pooled = _.emit(operator, (data,), {"filter": size, "stride": stride, "padding": around})
    return _as_asked(_, pooled, data_format)
