"""Kernels of convolutions for Arm cores with Helium vectors (MVE): when they apply and what they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.convolution.arm_mve_packing import (
    LANES,
    channel_fields,
    gemm_fields,
    in_vector_order,
    padded,
)
from smelt.operators.convolution.cycles import depthwise_vectors_cycles, vectors_cycles
from smelt.operators.convolution.geometry import Geometry, Int32, folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits, is_contiguous, moves_over_rows, window_fields
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]


def _weights(call: Call) -> Array:
    weights = call.constant(1)
    assert weights is not None
    return weights


def _accepts_conv(call: Call, target: Target) -> bool:
    return target.has("mve") and fits(call, DType.S8) and geometry(call).groups == 1


def _accepts_one_channel(call: Call, target: Target) -> bool:
    """A depthwise convolution of a single channel is a conv_2d."""
    return _accepts_conv(call, target) and geometry(call).input_channels == 1


def _lower_conv(call: Call, target: Target) -> Lowering:
    sizes, weights = geometry(call), _weights(call)
    if call.node.operator == "depthwise_conv_2d":
        weights = weights.transpose(3, 1, 2, 0)
    matrix = weights.reshape(sizes.output_channels, sizes.field)
    parameters = Parameters(
        "struct smelt_conv_2d_s8__arm_mve_parameters",
        {
            **window_fields(sizes),
            **gemm_fields(call, matrix, folded_bias(call), *requantization(call)),
            "gather": int(not is_contiguous(sizes)),
            "pad": call.quantization(call.input(0)).zero_point,
        },
    )
    return Lowering("smelt_conv_2d_s8__arm_mve", (Output(), Input(0), parameters, Scratch()))


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    """Sums of three pixels by sixteen channels, then copies of the fields that may not be read in place."""
    sizes = geometry(call)
    copies = 3
    if is_contiguous(sizes) and not moves_over_rows(sizes):
        copies = 0 if sizes.output_width % 3 == 0 or sizes.pixels == sizes.output_width else 2
    return 4 * 3 * LANES + copies * sizes.field


def _together(sizes: Geometry) -> int:
    """How many neighbouring pixels sixteen lanes hold; 1 where their inputs are not neighbours."""
    return max(1, LANES // sizes.input_channels) if sizes.stride_width == 1 else 1


def _tap_pairs(call: Call) -> Array:
    """Depthwise weights [pairs of taps, 2, lanes]; a tap of zeros completes the last pair."""
    weights = _weights(call)
    taps = np.tile(weights.reshape(-1, weights.shape[3]), (1, _together(geometry(call))))
    return padded(taps, 0, 2).reshape(-1, 2, taps.shape[1])


def _accepts_depthwise(call: Call, target: Target) -> bool:
    if not target.has("mve") or not fits(call, DType.S8) or call.attributes.multiplier != 1:
        return False
    # Two products of -128 by -128 do not fit the 16 bits of a pair's sum.
    return not bool((_tap_pairs(call) == -128).all(axis=1).any())


def _blocks(call: Call) -> Int32:
    """For sixteen channels their starts, then for every tap their weights."""
    pairs = _tap_pairs(call)
    taps = padded(pairs.reshape(-1, pairs.shape[2]), 1, LANES)
    blocks = np.ascontiguousarray(taps.reshape(taps.shape[0], -1, LANES).transpose(1, 0, 2))
    words = blocks.reshape(len(blocks), -1).view(np.int32)
    starts = in_vector_order(np.tile(folded_bias(call), _together(geometry(call))))
    return np.concatenate([starts, words], axis=1).reshape(-1)


def _offsets(sizes: Geometry, taps: int) -> Int32:
    """Bytes from the first tap to each of `taps`, in the input, then in a copied field; the last is repeated."""
    last = sizes.kernel_height * sizes.kernel_width - 1
    row, column = np.divmod(np.minimum(np.arange(taps), last), sizes.kernel_width)
    lines = row * sizes.dilation_height * sizes.input_width + column * sizes.dilation_width
    copied = row * sizes.kernel_width + column
    return (np.concatenate([lines, copied]) * sizes.input_channels).astype(np.int32)


def _lower_depthwise(call: Call, target: Target) -> Lowering:
    sizes, pairs = geometry(call), len(_tap_pairs(call))
    together = _together(sizes)
    mantissas, shifts = requantization(call)
    parameters = Parameters(
        "struct smelt_depthwise_conv_2d_s8__arm_mve_parameters",
        {
            **window_fields(sizes),
            "blocks": Table("weights", _blocks(call), "16 channels after the other"),
            "offsets": Table("offsets", _offsets(sizes, 2 * pairs), "of taps, in bytes"),
            **channel_fields("channels", call, np.tile(mantissas, together), np.tile(shifts, together)),
            "tap_pairs": pairs,
            "together": together,
            "pad": call.quantization(call.input(0)).zero_point,
        },
    )
    return Lowering("smelt_depthwise_conv_2d_s8__arm_mve", (Output(), Input(0), parameters, Scratch()))


def _depthwise_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return sizes.field * sizes.input_channels if sizes.overhangs or moves_over_rows(sizes) else 0


_CONV = Kernel(
    name="smelt_conv_2d_s8__arm_mve",
    sources=("conv_2d_s8__arm_mve.c", "smelt_gemm_s8__arm_mve.c", "smelt_window__arm_mve.c"),
    header="convolution__arm_mve.h",
    accepts=_accepts_conv,
    lower=_lower_conv,
    scratch_bytes=_conv_scratch_bytes,
    ascending=True,
    row_function="smelt_conv_2d_rows_s8__arm_mve",
    cycles=vectors_cycles,
)
_DEPTHWISE = Kernel(
    name="smelt_depthwise_conv_2d_s8__arm_mve",
    sources=("depthwise_conv_2d_s8__arm_mve.c", "smelt_window__arm_mve.c"),
    header="convolution__arm_mve.h",
    accepts=_accepts_depthwise,
    lower=_lower_depthwise,
    scratch_bytes=_depthwise_scratch_bytes,
    ascending=True,
    row_function="smelt_depthwise_conv_2d_rows_s8__arm_mve",
    cycles=depthwise_vectors_cycles,
)
CONV_2D: tuple[Kernel, ...] = (_CONV,)
DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (replace(_CONV, accepts=_accepts_one_channel), _DEPTHWISE)
