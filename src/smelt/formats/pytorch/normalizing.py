"""aten's normalizations: with stored statistics, or over parts of each sample."""

from __future__ import annotations

import math

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import batch_normalization
from smelt.formats.channels_first.layout import Shape, Tensor
from smelt.formats.channels_first.normalization import (
    group_normalization,
    instance_normalization,
    layer_normalization,
    rms_normalization,
)
from smelt.formats.channels_first.terms import of, result, term
from smelt.formats.channels_first.translation import TRAINING, Result, Translated, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation, applied, axes_of
from smelt.formats.pytorch.schema import Ints, Table, Unused

NORMALIZING = Table()
"""What reads a normalization."""


@NORMALIZING.reads("aten.batch_norm", wish=Wish.ANY)
def _batch_norm(
    _: Translation, x: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float = 0.1, eps: float = 1e-5, cudnn: Unused = None,
) -> Translated:  # fmt: skip
    if training:
        raise UnsupportedError(TRAINING.format(_.label))
    if running_mean is None or running_var is None:
        raise UnsupportedError(
            f"{_.label}: normalizes by statistics of the batch (track_running_stats=False)"
        )
    channels = running_mean.shape
    scale = weight or _filled("one", channels, 1)
    shift = bias or _filled("zero", channels, 0)
    return batch_normalization(_, x, (scale, shift, running_mean, running_var), eps)


def _filled(name: str, shape: Shape, value: float) -> Tensor:
    return Tensor(f"{name} {list(shape)}", shape, np.full(shape, value, np.float32))


@NORMALIZING.reads("aten._native_batch_norm_legit_no_training", wish=Wish.ANY)
def _batch_norm_results(
    _: Translation, x: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor,
    running_var: Tensor, momentum: float, eps: float,
) -> tuple[Result | None, ...]:  # fmt: skip
    return _batch_norm(_, x, weight, bias, running_mean, running_var, False, momentum, eps), None, None


@NORMALIZING.reads("aten.layer_norm", wish=Wish.FILE)
def _layer_norm(
    _: Translation, x: Tensor, normalized_shape: Ints, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enable: Unused = None,
) -> Translated:  # fmt: skip
    rank = len(normalized_shape)
    if x.shape[x.rank - rank :] != normalized_shape or not 0 < rank <= x.rank:
        raise FormatError(f"{_.label}: normalizes {list(normalized_shape)} of '{x.name}' {list(x.shape)}")
    return layer_normalization(_, x, rank, weight, bias, eps)


@NORMALIZING.reads("aten.native_layer_norm")
def _layer_norm_results(
    _: Translation, x: Tensor, normalized_shape: Ints, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Result | None, ...]:
    return _layer_norm(_, x, normalized_shape, weight, bias, eps), None, None


@NORMALIZING.reads("aten.rms_norm")
def _rms_norm(
    _: Translation, x: Tensor, normalized_shape: Ints, weight: Tensor | None = None, eps: float | None = None
) -> Translated:
    rank = len(normalized_shape)
    if x.shape[x.rank - rank :] != normalized_shape or not 0 < rank <= x.rank:
        raise FormatError(f"{_.label}: normalizes {list(normalized_shape)} of '{x.name}' {list(x.shape)}")
    small = float(np.finfo(np.float32).eps) if eps is None else eps
    return rms_normalization(_, x, rank, weight, small)


@NORMALIZING.reads("aten.instance_norm", wish=Wish.ANY)
def _instance_norm(
    _: Translation, x: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, use_input_stats: bool, momentum: float = 0.1, eps: float = 1e-5,
    cudnn_enabled: Unused = None,
) -> Translated:  # fmt: skip
    if not use_input_stats:
        return _batch_norm(_, x, weight, bias, running_mean, running_var, False, momentum, eps)
    return instance_normalization(_, x, weight, bias, eps)


@NORMALIZING.reads("aten.group_norm")
def _group_norm(
    _: Translation, x: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enabled: Unused = None,
) -> Translated:  # fmt: skip
    return group_normalization(_, x, num_groups, weight, bias, eps)


@NORMALIZING.reads("aten.var", wish=Wish.FILE)
def _var(
    _: Translation, x: Tensor, dim: Ints | bool | None = None, unbiased: bool | None = None, keepdim: bool = False,
    correction: float | None = None,
) -> Result:  # fmt: skip
    if isinstance(dim, bool):  # the overload without dimensions
        dim, unbiased = None, dim
    axes = axes_of(_, dim, x.rank)
    count = math.prod(x.shape[axis] for axis in axes)
    less = correction if correction is not None else float(unbiased is None or unbiased)
    if count - less <= 0:
        raise UnsupportedError(f"{_.label}: the variance of {count} elements with a correction of {less}")
    data = of(_, x)
    centered = data - term("mean", data, axes=axes, keep_dims=True)
    found = term("mean", term("square", centered), axes=axes, keep_dims=keepdim)
    return result(_, found if less == 0 else found * (count / (count - less)))


@NORMALIZING.reads("aten.std")
def _std(
    _: Translation, x: Tensor, dim: Ints | bool | None = None, unbiased: bool | None = None, keepdim: bool = False,
    correction: float | None = None,
) -> Translated:  # fmt: skip
    return applied(_, "sqrt", kept(_, _var(_, x, dim, unbiased, keepdim, correction)))
