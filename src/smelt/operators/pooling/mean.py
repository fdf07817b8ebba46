"""mean: the average over whole axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType
from smelt.operators.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from smelt.operators.operator import (
    Call,
    ChannelPairs,
    Cycles,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    TensorType,
    Traits,
    same_channels,
)
from smelt.operators.pooling.axes import reduced_count, reduced_loops, reduced_shape
from smelt.operators.pooling.pool_2d_kernels import LANES, Accepts, suits_fours, sums_cycles
from smelt.targets import Target

MOST_SUMMED = {DType.S8: 1 << 23, DType.S16: 1 << 15}
"""The most values of a type whose sum less the zero point is sure to fit 32 bits."""


@dataclass(frozen=True)
class Mean:
    """axes are counted from 0, each once; with keep_dims they stay with size 1."""

    axes: tuple[int, ...]
    keep_dims: bool = False


def _infer(call: Call) -> tuple[TensorType, ...]:
    return (TensorType(call.input(0).dtype, reduced_shape(call)),)


def _multiplier(call: Call) -> tuple[int, int]:
    """input scale / output scale / count as (mantissa, shift); the mantissa may be as small as 2**29.

    Source: QuantizedMeanOrSum in TensorFlow Lite (kernels/internal/reference/reduce.h).
    """
    source, result = call.quantization(call.input(0)), call.quantization(call.output)
    mantissa, shift = quantize_multiplier(source.scale / result.scale)
    count = reduced_count(call)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    return (mantissa << extra) // count, shift - extra


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    (kind,) = _infer(call)
    if not kind.dtype.is_float:
        return (rescaled_sums(call, x, _multiplier(call)),)
    rows = _rows(call, x)
    total: NDArray[Any] = np.zeros(rows.shape[1], x.dtype)
    for row in rows:
        total += row
    count = np.asarray(len(rows), x.dtype)
    return ((total / count).reshape(kind.shape),)


def _rows(call: Call, x: Array) -> Array:
    """What is reduced as rows, one after the other."""
    axes = sorted(call.attributes.axes)
    return np.moveaxis(x, axes, range(len(axes))).reshape(reduced_count(call), -1)


def rescaled_sums(call: Call, x: Array, multiplier: tuple[int, int]) -> Array:
    """Sums of quantized values less the zero point, times the multiplier, as the output's integers."""
    rows, result = _rows(call, x), call.quantization(call.output)
    centred = rows.astype(np.int64).sum(axis=0) - call.quantization(call.input(0)).zero_point * len(rows)
    y = multiply_by_quantized_multiplier(centred, *multiplier) + result.zero_point
    return np.clip(y, *call.output.dtype.integer_range).astype(x.dtype).reshape(reduced_shape(call))


def _lower_s8(suffix: str, call: Call, target: Target) -> Lowering:
    return lower_rescaled_sums(f"smelt_mean_s8{suffix}", call, _multiplier(call))


def lower_rescaled_sums(function: str, call: Call, multiplier: tuple[int, int]) -> Lowering:
    """The call of a function that computes `rescaled_sums`."""
    mantissa, shift = multiplier
    loops = reduced_loops(call)
    assert loops is not None
    parameters = Parameters(
        "struct smelt_mean_s8_parameters",
        {
            **loops,
            "offset": -call.quantization(call.input(0)).zero_point * reduced_count(call),
            "mantissa": mantissa,
            "shift": shift,
            "output_zero_point": call.quantization(call.output).zero_point,
        },
    )
    return Lowering(function, (Output(), Input(0), parameters))


def _lower_sums(suffix: str, call: Call, target: Target) -> Lowering:
    output, source, parameters = _lower_s8("", call, target).arguments
    assert isinstance(parameters, Parameters)
    _, height, width, channels = call.input(0).shape
    sizes = {"outer": 1, "rows": height, "middle": 1, "columns": width, "inner": channels}
    fields = Parameters(parameters.type, {**parameters.fields, **sizes})
    return Lowering(f"smelt_mean_sums_s8{suffix}", (output, source, fields, Scratch()))


def _accepts_sums(call: Call, target: Target) -> bool:
    """Over height and width of one image."""
    image = len(call.input(0).shape) == 4 and call.input(0).shape[0] == 1
    return image and {1, 2} <= {*call.attributes.axes} <= {0, 1, 2} and _accepts_s8(call, target)


def _sums_bytes(call: Call, target: Target) -> int:
    return 4 * call.input(0).shape[3]


def _lower_s16(call: Call, target: Target) -> Lowering:
    return replace(_lower_s8("", call, target), function="smelt_mean_s16")


def _lower_f32(call: Call, target: Target) -> Lowering:
    loops = reduced_loops(call)
    assert loops is not None
    return Lowering(
        "smelt_mean_f32", (Output(), Input(0), Parameters("struct smelt_mean_f32_parameters", {**loops}))
    )


def _channels(call: Call) -> tuple[ChannelPairs | None, ...]:
    averaged = len(call.input(0).shape) - 1 in call.attributes.axes
    return (None,) if averaged else same_channels(call)


def _accepts_s8(call: Call, target: Target) -> bool:
    return _fits(call, DType.S8)


def _accepts_s16(call: Call, target: Target) -> bool:
    return _fits(call, DType.S16)


def _fits(call: Call, dtype: DType) -> bool:
    return (
        call.input(0).dtype is dtype
        and reduced_count(call) <= MOST_SUMMED[dtype]
        and reduced_loops(call) is not None
    )


def _accepts_dsp(call: Call, target: Target) -> bool:
    """One block of neighbouring axes averaged, as height and width, and four channels or more."""
    loops = reduced_loops(call) if target.has("dsp") and _accepts_s8(call, target) else None
    return loops is not None and loops["rows"] == 1 and loops["inner"] >= LANES


def _accepts_f32(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.F32 and reduced_loops(call) is not None


def _sums(accepts: Accepts, suffix: str = "", cycles: Cycles | None = None) -> Kernel:
    """A kernel of whole images whose rows may come one by one."""
    return Kernel(
        name=f"smelt_mean_sums_s8{suffix}",
        sources=(f"mean_sums_s8{suffix}.c",),
        header=f"pooling{suffix}.h",
        accepts=accepts,
        lower=partial(_lower_sums, suffix),
        scratch_bytes=_sums_bytes,
        row_function=f"smelt_mean_sums_s8{suffix}",
        accumulates=True,
        cycles=cycles,
    )


MEAN = Operator(
    name="mean",
    summary="the average over whole axes",
    attributes=Mean,
    infer=_infer,
    evaluate=_evaluate,
    kernels=(
        Kernel(
            "smelt_mean_s8",
            ("mean_s8.c",),
            "pooling.h",
            _accepts_s8,
            partial(_lower_s8, ""),
            form="compact",
        ),
        Kernel(
            "smelt_mean_s8__arm_dsp",
            ("mean_s8__arm_dsp.c",),
            "pooling__arm_dsp.h",
            _accepts_dsp,
            partial(_lower_s8, "__arm_dsp"),
        ),
        Kernel("smelt_mean_s8", ("mean_s8.c",), "pooling.h", _accepts_s8, partial(_lower_s8, "")),
        _sums(suits_fours(_accepts_sums), "__arm_dsp", sums_cycles),
        _sums(_accepts_sums),
        Kernel("smelt_mean_s16", ("mean_s16.c",), "pooling.h", _accepts_s16, _lower_s16),
        Kernel("smelt_mean_f32", ("mean_f32.c",), "pooling.h", _accepts_f32, _lower_f32),
    ),
    traits=Traits(channels=_channels),
)
