"""The portable C kernels of convolutions of int8 data whose weights have one or two bits."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.bit_planes import (
    FEW_BITS,
    packed_pairs,
    plane_fields,
    product_cycles,
    raised_bias,
    scratch_bytes,
)
from smelt.operators.convolution.geometry import fold_zero_point, folded_bias, geometry, requantization
from smelt.operators.convolution.outputs import rows_fields
from smelt.operators.convolution.portable import (
    Fields,
    fits,
    gathers,
    is_contiguous,
    window_fields,
)
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target


def _accepts(call: Call, target: Target) -> bool:
    return any(fits(call, DType.S8, dtype) for dtype in FEW_BITS)


def _lower_planes(call: Call, target: Target) -> Lowering:
    sizes, weights = geometry(call), call.constant(1)
    assert weights is not None
    bias = raised_bias(folded_bias(call), weights, call.input(1).dtype)
    layer: Fields = {
        **window_fields(sizes),
        **rows_fields(call, bias, *requantization(call)),
        "groups": sizes.groups,
        "gather": int(not is_contiguous(sizes)),
        "pad": call.quantization(call.input(0)).zero_point,
    }
    fields: Fields = {f"layer.{name}": value for name, value in layer.items()}
    fields.update(plane_fields(weights, call.input(1).dtype, sizes.groups))
    parameters = Parameters("struct smelt_conv_2d_planes_s8_parameters", fields)
    return Lowering("smelt_conv_2d_planes_s8", (Output(), Input(0), parameters, Scratch()))


def _planes_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return scratch_bytes(sizes.output_channels // sizes.groups) + (sizes.field if gathers(sizes) else 0)


def _planes_cycles(call: Call, rows: int | None) -> float:
    sizes = geometry(call)
    product = product_cycles(sizes.output_channels // sizes.groups, sizes.field, call.input(1).dtype)
    return sizes.pixels * sizes.groups * (product + (2.0 * sizes.field if gathers(sizes) else 0.0))


def _lower_depthwise(call: Call, target: Target) -> Lowering:
    weights = call.constant(1)
    assert weights is not None
    fields: Fields = {
        **window_fields(geometry(call)),
        **rows_fields(call, fold_zero_point(call, 0, (0, 1, 2)), *requantization(call)),
        "multiplier": call.attributes.multiplier,
        "pad": call.quantization(call.input(0)).zero_point,
    }
    parameters = Parameters("struct smelt_depthwise_conv_2d_s8_parameters", fields)
    table = Table("weights", packed_pairs(weights))
    return Lowering("smelt_depthwise_conv_2d_s8_s2", (Output(), Input(0), table, parameters))


CONV_2D = (
    Kernel(
        name="smelt_conv_2d_planes_s8",
        sources=("conv_2d_planes_s8.c", "smelt_planes_s8.c", "smelt_rows_s8.c"),
        header="convolution_planes.h",
        accepts=_accepts,
        lower=_lower_planes,
        ascending=True,
        scratch_bytes=_planes_scratch_bytes,
        row_function="smelt_conv_2d_rows_planes_s8",
        cycles=_planes_cycles,
    ),
)
DEPTHWISE_CONV_2D = (
    Kernel(
        name="smelt_depthwise_conv_2d_s8_s2",
        sources=("depthwise_conv_2d_s8_s2.c", "smelt_rows_s8.c"),
        header="convolution_s2.h",
        accepts=_accepts,
        lower=_lower_depthwise,
        ascending=True,
        row_function="smelt_depthwise_conv_2d_rows_s8_s2",
    ),
)
