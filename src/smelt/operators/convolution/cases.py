"""Cases of conv_2d and depthwise_conv_2d."""

from __future__ import annotations

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import (
    Case,
    Tensor,
    quantized,
    random_few_bits,
    random_nibbles,
    random_sparse,
    random_weights,
)

Shape = tuple[int, ...]
_ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


def quantized_bias(data: Tensor, weights: Tensor, channels: int, seed: int) -> Tensor:
    """A random bias, int32 (of int16 data int64), scaled as the specification wants: data scale * weight scale."""
    assert data.quantization is not None
    assert weights.quantization is not None
    scales = tuple(float(np.float32(data.quantization.scale * s)) for s in weights.quantization.scales)
    quantization = Quantization(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)
    if data.dtype is DType.S16:
        # every third does not fit 32 bits
        wide = np.random.default_rng(seed).integers(-3_000_000, 3_000_000, channels, dtype=np.int64)
        return Tensor(
            DType.S64, (channels,), quantization, np.where(np.arange(channels) % 3, wide, wide << 12)
        )
    array = np.random.default_rng(seed).integers(-8000, 8000, channels, dtype=np.int32)
    return Tensor(DType.S32, (channels,), quantization, array)


def _float(shape: Shape, seed: int) -> Tensor:
    return Tensor(DType.F32, shape, None, np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def _s8(
    name: str,
    data: Shape,
    weights: Shape,
    attributes: dict[str, Attribute],
    *,
    zero_points: tuple[int, int] = (-3, 5),
    per_channel: bool = True,
    bias: bool = True,
    dtype: DType = DType.S8,
) -> Case:
    operator = "depthwise_conv_2d" if name.startswith("depthwise") else "conv_2d"
    axis = 3 if operator == "depthwise_conv_2d" else 0
    channels = weights[axis]
    field = int(np.prod(weights)) // channels
    inputs = [
        quantized(data, 0.05, zero_points[0], dtype),
        random_weights(weights, axis if per_channel else None, seed=len(name)),
    ]
    if bias:
        inputs.append(quantized_bias(inputs[0], inputs[1], channels, seed=field))
    # An output scale at which some values saturate.
    output = Quantization.per_tensor(0.05 * float(np.sqrt(field)), zero_points[1])
    return Case(f"{name}_{dtype.value}", operator, tuple(inputs), attributes, output)


def _s16(
    name: str,
    data: Shape,
    weights: Shape,
    attributes: dict[str, Attribute],
    *,
    per_channel: bool = True,
    bias: bool = True,
) -> Case:
    return _s8(
        name,
        data,
        weights,
        attributes,
        zero_points=(0, 0),
        per_channel=per_channel,
        bias=bias,
        dtype=DType.S16,
    )


def _f32(
    name: str, data: Shape, weights: Shape, attributes: dict[str, Attribute], *, bias: bool = True
) -> Case:
    operator = "depthwise_conv_2d" if name.startswith("depthwise") else "conv_2d"
    channels = weights[3 if operator == "depthwise_conv_2d" else 0]
    inputs = (Tensor(DType.F32, data), _float(weights, 1), *((_float((channels,), 2),) if bias else ()))
    return Case(f"{name}_f32", operator, inputs, attributes)


def _narrow(
    name: str,
    data: Shape,
    weights: Shape,
    attributes: dict[str, Attribute],
    *,
    per_channel: bool = True,
    bias: bool = True,
) -> list[Case]:
    """Weights narrower than the data they meet: of half precision, int8 and int4."""
    operator = "depthwise_conv_2d" if name.startswith("depthwise") else "conv_2d"
    at = 3 if operator == "depthwise_conv_2d" else 0
    axis, channels = at if per_channel else None, weights[at]
    half = np.random.default_rng(5).normal(size=weights).astype(np.float16)
    eight, four = random_weights(weights, axis, seed=3), random_nibbles(weights, axis, seed=4)
    biases = (_float((channels,), 2),) if bias else ()
    found = [
        Case(f"{name}_f32_{kind}", operator, (Tensor(DType.F32, data), tensor, *biases), attributes)
        for kind, tensor in (("f16", Tensor(DType.F16, weights, None, half)), ("s8", eight), ("s4", four))
    ]
    # as LiteRT's kernels do it: one scale of the weights makes data symmetric
    how = "asymmetric" if per_channel or operator == "depthwise_conv_2d" else "symmetric"
    found += [
        Case(
            f"{name}_dynamic_{kind}",
            operator,
            (Tensor(DType.F32, data), tensor, *biases),
            {**attributes, "quantize_input": how},
        )
        for kind, tensor in (("s8", eight), ("s4", four))
    ]
    source = quantized(data, 0.05, -3)
    integers = (quantized_bias(source, four, channels, seed=1),) if bias else ()
    output = Quantization.per_tensor(0.2 * float(np.sqrt(np.prod(weights) // channels)), 5)
    return [*found, Case(f"{name}_s8_s4", operator, (source, four, *integers), attributes, output)]


def _sparse(name: str, data: Shape, weights: Shape, share: float, **attributes: Attribute) -> Case:
    """int8 weights so many of which are zero."""
    source, tensor = quantized(data, 0.05, -3), random_sparse(weights, share, 0, seed=5)
    inputs = (source, tensor, quantized_bias(source, tensor, weights[0], seed=1))
    output = Quantization.per_tensor(0.05 * float(np.sqrt(np.prod(weights[1:]))), 5)
    return Case(f"{name}_s8", "conv_2d", inputs, attributes, output)


def _few_bits(name: str, data: Shape, weights: Shape, attributes: dict[str, Attribute]) -> list[Case]:
    """int8 data and weights of one bit and of two."""
    operator = "depthwise_conv_2d" if name.startswith("depthwise") else "conv_2d"
    axis = 3 if operator == "depthwise_conv_2d" else 0
    source, channels, found = quantized(data, 0.05, -3), weights[axis], []
    output = Quantization.per_tensor(0.1 * float(np.sqrt(np.prod(weights) // channels)), 5)
    for dtype in (DType.S1, DType.S2):
        tensor = random_few_bits(weights, dtype, axis, seed=4)
        inputs = (source, tensor, quantized_bias(source, tensor, channels, seed=1))
        found.append(Case(f"{name}_s8_{dtype.value}", operator, inputs, attributes, output))
    return found


_FEW_BITS: list[tuple[str, Shape, Shape, dict[str, Attribute]]] = [
    ("conv_few_bits", (2, 5, 6, 3), (5, 3, 3, 3), {"padding": (1, 1, 1, 1), "activation": "relu6"}),
    ("conv_few_bits_strips", (1, 4, 5, 12), (6, 3, 3, 12), {"stride": (2, 1), "padding": (1, 1, 0, 0)}),
    ("conv_few_bits_pointwise", (1, 3, 4, 9), (4, 1, 1, 9), {}),
    ("conv_few_bits_whole_strips", (1, 3, 4, 32), (6, 1, 1, 32), {"activation": "relu"}),
    ("conv_few_bits_grouped", (1, 5, 5, 10), (6, 3, 2, 5), {"dilation": (1, 2)}),
    (
        "depthwise_few_bits",
        (2, 7, 8, 5),
        (1, 3, 3, 5),
        {"stride": (2, 2), "padding": (1, 1, 0, 1), "activation": "relu"},
    ),
    ("depthwise_few_bits_multiplier", (1, 6, 5, 3), (1, 3, 3, 6), {"padding": (1, 1, 1, 1), "multiplier": 2}),
]

_NARROW: list[tuple[str, Shape, Shape, dict[str, Attribute]]] = [
    ("conv_narrow", (2, 5, 6, 3), (5, 3, 3, 3), {"padding": (1, 1, 1, 1), "activation": "relu6"}),
    ("conv_narrow_odd", (1, 6, 5, 2), (3, 1, 3, 2), {"stride": (2, 1), "dilation": (1, 2)}),
    ("conv_narrow_pointwise", (1, 3, 4, 9), (4, 1, 1, 9), {}),
    (
        "depthwise_narrow",
        (2, 7, 8, 5),
        (1, 3, 3, 5),
        {"stride": (2, 2), "padding": (1, 1, 0, 1), "activation": "relu"},
    ),
    ("depthwise_narrow_multiplier", (1, 6, 5, 3), (1, 3, 3, 6), {"padding": (1, 1, 1, 1), "multiplier": 2}),
]

_SIZES: list[tuple[str, Shape, Shape, dict[str, Attribute]]] = [
    ("conv_pointwise", (1, 5, 4, 8), (7, 1, 1, 8), {}),
    ("conv_pointwise_stride_2", (2, 5, 5, 3), (4, 1, 1, 3), {"stride": (2, 2)}),
    ("conv_same", (1, 6, 5, 3), (5, 3, 3, 3), {"padding": (1, 1, 1, 1)}),
    ("conv_same_stride_2", (1, 8, 8, 3), (8, 3, 3, 3), {"stride": (2, 2), "padding": (0, 1, 0, 1)}),
    ("conv_valid_even_kernel", (2, 7, 6, 4), (6, 2, 4, 4), {"stride": (1, 2)}),
    ("conv_dilated", (1, 9, 9, 2), (3, 3, 3, 2), {"dilation": (2, 3), "padding": (2, 2, 3, 3)}),
    ("conv_one_channel", (1, 12, 10, 1), (9, 10, 4, 1), {"stride": (2, 2), "padding": (4, 5, 1, 1)}),
    ("conv_whole_width", (1, 9, 4, 6), (5, 3, 4, 6), {}),
    ("conv_grouped", (1, 5, 5, 12), (6, 3, 3, 4), {"padding": (1, 1, 1, 1)}),
    ("conv_grouped_pointwise", (1, 3, 4, 6), (9, 1, 1, 2), {}),
    ("conv_wider_padding", (1, 3, 3, 4), (3, 2, 2, 4), {"padding": (2, 3, 4, 2)}),
    ("depthwise_same", (1, 6, 7, 8), (1, 3, 3, 8), {"padding": (1, 1, 1, 1)}),
    (
        "depthwise_stride_2",
        (2, 7, 8, 5),
        (1, 3, 3, 5),
        {"stride": (2, 2), "padding": (1, 1, 0, 1)},
    ),
    ("depthwise_valid", (1, 5, 6, 7), (1, 3, 2, 7), {}),
    ("depthwise_dilated", (1, 9, 8, 6), (1, 3, 3, 6), {"dilation": (3, 2), "padding": (3, 3, 2, 2)}),
    ("depthwise_multiplier", (1, 6, 5, 3), (1, 3, 3, 6), {"padding": (1, 1, 1, 1), "multiplier": 2}),
    (
        "depthwise_from_one_channel",
        (1, 12, 9, 1),
        (1, 10, 8, 8),
        {"stride": (2, 2), "padding": (4, 4, 3, 4), "multiplier": 8},
    ),
]

CASES = [
    *(_s8(*sizes) for sizes in _SIZES),
    *(_s16(*sizes) for sizes in _SIZES),
    *(_f32(*sizes) for sizes in _SIZES),
    *(
        _s8(f"{name}_{activation}", data, weights, {"padding": (1, 1, 1, 1), "activation": activation})
        for activation in _ACTIVATIONS
        for name, data, weights in (
            ("conv", (1, 4, 4, 6), (5, 3, 3, 6)),
            ("depthwise", (1, 4, 4, 6), (1, 3, 3, 6)),
        )
    ),
    *(
        _s16(f"{name}_{activation}", data, weights, {"activation": activation})
        for activation in _ACTIVATIONS
        for name, data, weights in (
            ("conv", (1, 4, 4, 6), (5, 3, 3, 6)),
            ("depthwise", (1, 4, 4, 6), (1, 3, 3, 6)),
        )
    ),
    *(
        _f32(f"{name}_{activation}", data, weights, {"activation": activation})
        for activation in _ACTIVATIONS
        for name, data, weights in (
            ("conv", (1, 4, 4, 6), (5, 3, 3, 6)),
            ("depthwise", (1, 4, 4, 6), (1, 3, 3, 6)),
        )
    ),
    _s8("conv_per_tensor", (1, 5, 4, 8), (6, 2, 2, 8), {}, per_channel=False),
    _s8("depthwise_per_tensor", (1, 5, 4, 8), (1, 2, 2, 8), {}, per_channel=False),
    # sums beyond 2**23, which kernels that count in 256ths cannot hold
    _s8("conv_long_field", (1, 3, 2, 601), (7, 2, 1, 601), {}),
    _s8("conv_no_bias", (1, 5, 4, 8), (6, 2, 2, 8), {}, bias=False),
    _s8("depthwise_no_bias", (1, 5, 4, 8), (1, 2, 2, 8), {}, bias=False),
    _s16("conv_per_tensor", (1, 5, 4, 8), (6, 2, 2, 8), {}, per_channel=False),
    _s16("depthwise_per_tensor", (1, 5, 4, 8), (1, 2, 2, 8), {}, per_channel=False),
    _s16("conv_no_bias", (1, 5, 4, 8), (6, 2, 2, 8), {}, bias=False),
    _s16("conv_long_field", (1, 2, 2, 600), (3, 1, 1, 600), {}),
    _f32("conv_no_bias", (1, 5, 4, 8), (6, 2, 2, 8), {}, bias=False),
    _f32("depthwise_no_bias", (1, 5, 4, 8), (1, 2, 2, 8), {}, bias=False),
    *(
        _s8(f"{name}_{end}", data, weights, {"padding": (1, 1, 1, 1)}, zero_points=zero_points)
        for end, zero_points in (("extreme_low", (-128, 127)), ("extreme_high", (127, -128)))
        for name, data, weights in (
            ("conv", (1, 4, 4, 5), (5, 3, 3, 5)),
            ("depthwise", (1, 4, 4, 5), (1, 3, 3, 5)),
        )
    ),
    _sparse("conv_sparse", (2, 5, 6, 12), (5, 3, 3, 12), 0.9, padding=(1, 1, 1, 1), activation="relu6"),
    _sparse("conv_sparse_strided", (1, 7, 6, 8), (6, 3, 3, 8), 0.8, stride=(2, 1), padding=(1, 1, 1, 1)),
    _sparse("conv_sparse_pointwise", (1, 3, 4, 40), (7, 1, 1, 40), 0.92),
    *(case for sizes in _FEW_BITS for case in _few_bits(*sizes)),
    *(case for sizes in _NARROW for case in _narrow(*sizes)),
    *_narrow("conv_narrow_per_tensor", (1, 5, 4, 8), (6, 2, 2, 8), {}, per_channel=False),
    *_narrow("conv_narrow_no_bias", (1, 5, 4, 8), (6, 2, 2, 8), {}, bias=False),
]
