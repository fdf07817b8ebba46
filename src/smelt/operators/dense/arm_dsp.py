"""Kernels for Arm cores with the DSP extension: when they are exact and what they are given."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import (
    accepts_sums,
    gemm_fields,
    pairs_fit,
    requantized,
    rests_as_pairs,
    round_up,
    scaling,
)
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling
from smelt.operators.convolution.outputs import has_constant_parameters
from smelt.operators.dense.arm_dsp_packing import SHIFT_EACH, dense_fields, is_plain, is_uniform
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target


def _weights(call: Call) -> Int64:
    """Weights [outputs, inputs] less their zero point."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64) - weights_zero_point(call)


def _scaling(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).outputs)


def _accepts(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not has_constant_parameters(call):
        return False
    if call.input(0).dtype is not DType.S8 or call.input(1).dtype is not DType.S8:
        return False
    sizes, weights = geometry(call), _weights(call)
    if max(sizes.rows, sizes.inputs + 3, sizes.outputs) >= 2**16:
        return False
    return bool((weights >= -128).all() and (weights <= 127).all())


def _accepts_vectors(call: Call, target: Target) -> bool:
    if geometry(call).inputs < 4 or not _accepts(call, target):
        return False
    return accepts_sums(_weights(call), folded_bias(call), _scaling(call), SHIFT_EACH)


def _accepts_where_faster(call: Call, target: Target) -> bool:
    return _vectors_cycles(call) < _pairs_cycles(call) and _accepts_vectors(call, target)


def _accepts_pairs(call: Call, target: Target) -> bool:
    weights = _weights(call) if _accepts(call, target) else None
    return (
        weights is not None
        and pairs_fit(weights)
        and accepts_sums(weights, folded_bias(call), _scaling(call))
    )


def _accepts_one_by_pairs(call: Call, target: Target) -> bool:
    return geometry(call).rows == 1 and _accepts_pairs(call, target)


def _requantized(call: Call) -> Requantization:
    found = requantized(_weights(call), folded_bias(call), _scaling(call))
    assert found is not None
    return found


def _vectors_requantized(call: Call) -> tuple[Requantization, bool]:
    """How the kernel of vectors rounds, and whether each row has numbers of its own: then with another shift."""
    weights, bias, meant = _weights(call), folded_bias(call), _scaling(call)
    if len({*zip(meant.mantissas.tolist(), meant.shifts.tolist(), strict=True)}) == 1:
        found = requantized(weights, bias, meant)
        if found is not None and is_uniform(found):
            return found, False
    found = requantized(weights, bias, meant, SHIFT_EACH)
    assert found is not None
    return found, True


def _lower(call: Call, target: Target) -> Lowering:
    sizes, meant = geometry(call), _scaling(call)
    found, each = _vectors_requantized(call)
    plain = sizes.rows == 1 and is_plain(_weights(call), meant)
    parameters = Parameters(
        "struct smelt_fully_connected_s8__arm_dsp_parameters",
        {
            **dense_fields(_weights(call), found, meant, each=each),
            "inputs": sizes.inputs,
            "batches": 0 if plain else sizes.rows,
        },
    )
    return Lowering("smelt_fully_connected_s8__arm_dsp", (Output(), Input(0), parameters))


def _lower_pairs(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    weights = rests_as_pairs(_weights(call), sizes.inputs // 4 * 4)
    parameters = Parameters(
        "struct smelt_fully_connected_pairs_s8__arm_dsp_parameters",
        {
            **gemm_fields(weights, _requantized(call), _scaling(call)),
            "batches": sizes.rows,
            "inputs": sizes.inputs,
        },
    )
    return Lowering("smelt_fully_connected_pairs_s8__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _pairs_scratch_bytes(call: Call, target: Target) -> int:
    return 4 * round_up(geometry(call).inputs, 4)


def _vectors_cycles(call: Call, rows: int | None = None) -> float:
    sizes = geometry(call)
    blocks, steps = max(sizes.outputs / 4, 1.0), ceil(sizes.inputs / 4)
    return sizes.rows * (120 + blocks * (19 * steps + 55))


def _pairs_cycles(call: Call, rows: int | None = None) -> float:
    sizes = geometry(call)
    blocks, steps = ceil(sizes.outputs / 4), ceil(sizes.inputs / 4)
    return ceil(sizes.rows / 2) * (150.0 + 11 * steps + blocks * (30 * steps + 80))


_VECTORS = Kernel(
    name="smelt_fully_connected_s8__arm_dsp",
    sources=(
        "fully_connected_s8__arm_dsp.c",
        "smelt_dense_rows_s8__arm_dsp.c",
        "smelt_dense_blocks_s8__arm_dsp.c",
        "smelt_gemm_s8__arm_dsp.c",
    ),
    header="dense__arm_dsp.h",
    accepts=_accepts_vectors,
    lower=_lower,
    cycles=_vectors_cycles,
)
_PAIRS = Kernel(
    name="smelt_fully_connected_pairs_s8__arm_dsp",
    sources=("fully_connected_pairs_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="dense__arm_dsp.h",
    accepts=_accepts_pairs,
    lower=_lower_pairs,
    scratch_bytes=_pairs_scratch_bytes,
    cycles=_pairs_cycles,
)
# One vector is fastest by itself and several by twos, but for few of an odd number.
FULLY_CONNECTED: tuple[Kernel, ...] = (
    replace(_VECTORS, accepts=_accepts_where_faster),
    # buffered: the row is expanded before outputs are written
    replace(_PAIRS, accepts=_accepts_one_by_pairs, buffered=True),
    _PAIRS,
    _VECTORS,
)
