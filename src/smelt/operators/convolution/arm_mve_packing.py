"""What the kernels for Arm cores with Helium vectors are given: weights and multipliers in blocks of channels.

The C side is `runtime/primitives/smelt_requantize__arm_mve.h` and `smelt_gemm_s8__arm_mve.h`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from smelt.ir import Array
from smelt.operators.convolution.geometry import Int8, Int32
from smelt.operators.fixed_point import activation_bounds
from smelt.operators.operator import Call, Table, WeightBytes

LANES = 16
Fields = dict[str, int | Table]


def padded(array: Array, axis: int, multiple: int) -> Array:
    """The array with zeros behind, so that a dimension becomes a multiple."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, -array.shape[axis] % multiple)
    return np.asarray(np.pad(array, widths))


def in_vector_order(values: ArrayLike) -> Int32:
    """A number a channel as [blocks, 16]: channels 0 4 8 12, 1 5 9 13, 2 6 10 14, 3 7 11 15 of each sixteen."""
    blocks: Int32 = padded(np.asarray(values, np.int32), 0, LANES).reshape(-1, 4, 4).astype(np.int32)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1)).reshape(-1, LANES)


def channel_fields(member: str, call: Call, mantissas: Int32, shifts: Int8) -> Fields:
    """The fields of `struct smelt_channels_s8__arm_mve`, as a member of a parameter struct; a multiplier a channel."""
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    shifts32 = shifts.astype(np.int32)
    # Ties of negative values differ by one step, which a bound at the zero point or above hides.
    exact = bool((shifts32 > 0).any()) or (bool((shifts32 < 0).any()) and low < result.zero_point)
    columns = [mantissas, np.minimum(shifts32, 0)]
    columns += [np.maximum(shifts32, 0)] if exact else []
    alike = all((column == column[0]).all() for column in columns)
    columns = [np.full(LANES, column[0]) if alike else column for column in columns]
    records = np.concatenate([in_vector_order(column) for column in columns], axis=1)
    return {
        f"{member}.records": Table(
            "multipliers", records.reshape(-1), "mantissas and shifts of 16 channels each"
        ),
        f"{member}.record_step": 0 if alike else records.shape[1],
        f"{member}.exact": int(exact),
        f"{member}.zero_point": result.zero_point,
        f"{member}.low": low,
        f"{member}.high": high,
    }


def packed_pairs(weights: Array, starts: Int32) -> Int32:
    """Weights [channels, depth], int8: of two channels their starts, then sixteen weights of each in turn."""
    matrix = padded(padded(weights, 0, 2), 1, LANES)
    blocks = matrix.reshape(matrix.shape[0] // 2, 2, -1, LANES).transpose(0, 2, 1, 3)
    words = np.ascontiguousarray(blocks).reshape(len(blocks), -1).view(np.int32)
    return np.concatenate([padded(starts, 0, 2).reshape(-1, 2), words], axis=1).reshape(-1)


def gemm_fields(call: Call, weights: Array, starts: Int32, mantissas: Int32, shifts: Int8) -> Fields:
    """The fields of `struct smelt_gemm_s8__arm_mve`, as member `gemm`; weights [channels, depth]."""
    channels, depth = weights.shape
    multipliers = (np.broadcast_to(mantissas, channels), np.broadcast_to(shifts, channels))
    packed = packed_pairs(weights, starts)
    blocks = -(-channels // 2)
    places = WeightBytes(coded=packed.nbytes // blocks - 8, repeats=blocks, before=8)
    return {
        "gemm.pairs": Table("weights", packed, "two channels after the other", places),
        **channel_fields("gemm.channels", call, *multipliers),
        "gemm.depth": depth,
        "gemm.count": channels,
    }
