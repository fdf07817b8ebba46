"""Operators that work on elements alone, in whatever layout their inputs are."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from smelt.errors import FormatError
from smelt.formats.channels_first.layout import Tensor, channels_last, natural
from smelt.formats.channels_first.translation import (
    Result,
    Surroundings,
    Translated,
    fixed,
    kept,
    number,
    weights,
)
from smelt.ir import Attribute


def unary(
    _: Surroundings, operator: str, x: Tensor, attributes: Mapping[str, Attribute] | None = None
) -> Translated:
    """An elementwise operator of one tensor."""
    return Translated(operator, (_.place(x, x.layout),), attributes or {}, fixed(x.layout))


def binary(
    _: Surroundings, operator: str, first: Tensor, second: Tensor,
    attributes: Mapping[str, Attribute] | None = None,
) -> Translated:  # fmt: skip
    """An elementwise operator of two tensors, broadcast as numpy does."""
    return elementwise(_, operator, (first, second), attributes)


def elementwise(
    _: Surroundings, operator: str, tensors: tuple[Tensor, ...],
    attributes: Mapping[str, Attribute] | None = None,
) -> Translated:  # fmt: skip
    """An elementwise operator of some tensors, in the layout of one that has the result's shape."""
    shape = np.broadcast_shapes(*(x.shape for x in tensors))
    operands = [of_rank(_, x, len(shape)) for x in tensors]
    layouts = [x.layout for x in operands if x.array is None]
    if any(layout.is_channels_last for layout in layouts):
        layout = channels_last(shape)
    elif layouts and all(layout == layouts[0] and layout.foreign == shape for layout in layouts):
        layout = layouts[0]
    else:
        layout = natural(shape)
    inputs = [_.place(x, layout.alike(x.shape)) for x in operands]
    return Translated(operator, inputs, attributes or {}, fixed(layout))


def of_rank(_: Surroundings, x: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 in front, for broadcasting."""
    if x.rank >= rank:
        return x
    shape = (1,) * (rank - x.rank) + x.shape
    if x.array is not None:
        return Tensor(x.name, shape, x.array.reshape(shape), variant=x.variant)
    name = _.emit("reshape", (_.place(x, natural(x.shape)),), {"shape": shape})
    return Tensor(x.name, shape, forms={natural(shape): name})


_CLAMPS = {(0.0, math.inf): "relu", (0.0, 6.0): "relu6", (-1.0, 1.0): "relu_n1_to_1"}


def limited(_: Surroundings, x: Tensor, low: float, high: float) -> Result:
    """A tensor of real numbers limited to low … high, by an activation where there is one for these bounds."""
    dtype = _.dtype(x)
    largest = float(np.finfo(dtype.numpy.name).max)
    low, high = (-math.inf if low <= -largest else low), (math.inf if high >= largest else high)
    if (low, high) in _CLAMPS:
        return unary(_, _CLAMPS[low, high], x)
    result: Result = x
    for operator, bound in (("maximum", low), ("minimum", high)):
        if math.isfinite(bound):
            result = binary(_, operator, kept(_, result), number(_, bound, dtype))
    return result


def batch_normalization(
    _: Surroundings, x: Tensor, parameters: tuple[Tensor, Tensor, Tensor, Tensor], epsilon: float
) -> Translated:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift a channel; parameters: scale, shift, mean, variance."""
    arrays = [weights(_, p) for p in parameters]
    channels = x.shape[1:2]
    if x.rank < 2 or any(array.shape != channels for array in arrays):
        raise FormatError(
            f"{_.label}: its parameters do not have one element a channel of '{x.name}' {list(x.shape)}"
        )
    _.allow(16 * channels[0], 8)
    gamma, shift, average, variance = (array.astype(np.float64) for array in arrays)
    factor = gamma / np.sqrt(variance + epsilon)
    offset = shift - average * factor
    layout = x.layout.alike((1, *channels, *[1] * (x.rank - 2)))
    key = (*((p.name, p.variant) for p in parameters), epsilon, layout)
    factors = _.store(parameters[0].name, (*key, "factor"), lambda: layout.array(factor.astype(np.float32)))
    offsets = _.store(parameters[1].name, (*key, "offset"), lambda: layout.array(offset.astype(np.float32)))
    scaled = _.emit("mul", (_.place(x, x.layout), factors), {})
    return Translated("add", (scaled, offsets), {}, fixed(x.layout))
