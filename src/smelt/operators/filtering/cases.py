"""Cases of svdf: ranks, biases, activations, states of int8 and int16, a memory of one step."""

from __future__ import annotations

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized, random_weights

_SHAPES: dict[str, tuple[int, int, int, int, int]] = {
    "plain": (1, 8, 4, 5, 1),
    "rank": (2, 6, 6, 4, 2),
    "short": (1, 3, 4, 1, 4),
}
"""Batches, inputs, filters, steps of memory, rank."""


def _f32(kind: str, activation: str, *, bias: bool) -> Case:
    batches, inputs, filters, memory, rank = _SHAPES[kind]
    rng = np.random.default_rng(filters)
    shapes = [(filters, inputs), (filters, memory), *([(filters // rank,)] if bias else [])]
    constants = [
        Tensor(DType.F32, shape, None, rng.normal(size=shape).astype(np.float32)) for shape in shapes
    ]
    attributes: dict[str, Attribute] = {"rank": rank, "activation": activation}
    return Case(f"svdf_{kind}_f32", "svdf", (Tensor(DType.F32, (batches, inputs)), *constants), attributes)


def _s8(kind: str, dtype: DType, zero_point: int, *, bias: bool = True) -> Case:
    """int8 states do not saturate: TensorFlow Lite Micro's once wrapped around there."""
    batches, inputs, filters, memory, rank = _SHAPES[kind]
    rng, scale = np.random.default_rng(memory), 0.4 if dtype is DType.S8 else 0.0005
    low, high = dtype.integer_range
    weights = rng.integers(low, high, (filters, memory), dtype=dtype.numpy, endpoint=True)
    time = Tensor(dtype, weights.shape, Quantization.per_tensor(1.0 / high), weights)
    of_bias = Quantization.per_tensor(float(np.float32(scale) * np.float32(1.0 / high)))
    units = filters // rank
    biases = rng.integers(-500, 500, units, dtype=np.int32)
    attributes: dict[str, Attribute] = {"rank": rank, "state_scale": scale, "state_zero_point": zero_point}
    return Case(
        f"svdf_{kind}_s8_{dtype.value}",
        "svdf",
        (
            quantized((batches, inputs), 0.05, -3),
            random_weights((filters, inputs), None, seed=inputs),
            time,
            *([Tensor(DType.S32, (units,), of_bias, biases)] if bias else []),
        ),
        attributes,
        Quantization.per_tensor(0.2, 7),
    )


CASES = [
    _f32("plain", "none", bias=True),
    _f32("rank", "relu", bias=True),
    _f32("short", "relu6", bias=True),
    *(_s8(kind, DType.S8, 5) for kind in _SHAPES),
    *(_s8(kind, DType.S16, 0) for kind in _SHAPES),
]
