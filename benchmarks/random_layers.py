"""Random int8 layers: convolutions, depthwise convolutions and dense layers of all kinds of shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from smelt.ir import Attribute, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case, Tensor, quantized

Pair = tuple[int, int]
_LARGEST_INPUT_BYTES = 8000
_LARGEST_MACS = 1_000_000
_SMALL_MACS = 1000  # below it a dense layer is as much call and requantization as products
_BATCH = 40
_INPUT_SPREAD = 74.0 * 73.0  # of random int8 data times random int8 weights


@dataclass(frozen=True)
class Drawn:
    """A layer: `kind` groups those alike, `text` says its shape; `work` is what it does where that is no MACs."""

    case: Case
    kind: str
    text: str
    work: int = 0


@dataclass(frozen=True)
class _Kind:
    """A family of windows: the kernel, the largest stride and the largest dilation in each direction."""

    name: str
    kernel: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)


_CONVOLUTIONS = (
    _Kind("1x1", (1, 1)),
    _Kind("1x1 strided", (1, 1), stride=(2, 2)),
    _Kind("3x3", (3, 3)),
    _Kind("3x3 strided", (3, 3), stride=(3, 3)),
    _Kind("3x3 dilated", (3, 3), dilation=(3, 3)),
    _Kind("5x5", (5, 5), stride=(2, 2)),
    _Kind("1-D", (1, 5), stride=(1, 3)),
    _Kind("1-D dilated", (1, 3), dilation=(1, 4)),
)
_DEPTHWISE = (
    _Kind("3x3", (3, 3)),
    _Kind("3x3 strided", (3, 3), stride=(3, 3)),
    _Kind("3x3 dilated", (3, 3), dilation=(3, 3)),
    _Kind("5x5", (5, 5)),
    _Kind("5x5 strided", (5, 5), stride=(2, 2)),
    _Kind("1-D", (1, 5), stride=(1, 2)),
    _Kind("1-D dilated", (1, 3), dilation=(1, 4)),
)
_CHANNELS = (1, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 33, 48, 64)


def convolutions(count: int, seed: int) -> list[Drawn]:
    """Convolutions, as many of each kind."""
    rng = np.random.default_rng((seed, 1))
    return [_window(rng, "conv_2d", _CONVOLUTIONS[k % len(_CONVOLUTIONS)]) for k in range(count)]


def depthwise_convolutions(count: int, seed: int) -> list[Drawn]:
    """Depthwise convolutions, as many of each kind."""
    rng = np.random.default_rng((seed, 2))
    return [_window(rng, "depthwise_conv_2d", _DEPTHWISE[k % len(_DEPTHWISE)]) for k in range(count)]


def dense_layers(count: int, seed: int) -> list[Drawn]:
    """Dense layers from 16 to 700 inputs and 4 to 127 outputs; small ones are a kind of their own."""
    rng = np.random.default_rng((seed, 3))
    found = []
    for _ in range(count):
        inputs, outputs = int(2 ** rng.uniform(4, 9.5)), int(2 ** rng.uniform(2, 7))
        activation = str(rng.choice(["none", "relu"]))
        case = _case(rng, "fully_connected", (1, inputs), (outputs, inputs), {"activation": activation})
        small = inputs * outputs < _SMALL_MACS
        kind = "short" if inputs < 32 else f"dense, under {_SMALL_MACS:,} MACs" if small else "dense"
        found.append(Drawn(case, kind, f"{inputs} to {outputs} {activation}"))
    return found


DRAWS: Mapping[str, Callable[[int, int], list[Drawn]]] = {
    "conv_2d": convolutions,
    "depthwise_conv_2d": depthwise_convolutions,
    "fully_connected": dense_layers,
}


def batches(cases: Sequence[Drawn]) -> list[Sequence[Drawn]]:
    """The cases in groups that make images of a fair size."""
    return [cases[start : start + _BATCH] for start in range(0, len(cases), _BATCH)]


def joined(cases: Sequence[Drawn]) -> Graph:
    """A graph of layers side by side, each with its own input and output."""
    builder = GraphBuilder("shapes")
    outputs = []
    for drawn in cases:
        case, names = drawn.case, []
        for tensor in case.inputs:
            assert tensor is not None
            if tensor.constant is None:
                names.append(builder.input("input", tensor.dtype, tensor.shape, tensor.quantization))
            else:
                names.append(builder.constant("constant", tensor.constant, tensor.quantization, tensor.dtype))
        outputs.append(
            builder.add(case.operator, names, case.attributes, quantization=case.output_quantization)
        )
    return builder.build(outputs)


def _window(rng: np.random.Generator, operator: str, kind: _Kind) -> Drawn:
    """A layer of a kind whose image and work are of a fair size."""
    while True:
        stride = (int(rng.integers(1, kind.stride[0] + 1)), int(rng.integers(1, kind.stride[1] + 1)))
        if kind.stride != (1, 1) and "strided" in kind.name and stride == (1, 1):
            stride = kind.stride
        dilation = (int(rng.integers(1, kind.dilation[0] + 1)), int(rng.integers(1, kind.dilation[1] + 1)))
        if kind.dilation != (1, 1) and dilation == (1, 1):
            dilation = kind.dilation
        height = 1 if kind.name.startswith("1-D") else _size(rng, 3, 25)
        width = _size(rng, 4, 120 if height == 1 else 25)
        channels, outputs = (int(c) for c in rng.choice(_CHANNELS, 2))
        sizes = (height, width)
        reach = tuple((k - 1) * d + 1 for k, d in zip(kind.kernel, dilation, strict=True))
        padding = _padding(sizes, reach, stride, same=bool(rng.random() < 0.7))
        pixels = prod(
            (size + low + high - span) // step + 1
            for size, (low, high), span, step in zip(sizes, padding, reach, stride, strict=True)
        )
        field = prod(kind.kernel) * (channels if operator == "conv_2d" else 1)
        macs = pixels * field * (outputs if operator == "conv_2d" else channels)
        fits = all(s + sum(p) >= r for s, p, r in zip(sizes, padding, reach, strict=True))
        if fits and height * width * channels <= _LARGEST_INPUT_BYTES and 2000 <= macs <= _LARGEST_MACS:
            break
    activation = str(rng.choice(["none", "relu", "relu6"]))
    attributes: dict[str, Attribute] = {
        "stride": stride,
        "dilation": dilation,
        "padding": (*padding[0], *padding[1]),
        "activation": activation,
    }
    weights = (outputs, *kind.kernel, channels) if operator == "conv_2d" else (1, *kind.kernel, channels)
    text = f"{height}x{width}x{channels}" + (f" to {outputs}" if operator == "conv_2d" else "")
    text += f", {kind.kernel[0]}x{kind.kernel[1]} s{stride[0]}{stride[1]} d{dilation[0]}{dilation[1]} {activation}"
    return Drawn(_case(rng, operator, (1, *sizes, channels), weights, attributes), kind.name, text)


def _size(rng: np.random.Generator, low: int, high: int) -> int:
    """A size from a range; as many between 4 and 8 as between 8 and 16."""
    return int(2 ** rng.uniform(np.log2(low), np.log2(high)))


def _padding(sizes: Pair, reach: Sequence[int], stride: Pair, *, same: bool) -> tuple[Pair, Pair]:
    """TensorFlow's SAME padding, or none, of each direction."""
    if not same:
        return (0, 0), (0, 0)
    total = [max((-(-s // t) - 1) * t + r - s, 0) for s, r, t in zip(sizes, reach, stride, strict=True)]
    return (total[0] // 2, total[0] - total[0] // 2), (total[1] // 2, total[1] - total[1] // 2)


def _case(
    rng: np.random.Generator,
    operator: str,
    shape: Sequence[int],
    weights: Sequence[int],
    attributes: Mapping[str, Attribute],
) -> Case:
    """A layer with random weights whose outputs spread over about the range of int8."""
    axis = 3 if operator == "depthwise_conv_2d" else 0
    channels = weights[axis]
    array = rng.integers(-127, 127, tuple(weights), endpoint=True, dtype=np.int8)
    scale = 60.0 / (np.sqrt(prod(weights) / channels) * _INPUT_SPREAD)
    scales = tuple(float(np.float32(scale * 2.0**e)) for e in rng.uniform(-1.5, 1.5, channels))
    bias = rng.integers(-9000, 9000, channels, dtype=np.int32)
    relu = attributes["activation"] != "none"
    tensors = (
        quantized(shape, 0.02, int(rng.integers(-128, 127, endpoint=True))),
        Tensor(DType.S8, tuple(weights), Quantization(scales, (0,) * channels, axis), array),
        Tensor(DType.S32, (channels,), Quantization.per_tensor(1.0), bias),
    )
    output = Quantization.per_tensor(0.02, -128 if relu else int(rng.integers(-100, 100)))
    return Case(operator, operator, tensors, dict(attributes), output)
