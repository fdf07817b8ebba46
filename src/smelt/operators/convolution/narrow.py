"""The portable C kernels of convolutions whose weights are narrower than their data."""

from __future__ import annotations

from functools import partial

from smelt.ir import DType
from smelt.operators.convolution.geometry import CHANNEL_AXIS, fold_zero_point, geometry, requantization
from smelt.operators.convolution.narrow_weights import (
    FLOAT_WEIGHTS,
    kernel_name,
    meets_float,
    narrow_fields,
    weights_table,
)
from smelt.operators.convolution.outputs import rows_fields
from smelt.operators.convolution.portable import fits, window_fields
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


def _groups(call: Call) -> Fields:
    if call.node.operator == "depthwise_conv_2d":
        return {"multiplier": call.attributes.multiplier}
    return {"groups": geometry(call).groups}


def _accepts_float(weights: DType, dynamic: bool, call: Call, target: Target) -> bool:
    return meets_float(call, weights, dynamic=dynamic) and fits(call, DType.F32, weights)


def _lower_float(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    fields: Fields = {**window_fields(sizes), **narrow_fields(call, sizes.output_channels), **_groups(call)}
    parameters = Parameters(f"struct smelt_{call.node.operator}_narrow_f32_parameters", fields)
    name = kernel_name(call)
    arguments: list[Argument] = [Output(), Input(0), weights_table(call), parameters]
    return Lowering(f"smelt_{name}", (*arguments, *([Scratch()] if "dynamic" in name else [])))


def _image_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return sizes.input_height * sizes.input_width * sizes.input_channels


def _image_field_and_totals_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    channels = sizes.input_channels // sizes.groups
    field = sizes.kernel_height * sizes.kernel_width * channels
    return 4 * sizes.output_channels + _image_bytes(call, target) + field


def _accepts_s4(call: Call, target: Target) -> bool:
    return fits(call, DType.S8, DType.S4)


def _lower_s4(call: Call, target: Target) -> Lowering:
    axis = CHANNEL_AXIS[call.node.operator]
    bias = fold_zero_point(call, 0, tuple(i for i in range(4) if i != axis))
    fields: Fields = {
        **window_fields(geometry(call)),
        **rows_fields(call, bias, *requantization(call)),
        **_groups(call),
        "pad": call.quantization(call.input(0)).zero_point,
    }
    parameters = Parameters(f"struct smelt_{call.node.operator}_s8_parameters", fields)
    return Lowering(f"smelt_{kernel_name(call)}", (Output(), Input(0), weights_table(call), parameters))


def _float_kernel(operator: str, weights: DType) -> Kernel:
    return Kernel(
        name=f"smelt_{operator}_f32_{weights.value}",
        sources=(f"{operator}_f32_{weights.value}.c",),
        header="convolution_narrow.h",
        accepts=partial(_accepts_float, weights, False),
        lower=_lower_float,
        ascending=True,
        row_function=f"smelt_{operator}_rows_f32_{weights.value}",
    )


def _dynamic_kernel(operator: str, weights: DType) -> Kernel:
    walks = operator == "depthwise_conv_2d" or weights is DType.S4
    return Kernel(
        name=f"smelt_{operator}_dynamic_{weights.value}",
        sources=(f"{operator}_dynamic_{weights.value}.c", "smelt_dynamic.c"),
        header="convolution_narrow.h",
        accepts=partial(_accepts_float, weights, True),
        lower=_lower_float,
        scratch_bytes=_image_bytes if walks else _image_field_and_totals_bytes,
    )


def _s4_kernel(operator: str) -> Kernel:
    return Kernel(
        name=f"smelt_{operator}_s8_s4",
        sources=(f"{operator}_s8_s4.c", "smelt_rows_s8.c"),
        header="convolution_s4.h",
        accepts=_accepts_s4,
        lower=_lower_s4,
        ascending=True,
        row_function=f"smelt_{operator}_rows_s8_s4",
    )


def _kernels(operator: str) -> tuple[Kernel, ...]:
    return (
        _s4_kernel(operator),
        *(_float_kernel(operator, weights) for weights in FLOAT_WEIGHTS),
        *(_dynamic_kernel(operator, weights) for weights in (DType.S8, DType.S4)),
    )


CONV_2D, DEPTHWISE_CONV_2D = _kernels("conv_2d"), _kernels("depthwise_conv_2d")
