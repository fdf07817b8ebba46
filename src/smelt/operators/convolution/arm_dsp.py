"""Kernels for Arm cores with the DSP extension: when they are exact and what they are given."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_depthwise import FOUR_CHANNELS, THREE_BY_THREE
from smelt.operators.convolution.arm_dsp_depthwise_columns import COLUMNS
from smelt.operators.convolution.arm_dsp_depthwise_lines import LINES
from smelt.operators.convolution.arm_dsp_packing import (
    accepts_sums,
    gemm_fields,
    pairs_fit,
    requantized,
    rests_as_pairs,
    round_up,
    scaling,
)
from smelt.operators.convolution.arm_dsp_requantization import Scaling
from smelt.operators.convolution.arm_dsp_winograd import WINOGRAD
from smelt.operators.convolution.cycles import gather_cycles, ring_cycles, short_cycles, taps_cycles
from smelt.operators.convolution.geometry import Geometry, folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]

_RING_CHANNELS = 16  # SMELT_PLACE_VALUES
_PLACE_GROUPS = 3  # SMELT_PLACE_GROUPS
_SHORT_FIELDS = (8, 16, 32)  # smelt_gemm_short_s8__arm_dsp.h has a function for each
_SHORT_ROW = 8  # pixels; an odd one more costs more than 1 in 8


def weights_of(call: Call) -> Int64:
    """Weights [output channels, field], of a depthwise convolution of one channel too."""
    weights = call.constant(1)
    assert weights is not None
    channels = geometry(call).output_channels
    if call.node.operator == "depthwise_conv_2d":
        return weights.astype(np.int64).reshape(-1, channels).T
    return weights.astype(np.int64).reshape(channels, -1)


def scaling_of(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).output_channels)


def accepts_conv(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not fits(call, DType.S8) or not _fits_fields(geometry(call)):
        return False
    return pairs_fit(weights_of(call)) and accepts_sums(weights_of(call), folded_bias(call), scaling_of(call))


def _fits_fields(sizes: Geometry) -> bool:
    """Whether the sizes fit the parameter struct."""
    in_bytes = (
        sizes.kernel_height,
        sizes.kernel_width,
        sizes.stride_height,
        sizes.stride_width,
        sizes.dilation_height,
        sizes.dilation_width,
        sizes.top,
        sizes.left,
    )
    in_halfwords = (
        sizes.batch,
        sizes.input_height,
        sizes.input_width + sizes.left + sizes.right + sizes.kernel_width,
        sizes.input_channels,
        sizes.output_channels,
        sizes.field + 3,
    )
    return sizes.groups == 1 and max(in_bytes) < 2**8 and max(in_halfwords) < 2**16


def _accepts_ring(call: Call, target: Target) -> bool:
    """Fields of many pixels of whole sixteens, in rows that lose little when an odd pixel is computed for nothing."""
    sizes = geometry(call)
    whole = sizes.input_channels % _RING_CHANNELS == 0 and sizes.output_channels % 4 == 0
    dense = (sizes.dilation_height, sizes.dilation_width) == (1, 1) and sizes.field > sizes.input_channels
    long = sizes.output_width % 2 == 0 or sizes.output_width > _SHORT_ROW
    overlapping = sizes.stride_height <= sizes.kernel_height and sizes.stride_width <= sizes.kernel_width
    return whole and dense and long and overlapping and accepts_conv(call, target)


def _lowering(function: str, call: Call, weights: Int64, padded_width: int) -> Lowering:
    sizes, meant = geometry(call), scaling_of(call)
    found = requantized(weights, folded_bias(call), meant)
    assert found is not None
    parameters = Parameters(
        "struct smelt_conv_2d_s8__arm_dsp_parameters",
        {
            **gemm_fields(weights, found, meant),
            "pad": call.quantization(call.input(0)).zero_point,
            "kernel_height": sizes.kernel_height,
            "kernel_width": sizes.kernel_width,
            "stride_height": sizes.stride_height,
            "stride_width": sizes.stride_width,
            "dilation_height": sizes.dilation_height,
            "dilation_width": sizes.dilation_width,
            "pad_top": sizes.top,
            "pad_left": sizes.left,
            "batches": sizes.batch,
            "input_height": sizes.input_height,
            "input_width": sizes.input_width,
            "input_channels": sizes.input_channels,
            "output_height": sizes.output_height,
            "output_width": sizes.output_width,
            "padded_width": padded_width,
        },
    )
    return Lowering(function, (Output(), Input(0), parameters, Scratch()))


def _lower_conv(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    weights = _words_first(weights_of(call), sizes)
    return _lowering("smelt_conv_2d_s8__arm_dsp", call, weights, _padded_width(sizes))


def _lower_ring(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    # [output channel, sixteen input channels, kernel row, kernel column, input channel]
    split = (sizes.output_channels, sizes.kernel_height, sizes.kernel_width, -1, _RING_CHANNELS)
    fields = weights_of(call).reshape(split).transpose(0, 3, 1, 2, 4)
    columns = [x for phase in _phases(sizes) for x in phase]
    weights = fields[:, :, :, columns].reshape(sizes.output_channels, -1)
    return _lowering("smelt_conv_2d_ring_s8__arm_dsp", call, weights, _ring_width(sizes))


def _accepts_taps(call: Call, target: Target) -> bool:
    return geometry(call).input_channels % 4 == 0 and accepts_conv(call, target)


def _lower_taps(call: Call, target: Target) -> Lowering:
    return _lowering("smelt_conv_2d_taps_s8__arm_dsp", call, weights_of(call), _padded_width(geometry(call)))


def _taps_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    taps = sizes.kernel_height * sizes.kernel_width
    return 4 * sizes.field + 8 * taps + (sizes.input_channels if sizes.overhangs else 0)


def _accepts_short(call: Call, target: Target) -> bool:
    """A pixel by itself, of few inputs, that takes blocks of four channels and rounds once."""
    sizes = geometry(call)
    if not _is_pointwise(sizes) or sizes.field not in _SHORT_FIELDS or sizes.output_channels % 4 != 0:
        return False
    if not accepts_conv(call, target):
        return False
    found = requantized(weights_of(call), folded_bias(call), scaling_of(call))
    return found is not None and not found.signed_rounding


def _is_pointwise(sizes: Geometry) -> bool:
    steps = (sizes.kernel_height, sizes.kernel_width, sizes.stride_height, sizes.stride_width)
    return steps == (1, 1, 1, 1) and not sizes.overhangs


def _lower_short(call: Call, target: Target) -> Lowering:
    return _lowering("smelt_conv_2d_short_s8__arm_dsp", call, weights_of(call), 0)


def _padded_width(sizes: Geometry) -> int:
    """The columns of a padded row, all of the input's among them; 0 where no field reaches over an edge."""
    if not sizes.overhangs:
        return 0
    reach = (
        (sizes.output_width - 1) * sizes.stride_width + (sizes.kernel_width - 1) * sizes.dilation_width + 1
    )
    return max(reach, sizes.left + sizes.input_width)


