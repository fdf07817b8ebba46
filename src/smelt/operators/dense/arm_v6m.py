"""Kernels for Armv6-M cores (Cortex-M0, M0+): when they are exact and what they are given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import Uint32, round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Sums
from smelt.operators.convolution.arm_v6m_packing import byte_words, is_armv6m
from smelt.operators.convolution.arm_v6m_requantization import Requantization, requantize
from smelt.operators.convolution.outputs import has_constant_parameters
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Scratch,
    Table,
    WeightBytes,
)
from smelt.targets import Target

_LARGEST_SUM = 2**22  # that smelt_dense_s8__arm_v6m can tell apart


@dataclass(frozen=True)
class _Outputs:
    """Starts of the sums, one an output, and how these are requantized: all alike if there is one channel."""

    starts: Int64
    how: Requantization


def _weights(call: Call) -> Int64:
    """Weights [outputs, inputs] less their zero point."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64) - weights_zero_point(call)


def _outputs(call: Call) -> _Outputs | None:
    """One form for all outputs where there is one scale, else one for each."""
    mantissas, shifts = requantization(call)
    sums = Sums.of(_weights(call), folded_bias(call).astype(np.int64))
    if len(mantissas) > 1:
        found = requantize(sums, scaling(call, mantissas, shifts, len(mantissas)))
        return None if found is None else _Outputs(found.starts, _without_starts(found))
    low, high = sums.low.min(keepdims=True), sums.high.max(keepdims=True)
    found = requantize(Sums(np.zeros(1, np.int64), low, high), scaling(call, mantissas, shifts, 1))
    return None if found is None else _Outputs(sums.bias + found.starts, _without_starts(found))


def _without_starts(found: Requantization) -> Requantization:
    return replace(found, starts=np.zeros_like(found.starts))


def _accepts(call: Call, target: Target) -> bool:
    if not is_armv6m(target) or not has_constant_parameters(call):
        return False
    if call.input(0).dtype is not DType.S8 or call.input(1).dtype is not DType.S8:
        return False
    weights = _weights(call)
    small = bool((weights >= -128).all() and (weights <= 127).all())
    return small and int(abs(weights).sum(axis=1).max()) * 128 <= _LARGEST_SUM and _outputs(call) is not None


def _pack(weights: Int64) -> Uint32:
    """Words [four outputs, input] of weights plus 128; absent outputs and inputs have zero weights."""
    outputs, inputs = weights.shape
    padded = np.pad(weights, ((0, -outputs % 4), (0, -inputs % 4))) + 128
    return byte_words(padded.reshape(len(padded) // 4, 4, -1).transpose(0, 2, 1)).reshape(-1)


def _lower(call: Call, target: Target) -> Lowering:
    sizes, found = geometry(call), _outputs(call)
    assert found is not None
    starts, packed = np.pad(found.starts, (0, -sizes.outputs % 4)), _pack(_weights(call))
    parameters = Parameters(
        "struct smelt_fully_connected_s8__arm_v6m_parameters",
        {
            "weights": Table("packed", packed, weights=WeightBytes(packed.nbytes)),
            "starts": Table("starts", starts.astype(np.int32)),
            "records": Table("records", found.how.words().reshape(-1)),
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            "outputs": sizes.outputs,
            "whole": (sizes.inputs - 1) // 4 * 4,
            "shared": int(len(found.how.starts) == 1),
            "shift": found.how.shift,
            "copied": int(_is_copied(call)),
        },
    )
    return Lowering("smelt_fully_connected_s8__arm_v6m", (Output(), Input(0), parameters, Scratch()))


def _is_copied(call: Call) -> bool:
    """Whether a row may begin elsewhere than at a word, as the tensor does."""
    return geometry(call).rows > 1 and geometry(call).inputs % 4 != 0


def _scratch_bytes(call: Call, target: Target) -> int:
    return round_up(geometry(call).inputs, 4) if _is_copied(call) else 0


FULLY_CONNECTED: tuple[Kernel, ...] = (
    Kernel(
        name="smelt_fully_connected_s8__arm_v6m",
        sources=(
            "fully_connected_s8__arm_v6m.c",
            "smelt_dense_s8__arm_v6m.c",
            "smelt_requantize_s8__arm_v6m.c",
        ),
        header="dense__arm_v6m.h",
        accepts=_accepts,
        lower=_lower,
        scratch_bytes=_scratch_bytes,
    ),
)
