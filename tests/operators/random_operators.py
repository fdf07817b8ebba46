"""Random int8 calls of every operator but convolutions and dense layers: shapes, scales, zero points, attributes.

Each has one input that is no constant; the others are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from smelt.ir import Array, Attribute, DType, Graph, Quantization
from smelt.operators.case import Case, Tensor, quantized, random_weights

Rng = np.random.Generator
ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 12, 17)


def _zero_point(rng: Rng) -> int:
    return -128 if rng.random() < 0.3 else int(rng.integers(-128, 128))


def _shape(rng: Rng, rank: int = 0) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 8, rank or int(rng.integers(1, 5))))


def _scale(rng: Rng, low: float, high: float) -> float:
    """Between powers of two, a power of two itself in a third of all cases: those make ties."""
    exponent = rng.uniform(low, high)
    return float(np.float32(2.0 ** (round(exponent) if rng.random() < 0.33 else exponent)))


def _constant(rng: Rng, shape: Sequence[int], scale: float, zero_point: int) -> Tensor:
    array = rng.integers(-128, 127, tuple(shape), endpoint=True, dtype=np.int8)
    return Tensor(DType.S8, tuple(shape), Quantization.per_tensor(scale, zero_point), array)


def _pair(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast: equal, one a scalar, one with some dimensions of 1 or left out."""
    shape = _shape(rng)
    kind = int(rng.integers(4))
    if kind == 0:
        return shape, shape
    if kind == 1:
        return shape, (1,)
    small = tuple(1 if rng.random() < 0.5 else n for n in shape)
    return shape, small[int(rng.integers(len(small))) :] if kind == 2 else small


def _arithmetic(rng: Rng, operator: str) -> Graph:
    shapes = _pair(rng)
    # outputs as coarse as the inputs in most cases; sometimes far finer, far coarser
    a, b = _scale(rng, -6, 0), _scale(rng, -6, 0)
    spread = 6 if rng.random() < 0.2 else 1
    typical = a * b * 256 if operator == "mul" else max(a, b) * 1.5
    output = Quantization.per_tensor(_scale(rng, -spread, spread) * typical, _zero_point(rng))
    tensors = (quantized(shapes[0], a, _zero_point(rng)), _constant(rng, shapes[1], b, _zero_point(rng)))
    attributes: dict[str, Attribute] = {"activation": str(rng.choice(ACTIVATIONS))}
    return Case(operator, operator, tensors[:: int(rng.choice([1, -1]))], attributes, output).graph()


