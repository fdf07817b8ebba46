"""Kernels for Armv6-M cores (Cortex-M0, M0+): when they are exact and what they are given.

That of conv_2d is for all cores that have a fast multiplication and no DSP extension.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Sums
from smelt.operators.convolution.arm_v6m_depthwise import DEPTHWISE_CONV_2D
from smelt.operators.convolution.arm_v6m_packing import (
    gemm_fields,
    is_armv6m,
    only_multiplies,
    pad_to_fours,
    segment_length,
)
from smelt.operators.convolution.arm_v6m_requantization import Requantization, requantize
from smelt.operators.convolution.cycles import six_pixels_cycles
from smelt.operators.convolution.geometry import folded_bias, geometry, requantization
from smelt.operators.convolution.portable import CONV_2D_S8, fits, window_fields
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]

_SUMS_BYTES = 192  # SMELT_GEMM_SUMS_BYTES
_FEWEST_PIXELS = 3  # below, portable C is as fast


def _weights(call: Call) -> Int64:
    """Weights [output channels, field]."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64).reshape(weights.shape[0], -1)


def _requantized(call: Call) -> Requantization | None:
    meant = scaling(call, *requantization(call), geometry(call).output_channels)
    return requantize(Sums.of(_weights(call), folded_bias(call).astype(np.int64)), meant)


def _accepts_conv(call: Call, target: Target) -> bool:
    if not only_multiplies(target) or not fits(call, DType.S8):
        return False
    sizes = geometry(call)
    reach = max(sizes.input_height + sizes.top, sizes.input_width + sizes.left) + sizes.stride_width
    if sizes.groups > 1 or sizes.pixels < _FEWEST_PIXELS or reach + sizes.stride_height >= 2**15:
        return False
    return segment_length(pad_to_fours(_weights(call))) is not None and _requantized(call) is not None


def _lower_conv(call: Call, target: Target) -> Lowering:
    sizes, found = geometry(call), _requantized(call)
    assert found is not None
    parameters = Parameters(
        "struct smelt_conv_2d_s8__arm_v6m_parameters",
        {
            **window_fields(sizes),
            **gemm_fields(_weights(call), found),
            "pad": call.quantization(call.input(0)).zero_point,
        },
    )
    return Lowering("smelt_conv_2d_s8__arm_v6m", (Output(), Input(0), parameters, Scratch()))


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return 16 * round_up(sizes.field, 4) + _SUMS_BYTES + sizes.input_channels


def _accepts_for_size(call: Call, target: Target) -> bool:
    """Where the code of six pixels is C, and larger than that of one."""
    return only_multiplies(target) and not is_armv6m(target) and CONV_2D_S8.accepts(call, target)


_SIX_PIXELS = Kernel(
    name="smelt_conv_2d_s8__arm_v6m",
    sources=("conv_2d_s8__arm_v6m.c", "smelt_gemm_s8__arm_v6m.c", "smelt_requantize_s8__arm_v6m.c"),
    header="convolution__arm_v6m.h",
    accepts=_accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    row_function="smelt_conv_2d_rows_s8__arm_v6m",
    cycles=six_pixels_cycles,
)
CONV_2D: tuple[Kernel, ...] = (_SIX_PIXELS, replace(CONV_2D_S8, accepts=_accepts_for_size, form="compact"))
