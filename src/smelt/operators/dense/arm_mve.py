"""The kernel of fully_connected for Arm cores with Helium vectors (MVE): when it applies and what it is given."""

from __future__ import annotations

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_mve_packing import gemm_fields
from smelt.operators.convolution.outputs import LARGEST_COUNT, has_constant_parameters
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters
from smelt.targets import Target


def _weights(call: Call) -> Int64:
    """Weights [outputs, inputs] less their zero point."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64) - weights_zero_point(call)


def _accepts(call: Call, target: Target) -> bool:
    if not target.has("mve") or not has_constant_parameters(call):
        return False
    if call.input(0).dtype is not DType.S8 or call.input(1).dtype is not DType.S8:
        return False
    weights = _weights(call)
    in_range = bool((weights >= -128).all() and (weights <= 127).all())
    return in_range and geometry(call).inputs <= LARGEST_COUNT


def _lower(call: Call, target: Target) -> Lowering:
    weights = _weights(call).astype(np.int8)
    parameters = Parameters(
        "struct smelt_fully_connected_s8__arm_mve_parameters",
        {
            **gemm_fields(call, weights, folded_bias(call), *requantization(call)),
            "batches": geometry(call).rows,
        },
    )
    return Lowering("smelt_fully_connected_s8__arm_mve", (Output(), Input(0), parameters))


FULLY_CONNECTED: tuple[Kernel, ...] = (
    Kernel(
        name="smelt_fully_connected_s8__arm_mve",
        sources=("fully_connected_s8__arm_mve.c", "smelt_gemm_one_s8__arm_mve.c"),
        header="dense__arm_mve.h",
        accepts=_accepts,
        lower=_lower,
    ),
)