def _pool(rng: Rng, operator: str) -> Graph:
    """Any window, and one that is the whole image in a third of all cases."""
    height, width = (int(n) for n in rng.integers(1, 12, 2))
    window = tuple(int(rng.integers(1, min(n, 5) + 1)) for n in (height, width))
    stride = tuple(int(n) for n in rng.integers(1, 4, 2))
    padding = tuple(int(rng.integers(0, window[k // 2])) for k in range(4))
    if rng.random() < 0.33:
        if rng.random() < 0.3:
            height, width = 19, int(rng.integers(14, 20))
        window, padding = (height, width), (0, 0, 0, 0)
    tensor = quantized(
        (int(rng.integers(1, 3)), height, width, int(rng.choice(CHANNELS))), 0.02, _zero_point(rng)
    )
    activation = str(rng.choice(ACTIVATIONS))
    attributes = {"filter": window, "stride": stride, "padding": padding, "activation": activation}
    return Case(operator, operator, (tensor,), attributes, tensor.quantization).graph()


def _mean(rng: Rng, operator: str) -> Graph:
    shape = _shape(rng)
    if rng.random() < 0.5:
        shape, axes = (int(rng.integers(1, 3)), *_shape(rng, 2), int(rng.choice(CHANNELS))), (1, 2)
    else:
        axes = tuple(sorted(int(a) for a in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)]))
    output = Quantization.per_tensor(_scale(rng, -8, 0), _zero_point(rng))
    tensor = quantized(shape, _scale(rng, -8, 0), _zero_point(rng))
    return Case(
        operator, operator, (tensor,), {"axes": axes, "keep_dims": bool(rng.integers(2))}, output
    ).graph()


def _activation(rng: Rng, operator: str) -> Graph:
    tensor = quantized(_shape(rng), _scale(rng, -8, 0), _zero_point(rng))
    output = tensor.quantization
    if operator == "hard_swish":
        # TFLite's method wants an output that is no finer than the input by more than 2**7
        coarse = tensor.quantization.scale if tensor.quantization else 1.0
        output = Quantization.per_tensor(coarse * _scale(rng, -6, 3), _zero_point(rng))
    elif operator in ("logistic", "tanh"):
        output = (
            Quantization.per_tensor(1 / 256, -128)
            if operator == "logistic"
            else Quantization.per_tensor(1 / 128)
        )
    elif operator == "leaky_relu" or rng.random() < 0.5:
        output = Quantization.per_tensor(_scale(rng, -8, 0), _zero_point(rng))
    attributes: dict[str, Attribute] = {"alpha": float(rng.uniform(0, 1))} if operator == "leaky_relu" else {}
    return Case(operator, operator, (tensor,), attributes, output).graph()


def _prelu(rng: Rng, operator: str) -> Graph:
    shape = _shape(rng)
    slopes = _constant(rng, shape[-1:], _scale(rng, -8, -4), _zero_point(rng))
    output = Quantization.per_tensor(_scale(rng, -8, 0), _zero_point(rng))
    tensor = quantized(shape, _scale(rng, -8, 0), _zero_point(rng))
    return Case(operator, operator, (tensor, slopes), {}, output).graph()


def _requantize(rng: Rng, operator: str) -> Graph:
    tensor = quantized(_shape(rng), _scale(rng, -8, 0), _zero_point(rng))
    output = Quantization.per_tensor(_scale(rng, -8, 0), _zero_point(rng))
    return Case(operator, operator, (tensor,), {}, output).graph()


def _softmax(rng: Rng, operator: str) -> Graph:
    tensor = quantized(_shape(rng, 2), _scale(rng, -6, 0), _zero_point(rng))
    return Case(operator, operator, (tensor,), {}, Quantization.per_tensor(1 / 256, -128)).graph()


def _movement(rng: Rng, operator: str) -> Graph:
    shape = _shape(rng)
    tensor = quantized(shape, 0.05, _zero_point(rng))
    attributes: dict[str, Attribute]
    if operator == "transpose":
        attributes = {"permutation": tuple(int(a) for a in rng.permutation(len(shape)))}
    elif operator == "pad":
        attributes = {"paddings": tuple(int(n) for n in rng.integers(0, 3, 2 * len(shape)))}
    else:
        begin = [int(rng.integers(n)) for n in shape]
        end = [int(rng.integers(low + 1, n + 1)) for low, n in zip(begin, shape, strict=True)]
        step = tuple(int(n) for n in rng.integers(1, 4, len(shape)))
        attributes = {"begin": tuple(begin), "end": tuple(end), "stride": step}
    return Case(operator, operator, (tensor,), attributes, tensor.quantization).graph()


def _concatenation(rng: Rng, operator: str) -> Graph:
    shape = _shape(rng)
    axis, zero_point = int(rng.integers(len(shape))), _zero_point(rng)
    parts: list[Tensor] = []
    for _ in range(int(rng.choice([1, 2, 3, 5]))):
        own = (*shape[:axis], int(rng.integers(1, 8)), *shape[axis + 1 :])
        parts.append(_constant(rng, own, 0.05, zero_point))
    parts[int(rng.integers(len(parts)))] = quantized(shape, 0.05, zero_point)
    return Case(operator, operator, tuple(parts), {"axis": axis}, parts[0].quantization).graph()


def _extreme(rng: Rng, operator: str) -> Graph:
    """The largest or smallest over some axes; few enough blocks of them for the kernels' loops."""
    shape = _shape(rng, int(rng.integers(1, 4)))
    axes = tuple(sorted(int(a) for a in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)]))
    tensor = quantized(shape, 0.05, _zero_point(rng))
    attributes: dict[str, Attribute] = {"axes": axes, "keep_dims": bool(rng.integers(2))}
    return Case(operator, operator, (tensor,), attributes, tensor.quantization).graph()


