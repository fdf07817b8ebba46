"""The portable C kernels of convolutions of int16 data and int8 weights (16x8)."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.convolution.geometry import geometry, requantization
from smelt.operators.convolution.outputs import rows_fields_s16
from smelt.operators.convolution.portable import fits, window_fields
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Table
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]

MOST_SUMMED = 511
"""The most products of int16 and int8 whose sum is sure to fit 32 bits."""


def _accepts(call: Call, target: Target) -> bool:
    narrow = call.node.operator == "conv_2d" or geometry(call).kernel_width <= MOST_SUMMED
    return narrow and fits(call, DType.S16, DType.S8)


def _lower(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    depthwise = call.node.operator == "depthwise_conv_2d"
    fields: Fields = {
        **window_fields(sizes),
        **rows_fields_s16(call, sizes.output_channels, *requantization(call)),
        **({"multiplier": call.attributes.multiplier} if depthwise else {"groups": sizes.groups}),
    }
    function = f"smelt_{call.node.operator}_s16"
    parameters = Parameters(f"struct {function}_parameters", fields)
    return Lowering(function, (Output(), Input(0), Input(1), parameters))


CONV_2D_S16, DEPTHWISE_CONV_2D_S16 = (
    Kernel(
        name=f"smelt_{name}_s16",
        sources=(f"{name}_s16.c", "smelt_rows_s16.c"),
        header="convolution_s16.h",
        accepts=_accepts,
        lower=_lower,
        ascending=True,
        row_function=f"smelt_{name}_rows_s16",
    )
    for name in ("conv_2d", "depthwise_conv_2d")
)
