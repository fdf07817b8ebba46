"""ONNX's quantized operators, and those of ONNX Runtime's quantizer (com.microsoft), as pairs around real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first import spatial
from smelt.formats.channels_first.dense import dense, matrix_product, scaled_product
from smelt.formats.channels_first.elementwise import binary, elementwise, limited, unary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.quantized import parameters, quantized, real, real_constant
from smelt.formats.channels_first.rearranging import along_last_axis, concatenation, part, reshape
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.translation import Result, Surroundings, kept
from smelt.formats.channels_first.windows import windows
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.arithmetic import as_type
from smelt.formats.onnx.model import DTYPES
from smelt.formats.onnx.schema import Table
from smelt.ir import Array, DType, Quantization

ROWS = Table()
"""What reads a quantized operator."""

READS_SHIFTED = frozenset(
    ("DequantizeLinear", "Flatten", "Identity", "MaxPool", "QLinearConv", "QLinearMatMul", "Reshape", "Slice",
     "Split", "Squeeze", "Transpose", "Unsqueeze")
)  # fmt: skip
"""Operators that may read unsigned bytes as smelt has them, 128 less; so may all of com.microsoft below."""

_MICROSOFT = "com.microsoft."


def reads_shifted(operator: str) -> bool:
    """Whether an operator may be given unsigned bytes as smelt has them."""
    return operator in READS_SHIFTED or operator.startswith(f"{_MICROSOFT}Q")


@ROWS.reads("QuantizeLinear", wish=Wish.ANY)
def _quantize_linear(
    _: Surroundings, x: str, scale: str, zero_point: str | None = None, *,
    axis: int = 1, block_size: int = 0, output_dtype: int = 0, precision: int = 0, saturate: int = 1,
) -> Result:  # fmt: skip
    data, scales = _.tensor(x), _.tensor(scale)
    point = None if zero_point is None else _.tensor(zero_point)
    if output_dtype and output_dtype not in DTYPES:
        raise UnsupportedError(
            f"{_.label}: quantizes to ONNX's data type {output_dtype}, which is not supported"
        )
    default = DType.of(np.empty(0, DTYPES[output_dtype or 2]))
    dtype = default if point is None else _.dtype(point)
    one = scales.array is not None and scales.array.size == 1 and (point is None or point.array is not None)
    stored = dtype in (DType.S8, DType.U8, DType.S16) and _.dtype(data) is DType.F32
    if scales.array is not None and one and stored and not block_size and data.array is None:
        points = np.zeros(1, dtype.numpy) if point is None or point.array is None else point.array
        return quantized(_, data, dtype, parameters(_, scales.array, points, 0, data.shape))
    return _divided(_, data, scales, point, dtype, axis, block_size)


def _divided(
    _: Surroundings, x: Tensor, scale: Tensor, point: Tensor | None, dtype: DType, axis: int, block: int
) -> Result:
    """Quantized by arithmetic on real numbers, for parameters that are computed, or many."""
    if not (dtype.is_integer and dtype.bits <= 16):
        raise UnsupportedError(f"{_.label}: quantizes to {dtype.value}, which is not supported")
    steps = kept(_, binary(_, "div", x, _along(_, as_type(_, scale, _.dtype(x)), x, axis, block)))
    result = kept(_, unary(_, "round", steps))
    if point is not None:
        result = kept(_, binary(_, "add", result, _along(_, as_type(_, point, _.dtype(x)), x, axis, block)))
    low, high = dtype.integer_range
    return unary(_, "cast", kept(_, limited(_, result, float(low), float(high))), {"to": dtype.value})


def _along(_: Surroundings, parameter: Tensor, x: Tensor, axis: int, block: int) -> Tensor:
    """Scales or zero points so that they broadcast against x: one, one for each index of an axis, or of a block."""
    if parameter.rank == 0 or parameter.shape == (1,):
        return parameter
    (along,) = positive_axes([axis], x.rank)
    if parameter.rank == 1 and not block:
        shape = [1] * x.rank
        shape[along] = parameter.shape[0]
        return kept(_, reshape(_, parameter, tuple(shape)))
    if not block or parameter.rank != x.rank:
        raise FormatError(f"{_.label}: parameters of shape {list(parameter.shape)} do not fit '{x.name}'")
    if parameter.array is None:
        raise _.not_constant(parameter.name)
    _.allow(int(np.prod(x.shape)), parameter.array.itemsize)
    wide = np.repeat(parameter.array, min(block, x.shape[along]), along)
    return _.known(wide[tuple(slice(size) for size in x.shape)])


@ROWS.reads("DequantizeLinear", wish=Wish.ANY)
def _dequantize_linear(
    _: Surroundings, x: str, scale: str, zero_point: str | None = None, *,
    axis: int = 1, block_size: int = 0, output_dtype: int = 0,
) -> Result:  # fmt: skip
    data, scales = _.tensor(x), _.tensor(scale)
    point = None if zero_point is None else _.tensor(zero_point)
    if output_dtype not in (0, 1):
        raise UnsupportedError(
            f"{_.label}: dequantizes to ONNX's data type {output_dtype}, which is not supported"
        )
    if scales.array is not None and (point is None or point.array is not None) and not block_size:
        points = np.zeros(scales.shape, _file_dtype(_, data)) if point is None else point.array
        assert points is not None
        found = _parameters_or_none(_, scales.array, points, axis, data)
        result = None
        if found is not None:
            result = real_constant(_, data, found) if data.array is not None else real(_, data, found)
        if result is not None:
            return result
    return _multiplied(_, data, scales, point, axis, block_size)


def _file_dtype(_: Surroundings, x: Tensor) -> np.dtype[np.generic]:
    """The type of a tensor's elements in the file."""
    shifted = next(iter(x.forms.values()), "") in _.shifted
    return np.dtype(np.uint8) if shifted else _.dtype(x).numpy


