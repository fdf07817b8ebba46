"""Weights in the order that the Arm DSP kernels read them (smelt_gemm_s8__arm_dsp.h describes it)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_requantization import (
    SHIFT,
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


def rests_as_pairs(weights: Int64, words: int) -> Int64:
    """Weights [channels, field], rounded up to fours, where from value `words` on neighbours are a pair.

    Of four values a pair is otherwise the first and third.
    """
    rest = weights[:, words:]
    fours = np.pad(rest, ((0, 0), (0, -rest.shape[1] % 4))).reshape(len(rest), -1, 4)[..., [0, 2, 1, 3]]
    return np.concatenate([weights[:, :words], fours.reshape(len(rest), -1)], axis=1)


def gemm_fields(weights: Int64, found: Requantization, meant: Scaling) -> Fields:
    """The fields of `struct smelt_gemm_s8__arm_dsp`, as member `gemm`, for weights [channels, field]."""
    depth = round_up(weights.shape[1], 4)
    packed = pack_gemm(weights, found)
    block, blocks = (4, len(weights) // 4) if len(weights) >= 4 else (2, 1)
    places = WeightBytes(coded=block * depth, repeats=blocks, before=2 * block, after=6 * block, pairs=True)
    return {
        "gemm.weights": Table("packed", packed, weights=replace(places, tail=packed.nbytes - places.bytes)),
        "gemm.depth": depth,
        "gemm.channels": weights.shape[0],
        "gemm.signed_rounding": int(found.signed_rounding),
        "gemm.zero_point": meant.zero_point,
        "gemm.low": meant.low,
        "gemm.high": meant.high,
    }


def starts_of(found: Requantization) -> Int64:
    """The starts; the lowest byte of a signed form's, which no accumulator reaches, is the divisor's exponent."""
    if not found.signed_rounding:
        return found.starts
    assert not (found.starts & 0xFF).any()
    return found.starts | np.log2(found.divisors).astype(np.int64)


def pack_gemm(weights: Int64, found: Requantization) -> Uint32:
    """The words of all blocks."""
    padded = _padded(weights, round_up(weights.shape[1], 4))
    absent = len(padded) - len(weights)
    starts = np.pad(starts_of(found), (0, absent))
    multipliers = np.pad(found.multipliers, (0, absent))
    parts = []
    for first, channels in _blocks(len(weights)):
        block = slice(first, first + channels)
        parts += [starts[block][1::2], _words(padded[block]), starts[block][0::2], multipliers[block]]
    return (np.concatenate(parts) & 0xFFFFFFFF).astype(np.uint32)


def _blocks(channels: int) -> Iterator[tuple[int, int]]:
    """The first channel and the number of channels of each block."""
    first = 0
    while first < channels:
        size = 4 if channels - first >= 4 else 2
        yield first, size
        first += size


def _words(weights: Int64) -> Int64:
    """Weights of a block as pairs of channels, a word for the values (0, 2) and (1, 3) of every four."""
    channels, depth = weights.shape
    halves = (256 * weights[1::2] + weights[0::2]).reshape(channels // 2, depth // 4, 4) & 0xFFFF
    words: Int64 = halves[..., :2] | (halves[..., 2:] << 16)
    return words.transpose(1, 2, 0).reshape(-1)


@lru_cache(maxsize=64)
def _solved(
    sums: bytes, scaling: bytes, zero_point: int, low: int, high: int, shift: int
) -> Requantization | None:
    bias, lowest, highest = np.frombuffer(sums, np.int64).reshape(3, -1)
    mantissas, shifts = np.frombuffer(scaling, np.int64).reshape(2, -1)
    meant = Scaling(mantissas, shifts, zero_point, low, high)
    return requantize_exactly(Sums(bias, lowest, highest), meant, shift)


def requantized(
    weights: Int64, bias: NDArray[np.int32], meant: Scaling, shift: int = SHIFT
) -> Requantization | None:
    """The exact form for weights [channels, field] and the folded bias, or None; remembered, since solving is slow."""
    sums = Sums.of(weights, bias.astype(np.int64))
    return _solved(
        np.stack([sums.bias, sums.low, sums.high]).tobytes(),
        np.stack([meant.mantissas, meant.shifts]).tobytes(),
        meant.zero_point,
        meant.low,
        meant.high,
        shift,
    )


def accepts_sums(weights: Int64, bias: NDArray[np.int32], meant: Scaling, shift: int = SHIFT) -> bool:
    """Whether some exact form exists; the cheap test comes first."""
    sums = Sums.of(weights, bias.astype(np.int64))
    return signed_rounding(sums, meant) is not None or requantized(weights, bias, meant, shift) is not None
