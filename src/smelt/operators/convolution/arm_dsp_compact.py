"""Convolutions in little code for Arm cores with the DSP extension: when they are exact and what they are given.

One C body serves conv_2d and depthwise_conv_2d (convolution_compact__arm_dsp.h).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.operators.convolution.arm_dsp import accepts_conv, in_place, scaling_of, weights_of
from smelt.operators.convolution.arm_dsp_channels import accepts_channels, channels_of
from smelt.operators.convolution.arm_dsp_compact_packing import (
    compact_depthwise_fields,
    compact_fields,
    compact_requantization,
    is_for,
)
from smelt.operators.convolution.arm_dsp_packing import Fields, round_up
from smelt.operators.convolution.geometry import Geometry, folded_bias, geometry
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Scratch,
    no_input,
)
from smelt.targets import Target

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]

_FUNCTION = "smelt_convolution_compact_s8__arm_dsp"
_POINTER_BYTES = 4


def _fits(sizes: Geometry) -> bool:
    """Whether the sizes that `arm_dsp` does not check fit the parameter struct."""
    in_bytes = (sizes.kernel_height, sizes.kernel_width, sizes.stride_height, sizes.stride_width)
    more_in_bytes = (sizes.dilation_height, sizes.dilation_width, sizes.top, sizes.left)
    in_halfwords = (
        sizes.batch,
        sizes.input_height,
        sizes.input_width,
        sizes.kernel_width * sizes.input_channels,
        sizes.output_channels,
    )
    return max(*in_bytes, *more_in_bytes) < 2**8 and max(in_halfwords) < 2**16


def _reach(sizes: Geometry) -> int:
    """The input rows from the first to the last of a field."""
    return (sizes.kernel_height - 1) * sizes.dilation_height + 1


def _accepts_conv(call: Call, target: Target) -> bool:
    if not is_for(target) or not accepts_conv(call, target) or not _fits(geometry(call)):
        return False
    return compact_requantization(weights_of(call), folded_bias(call), scaling_of(call)) is not None


def _accepts_depthwise(call: Call, target: Target) -> bool:
    sizes = geometry(call)
    if not is_for(target) or call.attributes.multiplier != 1 or sizes.input_channels < 4:
        return False
    if not _fits(sizes) or not accepts_channels(call, target):
        return False
    channels = channels_of(call)
    return compact_requantization(channels.weights, channels.bias, channels.scaling) is not None


def _keeps_rows(call: Call) -> bool:
    """Whether copies of a few rows let the output take the input's place: it has as many bytes."""
    sizes = geometry(call)
    one_by_one = (sizes.stride_height, sizes.batch) == (1, 1) and sizes.top < _reach(sizes) < 2**8
    return one_by_one and call.input(0).bytes == call.output.bytes


def _accepts_depthwise_in_place(call: Call, target: Target) -> bool:
    return _keeps_rows(call) and _accepts_depthwise(call, target)


def _inner(sizes: Geometry) -> tuple[int, int]:
    """The first pixel of an output row with all of its taps in columns of the image, and how many follow; 0: none."""
    starts = np.arange(sizes.output_width) * sizes.stride_width - sizes.left
    last = sizes.input_width - 1 - (sizes.kernel_width - 1) * sizes.dilation_width
    inside = np.flatnonzero((starts >= 0) & (starts <= last))
    return (int(inside[0]), len(inside)) if len(inside) else (sizes.output_width, 0)