def _parameters_or_none(
    _: Surroundings, scale: Array, point: Array, axis: int, x: Tensor
) -> Quantization | None:
    """None for parameters that smelt has no `Quantization` for: zero or negative scales."""
    numbers = scale.astype(np.float64)
    if not np.all(np.isfinite(numbers) & (numbers > 0)) or scale.dtype != np.float32:
        return None
    return parameters(_, scale, point, axis, x.shape)


def _multiplied(
    _: Surroundings, x: Tensor, scale: Tensor, point: Tensor | None, axis: int, block: int
) -> Result:
    """Dequantized by arithmetic on real numbers, for parameters that are computed, or many."""
    if next(iter(x.forms.values()), "") in _.shifted:
        raise UnsupportedError(f"{_.label}: '{x.name}' was quantized with other parameters")
    dtype = _.dtype(scale)
    result = as_type(_, x, dtype)
    if point is not None:
        result = kept(_, binary(_, "sub", result, _along(_, as_type(_, point, dtype), x, axis, block)))
    return binary(_, "mul", result, _along(_, scale, x, axis, block))


def _real(_: Surroundings, x: str, scale: str, zero_point: str | None, axis: int = 0) -> Tensor:
    """The real numbers of an operand that comes with its scale and zero point, which must be constants."""
    data, scales = _.tensor(x), _.constant(scale)
    points = np.zeros(scales.shape, _file_dtype(_, data)) if zero_point is None else _.constant(zero_point)
    found = parameters(_, scales, points, axis, data.shape)
    if data.array is not None:
        return real_constant(_, data, found)
    result = real(_, data, found)
    if result is None:
        point = None if zero_point is None else _.tensor(zero_point)
        result = _multiplied(_, data, _.tensor(scale), point, axis, 0)
    return kept(_, result)


