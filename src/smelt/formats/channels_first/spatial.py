"""Convolutions and pools over images and signals: NHWC in and out, a signal with height 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor, channels_last, channels_last_of_rank
from smelt.formats.channels_first.translation import Surroundings, Translated, weights
from smelt.formats.channels_first.windows import Windows
from smelt.ir import Attribute


def spatial(_: Surroundings, x: Tensor) -> Tensor:
    """An image or signal; UnsupportedError for what is neither."""
    if x.rank not in (3, 4):
        raise UnsupportedError(
            f"{_.label}: '{x.name}' has {x.rank} dimensions; only 1-D and 2-D windows are supported"
        )
    return x


def convolution(
    _: Surroundings, x: Tensor, kernel: Tensor, bias: Tensor | None, window: Windows, group: int
) -> Translated:
    """A convolution whose kernel is [outputs, inputs / group, height, width] (or without height)."""
    array = weights(_, kernel)
    check_convolution(_, x, kernel, group)
    depthwise = group == x.shape[1] > 1
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    size = (*array.shape[:2], *window.kernel)
    stored = _.rearranged(
        kernel,
        (kernel.name, kernel.variant, "conv", order, size),
        lambda values: np.ascontiguousarray(values.reshape(size).transpose(order)),
    )
    attributes: dict[str, Attribute] = {
        "stride": window.stride, "dilation": window.dilation, "padding": window.padding,
    }  # fmt: skip
    if depthwise:
        attributes["multiplier"] = array.shape[0] // group
    inputs = (_.place(x, channels_last(x.shape)), stored, _stored_bias(_, bias))
    operator = "depthwise_conv_2d" if depthwise else "conv_2d"
    return Translated(operator, inputs, attributes, channels_last_of_rank(x.rank))


def _stored_bias(_: Surroundings, bias: Tensor | None) -> str | None:
    if bias is None:
        return None
    weights(_, bias)
    return _.rearranged(bias, (bias.name, bias.variant, "bias"), lambda values: values)


def check_convolution(_: Surroundings, x: Tensor, kernel: Tensor, group: int) -> None:
    """Raise FormatError where a convolution's kernel does not fit its input's channels."""
    if kernel.rank != x.rank:
        raise FormatError(f"{_.label}: weights '{kernel.name}' {list(kernel.shape)} do not fit '{x.name}'")
    if group < 1 or kernel.shape[1] * group != x.shape[1] or kernel.shape[0] % group:
        raise FormatError(
            f"{_.label}: weights '{kernel.name}' {list(kernel.shape)} do not fit {x.shape[1]} channels "
            f"in {group} groups"
        )


def average_pool(
    _: Surroundings, x: Tensor, window: Windows, *, round_up: bool, count_padding: bool
) -> Translated:
    """Averages over windows; padding counts as zeros or not at all."""
    size = x.shape[2:]
    whole = window.rounded_up(_.label, size) if round_up else window
    source = _.place(x, channels_last(x.shape))
    if count_padding and any(window.padding):
        if whole.padding != window.padding:
            raise UnsupportedError(f"{_.label}: ceil_mode together with count_include_pad is not supported")
        source = _.emit("pad", (source,), {"paddings": (0, 0, *whole.padding, 0, 0)})
        whole = replace(whole, padding=(0, 0, 0, 0))
    return _pool(_, "average_pool_2d", source, whole, x.rank)


def max_pool(_: Surroundings, x: Tensor, window: Windows, *, round_up: bool) -> Translated:
    """Maxima over windows."""
    if round_up:
        window = window.rounded_up(_.label, x.shape[2:])
    return _pool(_, "max_pool_2d", _.place(x, channels_last(x.shape)), window, x.rank)


def _pool(_: Surroundings, operator: str, source: str, window: Windows, rank: int) -> Translated:
    if window.dilation != (1, 1):
        raise UnsupportedError(f"{_.label}: pooling with dilations is not supported")
    attributes: dict[str, Attribute] = {
        "filter": window.kernel, "stride": window.stride, "padding": window.padding,
    }  # fmt: skip
    return Translated(operator, (source,), attributes, channels_last_of_rank(rank))


def global_average_pool(_: Surroundings, x: Tensor) -> Translated:
    """The mean of each channel, its dimensions kept."""
    source = _.place(x, channels_last(x.shape))
    return Translated("mean", (source,), {"axes": (1, 2), "keep_dims": True}, channels_last_of_rank(x.rank))


def global_max_pool(_: Surroundings, x: Tensor) -> Translated:
    """The maximum of each channel, its dimensions kept."""
    layout = channels_last(x.shape)
    whole = Windows(layout.shape[1:3], (1, 1), (1, 1), (0, 0, 0, 0))
    return _pool(_, "max_pool_2d", _.place(x, layout), whole, x.rank)
