"""depthwise_conv_2d of 3 x 3 by columns of short rows, for Arm cores with DSP: what the kernel is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_channels import channels_of, words
from smelt.operators.convolution.arm_dsp_depthwise import FOUR_CHANNELS
from smelt.operators.convolution.arm_dsp_packing import Fields
from smelt.operators.convolution.cycles import columns_cycles
from smelt.operators.convolution.geometry import Geometry, geometry
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_FUNCTION = "smelt_depthwise_conv_2d_columns_s8__arm_dsp"
_WORD_BYTES = 48  # of two columns of four channels
# the taps (row, column) in the bytes of three words of weights
_FIRST = ((0, 0), (0, 1), (1, 0), (1, 1))
_SECOND = ((0, 2), (2, 0), (1, 2), (2, 1))
_MIDDLE, _RIGHT = (2, 1), (2, 2)


def _accepts(call: Call, target: Target) -> bool:
    if not FOUR_CHANNELS.accepts(call, target):
        return False
    sizes = geometry(call)
    kernel = (sizes.kernel_height, sizes.kernel_width, sizes.dilation_height, sizes.dilation_width)
    if kernel != (3, 3, 1, 1) or sizes.stride_width != 1 or sizes.input_channels % 4 or not _fit(sizes):
        return False
    return not channels_of(call).requantization.signed_rounding


def _fit(sizes: Geometry) -> bool:
    """Whether the sizes fit the members of the parameter struct."""
    large = (sizes.batch, sizes.input_channels, sizes.input_height, sizes.input_width)
    outputs = (sizes.output_height, sizes.output_width)
    small = (sizes.stride_height, sizes.top, sizes.left)
    return max(large + outputs) < 2**16 and max(small) < 2**8


def _records(call: Call) -> NDArray[np.uint32]:
    """For each channel four weights, the start, four weights, the other weights, and the multiplier."""
    channels = channels_of(call)
    found, taps = channels.requantization, channels.weights.reshape(-1, 3, 3)
    packed = np.zeros((len(taps), 3, 4), np.uint8)
    for word, places in enumerate((_FIRST, _SECOND)):
        for byte, (row, column) in enumerate(places):
            packed[:, word, byte] = taps[:, row, column] & 0xFF
    packed[:, 2, 0] = taps[:, *_MIDDLE] & 0xFF
    packed[:, 2, 2] = taps[:, *_RIGHT] & 0xFF
    weights = packed.view("<u4")[:, :, 0].astype(np.uint32)
    starts, multipliers = words(found.starts), words(found.multipliers)
    parts = [weights[:, 0], starts, weights[:, 1], weights[:, 2], multipliers]
    return np.stack(parts, axis=1).reshape(-1)


def _lower(call: Call, target: Target) -> Lowering:
    sizes, meant = geometry(call), channels_of(call).scaling
    fields: Fields = {
        "records": Table("records", _records(call)),
        "batches": sizes.batch,
        "channels": sizes.input_channels,
        "input_height": sizes.input_height,
        "input_width": sizes.input_width,
        "output_height": sizes.output_height,
        "output_width": sizes.output_width,
        "stride_height": sizes.stride_height,
        "pad_top": sizes.top,
        "pad_left": sizes.left,
        "pad": call.quantization(call.input(0)).zero_point,
        "low": meant.low,
        "high": meant.high,
    }
    parameters = Parameters(f"struct {_FUNCTION}_parameters", fields)
    return Lowering(_FUNCTION, (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    return _WORD_BYTES * ((geometry(call).output_width + 3) // 2)


# For memory plans: the least work where short rows are computed one by one.
COLUMNS = Kernel(
    name=_FUNCTION,
    sources=(
        "depthwise_conv_2d_columns_s8__arm_dsp.c",
        "smelt_depthwise_columns_s8__arm_dsp.c",
        "smelt_gemm_s8__arm_dsp.c",
    ),
    header="convolution__arm_dsp.h",
    accepts=_accepts,
    lower=_lower,
    scratch_bytes=_scratch_bytes,
    ascending=True,
    row_function="smelt_depthwise_conv_2d_columns_rows_s8__arm_dsp",
    cycles=columns_cycles,
)