def _quantized(_: Surroundings, result: Result, scale: str, zero_point: str | None, like: str) -> Tensor:
    """A result as integers with this scale and zero point; without a zero point of the type of another operand."""
    made = kept(_, result)
    points = np.zeros(1, _file_dtype(_, _.tensor(like))) if zero_point is None else _.constant(zero_point)
    found = parameters(_, _.constant(scale), points, 0, made.shape)
    return quantized(_, made, DType.of(points), found)


def _bias(_: Surroundings, name: str, data: float, weights: Tensor) -> Tensor:
    """int32 in steps of the product of the scales of data and weights."""
    integers = weights.integers
    array = _.constant(name)
    if integers is None or integers.quantization is None or array.dtype != np.int32 or array.ndim != 1:
        raise FormatError(f"{_.label}: its bias '{name}' is no row of int32, or its weights are no constant")
    scales = np.array(integers.quantization.scales, np.float32) * np.float32(data)
    if len(scales) not in (1, len(array)):
        raise FormatError(
            f"{_.label}: its bias '{name}' has {len(array)} elements, its weights {len(scales)} scales"
        )
    per_axis = len(scales) > 1
    held = Quantization(tuple(map(float, scales)), (0,) * len(scales), 0 if per_axis else None)
    return real_constant(_, _.tensor(name), held)


def _scale(_: Surroundings, name: str) -> float:
    return float(_.constant(name).reshape(-1)[0])


