"""fully_connected: rows of the input times a weight matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.convolution.arm_dsp_wide import Fields, gemm_fields, narrow_fields_s16
from smelt.operators.convolution.geometry import check_parameters, output_dtype
from smelt.operators.convolution.outputs import (
    LARGEST_COUNT,
    bias_f32,
    centred,
    float_bounds,
    has_constant_parameters,
    is_dynamic,
    output_dynamic,
    output_f32,
    output_s8,
    output_s16,
    rows_fields,
    rows_fields_s16,
)
from smelt.operators.dense import arm_dsp, arm_dsp_compact, arm_mve, arm_v6m, blocks, few_bits, narrow, sparse
from smelt.operators.dense.blocks import output_blocks
from smelt.operators.dense.geometry import (
    FullyConnectedAttributes,
    folded_bias,
    geometry,
    requantization,
    weights_zero_point,
)
from smelt.operators.dynamic import quantize_rows
from smelt.operators.operator import (
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    TensorType,
    Traits,
    Weights,
)
from smelt.targets import Target

__all__ = ["FULLY_CONNECTED"]


def _infer(call: Call) -> tuple[TensorType, ...]:
    sizes = geometry(call)
    check_parameters(call, sizes.outputs)
    quantization = call.input(1).quantization
    if quantization is not None and quantization.block and not call.input(0).dtype.is_float:
        raise UnsupportedError(f"{call.node.label}: weights with scales of blocks meet float32 data only")
    per_channel = quantization is not None and quantization.axis is not None
    if quantization and per_channel and (quantization.axis != 0 or any(quantization.zero_points)):
        raise UnsupportedError(
            f"{call.node.label}: weights '{call.input(1).name}' must have one scale and zero point, or "
            "symmetric scales (zero points 0) for each index of axis 0"
        )
    leading = call.input(0).shape[:-1] if call.attributes.keep_dims else (sizes.rows,)
    return (TensorType(output_dtype(call), (*leading, sizes.outputs)),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    bias = arrays[2] if len(arrays) > 2 else None
    if is_dynamic(call):
        return (_evaluate_dynamic(call, arrays, bias),)
    data, weights = centred(call, arrays)
    sums = (data.reshape(-1, weights.shape[1]) @ weights.T).reshape(call.output.shape)
    if call.input(0).dtype.is_float:
        return (output_f32(call, sums, bias),)
    output = output_s16 if call.input(0).dtype is DType.S16 else output_s8
    return (output(call, sums, bias, *requantization(call)),)


def _evaluate_dynamic(call: Call, arrays: Sequence[Array | None], bias: Array | None) -> Array:
    """Each row quantized by itself."""
    data, weights = arrays[0], arrays[1]
    assert data is not None
    assert weights is not None
    rows = data.astype(np.float32).reshape(-1, weights.shape[1])
    quantized = quantize_rows(rows, call.attributes.quantize_input)
    block = call.quantization(call.input(1)).block
    if block:
        return output_blocks(call, quantized, weights, bias, block).reshape(call.output.shape)
    sums = quantized.centred @ weights.astype(np.float64).T
    return output_dynamic(call, sums, quantized.scales, bias).reshape(call.output.shape)


def _cost(call: Call) -> Cost:
    sizes = geometry(call)
    return Cost(macs=sizes.rows * sizes.inputs * sizes.outputs)


def _fits(call: Call, dtype: DType, weights: DType | None = None) -> bool:
    return (
        call.input(0).dtype is dtype
        and call.input(1).dtype is (weights or dtype)
        and has_constant_parameters(call)
        and geometry(call).inputs <= LARGEST_COUNT
    )


def _accepts_s8(call: Call, target: Target) -> bool:
    return _fits(call, DType.S8)


def _accepts_s16(call: Call, target: Target) -> bool:
    return _fits(call, DType.S16, DType.S8) and weights_zero_point(call) == 0


def _accepts_s16_dsp(call: Call, target: Target) -> bool:
    return target.has("dsp") and _accepts_s16(call, target) and _narrow_outputs(call) is not None


def _narrow_outputs(call: Call) -> Fields | None:
    weights = call.constant(1)
    assert weights is not None
    return narrow_fields_s16(call, weights, *requantization(call))


def _padded_row_bytes(call: Call, target: Target) -> int:
    inputs = geometry(call).inputs
    return 2 * (inputs + -inputs % 4) if inputs % 4 else 0


def _accepts_f32(call: Call, target: Target) -> bool:
    return _fits(call, DType.F32)


def _lower_s8(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    parameters = Parameters(
        "struct smelt_fully_connected_s8_parameters",
        {
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            "outputs": sizes.outputs,
            **rows_fields(call, folded_bias(call), *requantization(call)),
            "weights_zero_point": weights_zero_point(call),
        },
    )
    return Lowering("smelt_fully_connected_s8", (Output(), Input(0), Input(1), parameters))


def _lower_s16(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    parameters = Parameters(
        "struct smelt_fully_connected_s16_parameters",
        {
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            "outputs": sizes.outputs,
            **rows_fields_s16(call, sizes.outputs, *requantization(call)),
        },
    )
    return Lowering("smelt_fully_connected_s16", (Output(), Input(0), Input(1), parameters))


def _lower_s16_dsp(call: Call, target: Target) -> Lowering:
    sizes, weights, outputs = geometry(call), call.constant(1), _narrow_outputs(call)
    assert weights is not None
    assert outputs is not None
    parameters = Parameters(
        "struct smelt_fully_connected_s16__arm_dsp_parameters",
        {
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            **gemm_fields(weights),
            **outputs,
        },
    )
    return Lowering("smelt_fully_connected_s16__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _lower_f32(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    low, high = float_bounds(call.attributes.activation)
    parameters = Parameters(
        "struct smelt_fully_connected_f32_parameters",
        {
            "batches": sizes.rows,
            "inputs": sizes.inputs,
            "outputs": sizes.outputs,
            "bias": bias_f32(call, sizes.outputs),
            "low": low,
            "high": high,
        },
    )
    return Lowering("smelt_fully_connected_f32", (Output(), Input(0), Input(1), parameters))


_S8 = Kernel(
    name="smelt_fully_connected_s8",
    sources=("fully_connected_s8.c", "smelt_rows_s8.c"),
    header="dense.h",
    accepts=_accepts_s8,
    lower=_lower_s8,
)
_S16_DSP = Kernel(
    name="smelt_fully_connected_s16__arm_dsp",
    sources=("fully_connected_s16__arm_dsp.c", "smelt_gemm_s16__arm_dsp.c"),
    header="dense_s16__arm_dsp.h",
    accepts=_accepts_s16_dsp,
    lower=_lower_s16_dsp,
    scratch_bytes=_padded_row_bytes,
)
_S16 = Kernel(
    name="smelt_fully_connected_s16",
    sources=("fully_connected_s16.c", "smelt_rows_s16.c"),
    header="dense_s16.h",
    accepts=_accepts_s16,
    lower=_lower_s16,
)
_F32 = Kernel(
    name="smelt_fully_connected_f32",
    sources=("fully_connected_f32.c",),
    header="dense.h",
    accepts=_accepts_f32,
    lower=_lower_f32,
)

FULLY_CONNECTED = Operator(
    name="fully_connected",
    summary="each row of the input times a weight matrix [outputs, inputs]",
    attributes=FullyConnectedAttributes,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(weights=Weights(input=1, channel_axis=0, bias=2, data_axis=1), fuses_activation=True),
    kernels=(
        *arm_mve.FULLY_CONNECTED,
        *arm_dsp.FULLY_CONNECTED,
        *arm_dsp_compact.FULLY_CONNECTED,
        *arm_v6m.FULLY_CONNECTED,
        _S8,
        _S16_DSP,
        _S16,
        _F32,
        *narrow.FULLY_CONNECTED,
        *blocks.FULLY_CONNECTED,
        *few_bits.FULLY_CONNECTED,
        *sparse.FULLY_CONNECTED,
    ),
)
