"""The C kernels of average_pool_2d and max_pool_2d: which of them computes a call, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, prod

import numpy as np

from smelt.ir import DType
from smelt.operators.fixed_point import ACTIVATIONS, activation_bounds
from smelt.operators.operator import (
    Call,
    Cycles,
    Form,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Scratch,
    Table,
)
from smelt.targets import Target

__all__ = ["AVERAGES", "FLOAT_LIMIT", "LANES", "MAXIMA", "suits_fours", "sums_cycles"]

FLOAT_LIMIT = float(np.finfo(np.float32).max)
RECIPROCAL_BITS = 24
MOST_SUMMED = 256
"""The most int8 values whose sum is sure to fit 16 bits."""
LANES = 4
"""Channels that the kernels with DSP instructions compute at once, and the fewest that they take."""
_DSP = "__arm_dsp"

Accepts = Callable[[Call, Target], bool]


def _geometry(call: Call) -> dict[str, int]:
    pool = call.attributes
    batches, height, width, channels = call.input(0).shape
    return {
        "batches": batches,
        "input_height": height,
        "input_width": width,
        "channels": channels,
        "output_height": call.output.shape[1],
        "output_width": call.output.shape[2],
        "filter_height": pool.filter[0],
        "filter_width": pool.filter[1],
        "stride_height": pool.stride[0],
        "stride_width": pool.stride[1],
        "pad_top": pool.padding[0],
        "pad_left": pool.padding[2],
    }


def _fewest(call: Call) -> int:
    """The elements of the window that padding and borders leave fewest of."""
    pool = call.attributes
    count = 1
    for axis in range(2):
        size, filter_size = call.input(0).shape[1 + axis], pool.filter[axis]
        starts = np.arange(call.output.shape[1 + axis]) * pool.stride[axis] - pool.padding[2 * axis]
        overlaps = np.minimum(starts + filter_size, size) - np.maximum(starts, 0)
        count *= int(overlaps.min())
    return count


def _reciprocals(call: Call) -> Table:
    full = call.attributes.filter[0] * call.attributes.filter[1]
    counts = range(full, _fewest(call) - 1, -1)
    array = np.array([-(-(1 << RECIPROCAL_BITS) // count) for count in counts], np.uint32)
    return Table("reciprocals", array, f"2^{RECIPROCAL_BITS} / elements of a window")


def _bounds_s8(call: Call) -> tuple[int, int]:
    return activation_bounds(call.attributes.activation, call.quantization(call.output), DType.S8)


def _lower_s8(suffix: str, call: Call, target: Target) -> Lowering:
    function = f"smelt_{call.node.operator}_s8"
    low, high = _bounds_s8(call)
    fields: dict[str, int | float | Table | None] = {**_geometry(call), "low": low, "high": high}
    if call.node.operator == "average_pool_2d":
        fields["reciprocals"] = _reciprocals(call)
    parameters = Parameters(f"struct {function}_parameters", fields)
    return Lowering(f"{function}{suffix}", (Output(), Input(0), parameters))


def _lower_sums(suffix: str, call: Call, target: Target) -> Lowering:
    arguments = _lower_s8("", call, target).arguments
    return Lowering(f"smelt_average_pool_2d_sums_s8{suffix}", (*arguments, Scratch()))


def _accepts_sums(call: Call, target: Target) -> bool:
    """One image, all of it in one window of less than 2**16 elements."""
    pool = call.attributes
    batches, height, width, _ = call.input(0).shape
    small = call.input(0).dtype is DType.S8 and pool.filter[0] * pool.filter[1] < 1 << 16
    return small and batches == 1 and call.output.shape[1:3] == (1, 1) and _fewest(call) == height * width


def _sums_bytes(call: Call, target: Target) -> int:
    return 4 * call.output.shape[3]


def _lower_f32(call: Call, target: Target) -> Lowering:
    low, high = ACTIVATIONS[call.attributes.activation]
    bounds = {"low": max(low, -FLOAT_LIMIT), "high": min(high, FLOAT_LIMIT)}
    parameters = Parameters("struct smelt_pool_2d_f32_parameters", {**_geometry(call), **bounds})
    return Lowering(f"smelt_{call.node.operator}_f32", (Output(), Input(0), parameters))


def _lower_s16(call: Call, target: Target) -> Lowering:
    low, high = activation_bounds(call.attributes.activation, call.quantization(call.output), DType.S16)
    parameters = Parameters(
        "struct smelt_pool_2d_s16_parameters", {**_geometry(call), "low": low, "high": high}
    )
    return Lowering(f"smelt_{call.node.operator}_s16", (Output(), Input(0), parameters))


def _lower_all(suffix: str, call: Call, target: Target) -> Lowering:
    batches, height, width, channels = call.input(0).shape
    low, high = _bounds_s8(call)
    fields = {
        "batches": batches,
        "count": height * width,
        "channels": channels,
        "low": low,
        "high": high,
        "reciprocal": -(-(1 << RECIPROCAL_BITS) // (height * width)),
    }
    parameters = Parameters("struct smelt_average_all_s8_parameters", fields)
    return Lowering(f"smelt_average_all_s8{suffix}", (Output(), Input(0), parameters))


def _accepts_s8(call: Call, target: Target) -> bool:
    few = call.attributes.filter[0] * call.attributes.filter[1] < 1 << 16
    return call.input(0).dtype is DType.S8 and (few or call.node.operator == "max_pool_2d")


def _accepts_all(call: Call, target: Target) -> bool:
    """Whether the only window holds the whole image, and sizes fit the parameter struct."""
    pool = call.attributes
    batches, *sizes, channels = call.input(0).shape
    if max(batches, channels, prod(sizes)) >= 2**16:
        return False
    reach = zip(sizes, pool.filter, pool.padding[::2], strict=True)
    whole = all(size <= length - before for size, length, before in reach)
    return whole and call.output.shape[1:3] == (1, 1) and _accepts_s8(call, target)


def _accepts_s16(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.S16 and prod(call.attributes.filter) < 1 << 16


def _accepts_f32(call: Call, target: Target) -> bool:
    return call.input(0).dtype is DType.F32


def _suits_dsp(call: Call, target: Target) -> bool:
    shape = call.input(0).shape  # mean takes any rank
    return target.has("dsp") and len(shape) == 4 and shape[3] >= LANES


def _dsp(accepts: Accepts) -> Accepts:
    return lambda call, target: _suits_dsp(call, target) and accepts(call, target)


def suits_fours(accepts: Accepts) -> Accepts:
    """For cores with DSP instructions and channels in fours, where all else is accepted."""
    return lambda call, target: (
        _suits_dsp(call, target) and call.input(0).shape[3] % LANES == 0 and accepts(call, target)
    )


def _accepts_small(call: Call, target: Target) -> bool:
    return prod(call.attributes.filter) <= MOST_SUMMED and _accepts_s8(call, target)


def _all_cycles(call: Call, rows: int | None) -> float:
    return 60 + 1.8 * call.input(0).elements + 45 * call.output.elements


def sums_cycles(call: Call, rows: int | None) -> float:
    """Of sums of four channels at a time, whose rows come as they may."""
    _, height, width, channels = call.input(0).shape
    calls = 1 if rows is None else ceil(height / rows)
    return 60 * calls + height * channels / LANES * (40 + 6 * width) + 45 * channels


def _window_cycles(an_output: float, call: Call, rows: int | None) -> float:
    calls = 1 if rows is None else ceil(call.output.shape[1] / rows)
    window = int(prod(call.attributes.filter))
    return 60 * calls + (an_output + 2.2 * window) * call.output.elements


def _kernel(
    name: str,
    kind: str,
    accepts: Accepts,
    lower: Callable[[Call, Target], Lowering],
    *,
    suffix: str = "",
    cycles: Cycles | None = None,
) -> Kernel:
    """A kernel of any windows, which has a function for some rows too."""
    return Kernel(
        name=f"smelt_{name}_{kind}{suffix}",
        sources=(f"{name}_{kind}{suffix}.c",),
        header=f"pooling{suffix}.h",
        accepts=accepts,
        lower=lower,
        ascending=True,
        row_function=f"smelt_{name}_rows_{kind}{suffix}",
        cycles=cycles,
    )


def _average_all(
    accepts: Accepts, suffix: str = "", form: Form = "usual", cycles: Cycles | None = None
) -> Kernel:
    return Kernel(
        name=f"smelt_average_all_s8{suffix}",
        sources=(f"average_all_s8{suffix}.c",),
        header=f"pooling{suffix}.h",
        accepts=accepts,
        lower=partial(_lower_all, suffix),
        ascending=True,
        form=form,
        cycles=cycles,
    )


def _sums(accepts: Accepts, suffix: str = "", cycles: Cycles | None = None) -> Kernel:
    """A kernel of whole images whose rows may come one by one."""
    return Kernel(
        name=f"smelt_average_pool_2d_sums_s8{suffix}",
        sources=(f"average_pool_2d_sums_s8{suffix}.c",),
        header=f"pooling{suffix}.h",
        accepts=accepts,
        lower=partial(_lower_sums, suffix),
        scratch_bytes=_sums_bytes,
        row_function=f"smelt_average_pool_2d_sums_s8{suffix}",
        accumulates=True,
        cycles=cycles,
    )


AVERAGES = (
    _average_all(_accepts_all, form="compact"),
    _average_all(_dsp(_accepts_all), _DSP, cycles=_all_cycles),
    _average_all(_accepts_all),
    _kernel(
        "average_pool_2d",
        "s8",
        _dsp(_accepts_small),
        partial(_lower_s8, _DSP),
        suffix=_DSP,
        cycles=partial(_window_cycles, 40),
    ),
    _kernel("average_pool_2d", "s8", _accepts_s8, partial(_lower_s8, "")),
    _sums(suits_fours(_accepts_sums), _DSP, sums_cycles),
    _sums(_accepts_sums),
    _kernel("average_pool_2d", "s16", _accepts_s16, _lower_s16),
    _kernel("average_pool_2d", "f32", _accepts_f32, _lower_f32),
)
MAXIMA = (
    _kernel(
        "max_pool_2d",
        "s8",
        _dsp(_accepts_s8),
        partial(_lower_s8, _DSP),
        suffix=_DSP,
        cycles=partial(_window_cycles, 15),
    ),
    _kernel("max_pool_2d", "s8", _accepts_s8, partial(_lower_s8, "")),
    _kernel("max_pool_2d", "s16", _accepts_s16, _lower_s16),
    _kernel("max_pool_2d", "f32", _accepts_f32, _lower_f32),
)
