"""The portable C kernels of fully_connected whose weights are narrower than its data."""

from __future__ import annotations

from functools import partial

from smelt.ir import DType
from smelt.operators.convolution.narrow_weights import (
    FLOAT_WEIGHTS,
    kernel_name,
    meets_float,
    narrow_fields,
    weights_table,
)
from smelt.operators.convolution.outputs import LARGEST_COUNT, has_constant_parameters, rows_fields
from smelt.operators.dense.geometry import folded_bias, geometry, requantization, weights_zero_point
from smelt.operators.operator import (
    Argument,
    Call,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Scratch,
    Table,
)
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]


def _fits(call: Call) -> bool:
    return has_constant_parameters(call) and geometry(call).inputs <= LARGEST_COUNT


def _accepts_float(weights: DType, dynamic: bool, call: Call, target: Target) -> bool:
    return meets_float(call, weights, dynamic=dynamic) and _fits(call)


def _accepts_s4(call: Call, target: Target) -> bool:
    types = call.input(0).dtype is DType.S8 and call.input(1).dtype is DType.S4
    return types and weights_zero_point(call) == 0 and _fits(call)


def _sizes(call: Call) -> Fields:
    sizes = geometry(call)
    return {"batches": sizes.rows, "inputs": sizes.inputs, "outputs": sizes.outputs}


def _lower_float(call: Call, target: Target) -> Lowering:
    fields = {**_sizes(call), **narrow_fields(call, geometry(call).outputs)}
    parameters = Parameters("struct smelt_fully_connected_narrow_f32_parameters", fields)
    name = kernel_name(call)
    arguments: list[Argument] = [Output(), Input(0), weights_table(call), parameters]
    return Lowering(f"smelt_{name}", (*arguments, *([Scratch()] if "dynamic" in name else [])))


def _lower_s4(call: Call, target: Target) -> Lowering:
    fields: Fields = {
        **_sizes(call),
        **rows_fields(call, folded_bias(call), *requantization(call)),
        "weights_zero_point": 0,
    }
    parameters = Parameters("struct smelt_fully_connected_s8_parameters", fields)
    return Lowering(f"smelt_{kernel_name(call)}", (Output(), Input(0), weights_table(call), parameters))


def _row_bytes(call: Call, target: Target) -> int:
    return geometry(call).inputs


FULLY_CONNECTED = (
    Kernel(
        name="smelt_fully_connected_s8_s4",
        sources=("fully_connected_s8_s4.c", "smelt_rows_s8.c"),
        header="dense_s4.h",
        accepts=_accepts_s4,
        lower=_lower_s4,
    ),
    *(
        Kernel(
            name=f"smelt_fully_connected_f32_{weights.value}",
            sources=(f"fully_connected_f32_{weights.value}.c",),
            header="dense_narrow.h",
            accepts=partial(_accepts_float, weights, False),
            lower=_lower_float,
        )
        for weights in FLOAT_WEIGHTS
    ),
    *(
        Kernel(
            name=f"smelt_fully_connected_dynamic_{weights.value}",
            sources=(f"fully_connected_dynamic_{weights.value}.c", "smelt_dynamic.c"),
            header="dense_narrow.h",
            accepts=partial(_accepts_float, weights, True),
            lower=_lower_float,
            scratch_bytes=_row_bytes,
        )
        for weights in (DType.S8, DType.S4)
    ),
)
