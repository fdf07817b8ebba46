"""ONNX's operators with weights and windows as smelt's: one short function each, whose signature is the foreign schema.

Positional parameters are the operator's inputs (names in the file; None where absent), keyword-only ones its
attributes with ONNX's defaults.  `_` gives what surrounds the operator.  Where the result lies otherwise than
in the file, `Translated.layout` says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first import spatial, taps
from smelt.formats.channels_first.dense import dense, matrix_product, scaled_product
from smelt.formats.channels_first.elementwise import batch_normalization
from smelt.formats.channels_first.quantized import is_quantized
from smelt.formats.channels_first.rearranging import along_last_axis, reshape
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.translation import TRAINING, Result, Results, Surroundings, Translated, kept
from smelt.formats.channels_first.windows import windows
from smelt.formats.channels_first.wishes import Wish
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
    data, kernel = _.tensor(x), _.tensor(w)
    size = kernel.shape[2:]
    if data.rank == 5 and kernel.rank == 5:
        deep = taps.windows_along(_.label, data.shape[2:], size, auto_pad, pads, strides, dilations)
        return taps.volume_convolution(_, data, kernel, None if b is None else _.tensor(b), deep, group)
    data = spatial.spatial(_, data)
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
) -> Result:  # fmt: skip
    data = _.tensor(x)
    padded = any(pads or ()) or auto_pad not in ("NOTSET", "VALID")
    odd = (
        data.rank not in (3, 4) or max(dilations or (1,)) > 1 or (ceil_mode and count_include_pad and padded)
    )
    if odd:
        along = taps.windows_along(
            _.label,
            data.shape[2:],
            kernel_shape,
            auto_pad,
            pads,
            strides,
            dilations,
            round_up=bool(ceil_mode),
        )
        return taps.average_pool(_, data, along, count_padding=bool(count_include_pad))
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
) -> Results:  # fmt: skip
    data = _.tensor(x)
    odd = (
        data.rank not in (3, 4)
        or max(dilations or (1,)) > 1
        or any(_.outputs[1:])
        or not (_.dtype(data).is_float or is_quantized(_, data))
    )
    if odd:
        along = taps.windows_along(
            _.label,
            data.shape[2:],
            kernel_shape,
            auto_pad,
            pads,
            strides,
            dilations,
            round_up=bool(ceil_mode),
        )
        return taps.max_pool(_, data, along, columns_first=bool(storage_order))
    window = windows(_.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, dilations)
    return spatial.max_pool(_, data, window, round_up=bool(ceil_mode))


@ROWS.reads("GlobalAveragePool", wish=Wish.CHANNELS_LAST)
def _global_average_pool(_: Surroundings, x: str) -> Translated:
    return spatial.global_average_pool(_, spatial.spatial(_, _.tensor(x)))


@ROWS.reads("GlobalMaxPool", wish=Wish.CHANNELS_LAST)
def _global_max_pool(_: Surroundings, x: str) -> Translated:
    return spatial.global_max_pool(_, spatial.spatial(_, _.tensor(x)))


@ROWS.reads("Gemm", since=7)
def _gemm(
    _: Surroundings, a: str, b: str, c: str | None = None, *,
    alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Translated:  # fmt: skip
    data, matrix = _.tensor(a), _.tensor(b)
    if data.rank != 2 or matrix.rank != 2:
        raise FormatError(f"{_.label}: '{a}' and '{b}' must be matrices")
    addend = None if c is None else _.tensor(c)
    return scaled_product(
        _, data, matrix, addend, alpha=alpha, beta=beta, transpose_a=bool(transA), transpose_b=bool(transB)
    )


@ROWS.reads("MatMul")
def _matmul(_: Surroundings, a: str, b: str) -> Result:
    data, matrix = _.tensor(a), _.tensor(b)
    if data.rank >= 2 and matrix.rank == 2 and matrix.array is not None and data.array is None:
        return dense(_, data, matrix, transposed=False)
    return matrix_product(_, data, matrix)


@ROWS.reads("BatchNormalization", since=7, until=8, wish=Wish.ANY)
def _batch_normalization_7(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, momentum: float = 0.9, spatial: int = 1,
) -> Translated:  # fmt: skip
    if not spatial:
        raise UnsupportedError(f"{_.label}: statistics for each element (spatial=0) are not supported")
    return _batch_normalization(_, x, scale, b, mean, var, epsilon=epsilon)


@ROWS.reads("BatchNormalization", since=9, wish=Wish.ANY)
def _batch_normalization(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Translated:  # fmt: skip
    if training_mode or any(_.outputs[1:]):
        raise UnsupportedError(TRAINING.format(_.label))
    parameters = _.tensor(scale), _.tensor(b), _.tensor(mean), _.tensor(var)
    return batch_normalization(_, _.tensor(x), parameters, epsilon)


@ROWS.reads("Softmax", until=12)
def _softmax_1(_: Surroundings, x: str, *, axis: int = 1) -> Result:
    """Over all dimensions from the axis on."""
    data = _.tensor(x)
    first = 0 if data.rank == 0 else positive_axes([axis], data.rank)[0]
    if math.prod(data.shape[first + 1 :]) == 1:
        return along_last_axis(_, data, "softmax", first)
    rows = (math.prod(data.shape[:first]), math.prod(data.shape[first:]))
    flat = kept(_, reshape(_, data, rows))
    return reshape(_, kept(_, along_last_axis(_, flat, "softmax", 1)), data.shape)


@ROWS.reads("Softmax", since=13)
def _softmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    return along_last_axis(_, _.tensor(x), "softmax", axis)
