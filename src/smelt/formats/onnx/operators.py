"""ONNX's operators as smelt's: one short function each, whose signature is the foreign schema.

Positional parameters are the operator's inputs (names in the file; None where absent), keyword-only ones its
attributes with ONNX's defaults.  `_` gives what surrounds the operator.  Where the result lies otherwise than
in the file, `Translated.layout` says so.  Those that only move data are in rearranging.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx.folding import integers, positive_axes
from smelt.formats.onnx.layout import (
    Shape,
    Tensor,
    channels_last,
    channels_last_of_rank,
    inverse,
    natural,
)
from smelt.formats.onnx.model import FLOAT32
from smelt.formats.onnx.rearranging import REARRANGING
from smelt.formats.onnx.schema import Table
from smelt.formats.onnx.translation import Result, Surroundings, Translated, fixed, scalar
from smelt.formats.onnx.windows import Windows, windows
from smelt.ir import Array, Attribute

_TRAINING = "{}: is in training mode; export the model for inference (model.eval())"

OPERATORS = Table(REARRANGING)
"""What reads an operator, by its name."""

ELEMENTWISE = frozenset(
    ("Add", "BatchNormalization", "Cast", "Clip", "Concat", "Div", "Dropout", "Identity", "LeakyRelu", "Mul",
     "Pad", "Relu", "Sigmoid", "Sub", "Tanh")
)  # fmt: skip
"""Operators that work on any layout, so that what reads their result decides."""

SPATIAL = frozenset(("AveragePool", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"))
"""Operators that want NHWC."""


def _spatial(_: Surroundings, name: str) -> Tensor:
    """An image or signal."""
    x = _.tensor(name)
    if x.rank not in (3, 4):
        raise UnsupportedError(
            f"{_.label}: '{name}' has {x.rank} dimensions; only 1-D and 2-D windows are supported"
        )
    return x


@OPERATORS.reads("Conv")
def _conv(
    _: Surroundings, x: str, w: str, b: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data, weights = _spatial(_, x), _.weights(w)
    kernel = weights.shape[2:]
    if weights.ndim != data.rank or (kernel_shape and tuple(kernel_shape) != kernel):
        raise FormatError(f"{_.label}: weights '{w}' {list(weights.shape)} do not fit '{x}' or kernel_shape")
    if group < 1 or weights.shape[1] * group != data.onnx[1] or weights.shape[0] % group:
        raise FormatError(
            f"{_.label}: weights '{w}' {list(weights.shape)} do not fit {data.onnx[1]} channels in {group} groups"
        )
    window = windows(_.label, data.onnx[2:], kernel, auto_pad, pads, strides, dilations)
    image = weights.reshape(*weights.shape[:2], *window.kernel)
    depthwise = group == data.onnx[1] > 1
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    stored = _.store(w, (w, "conv", order), lambda: np.ascontiguousarray(image.transpose(order)))
    attributes: dict[str, Attribute] = {
        "stride": window.stride, "dilation": window.dilation, "padding": window.padding,
    }  # fmt: skip
    if depthwise:
        attributes["multiplier"] = weights.shape[0] // group
    bias = None if b is None else _.store(b, (b, "bias"), lambda: _.weights(b))
    inputs = (_.place(data, channels_last(data.onnx)), stored, bias)
    operator = "depthwise_conv_2d" if depthwise else "conv_2d"
    return Translated(operator, inputs, attributes, channels_last_of_rank(data.rank))


@OPERATORS.reads("AveragePool")
def _average_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0,
    dilations: Sequence[int] | None = None, kernel_shape: Sequence[int], pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = _spatial(_, x)
    size = data.onnx[2:]
    window = windows(_.label, size, kernel_shape, auto_pad, pads, strides, dilations)
    whole = window.rounded_up(_.label, size) if ceil_mode else window
    source = _.place(data, channels_last(data.onnx))
    if count_include_pad and any(window.padding):
        if whole.padding != window.padding:
            raise UnsupportedError(f"{_.label}: ceil_mode together with count_include_pad is not supported")
        source = _.emit("pad", (source,), {"paddings": (0, 0, *whole.padding, 0, 0)})
        whole = replace(whole, padding=(0, 0, 0, 0))
    return _pool(_, "average_pool_2d", source, whole, data.rank)


@OPERATORS.reads("MaxPool")
def _max_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, storage_order: int = 0,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = _spatial(_, x)
    window = windows(_.label, data.onnx[2:], kernel_shape, auto_pad, pads, strides, dilations)
    if ceil_mode:
        window = window.rounded_up(_.label, data.onnx[2:])
    source = _.place(data, channels_last(data.onnx))
    return _pool(_, "max_pool_2d", source, window, data.rank)


def _pool(_: Surroundings, operator: str, source: str, window: Windows, rank: int) -> Translated:
    if window.dilation != (1, 1):
        raise UnsupportedError(f"{_.label}: pooling with dilations is not supported")
    attributes: dict[str, Attribute] = {
        "filter": window.kernel, "stride": window.stride, "padding": window.padding,
    }  # fmt: skip
    return Translated(operator, (source,), attributes, channels_last_of_rank(rank))


@OPERATORS.reads("GlobalAveragePool")
def _global_average_pool(_: Surroundings, x: str) -> Translated:
    data = _spatial(_, x)
    source = _.place(data, channels_last(data.onnx))
    return Translated(
        "mean", (source,), {"axes": (1, 2), "keep_dims": True}, channels_last_of_rank(data.rank)
    )


@OPERATORS.reads("GlobalMaxPool")
def _global_max_pool(_: Surroundings, x: str) -> Translated:
    data = _spatial(_, x)
    layout = channels_last(data.onnx)
    whole = Windows(layout.shape[1:3], (1, 1), (1, 1), (0, 0, 0, 0))
    return _pool(_, "max_pool_2d", _.place(data, layout), whole, data.rank)


@OPERATORS.reads("ReduceMean")
def _reduce_mean(
    _: Surroundings, x: str, axes_input: str | None = None, *,
    axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0,
) -> Result:  # fmt: skip
    data = _.tensor(x)
    given = axes if axes_input is None else integers(_.constant(axes_input))
    if not given and noop_with_empty_axes:
        return data
    chosen = positive_axes(given or range(data.rank), data.rank)
    if data.layout.is_channels_last:
        layout, source = data.layout, _.place(data, data.layout)
        reduced = tuple(sorted(layout.axis(axis) for axis in chosen))
        if keepdims:
            kind = channels_last_of_rank(data.rank)
            return Translated("mean", (source,), {"axes": reduced, "keep_dims": True}, kind)
        rest = [layout.axis(axis) for axis in range(data.rank) if axis not in chosen]
        if rest == sorted(rest):
            # A signal's height of 1 goes as well.
            every = tuple(axis for axis in range(4) if axis not in rest)
            return Translated("mean", (source,), {"axes": every, "keep_dims": False})
    source = _.place(data, natural(data.onnx))
    return Translated("mean", (source,), {"axes": chosen, "keep_dims": bool(keepdims)})


@OPERATORS.reads("Gemm")
def _gemm(
    _: Surroundings, a: str, b: str, c: str | None = None, *,
    alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Translated:  # fmt: skip
    data = _.tensor(a)
    if data.rank != 2 or _.weights(b).ndim != 2:
        raise FormatError(f"{_.label}: '{a}' and '{b}' must be matrices")
    if transA:
        rows = _.emit("transpose", (_.place(data, natural(data.onnx)),), {"permutation": (1, 0)})
        data = Tensor(a, data.onnx[::-1], forms={natural(data.onnx[::-1]): rows})
    return _dense(_, data, b, c, alpha, beta, bool(transB))


@OPERATORS.reads("MatMul")
def _matmul(_: Surroundings, a: str, b: str) -> Translated:
    data, weights = _.tensor(a), _.tensor(b)
    if data.rank < 2 or weights.rank != 2 or weights.array is None:
        raise UnsupportedError(
            f"{_.label}: of '{a}' {list(data.onnx)} and '{b}' {list(weights.onnx)}; only a product with a "
            "constant matrix on the right is supported"
        )
    return _dense(_, data, b, None, 1.0, 1.0, False)


def _dense(
    _: Surroundings, data: Tensor, b: str, c: str | None, alpha: float, beta: float, transposed: bool
) -> Translated:
    """fully_connected; where the rows are a flattened NHWC tensor, the weights' inputs are put in that order."""
    weights = _.weights(b) if transposed else _.weights(b).T
    if weights.shape[1] != data.onnx[-1]:
        raise FormatError(
            f"{_.label}: '{b}' has {weights.shape[1]} inputs, '{data.name}' is {list(data.onnx)}"
        )
    layout = natural(data.onnx) if data.layout.is_channels_last else data.layout
    stored = _.store(
        b, (b, "dense", alpha, transposed, layout.factors[1:], layout.permutation),
        lambda: layout.alike(weights.shape).array(_scaled(weights, alpha)),
    )  # fmt: skip
    outputs = weights.shape[0]
    addend = None if c is None else _.tensor(c)
    bias = None
    if c is not None and addend is not None and addend.array is not None and _is_row(addend.onnx, outputs):
        bias = _.store(
            c, (c, "dense", beta, outputs),
            lambda: np.broadcast_to(_scaled(_.weights(c).reshape(-1), beta), (outputs,)),
        )  # fmt: skip
    inputs = (_.place(data, layout), stored, bias)
    attributes: dict[str, Attribute] = {"keep_dims": data.rank != 2}
    if addend is None or bias is not None:
        return Translated("fully_connected", inputs, attributes)
    if beta != 1:
        raise UnsupportedError(f"{_.label}: beta {beta} with a computed C, or one a row, is not supported")
    product = _.emit("fully_connected", inputs, attributes)
    wide = _of_rank(_, addend, 2)
    return Translated("add", (product, _.place(wide, natural(wide.onnx))), {})