def _lowering(call: Call, gemm: Fields, *, depthwise: bool, kept_rows: int) -> Lowering:
    sizes = geometry(call)
    inner_first, inner_count = _inner(sizes)
    fields: Fields = {
        **gemm,
        "pad": call.quantization(call.input(0)).zero_point,
        "depthwise": int(depthwise),
        "kernel_height": sizes.kernel_height,
        "kernel_width": sizes.kernel_width,
        "stride_height": sizes.stride_height,
        "stride_width": sizes.stride_width,
        "dilation_height": sizes.dilation_height,
        "dilation_width": sizes.dilation_width,
        "pad_top": sizes.top,
        "pad_left": sizes.left,
        "kept_rows": kept_rows,
        "together": 1 if depthwise or sizes.dilation_width > 1 else sizes.kernel_width,
        "batches": sizes.batch,
        "input_height": sizes.input_height,
        "input_width": sizes.input_width,
        "input_channels": sizes.input_channels,
        "output_height": sizes.output_height,
        "output_width": sizes.output_width,
        "inner_first": inner_first,
        "inner_count": inner_count,
        "taps": sizes.kernel_height * sizes.kernel_width,
        "values": sizes.field,
        "pad_bytes": _pad_bytes(sizes),
    }
    return Lowering(
        _FUNCTION, (Output(), Input(0), Parameters(f"struct {_FUNCTION}_parameters", fields), Scratch())
    )


def _lower_conv(call: Call, target: Target) -> Lowering:
    weights, meant = weights_of(call), scaling_of(call)
    found = compact_requantization(weights, folded_bias(call), meant)
    assert found is not None
    return _lowering(call, compact_fields(weights, found, meant), depthwise=False, kept_rows=0)


def _lower_depthwise(call: Call, target: Target, kept_rows: int = 0) -> Lowering:
    channels = channels_of(call)
    found = compact_requantization(channels.weights, channels.bias, channels.scaling)
    assert found is not None
    gemm = compact_depthwise_fields(channels.weights, found, channels.scaling)
    return _lowering(call, gemm, depthwise=True, kept_rows=kept_rows)


def _lower_depthwise_in_place(call: Call, target: Target) -> Lowering:
    return _lower_depthwise(call, target, _reach(geometry(call)))


def _pad_bytes(sizes: Geometry) -> int:
    return round_up(sizes.input_channels, 4) if sizes.overhangs else 0


def _list_bytes(call: Call) -> int:
    """Pointers to taps, and pads."""
    sizes = geometry(call)
    return _POINTER_BYTES * sizes.kernel_height * sizes.kernel_width + _pad_bytes(sizes)


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    return _list_bytes(call) + 6 * round_up(geometry(call).field, 4)


def _depthwise_scratch_bytes(call: Call, target: Target) -> int:
    return _list_bytes(call)


def _depthwise_scratch_bytes_in_place(call: Call, target: Target) -> int:
    sizes = geometry(call)
    row_bytes = sizes.input_width * sizes.input_channels
    return _list_bytes(call) + _reach(sizes) * row_bytes


_CONV = Kernel(
    name=_FUNCTION,
    sources=(
        "convolution_compact_s8__arm_dsp.c",
        "smelt_compact_gemm_two_s8__arm_dsp.c",
        "smelt_compact_gemm_one_s8__arm_dsp.c",
        "smelt_compact_depthwise_s8__arm_dsp.c",
        "smelt_compact_rounding_s8__arm_dsp.c",
    ),
    header="convolution_compact__arm_dsp.h",
    accepts=_accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    in_place=in_place,
    row_function="smelt_convolution_compact_rows_s8__arm_dsp",
    form="compact",
)
_DEPTHWISE = replace(
    _CONV,
    accepts=_accepts_depthwise,
    lower=_lower_depthwise,
    scratch_bytes=_depthwise_scratch_bytes,
    in_place=no_input,
)
_DEPTHWISE_IN_PLACE = replace(
    _DEPTHWISE,
    accepts=_accepts_depthwise_in_place,
    lower=_lower_depthwise_in_place,
    scratch_bytes=_depthwise_scratch_bytes_in_place,
    keeps_rows=True,
    variant="keeps rows",
)
CONV_2D: tuple[Kernel, ...] = (_CONV,)
# A depthwise convolution of one channel is a convolution: its kernel comes first and refuses groups.
DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (_CONV, _DEPTHWISE_IN_PLACE, _DEPTHWISE)
