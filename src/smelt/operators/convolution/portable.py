"""The portable C kernels of convolutions: when they apply and what they are given."""

from __future__ import annotations

from dataclasses import replace

from smelt.ir import DType
from smelt.operators.convolution.cycles import (
    portable_cycles,
    portable_depthwise_cycles,
    portable_dsp_cycles,
)
from smelt.operators.convolution.geometry import Geometry, folded_bias, geometry, requantization
from smelt.operators.convolution.outputs import (
    LARGEST_COUNT,
    bias_f32,
    float_bounds,
    has_constant_parameters,
    rows_fields,
)
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]


def window_fields(sizes: Geometry) -> dict[str, int]:
    """The fields of `struct smelt_window`, as member `window` of a parameter struct."""
    return {
        "window.batches": sizes.batch,
        "window.input_height": sizes.input_height,
        "window.input_width": sizes.input_width,
        "window.input_channels": sizes.input_channels,
        "window.output_height": sizes.output_height,
        "window.output_width": sizes.output_width,
        "window.output_channels": sizes.output_channels,
        "window.kernel_height": sizes.kernel_height,
        "window.kernel_width": sizes.kernel_width,
        "window.stride_height": sizes.stride_height,
        "window.stride_width": sizes.stride_width,
        "window.dilation_height": sizes.dilation_height,
        "window.dilation_width": sizes.dilation_width,
        "window.pad_top": sizes.top,
        "window.pad_left": sizes.left,
    }


def fits(call: Call, dtype: DType, weights: DType | None = None) -> bool:
    """Whether types, constants and sizes are what the kernels of a type take; `weights`: theirs, if another."""
    sizes = geometry(call)
    counts = (
        sizes.field,
        sizes.groups,
        sizes.output_channels,
        sizes.stride_height,
        sizes.stride_width,
        sizes.dilation_height,
        sizes.dilation_width,
        sizes.top,
        sizes.left,
    )
    return (
        call.input(0).dtype is dtype
        and call.input(1).dtype is (weights or dtype)
        and has_constant_parameters(call)
        and max(counts) <= LARGEST_COUNT
    )


def _accepts_s8(call: Call, target: Target) -> bool:
    return fits(call, DType.S8)


def _accepts_without_dsp(call: Call, target: Target) -> bool:
    return not target.has("dsp") and _accepts_s8(call, target)


def _accepts_with_dsp(call: Call, target: Target) -> bool:
    return target.has("dsp") and _accepts_s8(call, target)


def _accepts_f32(call: Call, target: Target) -> bool:
    return fits(call, DType.F32)


def is_contiguous(sizes: Geometry) -> bool:
    """Whether every receptive field is one run of elements inside the input."""
    if sizes.groups > 1 or sizes.overhangs:
        return False
    row_is_run = sizes.kernel_width == 1 or sizes.dilation_width == 1
    rows_are_run = sizes.kernel_height == 1 or (
        sizes.dilation_height == 1 and sizes.kernel_width == sizes.input_width
    )
    return row_is_run and rows_are_run


def _lower_conv_s8(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    fields: Fields = {
        **window_fields(sizes),
        **rows_fields(call, folded_bias(call), *requantization(call)),
        "groups": sizes.groups,
        "gather": int(not is_contiguous(sizes)),
        "pad": call.quantization(call.input(0)).zero_point,
    }
    parameters = Parameters("struct smelt_conv_2d_s8_parameters", fields)
    return Lowering("smelt_conv_2d_s8", (Output(), Input(0), Input(1), parameters, Scratch()))


def moves_over_rows(sizes: Geometry) -> bool:
    """Whether fields of several rows move down the input, so that they may reach over the end of a ring."""
    return sizes.kernel_height > 1 and sizes.output_height > 1


def gathers(sizes: Geometry) -> bool:
    """Whether some receptive field of conv_2d is copied."""
    return not is_contiguous(sizes) or moves_over_rows(sizes)


def _conv_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return sizes.field if gathers(sizes) else 0


def _lower_depthwise_s8(call: Call, target: Target) -> Lowering:
    fields: Fields = {
        **window_fields(geometry(call)),
        **rows_fields(call, folded_bias(call), *requantization(call)),
        "multiplier": call.attributes.multiplier,
        "pad": call.quantization(call.input(0)).zero_point,
    }
    parameters = Parameters("struct smelt_depthwise_conv_2d_s8_parameters", fields)
    return Lowering("smelt_depthwise_conv_2d_s8", (Output(), Input(0), Input(1), parameters, Scratch()))


def _depthwise_scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return sizes.field * sizes.input_channels if sizes.overhangs or moves_over_rows(sizes) else 0


def _lower_f32(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    depthwise = call.node.operator == "depthwise_conv_2d"
    low, high = float_bounds(call.attributes.activation)
    fields: Fields = {
        **window_fields(sizes),
        "bias": bias_f32(call, sizes.output_channels),
        **({"multiplier": call.attributes.multiplier} if depthwise else {"groups": sizes.groups}),
        "low": low,
        "high": high,
    }
    function = f"smelt_{call.node.operator}_f32"
    parameters = Parameters(f"struct {function}_parameters", fields)
    return Lowering(function, (Output(), Input(0), Input(1), parameters))


CONV_2D_S8 = Kernel(
    name="smelt_conv_2d_s8",
    sources=("conv_2d_s8.c", "smelt_rows_s8.c"),
    header="convolution.h",
    accepts=_accepts_without_dsp,
    lower=_lower_conv_s8,
    ascending=True,
    scratch_bytes=_conv_scratch_bytes,
    row_function="smelt_conv_2d_rows_s8",
    cycles=portable_cycles,
)
# The same C, whose sums a core with DSP adds up in half the cycles.
CONV_2D_S8_WITH_DSP = replace(CONV_2D_S8, accepts=_accepts_with_dsp, cycles=portable_dsp_cycles)
DEPTHWISE_CONV_2D_S8 = Kernel(
    name="smelt_depthwise_conv_2d_s8",
    sources=("depthwise_conv_2d_s8.c", "smelt_rows_s8.c"),
    header="convolution.h",
    accepts=_accepts_s8,
    lower=_lower_depthwise_s8,
    ascending=True,
    scratch_bytes=_depthwise_scratch_bytes,
    row_function="smelt_depthwise_conv_2d_rows_s8",
    cycles=portable_depthwise_cycles,
)
CONV_2D_F32, DEPTHWISE_CONV_2D_F32 = (
    Kernel(
        name=f"smelt_{name}_f32",
        sources=(f"{name}_f32.c",),
        header="convolution.h",
        accepts=_accepts_f32,
        lower=_lower_f32,
        ascending=True,
        row_function=f"smelt_{name}_rows_f32",
    )
    for name in ("conv_2d", "depthwise_conv_2d")
)