def _ring_width(sizes: Geometry) -> int:
    """The columns that an even number of outputs needs, in multiples of the stride."""
    reach = (round_up(sizes.output_width, 2) - 1) * sizes.stride_width + sizes.kernel_width
    return round_up(reach, sizes.stride_width)


def _runs(sizes: Geometry) -> tuple[int, int]:
    """How many runs of values lie side by side in a field, and their length: rows of the kernel, or dilated taps."""
    if sizes.dilation_width == 1:
        return sizes.kernel_height, sizes.kernel_width * sizes.input_channels
    return sizes.kernel_height * sizes.kernel_width, sizes.input_channels


def _words_first(weights: Int64, sizes: Geometry) -> Int64:
    """Weights [output channels, field] in the order in which values are expanded: what is no whole word comes last."""
    count, length = _runs(sizes)
    runs = weights.reshape(-1, count, length)
    whole = length - length % 4
    ordered = np.concatenate(
        [part.reshape(len(runs), -1) for part in (runs[..., :whole], runs[..., whole:])], 1
    )
    return rests_as_pairs(ordered, count * whole)


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    count, _ = _runs(sizes)
    rows = (sizes.kernel_height - 1) * sizes.dilation_height + 1
    if sizes.output_width % 2:
        rows += sizes.stride_height
    padded = rows * _padded_width(sizes) * sizes.input_channels
    return 4 * round_up(sizes.field, 4) + 8 * count + padded