def _resize(rng: Rng, operator: str) -> Graph:
    flags = ({}, {"align_corners": True}, {"half_pixel_centers": True})[int(rng.integers(3))]
    tensor = quantized((1, *_shape(rng, 3)), 0.05, _zero_point(rng))
    attributes: dict[str, Attribute] = {"size": tuple(int(n) for n in rng.integers(1, 12, 2)), **flags}
    return Case(operator, operator, (tensor,), attributes, tensor.quantization).graph()


def _transpose_conv(rng: Rng, operator: str) -> Graph:
    batch, height, width, channels = (int(rng.integers(1, 3)), *_shape(rng, 3))
    taps, stride = (tuple(int(n) for n in rng.integers(1, 4, 2)) for _ in range(2))
    outputs = int(rng.integers(1, 6))
    size = tuple((n - 1) * s + k for n, s, k in zip((height, width), stride, taps, strict=True))
    weights = random_weights((outputs, *taps, channels), 0, int(rng.integers(1000)))
    tensor = quantized((batch, height, width, channels), _scale(rng, -6, 0), _zero_point(rng))
    output = Quantization.per_tensor(_scale(rng, -4, 2), _zero_point(rng))
    attributes: dict[str, Attribute] = {
        "size": size, "stride": stride, "activation": str(rng.choice(ACTIVATIONS)),
    }  # fmt: skip
    return Case(operator, operator, (tensor, weights), attributes, output).graph()


def _batch_matmul(rng: Rng, operator: str) -> Graph:
    """Matrices with as many dimensions of batches on either side, or none on one; either may be transposed."""
    rows, inner, columns = (int(n) for n in rng.integers(1, 20, 3))
    batches = tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(3))))
    transposed = [bool(rng.integers(2)) for _ in range(2)]
    matrices = [(rows, inner), (inner, columns)]
    shapes = [batches + (m[::-1] if turned else m) for m, turned in zip(matrices, transposed, strict=True)]
    if rng.random() < 0.3:
        shapes[1] = shapes[1][-2:]
    a, b = _scale(rng, -6, 0), _scale(rng, -6, 0)
    output = Quantization.per_tensor(_scale(rng, -1, 1) * a * b * 64 * inner**0.5, _zero_point(rng))
    tensors = (quantized(shapes[0], a, _zero_point(rng)), _constant(rng, shapes[1], b, _zero_point(rng)))
    attributes: dict[str, Attribute] = {"transpose_a": transposed[0], "transpose_b": transposed[1]}
    return Case(operator, operator, tensors, attributes, output).graph()


MAKERS: dict[str, Callable[[Rng, str], Graph]] = {
    **dict.fromkeys(("add", "sub", "mul"), _arithmetic),
    **dict.fromkeys(("average_pool_2d", "max_pool_2d"), _pool),
    **dict.fromkeys(("mean", "sum"), _mean),
    "prelu": _prelu,
    **dict.fromkeys(
        (
            *("relu", "relu6", "relu_n1_to_1", "leaky_relu", "logistic", "tanh", "hard_swish"),
            *("abs", "elu", "gelu"),
        ),
        _activation,
    ),
    "quantize": _requantize,
    "softmax": _softmax,
    **dict.fromkeys(("transpose", "pad", "strided_slice"), _movement),
    "concatenation": _concatenation,
    **dict.fromkeys(("reduce_max", "reduce_min"), _extreme),
    "resize_bilinear": _resize,
    "transpose_conv": _transpose_conv,
    "batch_matmul": _batch_matmul,
}


def random_call(operator: str, seed: int) -> Graph:
    """A graph of one call."""
    return MAKERS[operator](np.random.default_rng((seed, len(operator), ord(operator[0]))), operator)


def random_data(graph: Graph, seed: int) -> Array:
    """Full-range data for the input, every third at the extremes, which saturates."""
    rng = np.random.default_rng(seed)
    shape = graph.values[graph.inputs[0]].shape
    if seed % 3 == 2:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 127, shape, endpoint=True, dtype=np.int8)
