"""Normalizations over parts of each sample, written as arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

from smelt.errors import FormatError
from smelt.formats.channels_first.layout import Shape, Tensor, natural
from smelt.formats.channels_first.terms import Term, of, result, term
from smelt.formats.channels_first.translation import Surroundings, Translated, weights


def normalized(x: Term, axes: Sequence[int], eps: float) -> Term:
    """(x - mean) / sqrt(variance + eps) over some axes."""
    centered = x - term("mean", x, axes=tuple(axes), keep_dims=True)
    variance = term("mean", term("square", centered), axes=tuple(axes), keep_dims=True)
    return centered * term("rsqrt", variance + eps)


def affine(_: Surroundings, x: Term, shape: Shape, weight: Tensor | None, bias: Tensor | None) -> Term:
    """x * weight + bias, of constants that are given this shape."""
    for operator, parameter in (("mul", weight), ("add", bias)):
        if parameter is not None:
            x = term(operator, x, _stored(_, parameter, shape))
    return x


def _stored(_: Surroundings, parameter: Tensor, shape: Shape) -> str:
    array = weights(_, parameter)
    if math.prod(shape) != array.size:
        raise FormatError(f"{_.label}: '{parameter.name}' {list(parameter.shape)} does not fit {list(shape)}")
    key = (parameter.name, parameter.variant, "norm", shape)
    return _.store(parameter.name, key, lambda: array.reshape(shape))


def layer_normalization(
    _: Surroundings, x: Tensor, rank: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Translated:
    """Over the last `rank` dimensions, which weight and bias have."""
    first = x.rank - rank
    whole = normalized(of(_, x), range(first, x.rank), eps)
    return result(_, affine(_, whole, x.shape[first:], weight, bias))


def rms_normalization(_: Surroundings, x: Tensor, rank: int, weight: Tensor | None, eps: float) -> Translated:
    """x / sqrt(mean of squares + eps) over the last `rank` dimensions."""
    data, first = of(_, x), x.rank - rank
    mean = term("mean", term("square", data), axes=tuple(range(first, x.rank)), keep_dims=True)
    return result(_, affine(_, data * term("rsqrt", mean + eps), x.shape[first:], weight, None))


def instance_normalization(
    _: Surroundings, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Translated:
    """Over all pixels of each channel."""
    layout = x.layout
    axes = sorted(layout.axis(axis) for axis in range(2, x.rank))
    whole = normalized(of(_, x, layout), axes, eps)
    shape = layout.alike((1, *x.shape[1:2], *[1] * (x.rank - 2))).shape
    return result(_, affine(_, whole, shape, weight, bias), layout)


def group_normalization(
    _: Surroundings, x: Tensor, groups: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Translated:
    """Over all pixels of each group of channels; weight and bias have one element a channel."""
    batch, channels, *rest = x.shape
    if groups < 1 or channels % groups:
        raise FormatError(f"{_.label}: {channels} channels in {groups} groups")
    layout = x.layout
    if layout.is_channels_last:
        shape = (*layout.shape[:-1], groups, channels // groups)
        axes: tuple[int, ...] = (*range(1, len(layout.shape) - 1), len(layout.shape))
    else:
        layout, shape = natural(x.shape), (batch, groups, channels // groups, *rest)
        axes = tuple(range(2, len(shape)))
    parts = term("reshape", of(_, x, layout), shape=shape)
    whole = term("reshape", normalized(parts, axes, eps), shape=layout.shape)
    ones = layout.alike((1, channels, *[1] * len(rest))).shape
    return result(_, affine(_, whole, ones, weight, bias), layout)
