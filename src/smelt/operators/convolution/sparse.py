"""The portable C kernel of conv_2d of int8 data that skips weights of zero."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.convolution.geometry import folded_bias, geometry, requantization
from smelt.operators.convolution.outputs import rows_fields
from smelt.operators.convolution.portable import Fields, fits, gathers, is_contiguous, window_fields
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch
from smelt.operators.sparse_weights import SOURCES, is_sparse, product_cycles, sparse_fields
from smelt.targets import Target


def _accepts(call: Call, target: Target) -> bool:
    weights = call.constant(1)
    return weights is not None and fits(call, DType.S8) and geometry(call).groups == 1 and is_sparse(weights)


def _lower(call: Call, target: Target) -> Lowering:
    sizes, weights = geometry(call), call.constant(1)
    assert weights is not None
    layer: Fields = {
        **window_fields(sizes),
        **rows_fields(call, folded_bias(call), *requantization(call)),
        "groups": 1,
        "gather": int(not is_contiguous(sizes)),
        "pad": call.quantization(call.input(0)).zero_point,
    }
    fields: Fields = {f"layer.{name}": value for name, value in layer.items()}
    fields.update(sparse_fields(weights))
    parameters = Parameters("struct smelt_conv_2d_sparse_s8_parameters", fields)
    return Lowering("smelt_conv_2d_sparse_s8", (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return sizes.field if gathers(sizes) else 0


def _cycles(call: Call, rows: int | None) -> float:
    sizes, weights = geometry(call), call.constant(1)
    assert weights is not None
    gathered = 4.0 * sizes.field + 150.0 if gathers(sizes) else 60.0
    return sizes.pixels * (product_cycles(weights) + gathered)


CONV_2D = (
    Kernel(
        name="smelt_conv_2d_sparse_s8",
        sources=("conv_2d_sparse_s8.c", *SOURCES),
        header="convolution_sparse.h",
        accepts=_accepts,
        lower=_lower,
        ascending=True,
        scratch_bytes=_scratch_bytes,
        row_function="smelt_conv_2d_rows_sparse_s8",
        cycles=_cycles,
        form="sparse",
    ),
)
