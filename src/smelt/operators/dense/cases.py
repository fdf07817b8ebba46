"""Cases of fully_connected."""

from __future__ import annotations

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized, random_weights
from smelt.operators.convolution.cases import quantized_bias

Shape = tuple[int, ...]
_ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


def _s8(
    name: str,
    data: Shape,
    weights: Shape,
    zero_points: tuple[int, int] = (-3, 5),
    weights_zero_point: int = 0,
    per_channel: bool = False,
    bias: bool = True,
    dtype: DType = DType.S8,
    **attributes: Attribute,
) -> Case:
    matrix = random_weights(weights, 0 if per_channel else None, seed=len(name))
    if weights_zero_point:
        matrix = Tensor(DType.S8, weights, Quantization.per_tensor(0.01, weights_zero_point), matrix.constant)
    inputs = [quantized(data, 0.05, zero_points[0], dtype), matrix]
    if bias:
        inputs.append(quantized_bias(inputs[0], inputs[1], weights[0], seed=3))
    output = Quantization.per_tensor(0.05 * float(np.sqrt(weights[1])), zero_points[1])
    return Case(f"{name}_{dtype.value}", "fully_connected", tuple(inputs), attributes, output)


def _s16(
    name: str,
    data: Shape,
    weights: Shape,
    *,
    per_channel: bool = False,
    bias: bool = True,
    **attributes: Attribute,
) -> Case:
    return _s8(
        name,
        data,
        weights,
        (0, 0),
        0,
        per_channel,
        bias,
        DType.S16,
        **attributes,
    )


def _f32(name: str, data: Shape, weights: Shape, *, bias: bool = True, **attributes: Attribute) -> Case:
    rng = np.random.default_rng(4)
    inputs = [
        Tensor(DType.F32, data),
        Tensor(DType.F32, weights, None, rng.normal(size=weights).astype(np.float32)),
    ]
    if bias:
        array = rng.normal(size=weights[:1]).astype(np.float32)
        inputs.append(Tensor(DType.F32, weights[:1], None, array))
    return Case(f"{name}_f32", "fully_connected", tuple(inputs), attributes)


CASES = [
    *(_s8(f"dense_{a}", (1, 20), (7, 20), activation=a) for a in _ACTIVATIONS),
    *(_f32(f"dense_{a}", (1, 20), (7, 20), activation=a) for a in _ACTIVATIONS),
    _s8("dense_per_channel", (3, 16), (10, 16), per_channel=True),
    _s8("dense_one_output", (2, 9), (1, 9)),
    _s8("dense_one_input", (2, 1), (5, 1)),
    _s8("dense_no_bias", (1, 33), (12, 33), bias=False),
    _s8("dense_weights_zero_point", (2, 16), (6, 16), weights_zero_point=-7),
    _s8("dense_weights_zero_point_no_bias", (2, 16), (6, 16), weights_zero_point=100, bias=False),
    _s8("dense_extreme_low", (1, 16), (6, 16), zero_points=(-128, 127)),
    _s8("dense_extreme_high", (1, 16), (6, 16), zero_points=(127, -128)),
    _s8("dense_flattens", (2, 3, 2, 4), (5, 12)),
    _s8("dense_keeps_dimensions", (2, 3, 8), (5, 8), keep_dims=True),
    *(_s16(f"dense_{a}", (1, 20), (7, 20), activation=a) for a in _ACTIVATIONS),
    _s16("dense_per_channel", (3, 16), (10, 16), per_channel=True),
    _s16("dense_no_bias", (1, 33), (12, 33), bias=False),
    _s16("dense_long", (1, 1100), (3, 1100)),
    _s16("dense_keeps_dimensions", (2, 3, 8), (5, 8), keep_dims=True),
    _f32("dense_flattens", (2, 3, 2, 4), (5, 12)),
    _f32("dense_keeps_dimensions", (2, 3, 8), (5, 8), keep_dims=True),
    _f32("dense_no_bias", (4, 6), (3, 6), bias=False),
]
