"""Cases of fully_connected."""

from __future__ import annotations

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import (
    Case,
    Tensor,
    quantized,
    random_blocks,
    random_few_bits,
    random_nibbles,
    random_sparse,
    random_weights,
)
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


def _narrow(
    name: str, data: Shape, weights: Shape, *, per_channel: bool = True, **attributes: Attribute
) -> list[Case]:
    """Weights narrower than the data they meet: of half precision, int8 and int4."""
    rng = np.random.default_rng(6)
    axis = 0 if per_channel else None
    half = Tensor(DType.F16, weights, None, rng.normal(size=weights).astype(np.float16))
    eight, four = random_weights(weights, axis, seed=3), random_nibbles(weights, axis, seed=4)
    bias = Tensor(DType.F32, weights[:1], None, rng.normal(size=weights[:1]).astype(np.float32))
    found = [
        Case(f"{name}_f32_{kind}", "fully_connected", (Tensor(DType.F32, data), tensor, bias), attributes)
        for kind, tensor in (("f16", half), ("s8", eight), ("s4", four))
    ]
    found += [
        Case(
            f"{name}_{how}_{kind}",
            "fully_connected",
            (Tensor(DType.F32, data), tensor, bias),
            {**attributes, "quantize_input": how},
        )
        for how in ("symmetric", "asymmetric")
        for kind, tensor in (("s8", eight), ("s4", four))
    ]
    source = quantized(data, 0.05, -3)
    integers = quantized_bias(source, four, weights[0], seed=1)
    output = Quantization.per_tensor(0.2 * float(np.sqrt(weights[1])), 5)
    return [*found, Case(f"{name}_s8_s4", "fully_connected", (source, four, integers), attributes, output)]


def _few_bits(name: str, data: Shape, weights: Shape, *, per_channel: bool = True) -> list[Case]:
    """int8 data and weights of one bit and of two."""
    source, found = quantized(data, 0.05, -3), []
    output = Quantization.per_tensor(0.1 * float(np.sqrt(weights[1])), 5)
    for dtype in (DType.S1, DType.S2):
        tensor = random_few_bits(weights, dtype, 0 if per_channel else None, seed=4)
        inputs = (source, tensor, quantized_bias(source, tensor, weights[0], seed=1))
        found.append(Case(f"{name}_s8_{dtype.value}", "fully_connected", inputs, {}, output))
    return found


def _sparse(name: str, data: Shape, weights: Shape, share: float, **attributes: Attribute) -> Case:
    """int8 weights so many of which are zero."""
    source, tensor = quantized(data, 0.05, -3), random_sparse(weights, share, 0, seed=5)
    inputs = (source, tensor, quantized_bias(source, tensor, weights[0], seed=1))
    output = Quantization.per_tensor(0.05 * float(np.sqrt(weights[1])), 5)
    return Case(f"{name}_s8", "fully_connected", inputs, attributes, output)


def _blocks(name: str, data: Shape, weights: Shape, block: int, how: str, *, bias: bool = True) -> Case:
    """int4 weights with a scale for each block of a row."""
    inputs = [Tensor(DType.F32, data), random_blocks(weights, block, seed=8)]
    if bias:
        array = np.random.default_rng(9).normal(size=weights[:1]).astype(np.float32)
        inputs.append(Tensor(DType.F32, weights[:1], None, array))
    return Case(name, "fully_connected", tuple(inputs), {"quantize_input": how, "activation": "relu6"})


CASES = [
    *(_s8(f"dense_{a}", (1, 20), (7, 20), activation=a) for a in _ACTIVATIONS),
    *(_f32(f"dense_{a}", (1, 20), (7, 20), activation=a) for a in _ACTIVATIONS),
    _s8("dense_per_channel", (3, 16), (10, 16), per_channel=True),
    _s8("dense_one_output", (2, 9), (1, 9)),
    _s8("dense_one_input", (2, 1), (5, 1)),
    _s8("dense_long", (2, 1203), (6, 1203)),  # sums beyond 2**23
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
    _blocks("dense_blocks_float", (2, 70), (5, 70), 32, "none"),
    _blocks("dense_blocks_dynamic", (2, 64), (8, 64), 32, "asymmetric"),
    _blocks("dense_blocks_uneven", (1, 9), (3, 9), 4, "asymmetric", bias=False),
    *_few_bits("dense_few_bits", (3, 20), (7, 20)),
    *_few_bits("dense_few_bits_long", (1, 108), (9, 108)),
    *_few_bits("dense_few_bits_per_tensor", (2, 32), (5, 32), per_channel=False),
    _sparse("dense_sparse", (2, 70), (9, 70), 0.9, activation="relu"),
    _sparse("dense_sparse_long", (1, 600), (6, 600), 0.97),
    _sparse("dense_sparse_half", (1, 33), (5, 33), 0.5),
    _sparse("dense_sparse_nothing", (1, 20), (3, 20), 1.0),
    *_narrow("dense_narrow", (3, 20), (7, 20), activation="relu"),
    *_narrow("dense_narrow_odd", (2, 9), (5, 9)),
    *_narrow("dense_narrow_per_tensor", (1, 16), (4, 16), per_channel=False),
    *_narrow("dense_narrow_keeps_dimensions", (2, 3, 8), (5, 8), keep_dims=True),
]
