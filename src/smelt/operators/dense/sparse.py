"""The portable C kernel of fully_connected of int8 data that skips weights of zero."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.convolution.outputs import LARGEST_COUNT, has_constant_parameters, rows_fields
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters
from smelt.operators.sparse_weights import SOURCES, is_sparse, product_cycles, sparse_fields
from smelt.targets import Target


def _accepts(call: Call, target: Target) -> bool:
    weights = call.constant(1)
    types = call.input(0).dtype is DType.S8 and call.input(1).dtype is DType.S8
    if weights is None or not types or not has_constant_parameters(call) or weights_zero_point(call) != 0:
        return False
    return geometry(call).inputs <= LARGEST_COUNT and is_sparse(weights)


def _lower(call: Call, target: Target) -> Lowering:
    sizes, weights = geometry(call), call.constant(1)
    assert weights is not None
    parameters = Parameters(
        "struct smelt_fully_connected_sparse_s8_parameters",
        {
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            "outputs": sizes.outputs,
            **rows_fields(call, folded_bias(call), *requantization(call)),
            **sparse_fields(weights),
        },
    )
    return Lowering("smelt_fully_connected_sparse_s8", (Output(), Input(0), parameters))


def _cycles(call: Call, rows: int | None) -> float:
    weights = call.constant(1)
    assert weights is not None
    return geometry(call).rows * product_cycles(weights)


FULLY_CONNECTED = (
    Kernel(
        name="smelt_fully_connected_sparse_s8",
        sources=("fully_connected_sparse_s8.c", *SOURCES),
        header="dense_sparse.h",
        accepts=_accepts,
        lower=_lower,
        cycles=_cycles,
        form="sparse",
    ),
)
