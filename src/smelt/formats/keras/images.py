"""Keras's layers that pad, cut and enlarge images and signals, transposed convolutions among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from smelt.formats.keras.activations import activate
from smelt.formats.keras.building import Layer, pair, plane, unplane
from smelt.formats.keras.layers import reads
from smelt.formats.transposed import cut_off, transpose_conv, weights_of


def _margins(_: Layer, amounts: Any, rank: int) -> list[tuple[int, int]]:
    """(before, after) of each spatial dimension from Keras's many ways to say it."""
    if isinstance(amounts, int):
        return [(amounts, amounts)] * rank
    if rank == 1 and not isinstance(amounts[0], list | tuple):
        return [(int(amounts[0]), int(amounts[1]))]
    return [(a, a) if isinstance(a, int) else (int(a[0]), int(a[1])) for a in amounts]


@reads("ZeroPadding1D", "ZeroPadding2D")
def _zero_padding(_: Layer, x: str, *, padding: Any, data_format: str | None = None) -> str:
    if data_format not in (None, "channels_last"):
        raise _.unsupported("data_format 'channels_first'")
    margins = [(0, 0), *_margins(_, padding, len(_.shape(x)) - 2), (0, 0)]
    return _.emit("pad", (x,), {"paddings": tuple(n for pair_ in margins for n in pair_)})


@reads("Cropping1D", "Cropping2D")
def _cropping(_: Layer, x: str, *, cropping: Any, data_format: str | None = None) -> str:
    if data_format not in (None, "channels_last"):
        raise _.unsupported("data_format 'channels_first'")
    shape = _.shape(x)
    margins = [(0, 0), *_margins(_, cropping, len(shape) - 2), (0, 0)]
    begin = tuple(before for before, _after in margins)
    end = tuple(size - after for size, (_before, after) in zip(shape, margins, strict=True))
    return _.emit("strided_slice", (x,), {"begin": begin, "end": end, "stride": (1,) * len(shape)})


@reads("CenterCrop")
def _center_crop(_: Layer, x: str, *, height: int, width: int, data_format: str | None = None) -> str:
    if data_format not in (None, "channels_last"):
        raise _.unsupported("data_format 'channels_first'")
    shape = _.shape(x)
    if len(shape) != 4 or shape[1] < height or shape[2] < width:
        raise _.unsupported(f"{height} x {width} out of {list(shape)}")
    top, left = (shape[1] - height) // 2, (shape[2] - width) // 2
    return _.part(_.part(x, 1, top, top + height), 2, left, left + width)


@reads("UpSampling1D", "UpSampling2D")
def _up_sampling(
    _: Layer, x: str, *, size: Any = 2, interpolation: str = "nearest", data_format: str | None = None
) -> str:
    rank = len(_.shape(x)) - 2
    data = plane(_, x, rank, data_format)
    factors = pair(size, rank)
    wanted = [n * factor for n, factor in zip(_.shape(data)[1:3], factors, strict=True)]
    return unplane(_, _resized(_, data, wanted, interpolation), rank)


@reads("Resizing")
def _resizing(
    _: Layer, x: str, *, height: int, width: int, interpolation: str = "bilinear", data_format: str | None = None,
    fill_mode: str = "constant", fill_value: float = 0.0,
) -> str:  # fmt: skip
    return _resized(_, plane(_, x, 2, data_format), (height, width), interpolation)


def _resized(_: Layer, x: str, size: Sequence[int], interpolation: str) -> str:
    operators = {"nearest": "resize_nearest_neighbor", "bilinear": "resize_bilinear"}
    if interpolation not in operators:
        raise _.unsupported(f"interpolation '{interpolation}'")
    return _.emit(operators[interpolation], (x,), {"size": tuple(size), "half_pixel_centers": True})


@reads("Conv1DTranspose", "Conv2DTranspose")
def _transposed_convolution(
    _: Layer, x: str, *, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
    groups: int = 1,
) -> str:  # fmt: skip
    if groups != 1:
        raise _.unsupported(f"groups={groups}")
    rank = len(kernel_size)
    data = plane(_, x, rank, data_format)
    size, channels = _.shape(data)[1:3], _.shape(data)[3]
    stride, dilation = pair(strides, rank), pair(dilation_rate, rank)
    kernel = _.weights("kernel", (*kernel_size, None, channels))
    if rank == 1:
        kernel = kernel.reshape(1, *kernel.shape)
    extent = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:2], dilation, strict=True)]
    extra = None if output_padding is None else pair(output_padding, rank)
    if extra is None:
        wanted = [
            n * s + (max(k - s, 0) if padding == "valid" else 0)
            for n, s, k in zip(size, stride, extent, strict=True)
        ]
    else:
        if rank == 1:
            extra = (0, extra[1])
        margin = [k // 2 if padding == "same" else 0 for k in extent]
        wanted = [
            (n - 1) * s + k - 2 * c + e
            for n, s, k, c, e in zip(size, stride, extent, margin, extra, strict=True)
        ]
    cut = cut_off(padding, size, extent, stride, wanted)
    bias = _.array("bias") if use_bias else None
    offset = None if bias is None else _.constant("bias", bias)
    _.allow(math.prod(extent) * kernel.shape[2] * channels)
    weights = _.constant("kernel", weights_of(kernel, dilation))
    result = transpose_conv(_, data, weights, offset, stride, wanted, cut)
    return activate(_, unplane(_, result, rank), activation)
