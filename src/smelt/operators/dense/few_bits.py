"""The portable C kernel of fully_connected of int8 data whose weights have one or two bits."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.bit_planes import FEW_BITS, plane_fields, product_cycles, raised_bias, scratch_bytes
from smelt.operators.convolution.outputs import LARGEST_COUNT, has_constant_parameters, rows_fields
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.targets import Target


def _accepts(call: Call, target: Target) -> bool:
    types = call.input(0).dtype is DType.S8 and call.input(1).dtype in FEW_BITS
    constant = types and has_constant_parameters(call) and weights_zero_point(call) == 0
    return constant and geometry(call).inputs <= LARGEST_COUNT


def _lower(call: Call, target: Target) -> Lowering:
    sizes, weights = geometry(call), call.constant(1)
    assert weights is not None
    bias = raised_bias(folded_bias(call), weights, call.input(1).dtype)
    parameters = Parameters(
        "struct smelt_fully_connected_planes_s8_parameters",
        {
            "batches": sizes.rows,
            "outputs": sizes.outputs,
            **rows_fields(call, bias, *requantization(call)),
            **plane_fields(weights, call.input(1).dtype),
        },
    )
    return Lowering("smelt_fully_connected_planes_s8", (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    return scratch_bytes(geometry(call).outputs)


def _cycles(call: Call, rows: int | None) -> float:
    sizes = geometry(call)
    return sizes.rows * product_cycles(sizes.outputs, sizes.inputs, call.input(1).dtype)


FULLY_CONNECTED = (
    Kernel(
        name="smelt_fully_connected_planes_s8",
        sources=("fully_connected_planes_s8.c", "smelt_planes_s8.c", "smelt_rows_s8.c"),
        header="dense_planes.h",
        accepts=_accepts,
        lower=_lower,
        scratch_bytes=_scratch_bytes,
        cycles=_cycles,
    ),
)
