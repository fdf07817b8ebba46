"""Kernels for Arm cores with the DSP extension: when they are exact and what they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import (
    accepts_sums,
    gemm_fields,
    pairs_fit,
    requantized,
    round_up,
    scaling,
)
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling
from smelt.operators.convolution.outputs import has_constant_parameters
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target

_SHORT = 1024
"""Products below which a layer shares the code of convolutions: flash for a thousand cycles."""


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
    sizes = geometry(call)
    if max(sizes.rows, sizes.inputs + 3, sizes.outputs) >= 2**16:
        return False
    return pairs_fit(_weights(call)) and accepts_sums(_weights(call), folded_bias(call), _scaling(call))


def _is_uniform(found: Requantization) -> bool:
    """Whether all channels have one multiplier and one divisor."""
    return len(set(found.multipliers.tolist())) == 1 and len(set(found.divisors.tolist())) == 1


def _lowering(function: str, call: Call, found: Requantization, *, uniform: bool) -> Lowering:
    sizes = geometry(call)
    parameters = Parameters(
        "struct smelt_fully_connected_s8__arm_dsp_parameters",
        {
            **gemm_fields(_weights(call), found, _scaling(call), uniform=uniform),
            "batches": sizes.rows,
            "inputs": sizes.inputs,
        },
    )
    return Lowering(function, (Output(), Input(0), parameters, Scratch()))


def _requantized(call: Call) -> Requantization:
    found = requantized(_weights(call), folded_bias(call), _scaling(call))
    assert found is not None
    return found


def _lower_rows(call: Call, target: Target) -> Lowering:
    found = _requantized(call)
    return _lowering("smelt_fully_connected_s8__arm_dsp", call, found, uniform=_is_uniform(found))


def _lower_pairs(call: Call, target: Target) -> Lowering:
    function = "smelt_fully_connected_pairs_s8__arm_dsp"
    return _lowering(function, call, _requantized(call), uniform=False)


def _row_scratch_bytes(call: Call, target: Target) -> int:
    return 2 * round_up(geometry(call).inputs, 4)


def _pairs_scratch_bytes(call: Call, target: Target) -> int:
    return 4 * round_up(geometry(call).inputs, 4) + 8


def _accepts_row(call: Call, target: Target) -> bool:
    sizes = geometry(call)
    return sizes.rows == 1 and sizes.inputs * sizes.outputs >= _SHORT and _accepts(call, target)


def _accepts_single(call: Call, target: Target) -> bool:
    return geometry(call).rows == 1 and _accepts(call, target)


_ROW = Kernel(
    name="smelt_fully_connected_s8__arm_dsp",
    sources=("fully_connected_s8__arm_dsp.c", "smelt_gemm_one_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="dense__arm_dsp.h",
    accepts=_accepts_row,
    lower=_lower_rows,
    scratch_bytes=_row_scratch_bytes,
    buffered=True,  # a row is all expanded before the first output is written
)
_PAIRS = Kernel(
    name="smelt_fully_connected_pairs_s8__arm_dsp",
    sources=(
        "fully_connected_pairs_s8__arm_dsp.c",
        "smelt_expand_fields_s8__arm_dsp.c",
        "smelt_gemm_s8__arm_dsp.c",
    ),
    header="dense__arm_dsp.h",
    accepts=_accepts,
    lower=_lower_pairs,
    scratch_bytes=_pairs_scratch_bytes,
)
FULLY_CONNECTED: tuple[Kernel, ...] = (_ROW, replace(_PAIRS, accepts=_accepts_single, buffered=True), _PAIRS)
