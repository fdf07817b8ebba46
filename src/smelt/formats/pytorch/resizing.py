"""aten's operators that make images and signals larger: transposed convolutions and resizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError
from smelt.formats.channels_first import resizing
from smelt.formats.channels_first.layout import Tensor, channels_last, channels_last_of_rank
from smelt.formats.channels_first.rearranging import concatenation
from smelt.formats.channels_first.shapes import checked_shape
from smelt.formats.channels_first.spatial import spatial
from smelt.formats.channels_first.translation import Result, Translated, kept, weights
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.rearranging import sliced
from smelt.formats.pytorch.schema import Ints, Numbers, Table, Unused
from smelt.formats.pytorch.spatial import conv, per_dimension
from smelt.ir import Array, Attribute

RESIZING = Table()
"""What reads an operator that makes images larger."""


@RESIZING.reads("aten.conv_transpose1d", "aten.conv_transpose2d", wish=Wish.CHANNELS_LAST)
def conv_transpose(
    _: Translation, x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = (1,),
    padding: Ints = (0,), output_padding: Ints = (0,), groups: int = 1, dilation: Ints = (1,),
) -> Result:  # fmt: skip
    """A transposed convolution, group by group."""
    data, rank = spatial(_, x), x.rank - 2
    if weight.rank != data.rank or groups < 1 or weight.shape[0] != data.shape[1] or data.shape[1] % groups:
        raise FormatError(
            f"{_.label}: weights {list(weight.shape)} in {groups} groups do not fit {list(x.shape)}"
        )
    numbers = [per_dimension(_, given, rank) for given in (stride, padding, output_padding, dilation)]
    kernel = _dilated(weights(_, weight), numbers[3])
    offset = None if bias is None else weights(_, bias)
    outputs, inputs = kernel.shape[1], data.shape[1] // groups
    parts = []
    for group in range(groups):
        rows = kernel[group * inputs : (group + 1) * inputs]
        own = None if offset is None else offset[group * outputs : (group + 1) * outputs]
        part = data if groups == 1 else kept(_, sliced(_, data, 1, group * inputs, (group + 1) * inputs, 1))
        parts.append(_spread(_, part, (weight.name, group, groups), rows, own, numbers))
    return parts[0] if groups == 1 else concatenation(_, [kept(_, part) for part in parts], 1)


@RESIZING.reads("aten.convolution", "aten._convolution", wish=Wish.CHANNELS_LAST)
def _convolution(
    _: Translation, x: Tensor, weight: Tensor, bias: Tensor | None, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int, benchmark: Unused = None, deterministic: Unused = None,
    cudnn_enabled: Unused = None, allow_tf32: Unused = None,
) -> Result:  # fmt: skip
    if transposed:
        return conv_transpose(_, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(_, x, weight, bias, stride, padding, dilation, groups)


def _spread(
    _: Translation, x: Tensor, key: tuple[str, int, int], kernel: Array, bias: Array | None,
    numbers: Sequence[Sequence[int]],
) -> Translated:  # fmt: skip
    """One group's channels: the kernel is [inputs, outputs, …]."""
    stride, padding, extra, _dilation = numbers
    plane = (1,) * (4 - x.rank)
    size = checked_shape(
        [
            (n - 1) * s + k + e - 2 * p
            for n, k, s, p, e in zip(x.shape[2:], kernel.shape[2:], stride, padding, extra, strict=True)
        ],
        _.label,
    )
    if min(*size, *stride) < 1 or min(*padding, *extra) < 0:
        raise FormatError(f"{_.label}: strides, padding or output_padding make no sense")
    image = kernel.reshape(*kernel.shape[:2], *plane, *kernel.shape[2:]).transpose(1, 2, 3, 0)
    inputs = [
        _.place(x, channels_last(x.shape)),
        _.store(key[0], (*key, "transposed"), lambda: np.ascontiguousarray(image)),
    ]
    if bias is not None:
        inputs.append(
            _.store(f"{key[0]} bias", (*key, "transposed bias"), lambda: np.ascontiguousarray(bias))
        )
    attributes: dict[str, Attribute] = {
        "size": (*plane, *size), "stride": (*plane, *stride), "padding": (*(0 for _one in plane), *padding),
    }  # fmt: skip
    return Translated("transpose_conv", inputs, attributes, channels_last_of_rank(x.rank))


