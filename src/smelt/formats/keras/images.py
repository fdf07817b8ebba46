"""Keras's layers that pad, cut and enlarge images and signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import reads


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
    if data_format not in (None, "channels_last") or interpolation != "nearest":
        raise _.unsupported(f"interpolation '{interpolation}', or data_format '{data_format}',")
    factors = [int(size)] * rank if isinstance(size, int) else [int(n) for n in size]
    for axis, factor in enumerate(factors, 1):
        places = np.repeat(np.arange(_.shape(x)[axis], dtype=np.int32), factor)
        x = _.emit("gather", (x, _.constant("places", places)), {"axis": axis})
    return x
