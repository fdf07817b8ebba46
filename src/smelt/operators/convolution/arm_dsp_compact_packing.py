"""Weights in the order that the compact Arm DSP kernels read them (smelt_compact_s8__arm_dsp.h describes it)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_packing import Fields, Uint32, requantized, round_up
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling, Sums, signed_rounding
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Table, WeightBytes
from smelt.targets import Target

_GROUP = 4  # channels computed together


def is_for(target: Target) -> bool:
    """Whether compact kernels of the DSP extension are the smallest for a core: its vectors need less code still."""
    return target.has("dsp") and not target.has("mve")


def compact_requantization(weights: Int64, bias: NDArray[np.int32], meant: Scaling) -> Requantization | None:
    """The exact form that the compact kernels know, or None: they clamp in the signed form only."""
    if meant.low > -128 or meant.high < 127:
        return signed_rounding(Sums.of(weights, bias.astype(np.int64)), meant)
    return requantized(weights, bias, meant)


def _struct_fields(table: Table, depth: int, channels: int, found: Requantization, meant: Scaling) -> Fields:
    """The fields of `struct smelt_compact_s8__arm_dsp`, as member `gemm`."""
    return {
        "gemm.weights": table,
        "gemm.depth": depth,
        "gemm.channels": channels,
        "gemm.signed_rounding": int(found.signed_rounding),
        "gemm.zero_point": meant.zero_point,
        "gemm.low": meant.low,
        "gemm.high": meant.high,
    }


def compact_fields(weights: Int64, found: Requantization, meant: Scaling, *, uniform: bool = False) -> Fields:
    """The struct for weights [channels, field]; uniform: all channels have one multiplier."""
    channels, field = weights.shape
    depth, absent = round_up(field, 4), -channels % _GROUP
    padded = np.pad(weights, ((0, absent), (0, depth - field)))
    blocks = len(padded) // _GROUP
    halves = (256 * padded[1::2] + padded[0::2]).reshape(blocks, 2, depth // 4, 4) & 0xFFFF
    # [block, two channels, four values] as words of the values (0, 2) and (1, 3)
    words = (halves[..., :2] | (halves[..., 2:] << 16)).transpose(0, 2, 3, 1).reshape(blocks, -1)
    starts = np.pad(_starts(found), (0, absent)).reshape(blocks, _GROUP)
    multipliers = np.pad(found.multipliers, (0, absent)).reshape(blocks, _GROUP)
    parts = [starts[:, 1::2], words, starts[:, 0::2], *([] if uniform else [multipliers])]
    head = multipliers[0] if uniform else multipliers[0, :0]
    packed = _uint32(np.concatenate([head, np.concatenate(parts, axis=1).reshape(-1)]))
    places = WeightBytes(
        coded=4 * depth,
        repeats=blocks,
        head=4 * len(head),
        before=8,
        after=8 if uniform else 24,
        pairs=True,
    )
    table = Table("packed", packed, weights=places)
    return {**_struct_fields(table, depth, channels, found, meant), "gemm.uniform": int(uniform)}


def compact_depthwise_fields(weights: Int64, found: Requantization, meant: Scaling) -> Fields:
    """The struct for weights [channels, taps] of at least four channels."""
    channels, taps = weights.shape
    firsts = [min(first, channels - _GROUP) for first in range(0, channels, _GROUP)]
    index = np.array(firsts)[:, None] + np.arange(_GROUP)
    bytes_of_tap = weights[index].transpose(0, 2, 1) & 0xFF
    words = bytes_of_tap @ np.array([1, 1 << 8, 1 << 16, 1 << 24])
    records = np.concatenate([_starts(found)[index], words, found.multipliers[index]], axis=1)
    places = WeightBytes(coded=4 * taps, repeats=len(index), before=16, after=16)
    table = Table("records", _uint32(records.reshape(-1)), weights=places)
    return _struct_fields(table, taps, channels, found, meant)


def _starts(found: Requantization) -> Int64:
    """The starts; in the signed form their lowest byte, which no accumulator reaches, is the divisor's exponent."""
    if not found.signed_rounding:
        return found.starts
    assert not (found.starts & 0xFF).any()
    return found.starts | np.log2(found.divisors).astype(np.int64)


def _uint32(numbers: Int64) -> Uint32:
    return (numbers & 0xFFFFFFFF).astype(np.uint32)