def _phases(sizes: Geometry) -> list[range]:
    """Kernel columns the stride apart, which lie side by side in the ring."""
    return [range(first, sizes.kernel_width, sizes.stride_width) for first in range(sizes.stride_width)]


def _ring_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    in_row = sum(-(-len(phase) // _PLACE_GROUPS) for phase in _phases(sizes))
    places = in_row * sizes.kernel_height * (sizes.input_channels // _RING_CHANNELS) + 1
    return 8 * places + 2 * sizes.kernel_height * _ring_width(sizes) * sizes.input_channels


def in_place(call: Call) -> tuple[int, ...]:
    """A pixel may be written over its own input: both pixels of a pair are expanded before either is written."""
    sizes = geometry(call)
    return (0,) if _is_pointwise(sizes) and sizes.input_channels == sizes.output_channels else ()


_RING = Kernel(
    name="smelt_conv_2d_ring_s8__arm_dsp",
    sources=("conv_2d_ring_s8__arm_dsp.c", "smelt_gemm_places_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=_accepts_ring,
    lower=_lower_ring,
    scratch_bytes=_ring_scratch_bytes,
    ascending=True,
    row_function="smelt_conv_2d_ring_rows_s8__arm_dsp",
    cycles=ring_cycles,
)
_ANY_KERNEL = Kernel(
    name="smelt_conv_2d_s8__arm_dsp",
    sources=("conv_2d_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    in_place=in_place,
    row_function="smelt_conv_2d_rows_s8__arm_dsp",
    cycles=gather_cycles,
)
# For memory plans: the least workspace, and nothing is lost where rows have few pixels.
_TAPS = Kernel(
    name="smelt_conv_2d_taps_s8__arm_dsp",
    sources=("conv_2d_taps_s8__arm_dsp.c", "smelt_gemm_one_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=_accepts_taps,
    lower=_lower_taps,
    scratch_bytes=_taps_scratch_bytes,
    ascending=True,
    in_place=in_place,
    row_function="smelt_conv_2d_taps_rows_s8__arm_dsp",
    cycles=taps_cycles,
)
# More code, and fewer cycles where a pixel has few inputs.
_SHORT = Kernel(
    name="smelt_conv_2d_short_s8__arm_dsp",
    sources=("conv_2d_short_s8__arm_dsp.c", "smelt_gemm_short_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=_accepts_short,
    lower=_lower_short,
    scratch_bytes=lambda call, target: 4 * geometry(call).field,
    ascending=True,
    in_place=in_place,
    row_function="smelt_conv_2d_short_rows_s8__arm_dsp",
    cycles=short_cycles,
    form="large",
)
CONV_2D: tuple[Kernel, ...] = (WINOGRAD, _SHORT, _RING, _ANY_KERNEL, _TAPS)


def _accepts_one_channel(call: Call, target: Target) -> bool:
    """A depthwise convolution of one channel is a convolution, which is cheaper for many outputs of it."""
    if not accepts_conv(call, target):
        return False
    return gather_cycles(call, None) < min(
        (kernel.cycles(call, None) for kernel in LINES if kernel.cycles and kernel.accepts(call, target)),
        default=inf,
    )


DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (
    replace(_ANY_KERNEL, accepts=_accepts_one_channel),
    THREE_BY_THREE,
    *LINES,
    FOUR_CHANNELS,
    COLUMNS,
)