def _scaled(array: Array, factor: float) -> Array:
    return array if factor == 1 else np.multiply(array, np.float32(factor), dtype=np.float32)


def _is_row(shape: Shape, outputs: int) -> bool:
    return math.prod(shape[:-1]) == 1 and math.prod(shape) in (1, outputs) and len(shape) <= 2


def _of_rank(_: Surroundings, x: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 in front, for broadcasting."""
    if x.rank >= rank:
        return x
    shape = (1,) * (rank - x.rank) + x.onnx
    if x.array is not None:
        return Tensor(x.name, shape, x.array.reshape(shape))
    name = _.emit("reshape", (_.place(x, natural(x.onnx)),), {"shape": shape})
    return Tensor(x.name, shape, forms={natural(shape): name})


def _binary(_: Surroundings, operator: str, first: Tensor, second: Tensor) -> Translated:
    """An elementwise operator of two tensors, in the layout of the one that has the result's shape."""
    shape = np.broadcast_shapes(first.onnx, second.onnx)
    operands = [_of_rank(_, x, len(shape)) for x in (first, second)]
    layouts = [x.layout for x in operands if x.array is None]
    if any(layout.is_channels_last for layout in layouts):
        layout = channels_last(shape)
    elif layouts and all(layout == layouts[0] and layout.onnx == shape for layout in layouts):
        layout = layouts[0]
    else:
        layout = natural(shape)
    inputs = [_.place(x, layout.alike(x.onnx)) for x in operands]
    return Translated(operator, inputs, {}, fixed(layout))


@OPERATORS.reads("Add")
def _add(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "add", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Sub")
def _sub(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "sub", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Mul")
def _mul(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "mul", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Div")
def _div(_: Surroundings, a: str, b: str) -> Translated:
    divisor = _.weights(b)
    _.allow(divisor.size, divisor.itemsize)
    if not np.all(divisor):
        raise UnsupportedError(f"{_.label}: divides by zero")
    factor = Tensor(b, divisor.shape, np.reciprocal(divisor), variant="reciprocal")
    return _binary(_, "mul", _.tensor(a), factor)


@OPERATORS.reads("BatchNormalization")
def _batch_normalization(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Translated:  # fmt: skip
    data = _.tensor(x)
    parameters = [_.weights(name) for name in (scale, b, mean, var)]
    if training_mode:
        raise UnsupportedError(_TRAINING.format(_.label))
    channels = data.onnx[1:2]
    if data.rank < 2 or any(p.shape != channels for p in parameters):
        raise FormatError(
            f"{_.label}: its parameters do not have one element a channel of '{x}' {list(data.onnx)}"
        )
    _.allow(16 * channels[0], 8)
    gamma, shift, average, variance = (p.astype(np.float64) for p in parameters)
    factor = gamma / np.sqrt(variance + epsilon)
    offset = shift - average * factor
    layout = data.layout.alike((1, *channels, *[1] * (data.rank - 2)))
    key = (scale, b, mean, var, epsilon, layout)
    factors = _.store(scale, (*key, "factor"), lambda: layout.array(factor.astype(np.float32)))
    offsets = _.store(b, (*key, "offset"), lambda: layout.array(offset.astype(np.float32)))
    scaled = _.emit("mul", (_.place(data, data.layout), factors), {})
    return Translated("add", (scaled, offsets), {}, fixed(data.layout))


def _unary(
    _: Surroundings, operator: str, x: str, attributes: Mapping[str, Attribute] | None = None
) -> Translated:
    layout = _.tensor(x).layout
    return Translated(operator, (_.place(_.tensor(x), layout),), attributes or {}, fixed(layout))


@OPERATORS.reads("Sigmoid")
def _sigmoid(_: Surroundings, x: str) -> Translated:
    return _unary(_, "logistic", x)


@OPERATORS.reads("Tanh")
def _tanh(_: Surroundings, x: str) -> Translated:
    return _unary(_, "tanh", x)


@OPERATORS.reads("Relu")
def _relu(_: Surroundings, x: str) -> Translated:
    return _unary(_, "relu", x)


@OPERATORS.reads("LeakyRelu")
def _leaky_relu(_: Surroundings, x: str, *, alpha: float = 0.01) -> Translated:
    return _unary(_, "leaky_relu", x, {"alpha": float(alpha)})


_CLAMPS = {(0.0, math.inf): "relu", (0.0, 6.0): "relu6", (-1.0, 1.0): "relu_n1_to_1"}


@OPERATORS.reads("Clip")
def _clip(_: Surroundings, x: str, min: str | None = None, max: str | None = None) -> Result:
    low = -math.inf if min is None else scalar(_, min)
    high = math.inf if max is None else scalar(_, max)
    largest = float(np.finfo(np.float32).max)
    low, high = (-math.inf if low <= -largest else low), (math.inf if high >= largest else high)
    if (low, high) == (-math.inf, math.inf):
        return _.tensor(x)
    operator = _CLAMPS.get((low, high))
    if operator is None:
        raise UnsupportedError(f"{_.label}: clips to {low} … {high}; supported are 0 …, 0 … 6 and -1 … 1")
    return _unary(_, operator, x)


@OPERATORS.reads("Softmax")
def _softmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    data = _.tensor(x)
    (along,) = positive_axes([axis], data.rank)
    layout = data.layout
    source, place, rank = _.place(data, layout), layout.axis(along), len(layout.shape)
    if place == rank - 1:
        return Translated("softmax", (source,), {"beta": 1.0}, fixed(layout))
    order = (*(i for i in range(rank) if i != place), place)
    last = _.emit("softmax", (_.emit("transpose", (source,), {"permutation": order}),), {"beta": 1.0})
    return Translated("transpose", (last,), {"permutation": inverse(order)}, fixed(layout))


@OPERATORS.reads("Identity")
def _identity(_: Surroundings, x: str) -> Tensor:
    return _.tensor(x)


@OPERATORS.reads("Dropout")
def _dropout(
    _: Surroundings,
    x: str,
    ratio: str | None = None,
    training_mode: str | None = None,
    *,
    seed: int | None = None,
) -> Tensor:
    if training_mode is not None and scalar(_, training_mode):
        raise UnsupportedError(_TRAINING.format(_.label))
    return _.tensor(x)


@OPERATORS.reads("Cast")
def _cast(_: Surroundings, x: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    if to != FLOAT32:
        raise UnsupportedError(f"{_.label}: casts '{x}' to data type {to}; only float32 is supported")
    return _.tensor(x)