@ROWS.reads("QLinearConv", wish=Wish.CHANNELS_LAST)
def _qlinear_conv(
    _: Surroundings, x: str, x_scale: str, x_zero: str, w: str, w_scale: str, w_zero: str, y_scale: str,
    y_zero: str, b: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    data = spatial.spatial(_, _real(_, x, x_scale, x_zero))
    kernel = _real(_, w, w_scale, w_zero)
    bias = None if b is None else _bias(_, b, _scale(_, x_scale), kernel)
    window = windows(_.label, data.shape[2:], kernel.shape[2:], auto_pad, pads, strides, dilations)
    result = spatial.convolution(_, data, kernel, bias, window, group)
    return _quantized(_, result, y_scale, y_zero, x)


@ROWS.reads("QLinearMatMul")
def _qlinear_matmul(
    _: Surroundings, a: str, a_scale: str, a_zero: str, b: str, b_scale: str, b_zero: str, y_scale: str,
    y_zero: str,
) -> Result:  # fmt: skip
    left, right = _real(_, a, a_scale, a_zero, -2), _real(_, b, b_scale, b_zero, -1)
    return _quantized(_, _product(_, left, right), y_scale, y_zero, a)


def _product(_: Surroundings, left: Tensor, right: Tensor) -> Result:
    if left.rank >= 2 and right.rank == 2 and right.array is not None and left.array is None:
        return dense(_, left, right, transposed=False)
    return matrix_product(_, left, right)


@ROWS.reads(f"{_MICROSOFT}QGemm")
def _qgemm(
    _: Surroundings, a: str, a_scale: str, a_zero: str, b: str, b_scale: str, b_zero: str, c: str | None = None,
    y_scale: str | None = None, y_zero: str | None = None, *,
    alpha: float = 1.0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Result:  # fmt: skip
    data = _real(_, a, a_scale, a_zero)
    matrix = _real(_, b, b_scale, b_zero, 0 if transB else 1)
    addend = None if c is None else _bias(_, c, alpha * _scale(_, a_scale), matrix)
    result = scaled_product(
        _, data, matrix, addend, alpha=alpha, beta=1.0, transpose_a=bool(transA), transpose_b=bool(transB)
    )
    return result if y_scale is None else _quantized(_, result, y_scale, y_zero, a)


def _qlinear_binary(foreign: str, operator: str) -> None:
    @ROWS.reads(_MICROSOFT + foreign, wish=Wish.ANY)
    def function(
        _: Surroundings, a: str, a_scale: str, a_zero: str | None, b: str, b_scale: str, b_zero: str | None,
        y_scale: str, y_zero: str | None = None,
    ) -> Result:  # fmt: skip
        operands = _real(_, a, a_scale, a_zero), _real(_, b, b_scale, b_zero)
        return _quantized(_, binary(_, operator, *operands), y_scale, y_zero, a)


_qlinear_binary("QLinearAdd", "add")
_qlinear_binary("QLinearMul", "mul")


@ROWS.reads(f"{_MICROSOFT}QLinearSigmoid", wish=Wish.ANY)
def _qlinear_sigmoid(
    _: Surroundings, x: str, x_scale: str, x_zero: str | None, y_scale: str, y_zero: str | None = None
) -> Result:
    return _quantized(_, unary(_, "logistic", _real(_, x, x_scale, x_zero)), y_scale, y_zero, x)


@ROWS.reads(f"{_MICROSOFT}QLinearLeakyRelu", wish=Wish.ANY)
def _qlinear_leaky_relu(
    _: Surroundings, x: str, x_scale: str, x_zero: str | None, y_scale: str, y_zero: str | None = None, *,
    alpha: float = 0.01,
) -> Result:  # fmt: skip
    result = unary(_, "leaky_relu", _real(_, x, x_scale, x_zero), {"alpha": float(alpha)})
    return _quantized(_, result, y_scale, y_zero, x)


@ROWS.reads(f"{_MICROSOFT}QLinearSoftmax")
def _qlinear_softmax(
    _: Surroundings, x: str, x_scale: str, x_zero: str | None, y_scale: str, y_zero: str, *,
    axis: int = -1, opset: int,
) -> Result:  # fmt: skip
    data = _real(_, x, x_scale, x_zero)
    (along,) = positive_axes([axis], data.rank)
    if opset < 13 and along != data.rank - 1:
        raise UnsupportedError(f"{_.label}: over several dimensions is not supported")
    return _quantized(_, along_last_axis(_, data, "softmax", axis), y_scale, y_zero, x)


@ROWS.reads(f"{_MICROSOFT}QLinearGlobalAveragePool", wish=Wish.CHANNELS_LAST)
def _qlinear_global_average_pool(
    _: Surroundings, x: str, x_scale: str, x_zero: str, y_scale: str, y_zero: str, *, channels_last: int = 0
) -> Result:
    if channels_last:
        raise UnsupportedError(f"{_.label}: channels_last is not supported")
    data = spatial.spatial(_, _real(_, x, x_scale, x_zero))
    return _quantized(_, spatial.global_average_pool(_, data), y_scale, y_zero, x)


@ROWS.reads(f"{_MICROSOFT}QLinearAveragePool", wish=Wish.CHANNELS_LAST)
def _qlinear_average_pool(
    _: Surroundings, x: str, x_scale: str, x_zero: str | None, y_scale: str, y_zero: str | None = None, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, channels_last: int = 0, count_include_pad: int = 0,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    if channels_last:
        raise UnsupportedError(f"{_.label}: channels_last is not supported")
    data = spatial.spatial(_, _real(_, x, x_scale, x_zero))
    window = windows(_.label, data.shape[2:], kernel_shape, auto_pad, pads, strides, None)
    result = spatial.average_pool(
        _, data, window, round_up=bool(ceil_mode), count_padding=bool(count_include_pad)
    )
    return _quantized(_, result, y_scale, y_zero, x)


@ROWS.reads(f"{_MICROSOFT}QLinearConcat", wish=Wish.ANY)
def _qlinear_concat(_: Surroundings, *inputs: str, axis: int) -> Result:
    scale, zero, *rest = inputs
    if not rest or len(rest) % 3:
        raise FormatError(f"{_.label}: has {len(inputs)} inputs, needs a scale and zero point with each")
    triples = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    tensors = [_real(_, *triple) for triple in triples]
    return _quantized(_, concatenation(_, tensors, axis), scale, zero, rest[0])


@ROWS.reads(f"{_MICROSOFT}QLinearWhere", wish=Wish.ANY)
def _qlinear_where(
    _: Surroundings, condition: str, x: str, x_scale: str, x_zero: str, y: str, y_scale: str, y_zero: str,
    z_scale: str, z_zero: str,
) -> Result:  # fmt: skip
    operands = _.tensor(condition), _real(_, x, x_scale, x_zero), _real(_, y, y_scale, y_zero)
    return _quantized(_, elementwise(_, "select", operands), z_scale, z_zero, x)


_MOST_EXACT = (1 << 24) // (255 * 255)
"""The most products of bytes whose sum float32 is sure to hold; longer sums are made of such, in int32."""


def _centred(_: Surroundings, x: Tensor, zero_point: str | None, axis: int) -> Tensor:
    """Integers less their zero point, as real numbers."""
    result = as_type(_, x, DType.F32)
    if zero_point is None:
        return result
    point = as_type(_, _.tensor(zero_point), DType.F32)
    return kept(_, binary(_, "sub", result, _along(_, point, x, axis, 0)))


def _summed(_: Surroundings, parts: Iterable[Result]) -> Result:
    """The sum of some results as int32."""
    total: Result | None = None
    for each in parts:
        whole = unary(_, "cast", kept(_, each), {"to": "s32"})
        total = whole if total is None else binary(_, "add", kept(_, total), kept(_, whole))
    assert total is not None
    return total


def _cut(_: Surroundings, x: Tensor, axis: int, length: int) -> list[Tensor]:
    """A tensor in parts of an axis, of so many elements or fewer."""
    size = x.shape[axis]
    if size <= length:
        return [x]
    _.allow(size // length, 1)
    whole = [(0, extent, 1) for extent in x.shape]
    places = range(0, size, length)
    return [
        kept(_, part(_, x, [*whole[:axis], (at, min(at + length, size), 1), *whole[axis + 1 :]]))
        for at in places
    ]


@ROWS.reads("MatMulInteger")
def _matmul_integer(
    _: Surroundings, a: str, b: str, a_zero: str | None = None, b_zero: str | None = None
) -> Result:
    left, right = _centred(_, _.tensor(a), a_zero, -2), _centred(_, _.tensor(b), b_zero, -1)
    if not left.rank or not right.rank or left.shape[-1] != right.shape[max(right.rank - 2, 0)]:
        raise FormatError(f"{_.label}: of '{a}' {list(left.shape)} and '{b}' {list(right.shape)}")
    columns = _cut(_, left, left.rank - 1, _MOST_EXACT)
    rows = _cut(_, right, max(right.rank - 2, 0), _MOST_EXACT)
    return _summed(_, (_product(_, x, y) for x, y in zip(columns, rows, strict=True)))


@ROWS.reads("ConvInteger", wish=Wish.CHANNELS_LAST)
def _conv_integer(
    _: Surroundings, x: str, w: str, x_zero: str | None = None, w_zero: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Result:  # fmt: skip
    data = spatial.spatial(_, _centred(_, _.tensor(x), x_zero, 1))
    kernel = _centred(_, _.tensor(w), w_zero, 0)
    window = windows(_.label, data.shape[2:], kernel.shape[2:], auto_pad, pads, strides, dilations)
    channels = _MOST_EXACT // max(int(np.prod(kernel.shape[2:])), 1)
    if kernel.shape[1] > channels and (group > 1 or not channels):
        raise UnsupportedError(
            f"{_.label}: sums {int(np.prod(kernel.shape[1:]))} products, of which float32 is not sure to hold more "
            f"than {_MOST_EXACT}; quantize the model statically (onnxruntime.quantization.quantize_static)"
        )
    if group == 1:
        spatial.check_convolution(_, data, kernel, group)
    pairs = [(data, kernel)]
    if kernel.shape[1] > channels:
        pairs = list(zip(_cut(_, data, 1, channels), _cut(_, kernel, 1, channels), strict=True))
    return _summed(_, (spatial.convolution(_, d, k, None, window, group) for d, k in pairs))
