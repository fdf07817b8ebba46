"""ONNX's normalizations over parts of each sample."""

from __future__ import annotations

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.normalization import (
    group_normalization,
    instance_normalization,
    layer_normalization,
    rms_normalization,
)
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.terms import computed, of, result, term, value
from smelt.formats.channels_first.translation import Results, Surroundings, Translated
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table
from smelt.ir import Array

ROWS = Table()
"""What reads a normalization."""


def _optional(_: Surroundings, name: str | None) -> Tensor | None:
    return None if name is None else _.tensor(name)


def _trailing(_: Surroundings, x: Tensor, axis: int, *parameters: Tensor | None) -> int:
    """How many dimensions from the axis on there are; FormatError where a parameter has others."""
    (first,) = positive_axes([axis], x.rank)
    for parameter in parameters:
        if parameter is not None and parameter.shape != x.shape[first:]:
            raise UnsupportedError(
                f"{_.label}: '{parameter.name}' is {list(parameter.shape)}, needs {list(x.shape[first:])}"
            )
    return x.rank - first


@ROWS.reads("LayerNormalization")
def _layer_normalization(
    _: Surroundings, x: str, scale: str, b: str | None = None, *,
    axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1,
) -> Results:  # fmt: skip
    data, weight, bias = _.tensor(x), _.tensor(scale), _optional(_, b)
    rank = _trailing(_, data, axis, weight, bias)
    normal = layer_normalization(_, data, rank, weight, bias, epsilon)
    if not any(_.outputs[1:]):
        return normal
    axes = tuple(range(data.rank - rank, data.rank))
    mean = value(computed(_, term("mean", of(_, data), axes=axes, keep_dims=True)))
    variance = term("mean", term("square", of(_, data) - mean), axes=axes, keep_dims=True)
    return normal, result(_, mean), result(_, term("rsqrt", variance + epsilon))


@ROWS.reads("RMSNormalization")
def _rms_normalization(
    _: Surroundings, x: str, scale: str, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Translated:
    data, weight = _.tensor(x), _.tensor(scale)
    return rms_normalization(_, data, _trailing(_, data, axis, weight), weight, epsilon)


@ROWS.reads("InstanceNormalization", wish=Wish.ANY)
def _instance_normalization(
    _: Surroundings, x: str, scale: str, b: str, *, epsilon: float = 1e-5
) -> Translated:
    data = _.tensor(x)
    if data.rank < 3:
        raise FormatError(f"{_.label}: '{x}' has no pixels, it is {list(data.shape)}")
    return instance_normalization(_, data, _.tensor(scale), _.tensor(b), epsilon)


@ROWS.reads("GroupNormalization", since=21, wish=Wish.ANY)
def _group_normalization(
    _: Surroundings,
    x: str,
    scale: str,
    b: str,
    *,
    epsilon: float = 1e-5,
    num_groups: int,
    stash_type: int = 1,
) -> Translated:
    return group_normalization(_, _.tensor(x), num_groups, _.tensor(scale), _.tensor(b), epsilon)


@ROWS.reads("GroupNormalization", since=18, until=20, wish=Wish.ANY)
def _group_normalization_18(
    _: Surroundings, x: str, scale: str, b: str, *, epsilon: float = 1e-5, num_groups: int
) -> Translated:
    """Its scale and bias have one element a group."""
    data = _.tensor(x)
    if num_groups < 1 or data.shape[1] % num_groups:
        raise FormatError(f"{_.label}: {data.shape[1]} channels in {num_groups} groups")
    repeats = data.shape[1] // num_groups
    weight, bias = (_.known(_repeated(_, name, repeats)) for name in (scale, b))
    return group_normalization(_, data, num_groups, weight, bias, epsilon)


def _repeated(_: Surroundings, name: str, repeats: int) -> Array:
    array = _.constant(name)
    _.allow(array.size * repeats, array.itemsize)
    return array.repeat(repeats)


@ROWS.reads("LpNormalization")
def _lp_normalization(_: Surroundings, x: str, *, axis: int = -1, p: int = 2) -> Translated:
    data = _.tensor(x)
    along = positive_axes([axis], data.rank)
    if p not in (1, 2):
        raise FormatError(f"{_.label}: p is {p}, must be 1 or 2")
    own = of(_, data)
    if p == 1:
        length = term("sum", term("abs", own), axes=along, keep_dims=True)
    else:
        length = term("sqrt", term("sum", term("square", own), axes=along, keep_dims=True))
    # What has no length stays zero.
    return result(_, own / term("maximum", length, float(np.finfo(np.float32).tiny)))


@ROWS.reads("LRN", wish=Wish.ANY)
def _lrn(
    _: Surroundings, x: str, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int
) -> Translated:
    """Each element by the squares of those at its pixel in channels nearby."""
    data = _.tensor(x)
    if not 1 <= size <= 64 or data.rank < 2:
        raise UnsupportedError(f"{_.label}: over {size} channels of {list(data.shape)} is not supported")
    layout = data.layout
    axis, shape = layout.axis(1), layout.shape
    before = (size - 1) // 2
    paddings = [0] * (2 * len(shape))
    paddings[2 * axis : 2 * axis + 2] = before, size - 1 - before
    own = of(_, data, layout)
    padded = term("pad", term("square", own), paddings=tuple(paddings))
    total = None
    for shift in range(size):
        begin = tuple(shift if k == axis else 0 for k in range(len(shape)))
        end = tuple(first + extent for first, extent in zip(begin, shape, strict=True))
        window = term("strided_slice", padded, begin=begin, end=end, stride=(1,) * len(shape))
        total = window if total is None else total + window
    assert total is not None
    factor = term("pow", total * (alpha / size) + bias, -beta)
    return result(_, own * factor, layout)
