"""Weights narrower than the data they meet: how the C kernels of convolutions and fully_connected are given them."""

from __future__ import annotations

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.convolution.outputs import bias_f32, float_bounds, is_dynamic, weight_scales
from smelt.operators.operator import Call, Table

FLOAT_WEIGHTS = (DType.F16, DType.S8, DType.S4)
"""The types of narrow weights that meet float32 data."""


def packed_nibbles(array: Array) -> Array:
    """Integers of four bits two to a byte, the first in the lower half."""
    flat = np.ascontiguousarray(array).reshape(-1).astype(np.int8).view(np.uint8) & 15
    flat = np.append(flat, np.zeros(len(flat) % 2, np.uint8))
    return np.asarray(flat[0::2] | (flat[1::2] << 4), np.uint8)


def weights_table(call: Call) -> Table:
    """The weights as the kernels read them."""
    weights = call.constant(1)
    assert weights is not None
    return Table("weights", packed_nibbles(weights) if call.input(1).dtype is DType.S4 else weights)


def narrow_fields(call: Call, outputs: int) -> dict[str, int | float | Table | None]:
    """The fields of `struct smelt_narrow_f32`, as member `narrow` of a parameter struct, and how data are quantized."""
    low, high = float_bounds(call.attributes.activation)
    scales = weight_scales(call) if call.input(1).dtype.is_integer else np.ones(1, np.float32)
    return {
        "narrow.bias": bias_f32(call, outputs),
        "narrow.scales": Table("scales", scales),
        "narrow.low": low,
        "narrow.high": high,
        "narrow.step": int(len(scales) > 1),
        "symmetric": int(call.attributes.quantize_input == "symmetric"),
    }


def meets_float(call: Call, weights: DType, *, dynamic: bool) -> bool:
    """Whether float32 data meet weights of this type, quantized first or not; half-precision ones must be finite."""
    found = call.input(0).dtype is DType.F32 and call.input(1).dtype is weights
    known = call.input(1).quantization
    if not found or is_dynamic(call) != dynamic or (known is not None and known.block):
        return False
    array = call.constant(1)
    return array is not None and (weights is not DType.F16 or bool(np.isfinite(array).all()))


def kernel_name(call: Call) -> str:
    """What a kernel of the call's types is called, without "smelt_"."""
    data = "dynamic" if is_dynamic(call) else call.input(0).dtype.value
    return f"{call.node.operator}_{data}_{call.input(1).dtype.value}"
