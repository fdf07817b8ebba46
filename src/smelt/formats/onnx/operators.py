"""ONNX's operators as smelt's: one short function each, whose signature is the foreign schema.

Positional parameters are the operator's inputs (names in the file; None where absent), keyword-only ones its
attributes with ONNX's defaults.  `_` gives what surrounds the operator.  Where the result lies otherwise than
in the file, `Translated.layout` says so.  Those that only move data are in rearranging.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first import spatial
from smelt.formats.channels_first.dense import dense
from smelt.formats.channels_first.elementwise import batch_normalization, binary, clamped, unary
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.rearranging import along_last_axis, reduction
from smelt.formats.channels_first.shapes import integers, positive_axes
from smelt.formats.channels_first.translation import (
    TRAINING,
    Result,
    Surroundings,
    Translated,
    held,
    scalar,
    weights,
)
from smelt.formats.channels_first.windows import windows
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.model import FLOAT32
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an operator."""


@ROWS.reads("Conv", wish=Wish.CHANNELS_LAST)
def _conv(
    _: Surroundings, x: str, w: str, b: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data, kernel = spatial.spatial(_, _.tensor(x)), _.tensor(w)
    size = kernel.shape[2:]
    if kernel.rank != data.rank or (kernel_shape and tuple(kernel_shape) != size):
        raise FormatError(f"{_.label}: weights '{w}' {list(kernel.shape)} do not fit '{x}' or kernel_shape")
    window = windows(_.label, data.shape[2:], size, auto_pad, pads, strides, dilations)
    return spatial.convolution(_, data, kernel, None if b is None else _.tensor(b), window, group)


@ROWS.reads("AveragePool", wish=Wish.CHANNELS_LAST)
def _average_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0,
    dilations: Sequence[int] | None = None, kernel_shape: Sequence[int], pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = spatial.spatial(_, _.tensor(x))
    window = windows(_.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, dilations)
    return spatial.average_pool(
        _, data, window, round_up=bool(ceil_mode), count_padding=bool(count_include_pad)
    )


@ROWS.reads("MaxPool", wish=Wish.CHANNELS_LAST)
def _max_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, storage_order: int = 0,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = spatial.spatial(_, _.tensor(x))
    window = windows(_.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, dilations)
    return spatial.max_pool(_, data, window, round_up=bool(ceil_mode))


@ROWS.reads("GlobalAveragePool", wish=Wish.CHANNELS_LAST)
def _global_average_pool(_: Surroundings, x: str) -> Translated:
    return spatial.global_average_pool(_, spatial.spatial(_, _.tensor(x)))


@ROWS.reads("GlobalMaxPool", wish=Wish.CHANNELS_LAST)
def _global_max_pool(_: Surroundings, x: str) -> Translated:
    return spatial.global_max_pool(_, spatial.spatial(_, _.tensor(x)))


@ROWS.reads("ReduceMean")
def _reduce_mean(
    _: Surroundings, x: str, axes_input: str | None = None, *,
    axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0,
) -> Result:  # fmt: skip
    data = _.tensor(x)
    given = axes if axes_input is None else integers(_.constant(axes_input))
    if not given and noop_with_empty_axes:
        return data
    chosen = positive_axes(given or range(data.rank), data.rank)
    return reduction(_, "mean", data, chosen, bool(keepdims))


@ROWS.reads("Gemm")
def _gemm(
    _: Surroundings, a: str, b: str, c: str | None = None, *,
    alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Translated:  # fmt: skip
    data, matrix = _.tensor(a), _.tensor(b)
    if data.rank != 2 or matrix.rank != 2:
        raise FormatError(f"{_.label}: '{a}' and '{b}' must be matrices")
    if transA:
        rows = _.emit("transpose", (_.place(data, natural(data.shape)),), {"permutation": (1, 0)})
        data = held(data, rows, natural(data.shape[::-1]))
    addend = None if c is None else _.tensor(c)
    return dense(_, data, matrix, addend, alpha=alpha, beta=beta, transposed=bool(transB))


@ROWS.reads("MatMul")
def _matmul(_: Surroundings, a: str, b: str) -> Translated:
    data, matrix = _.tensor(a), _.tensor(b)
    if data.rank < 2 or matrix.rank != 2 or matrix.array is None:
        raise UnsupportedError(
            f"{_.label}: of '{a}' {list(data.shape)} and '{b}' {list(matrix.shape)}; only a product with a "
            "constant matrix on the right is supported"
        )
    return dense(_, data, matrix, transposed=False)


@ROWS.reads("Add", wish=Wish.ANY)
def _add(_: Surroundings, a: str, b: str) -> Translated:
    return binary(_, "add", _.tensor(a), _.tensor(b))


@ROWS.reads("Sub", wish=Wish.ANY)
def _sub(_: Surroundings, a: str, b: str) -> Translated:
    return binary(_, "sub", _.tensor(a), _.tensor(b))


@ROWS.reads("Mul", wish=Wish.ANY)
def _mul(_: Surroundings, a: str, b: str) -> Translated:
    return binary(_, "mul", _.tensor(a), _.tensor(b))


@ROWS.reads("Div", wish=Wish.ANY)
def _div(_: Surroundings, a: str, b: str) -> Translated:
    divisor = weights(_, _.tensor(b))
    _.allow(divisor.size, divisor.itemsize)
    if not np.all(divisor):
        raise UnsupportedError(f"{_.label}: divides by zero")
    factor = Tensor(b, divisor.shape, np.reciprocal(divisor), variant="reciprocal")
    return binary(_, "mul", _.tensor(a), factor)


@ROWS.reads("BatchNormalization", wish=Wish.ANY)
def _batch_normalization(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Translated:  # fmt: skip
    if training_mode:
        raise UnsupportedError(TRAINING.format(_.label))
    parameters = _.tensor(scale), _.tensor(b), _.tensor(mean), _.tensor(var)
    return batch_normalization(_, _.tensor(x), parameters, epsilon)


@ROWS.reads("Sigmoid", wish=Wish.ANY)
def _sigmoid(_: Surroundings, x: str) -> Translated:
    return unary(_, "logistic", _.tensor(x))


@ROWS.reads("Tanh", wish=Wish.ANY)
def _tanh(_: Surroundings, x: str) -> Translated:
    return unary(_, "tanh", _.tensor(x))


@ROWS.reads("Relu", wish=Wish.ANY)
def _relu(_: Surroundings, x: str) -> Translated:
    return unary(_, "relu", _.tensor(x))


@ROWS.reads("LeakyRelu", wish=Wish.ANY)
def _leaky_relu(_: Surroundings, x: str, *, alpha: float = 0.01) -> Translated:
    return unary(_, "leaky_relu", _.tensor(x), {"alpha": float(alpha)})


@ROWS.reads("Clip", wish=Wish.ANY)
def _clip(_: Surroundings, x: str, min: str | None = None, max: str | None = None) -> Result:
    low = -math.inf if min is None else scalar(_, min)
    high = math.inf if max is None else scalar(_, max)
    result = clamped(_, _.tensor(x), low, high)
    if result is None:
        raise UnsupportedError(f"{_.label}: clips to {low} … {high}; supported are 0 …, 0 … 6 and -1 … 1")
    return result


@ROWS.reads("Softmax")
def _softmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    return along_last_axis(_, _.tensor(x), "softmax", axis)


@ROWS.reads("Identity", wish=Wish.ANY)
def _identity(_: Surroundings, x: str) -> Tensor:
    return _.tensor(x)


@ROWS.reads("Dropout", wish=Wish.ANY)
def _dropout(
    _: Surroundings,
    x: str,
    ratio: str | None = None,
    training_mode: str | None = None,
    *,
    seed: int | None = None,
) -> Tensor:
    if training_mode is not None and scalar(_, training_mode):
        raise UnsupportedError(TRAINING.format(_.label))
    return _.tensor(x)


@ROWS.reads("Cast", wish=Wish.ANY)
def _cast(_: Surroundings, x: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    if to != FLOAT32:
        raise UnsupportedError(f"{_.label}: casts '{x}' to data type {to}; only float32 is supported")
    return _.tensor(x)