def _dilated(kernel: Array, dilation: Sequence[int]) -> Array:
    """The kernel with zeros between its taps."""
    if set(dilation) == {1}:
        return kernel
    if min(dilation) < 1 or max(dilation) > 1 << 10:
        raise FormatError(f"dilation {list(dilation)}")
    size = [(n - 1) * d + 1 for n, d in zip(kernel.shape[2:], dilation, strict=True)]
    wide = np.zeros((*kernel.shape[:2], *size), kernel.dtype)
    wide[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = kernel
    return wide


def _sizes(
    _: Translation, x: Tensor, output_size: Sequence[int] | None, factors: Sequence[float | None]
) -> list[tuple[int, int, float]]:
    """For each spatial dimension its size, its new size, and how many old elements a new one is apart."""
    rank = x.rank - 2
    wanted = list(output_size or ())
    given = list(factors) if any(f is not None for f in factors) else [None] * rank
    if not wanted:
        wanted = [int(n * (f or 1)) for n, f in zip(x.shape[2:], given, strict=True)]
    if len(wanted) != rank or len(given) != rank:
        raise FormatError(f"{_.label}: a size of {wanted} for {rank} spatial dimensions")
    checked_shape(wanted, _.label)
    return [(n, w, 1 / f if f else n / max(w, 1)) for n, w, f in zip(x.shape[2:], wanted, given, strict=True)]


def _factors(scales: Sequence[float] | None, second: float | None) -> list[float | None]:
    return [*(scales or ()), *([second] if second is not None else [])]


@RESIZING.reads("aten.upsample_nearest1d", "aten.upsample_nearest2d", wish=Wish.CHANNELS_LAST)
def _nearest(
    _: Translation,
    x: Tensor,
    output_size: Ints | None,
    scales: Numbers | None = None,
    scales_w: float | None = None,
) -> Result:
    sizes = _sizes(_, spatial(_, x), output_size, _factors(scales, scales_w))
    chosen = {
        axis: np.minimum(np.floor(np.arange(w) * np.float32(step)).astype(np.int64), n - 1)
        for axis, (n, w, step) in enumerate(sizes, 2)
        if n != w or step != 1
    }
    return resizing.nearest(_, x, chosen) if chosen else x


@RESIZING.reads("aten._upsample_nearest_exact1d", "aten._upsample_nearest_exact2d", wish=Wish.CHANNELS_LAST)
def _nearest_exact(
    _: Translation,
    x: Tensor,
    output_size: Ints | None,
    scales: Numbers | None = None,
    scales_w: float | None = None,
) -> Result:
    sizes = _sizes(_, spatial(_, x), output_size, _factors(scales, scales_w))
    chosen = {
        axis: np.minimum(np.floor((np.arange(w) + 0.5) * np.float32(step)).astype(np.int64), n - 1)
        for axis, (n, w, step) in enumerate(sizes, 2)
        if n != w or step != 1
    }
    return resizing.nearest(_, x, chosen) if chosen else x


@RESIZING.reads("aten.upsample_linear1d", "aten.upsample_bilinear2d", wish=Wish.CHANNELS_LAST)
def _linear(
    _: Translation, x: Tensor, output_size: Ints | None, align_corners: bool, scales: Numbers | None = None,
    scales_w: float | None = None,
) -> Result:  # fmt: skip
    sizes = _sizes(_, spatial(_, x), output_size, _factors(scales, scales_w))
    matrices = {
        axis: resizing.matrix(_places(n, w, step, align_corners), n, resizing.linear(1.0))
        for axis, (n, w, step) in enumerate(sizes, 2)
        if n != w or step != 1
    }
    return resizing.weighted(_, x, matrices) if matrices else x


def _places(size: int, wanted: int, step: float, align_corners: bool) -> NDArray[np.float64]:
    """Where new elements lie among the old ones."""
    index = np.arange(wanted, dtype=np.float64)
    if align_corners:
        return index * ((size - 1) / (wanted - 1) if wanted > 1 else 0.0)
    return np.maximum((index + 0.5) * step - 0.5, 0)


__all__ = ["RESIZING", "conv_transpose"]
