"""Weights in the order that the Arm DSP kernels read them (smelt_gemm_s8__arm_dsp.h describes it)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_requantization import (
    Requantization,
    Scaling,
    Sums,
    requantize_exactly,
    signed_rounding,
)
from smelt.operators.fixed_point import Int64, activation_bounds
from smelt.operators.operator import Call, Table, WeightBytes

Uint32 = NDArray[np.uint32]
Fields = dict[str, int | float | Table | None]


def round_up(count: int, unit: int) -> int:
    """The smallest multiple of `unit` that is not below `count`."""
    return -(-count // unit) * unit


def scaling(call: Call, mantissas: NDArray[np.int32], shifts: NDArray[np.int8], channels: int) -> Scaling:
    """The requantization that a call means, for every channel."""
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return Scaling(
        mantissas=np.broadcast_to(mantissas.astype(np.int64), (channels,)),
        shifts=np.broadcast_to(shifts.astype(np.int64), (channels,)),
        zero_point=result.zero_point,
        low=low,
        high=high,
    )


def pairs_fit(weights: Int64) -> bool:
    """Whether 256 * w[odd channel] + w[even channel] is an int16 for all weights [channels, field]."""
    padded = _padded(weights, round_up(weights.shape[1], 4))
    pairs = 256 * padded[1::2] + padded[0::2]
    return bool((pairs >= -(2**15)).all() and (pairs < 2**15).all() and abs(weights).max(initial=0) <= 128)


def _padded(weights: Int64, depth: int) -> Int64:
    channels, field = weights.shape
    return np.pad(weights, ((0, round_up(channels, 4) - channels), (0, depth - field)))


def gemm_fields(weights: Int64, found: Requantization, meant: Scaling, *, uniform: bool = False) -> Fields:
    """The fields of `struct smelt_gemm_s8__arm_dsp`, as member `gemm`, for weights [channels, field].

    uniform: multiplier and divisor, the same for all channels, are stored once.
    """
    depth = round_up(weights.shape[1], 4)
    packed = pack_gemm(weights, found, uniform)
    scales = 4 * (2 if found.signed_rounding else 1)
    places = WeightBytes(
        coded=4 * depth,
        repeats=round_up(weights.shape[0], 4) // 4,
        head=scales if uniform else 0,
        before=8,
        after=8 if uniform else 8 + 4 * scales,
        pairs=True,
    )
    return {
        "gemm.weights": Table("packed", packed, weights=places),
        "gemm.depth": depth,
        "gemm.channels": weights.shape[0],
        "gemm.signed_rounding": int(found.signed_rounding),
        "gemm.uniform": int(uniform),
        "gemm.zero_point": meant.zero_point,
        "gemm.low": meant.low,
        "gemm.high": meant.high,
    }


def pack_gemm(weights: Int64, found: Requantization, uniform: bool) -> Uint32:
    """The words of all blocks of four channels, after the numbers of all channels where they are uniform."""
    depth = round_up(weights.shape[1], 4)
    padded = _padded(weights, depth)
    blocks = len(padded) // 4
    halves = (256 * padded[1::2] + padded[0::2]).reshape(blocks, 2, depth // 4, 4) & 0xFFFF
    # [block, two channels, four values] as words of the values (0, 2) and (1, 3)
    words = halves[..., :2] | (halves[..., 2:] << 16)
    numbers = [found.multipliers, found.divisors] if found.signed_rounding else [found.multipliers]
    absent = len(padded) - len(weights)
    starts = np.pad(found.starts, (0, absent)).reshape(blocks, 4)
    scales = np.pad(np.stack(numbers, axis=1), ((0, absent), (0, 0))).reshape(blocks, -1)
    parts = [starts[:, 1::2], words.transpose(0, 2, 3, 1).reshape(blocks, -1), starts[:, 0::2]]
    packed = np.concatenate(parts if uniform else [*parts, scales], axis=1).reshape(-1)
    first = scales[0, : len(numbers)] if uniform else scales[0, :0]
    return (np.concatenate([first, packed]) & 0xFFFFFFFF).astype(np.uint32)


@lru_cache(maxsize=64)
def _solved(sums: bytes, scaling: bytes, zero_point: int, low: int, high: int) -> Requantization | None:
    bias, lowest, highest = np.frombuffer(sums, np.int64).reshape(3, -1)
    mantissas, shifts = np.frombuffer(scaling, np.int64).reshape(2, -1)
    return requantize_exactly(Sums(bias, lowest, highest), Scaling(mantissas, shifts, zero_point, low, high))


def requantized(weights: Int64, bias: NDArray[np.int32], meant: Scaling) -> Requantization | None:
    """The exact form for weights [channels, field] and the folded bias, or None; remembered, since solving is slow."""
    sums = Sums.of(weights, bias.astype(np.int64))
    return _solved(
        np.stack([sums.bias, sums.low, sums.high]).tobytes(),
        np.stack([meant.mantissas, meant.shifts]).tobytes(),
        meant.zero_point,
        meant.low,
        meant.high,
    )


def accepts_sums(weights: Int64, bias: NDArray[np.int32], meant: Scaling) -> bool:
    """Whether some exact form exists; the cheap test comes first."""
    sums = Sums.of(weights, bias.astype(np.int64))
    return signed_rounding(sums, meant) is not None or requantized(weights, bias, meant) is not None
