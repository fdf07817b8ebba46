"""fully_connected of float data and int4 weights with a scale for each block of a row."""

from __future__ import annotations

from functools import partial

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.convolution.narrow_weights import narrow_fields, weights_table
from smelt.operators.convolution.outputs import (
    LARGEST_COUNT,
    float_bounds,
    has_constant_parameters,
    is_dynamic,
    weight_scales,
)
from smelt.operators.dense.geometry import geometry
from smelt.operators.dynamic import Quantized
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


def output_blocks(call: Call, data: Quantized, weights: Array, bias: Array | None, block: int) -> Array:
    """Sums of integer products of each block times its scale, added up, times the scale of the data, plus bias."""
    outputs, inputs = weights.shape
    scales = weight_scales(call).reshape(outputs, -1)
    total = np.zeros((len(data.integers), outputs), np.float32)
    for index, first in enumerate(range(0, inputs, block)):
        part = slice(first, first + block)
        sums = data.centred[:, part] @ weights[:, part].astype(np.float64).T
        total += sums.astype(np.float32) * scales[:, index]
    low, high = float_bounds(call.attributes.activation)
    real = total * data.scales
    return np.asarray(
        np.clip(real if bias is None else real + bias.astype(np.float32), low, high), np.float32
    )


def _accepts(dynamic: bool, call: Call, target: Target) -> bool:
    known = call.input(1).quantization
    types = call.input(0).dtype is DType.F32 and call.input(1).dtype is DType.S4
    return (
        types
        and known is not None
        and known.block > 0
        and is_dynamic(call) == dynamic
        and has_constant_parameters(call)
        and geometry(call).inputs <= LARGEST_COUNT
    )


def _lower(call: Call, target: Target) -> Lowering:
    sizes = geometry(call)
    fields: dict[str, int | float | Table | None] = {
        **narrow_fields(call, sizes.outputs),
        "narrow.scales": Table("one", np.ones(1, np.float32)),
        "narrow.step": 0,
        "batches": sizes.rows,
        "inputs": sizes.inputs,
        "outputs": sizes.outputs,
        "block": call.quantization(call.input(1)).block,
        "scales": Table("scales", weight_scales(call)),
    }
    parameters = Parameters("struct smelt_fully_connected_blocks_parameters", fields)
    arguments: list[Argument] = [Output(), Input(0), weights_table(call), parameters]
    if is_dynamic(call):
        return Lowering("smelt_fully_connected_blocks_dynamic_s4", (*arguments, Scratch()))
    return Lowering("smelt_fully_connected_blocks_f32_s4", tuple(arguments))


def _row_bytes(call: Call, target: Target) -> int:
    return geometry(call).inputs


FULLY_CONNECTED = (
    Kernel(
        name="smelt_fully_connected_blocks_f32_s4",
        sources=("fully_connected_blocks_f32_s4.c",),
        header="dense_blocks.h",
        accepts=partial(_accepts, False),
        lower=_lower,
    ),
    Kernel(
        name="smelt_fully_connected_blocks_dynamic_s4",
        sources=("fully_connected_blocks_dynamic_s4.c", "smelt_dynamic.c"),
        header="dense_blocks.h",
        accepts=partial(_accepts, True),
        lower=_lower,
        scratch_bytes=_row_bytes,
    ),
)
