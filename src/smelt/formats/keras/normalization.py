"""Keras's normalizations over parts of one sample, written out."""

from __future__ import annotations

import math
from typing import Any

from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import reads
from smelt.formats.keras.products import unit_length
from smelt.ir import Attribute


@reads("LayerNormalization")
def _layer_normalization(
    _: Layer, x: str, *, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
    rms_scaling: bool = False,
) -> str:  # fmt: skip
    if rms_scaling:
        raise _.unsupported("rms_scaling")
    axes = _last(_, axis, len(_.shape(x)))
    result = _standardized(_, x, axes, epsilon)
    shape = _.shape(x)[axes[0] :]
    if scale:
        result = _.emit("mul", (result, _.constant("gamma", _.weights("gamma", shape))))
    if center:
        result = _.emit("add", (result, _.constant("beta", _.weights("beta", shape))))
    return result


def _last(_: Layer, axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from 0, which must be the last ones."""
    axes = tuple(sorted(int(n) % rank for n in (axis if isinstance(axis, list | tuple) else [axis])))
    if axes != tuple(range(rank - len(axes), rank)):
        raise _.unsupported(f"axis {axis!r}: axes that are not the last ones")
    return axes


def _standardized(_: Layer, x: str, axes: tuple[int, ...], epsilon: float) -> str:
    """x less its mean, by its deviation."""
    over: dict[str, Attribute] = {"axes": axes, "keep_dims": True}
    centred = _.emit("sub", (x, _.emit("mean", (x,), over)))
    variance = _.emit("mean", (_.emit("mul", (centred, centred)),), over)
    return _.emit("mul", (centred, _.emit("rsqrt", (_.emit("add", (variance, _.number(epsilon))),))))


@reads("RMSNormalization")
def _rms_normalization(_: Layer, x: str, *, axis: Any = -1, epsilon: float = 1e-6) -> str:
    axes = _last(_, axis, len(_.shape(x)))
    squares = _.emit("mean", (_.emit("mul", (x, x)),), {"axes": axes, "keep_dims": True})
    inverse = _.emit("rsqrt", (_.emit("add", (squares, _.number(epsilon))),))
    scale = _.constant("scale", _.weights("scale", _.shape(x)[axes[0] :]))
    return _.emit("mul", (_.emit("mul", (x, inverse)), scale))


@reads("UnitNormalization")
def _unit_normalization(_: Layer, x: str, *, axis: Any = -1) -> str:
    rank = len(_.shape(x))
    return unit_length(
        _, x, sorted(int(n) % rank for n in (axis if isinstance(axis, list | tuple) else [axis]))
    )


@reads("GroupNormalization")
def _group_normalization(
    _: Layer, x: str, *, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True,
    scale: bool = True,
) -> str:  # fmt: skip
    shape = _.shape(x)
    _last(_, axis, len(shape))
    channels = shape[-1]
    count = channels if groups == -1 else groups
    if channels % max(count, 1) or len(shape) < 2:
        raise _.unsupported(f"groups={groups} of {channels} channels")
    rows = _.reshape(x, (shape[0], math.prod(shape[1:-1]), count, channels // count))
    result = _.reshape(_standardized(_, rows, (1, 3), epsilon), shape)
    if scale:
        result = _.emit("mul", (result, _.constant("gamma", _.weights("gamma", (channels,)))))
    if center:
        result = _.emit("add", (result, _.constant("beta", _.weights("beta", (channels,)))))
    return result
