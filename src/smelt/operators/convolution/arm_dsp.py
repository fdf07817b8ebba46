"""Kernels for Arm cores with the DSP extension: when they are exact and what they are given."""

from __future__ import annotations

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_depthwise import FOUR_CHANNELS, THREE_BY_THREE
from smelt.operators.convolution.arm_dsp_packing import (
    accepts_sums,
    gemm_fields,
    pairs_fit,
    requantized,
    round_up,
    scaling,
)
from smelt.operators.convolution.arm_dsp_requantization import Scaling
from smelt.operators.convolution.geometry import Geometry, folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits, window_fields
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]


def _weights(call: Call) -> Int64:
    """Weights [output channels, field], of a depthwise convolution of one channel too."""
    weights = call.constant(1)
    assert weights is not None
    channels = geometry(call).output_channels
    if call.node.operator == "depthwise_conv_2d":
        return weights.astype(np.int64).reshape(-1, channels).T
    return weights.astype(np.int64).reshape(channels, -1)


def _scaling(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).output_channels)


def _accepts_conv(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not fits(call, DType.S8) or geometry(call).groups > 1:
        return False
    return pairs_fit(_weights(call)) and accepts_sums(_weights(call), folded_bias(call), _scaling(call))


def _lower_conv(call: Call, target: Target) -> Lowering:
    sizes, meant = geometry(call), _scaling(call)
    found = requantized(_weights(call), folded_bias(call), meant)
    assert found is not None
    parameters = Parameters(
        "struct smelt_conv_2d_s8__arm_dsp_parameters",
        {
            **window_fields(sizes),
            **gemm_fields(_weights(call), found, meant.zero_point),
            "pitch": _pitch(sizes),
            "pad": call.quantization(call.input(0)).zero_point,
            "pad_bytes": _pad_bytes(sizes),
            "low": meant.low,
            "high": meant.high,
        },
    )
    return Lowering("smelt_conv_2d_s8__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _pitch(sizes: Geometry) -> int:
    """The bytes between the fields of neighbours, where all fields are runs of whole words; else 0."""
    if sizes.overhangs or sizes.field % 4 or (sizes.stride_height, sizes.stride_width) != (1, 1):
        return 0
    return sizes.field if (sizes.kernel_height, sizes.kernel_width) == (1, 1) else 0


def _pad_bytes(sizes: Geometry) -> int:
    """The longest run of pads that is read: a row of the kernel or a tap, where these are whole words."""
    if not sizes.overhangs or sizes.input_channels % 4:
        return 0
    return sizes.input_channels * (sizes.kernel_width if sizes.dilation_width == 1 else 1)


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    depth = round_up(sizes.field, 4)
    return 4 * depth + (2 * depth + 4 if sizes.input_channels % 4 else _pad_bytes(sizes))


def _in_place(call: Call) -> tuple[int, ...]:
    """A pixel may be written over its own input: both pixels of a pair are expanded before either is written."""
    sizes = geometry(call)
    steps = (sizes.kernel_height, sizes.kernel_width, sizes.stride_height, sizes.stride_width)
    own = steps == (1, 1, 1, 1) and not sizes.overhangs
    return (0,) if own and sizes.input_channels == sizes.output_channels else ()


_ANY_KERNEL = Kernel(
    name="smelt_conv_2d_s8__arm_dsp",
    sources=("conv_2d_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=_accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    in_place=_in_place,
    row_function="smelt_conv_2d_rows_s8__arm_dsp",
)
CONV_2D: tuple[Kernel, ...] = (_ANY_KERNEL,)
# A depthwise convolution of one channel is a convolution: the general kernel comes first and refuses groups.
DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (_ANY_KERNEL, THREE_BY_THREE, FOUR_CHANNELS)
