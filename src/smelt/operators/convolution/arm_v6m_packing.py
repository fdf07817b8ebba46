"""Weights in the order that the Armv6-M kernels read them (smelt_gemm_s8__arm_v6m.h describes it)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_packing import Fields, round_up
from smelt.operators.convolution.arm_v6m_requantization import Requantization
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Table, WeightBytes
from smelt.targets import Target

_LARGEST_SUM = 2**20 - 2**10  # that smelt_three_sums can tell apart
_BLOCK = 4  # SMELT_GEMM_BLOCK

Uint32 = NDArray[np.uint32]


def is_armv6m(target: Target) -> bool:
    """Whether the target is an Arm core with a fast multiplier, but nothing that other kernels build on."""
    return target.isa == "arm" and target.has("single_cycle_mul") and not target.has("unaligned")


def only_multiplies(target: Target) -> bool:
    """Whether a fast 32-bit multiplication is all that the target has for sums of products."""
    return target.has("single_cycle_mul") and not target.has("dsp") and target.isa != "host"


def byte_words(weights: Int64) -> Uint32:
    """[..., n * 4] weights as words [..., n], the first in the lowest byte."""
    fours = (weights & 0xFF).reshape(*weights.shape[:-1], -1, 4)
    words: Uint32 = (fours @ np.array([1, 1 << 8, 1 << 16, 1 << 24])).astype(np.uint32)
    return words


def segment_length(weights: Int64) -> int | None:
    """The longest segment of [channels, depth] weights, in fours, whose sums can be told apart; None: there is none.

    Depth is a multiple of 4. The sums are those of int8 inputs.
    """
    depth = weights.shape[1]
    count = 1
    while count <= depth // 4:
        length = round_up(-(-depth // count), 4)
        if _largest_sum(weights, length) <= _LARGEST_SUM:
            return length
        count += 1
    return None


def _largest_sum(weights: Int64, length: int) -> int:
    padded = np.pad(weights, ((0, 0), (0, -weights.shape[1] % length)))
    parts = padded.reshape(len(weights), -1, length)
    high = np.maximum(parts * 127, parts * -128).sum(axis=2)
    low = np.minimum(parts * 127, parts * -128).sum(axis=2)
    return int(max(high.max(initial=0), -low.min(initial=0)))


def gemm_fields(weights: Int64, found: Requantization) -> Fields:
    """The fields of `struct smelt_gemm_s8__arm_v6m`, as member `gemm`, for weights [channels, field]."""
    padded = pad_to_fours(weights)
    segment = segment_length(padded)
    assert segment is not None
    packed = _blocks(padded, segment)
    return {
        "gemm.weights": Table("packed", packed, weights=WeightBytes(packed.nbytes)),
        "gemm.records": Table("records", found.words().reshape(-1)),
        "gemm.depth": padded.shape[1],
        "gemm.segment": segment,
        "gemm.channels": len(weights),
        "gemm.shift": found.shift,
    }


def pad_to_fours(weights: Int64) -> Int64:
    """[..., field] weights with zeros up to a multiple of 4."""
    missing = -weights.shape[-1] % 4
    return np.pad(weights, (*((0, 0) for _ in weights.shape[:-1]), (0, missing)))


def _blocks(weights: Int64, segment: int) -> Uint32:
    parts = [
        byte_words(weights[first : first + _BLOCK, start : start + segment]).reshape(-1)
        for first in range(0, len(weights), _BLOCK)
        for start in range(0, weights.shape[1], segment)
    ]
    return np.concatenate(parts)
