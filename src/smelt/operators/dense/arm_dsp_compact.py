"""fully_connected in little code for Arm cores with the DSP extension: when it is exact and what it is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_compact_packing import compact_fields, compact_requantization, is_for
from smelt.operators.convolution.arm_dsp_packing import Fields, pairs_fit, round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling
from smelt.operators.convolution.outputs import has_constant_parameters
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target

_ROWS = "smelt_fully_connected_compact_s8__arm_dsp"
_SHORT = "smelt_fully_connected_short_s8__arm_dsp"
_SHORT_PRODUCTS = 1024
"""A row with less shares the code of convolutions, which take two pixels: flash for a thousand cycles."""


def _weights(call: Call) -> Int64:
    """Weights [outputs, inputs] less their zero point."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64) - weights_zero_point(call)


def _scaling(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).outputs)


def _requantized(call: Call) -> Requantization | None:
    return compact_requantization(_weights(call), folded_bias(call), _scaling(call))


def _accepts(call: Call, target: Target) -> bool:
    if not is_for(target) or not has_constant_parameters(call):
        return False
    if call.input(0).dtype is not DType.S8 or call.input(1).dtype is not DType.S8:
        return False
    sizes = geometry(call)
    if max(sizes.rows, sizes.inputs + 3, sizes.outputs) >= 2**16:
        return False
    return pairs_fit(_weights(call)) and _requantized(call) is not None


def _accepts_short(call: Call, target: Target) -> bool:
    sizes = geometry(call)
    return sizes.rows == 1 and sizes.inputs * sizes.outputs < _SHORT_PRODUCTS and _accepts(call, target)


def _lowering(function: str, call: Call, packed: Fields) -> Lowering:
    sizes = geometry(call)
    fields: Fields = {**packed, "batches": sizes.rows, "inputs": sizes.inputs}
    parameters = Parameters("struct smelt_fully_connected_compact_s8__arm_dsp_parameters", fields)
    return Lowering(function, (Output(), Input(0), parameters, Scratch()))


def _lower_rows(call: Call, target: Target) -> Lowering:
    weights, found = _weights(call), _requantized(call)
    assert found is not None
    uniform = len(set(found.multipliers.tolist())) == 1
    fields = compact_fields(weights, found, _scaling(call), uniform=uniform)
    return _lowering(_ROWS, call, fields)


def _lower_short(call: Call, target: Target) -> Lowering:
    found = _requantized(call)
    assert found is not None
    return _lowering(_SHORT, call, compact_fields(_weights(call), found, _scaling(call)))


def _rows_scratch_bytes(call: Call, target: Target) -> int:
    inputs = geometry(call).inputs
    return 0 if inputs % 4 == 0 else round_up(inputs, 4)


def _short_scratch_bytes(call: Call, target: Target) -> int:
    return 6 * round_up(geometry(call).inputs, 4)


_ROWS_KERNEL = Kernel(
    name=_ROWS,
    sources=(
        "fully_connected_compact_s8__arm_dsp.c",
        "smelt_compact_gemm_one_s8__arm_dsp.c",
        "smelt_compact_rounding_s8__arm_dsp.c",
    ),
    header="dense_compact__arm_dsp.h",
    accepts=_accepts,
    lower=_lower_rows,
    scratch_bytes=_rows_scratch_bytes,
    form="compact",
)
_SHORT_KERNEL = replace(
    _ROWS_KERNEL,
    name=_SHORT,
    sources=(
        "fully_connected_short_s8__arm_dsp.c",
        "smelt_compact_gemm_two_s8__arm_dsp.c",
        "smelt_compact_gemm_one_s8__arm_dsp.c",
        "smelt_compact_rounding_s8__arm_dsp.c",
    ),
    accepts=_accepts_short,
    lower=_lower_short,
    scratch_bytes=_short_scratch_bytes,
    buffered=True,
)
FULLY_CONNECTED: tuple[Kernel, ...] = (_SHORT_KERNEL, _ROWS_KERNEL)
