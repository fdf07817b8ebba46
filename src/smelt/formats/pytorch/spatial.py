"""aten's convolutions, pools and resizes."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor, channels_last
from smelt.formats.channels_first.spatial import (
    average_pool,
    convolution,
    global_average_pool,
    global_max_pool,
    max_pool,
    spatial,
)
from smelt.formats.channels_first.translation import Result, Translated
from smelt.formats.channels_first.windows import Windows, windows
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.schema import Ints, Table

SPATIAL = Table()
"""What reads an operator on images and signals."""


def per_dimension(_: Translation, numbers: Sequence[int], rank: int) -> tuple[int, ...]:
    """A number for each spatial dimension: given, or one for all."""
    found = tuple(numbers) * rank if len(numbers) == 1 else tuple(numbers)
    if len(found) != rank:
        raise FormatError(f"{_.label}: {list(numbers)} for {rank} spatial dimensions")
    return found


def _windows(
    _: Translation, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int] | str,
    dilation: Sequence[int],
) -> Windows:  # fmt: skip
    rank = x.rank - 2
    size, reach = per_dimension(_, kernel, rank), per_dimension(_, dilation, rank)
    if padding == "same":
        total = [d * (k - 1) for k, d in zip(size, reach, strict=True)]
        pads = (*(t // 2 for t in total), *(t - t // 2 for t in total))
    elif padding == "valid":
        pads = (0,) * (2 * rank)
    elif isinstance(padding, str):
        raise FormatError(f"{_.label}: padding '{padding}' is unknown")
    else:
        pads = per_dimension(_, padding, rank) * 2
    steps = per_dimension(_, stride or kernel, rank)
    return windows(_.label, x.shape[2:], size, "NOTSET", pads, steps, reach)


@SPATIAL.reads("aten.conv1d", "aten.conv2d", "aten._convolution_mode", wish=Wish.CHANNELS_LAST)
def conv(
    _: Translation, x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = (1,),
    padding: str | Ints = (0,), dilation: Ints = (1,), groups: int = 1,
) -> Translated:  # fmt: skip
    """A convolution over images or signals."""
    data = spatial(_, x)
    window = _windows(_, data, weight.shape[2:], stride, padding, dilation)
    return convolution(_, data, weight, bias, window, groups)


@SPATIAL.reads("aten.max_pool1d", "aten.max_pool2d", wish=Wish.CHANNELS_LAST)
def _max_pool(
    _: Translation, x: Tensor, kernel_size: Ints, stride: Ints = (), padding: Ints = (0,), dilation: Ints = (1,),
    ceil_mode: bool = False,
) -> Translated:  # fmt: skip
    data = spatial(_, x)
    window = _windows(_, data, kernel_size, stride or kernel_size, padding, dilation)
    return max_pool(_, data, window, round_up=ceil_mode)


@SPATIAL.reads("aten.max_pool2d_with_indices", "aten.max_pool1d_with_indices", wish=Wish.CHANNELS_LAST)
def _max_pool_with_indices(
    _: Translation, x: Tensor, kernel_size: Ints, stride: Ints = (), padding: Ints = (0,), dilation: Ints = (1,),
    ceil_mode: bool = False,
) -> tuple[Result | None, ...]:  # fmt: skip
    return _max_pool(_, x, kernel_size, stride, padding, dilation, ceil_mode), None


@SPATIAL.reads("aten.avg_pool1d", "aten.avg_pool2d", wish=Wish.CHANNELS_LAST)
def _avg_pool(
    _: Translation, x: Tensor, kernel_size: Ints, stride: Ints = (), padding: Ints = (0,), ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Translated:  # fmt: skip
    if divisor_override is not None:
        raise UnsupportedError(f"{_.label}: divisor_override is not supported")
    data = spatial(_, x)
    window = _windows(_, data, kernel_size, stride or kernel_size, padding, (1,))
    return average_pool(_, data, window, round_up=ceil_mode, count_padding=count_include_pad)


def _adaptive(_: Translation, x: Tensor, output_size: Ints) -> Windows | None:
    """The windows that divide the input evenly; None where one is the whole input."""
    size = spatial(_, x).shape[2:]
    wanted = per_dimension(_, output_size, x.rank - 2)
    if all(n == 1 for n in wanted):
        return None
    if any(n < 1 or s % n for n, s in zip(wanted, size, strict=True)):
        raise UnsupportedError(
            f"{_.label}: an output of {list(wanted)} does not divide the input of {list(size)} evenly; "
            "choose sizes that do, or an ordinary pool"
        )
    kernel = tuple(s // n for n, s in zip(wanted, size, strict=True))
    return _windows(_, x, kernel, kernel, (0,), (1,))


@SPATIAL.reads(
    "aten.adaptive_avg_pool1d",
    "aten.adaptive_avg_pool2d",
    "aten._adaptive_avg_pool2d",
    wish=Wish.CHANNELS_LAST,
)
def _adaptive_avg_pool(_: Translation, x: Tensor, output_size: Ints) -> Result:
    window = _adaptive(_, x, output_size)
    if window is None:
        return global_average_pool(_, x)
    if window.kernel == (1, 1):
        return x
    return average_pool(_, x, window, round_up=False, count_padding=False)


@SPATIAL.reads("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d", wish=Wish.CHANNELS_LAST)
def _adaptive_max_pool(_: Translation, x: Tensor, output_size: Ints) -> tuple[Result | None, ...]:
    window = _adaptive(_, x, output_size)
    if window is None:
        return global_max_pool(_, x), None
    return max_pool(_, x, window, round_up=False), None


@SPATIAL.reads("aten.pixel_shuffle", wish=Wish.CHANNELS_LAST)
def _pixel_shuffle(_: Translation, x: Tensor, upscale_factor: int) -> Translated:
    factor = upscale_factor
    batch, height, width, channels = channels_last(spatial(_, x).shape).shape
    if factor < 1 or channels % (factor * factor) or x.rank != 4:
        raise FormatError(f"{_.label}: {channels} channels for a factor of {factor}")
    depth = channels // (factor * factor)
    parts = (batch, height, width, depth, factor, factor)
    name = _.emit("reshape", (_.place(x, channels_last(x.shape)),), {"shape": parts})
    name = _.emit("transpose", (name,), {"permutation": (0, 1, 4, 2, 5, 3)})
    layout = channels_last((batch, depth, height * factor, width * factor))
    return Translated("reshape", (name,), {"shape": layout.shape}, lambda shape: layout)


@SPATIAL.reads("aten.pixel_unshuffle", wish=Wish.CHANNELS_LAST)
def _pixel_unshuffle(_: Translation, x: Tensor, downscale_factor: int) -> Translated:
    factor = downscale_factor
    batch, height, width, channels = channels_last(spatial(_, x).shape).shape
    if factor < 1 or height % factor or width % factor or x.rank != 4:
        raise FormatError(f"{_.label}: {height} x {width} for a factor of {factor}")
    parts = (batch, height // factor, factor, width // factor, factor, channels)
    name = _.emit("reshape", (_.place(x, channels_last(x.shape)),), {"shape": parts})
    name = _.emit("transpose", (name,), {"permutation": (0, 1, 3, 5, 2, 4)})
    layout = channels_last((batch, channels * factor * factor, height // factor, width // factor))
    return Translated("reshape", (name,), {"shape": layout.shape}, lambda shape: layout)
