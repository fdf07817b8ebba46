"""Quantized tensors: PT2E's pairs of operators, fake quantization, and torch's own quantized operators.

All become `quantize` and `dequantize` nodes around operators on real numbers; smelt.passes.fuse_quantized_operators
makes operators on integers of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import limited, unary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.quantized import parameters, quantized, real, real_constant
from smelt.formats.channels_first.rearranging import concatenation
from smelt.formats.channels_first.translation import Folded, Result, Translated, fixed, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation, applied, axis_of, cast
from smelt.formats.pytorch.products import linear
from smelt.formats.pytorch.schema import Table, Tensors, Unused
from smelt.formats.pytorch.spatial import conv
from smelt.formats.pytorch.storage import QuantizedArray
from smelt.ir import Array, DType, Quantization

QUANTIZING = Table()
"""What reads an operator that knows of quantized tensors."""

_NATIVE = {12: DType.S8, 13: DType.U8}
"""TorchScript's numbers of torch's quantized types: qint8, quint8."""

MOVING = frozenset(
    f"aten.{name}"
    for name in (
        "alias", "chunk", "clone", "contiguous", "detach", "dropout", "expand", "flatten", "max_pool1d", "max_pool2d",
        "narrow", "permute", "reshape", "select", "slice", "split", "squeeze", "t", "transpose", "unflatten",
        "unsqueeze", "view",
    )
)  # fmt: skip
"""Operators that mean the same on integers as on the real numbers that they stand for."""

KEEPING = MOVING | {
    f"aten.{name}"
    for name in ("adaptive_avg_pool2d", "avg_pool2d", "clamp", "hardtanh", "mean", "relu", "relu6", "cat")
}
"""Operators on torch's quantized tensors whose result has their parameters."""


def _parameters(_: Translation, scale: float, zero_point: int, dtype: DType) -> Quantization:
    return parameters(_, np.array(scale, np.float32), np.array(zero_point).astype(dtype.numpy), 0, ())


def _within(_: Translation, dtype: DType, low: int, high: int) -> None:
    least, most = dtype.integer_range
    if not least <= low < high <= most:
        raise FormatError(f"{_.label}: integers {low} to {high} of {dtype.value}")


@QUANTIZING.reads("quantized_decomposed.quantize_per_tensor", wish=Wish.ANY)
def _quantize(
    _: Translation, x: Tensor, scale: float, zero_point: int, quant_min: int, quant_max: int, dtype: DType
) -> Result:
    _within(_, dtype, quant_min, quant_max)
    if x.array is not None:
        return Folded(_rounded(x.array, np.float32(scale), np.int64(zero_point), quant_min, quant_max, dtype))
    if dtype not in (DType.S8, DType.U8, DType.S16):
        raise UnsupportedError(f"{_.label}: quantizes to {dtype.value}, which is not supported")
    if (quant_min, quant_max) != dtype.integer_range:
        low, high = ((bound - zero_point) * scale for bound in (quant_min, quant_max))
        x = kept(_, limited(_, x, float(np.float32(low)), float(np.float32(high))))
    return quantized(_, x, dtype, _parameters(_, scale, zero_point, dtype))


def _rounded(array: Array, scale: Any, point: Any, low: int, high: int, dtype: DType) -> Array:
    """Integers as torch rounds them."""
    inverse = np.float32(1) / scale
    whole: Array = np.clip(np.rint(array.astype(np.float32) * inverse) + point, low, high).astype(dtype.numpy)
    return whole


@QUANTIZING.reads("quantized_decomposed.dequantize_per_tensor", wish=Wish.ANY)
def _dequantize(
    _: Translation, x: Tensor, scale: float, zero_point: int, quant_min: int, quant_max: int, dtype: DType,
    out_dtype: DType | None = None,
) -> Result:  # fmt: skip
    found = _parameters(_, scale, zero_point, dtype)
    if x.array is not None:
        return real_constant(_, x, found)
    result = real(_, x, found) if dtype in (DType.S8, DType.U8, DType.S16) else None
    if result is not None:
        return result
    shifted = zero_point - (128 if next(iter(x.forms.values()), "") in _.shifted else 0)
    return applied(_, "mul", kept(_, applied(_, "sub", cast(_, x, DType.F32), float(shifted))), scale)


def _channels(
    _: Translation, x: Tensor, scales: Tensor, zero_points: Tensor | None, axis: int, dtype: DType
) -> Quantization:
    if scales.array is None or (zero_points is not None and zero_points.array is None):
        raise UnsupportedError(f"{_.label}: scales that the model computes are not supported")
    points = np.zeros(scales.shape, np.int64) if zero_points is None else zero_points.array
    return parameters(
        _, scales.array, np.asarray(points).astype(dtype.numpy), axis_of(_, axis, x.rank), x.shape
    )


@QUANTIZING.reads("quantized_decomposed.dequantize_per_channel")
def _dequantize_channels(
    _: Translation, x: Tensor, scales: Tensor, zero_points: Tensor | None, axis: int, quant_min: int,
    quant_max: int, dtype: DType, out_dtype: DType | None = None,
) -> Result:  # fmt: skip
    if x.array is None:
        raise UnsupportedError(f"{_.label}: of a tensor that the model computes is not supported")
    return real_constant(_, x, _channels(_, x, scales, zero_points, axis, dtype))


@QUANTIZING.reads("quantized_decomposed.quantize_per_channel")
def _quantize_channels(
    _: Translation, x: Tensor, scales: Tensor, zero_points: Tensor, axis: int, quant_min: int, quant_max: int,
    dtype: DType,
) -> Result:  # fmt: skip
    _within(_, dtype, quant_min, quant_max)
    if x.array is None or scales.array is None or zero_points.array is None:
        raise UnsupportedError(f"{_.label}: of a tensor that the model computes is not supported")
    _channels(_, x, scales, zero_points, axis, dtype)
    shape = [-1 if index == axis_of(_, axis, x.rank) else 1 for index in range(x.rank)]
    scale, point = scales.array.astype(np.float32).reshape(shape), zero_points.array.reshape(shape)
    return Folded(_rounded(x.array, scale, point, quant_min, quant_max, dtype))


def _fitting(_: Translation, low: int, high: int) -> DType:
    for dtype in (DType.S8, DType.U8, DType.S16):
        if dtype.integer_range[0] <= low < high <= dtype.integer_range[1]:
            return dtype
    raise UnsupportedError(f"{_.label}: integers {low} to {high} fit no type that smelt quantizes to")


@QUANTIZING.reads("aten.fake_quantize_per_tensor_affine", wish=Wish.ANY)
def _fake_quantize(
    _: Translation, x: Tensor, scale: float, zero_point: int, quant_min: int, quant_max: int
) -> Result:
    dtype = _fitting(_, quant_min, quant_max)
    integers = kept(_, _quantize(_, x, scale, zero_point, quant_min, quant_max, dtype))
    return _dequantize(_, integers, scale, zero_point, quant_min, quant_max, dtype)


@QUANTIZING.reads("aten.fake_quantize_per_channel_affine")
def _fake_quantize_channels(
    _: Translation, x: Tensor, scale: Tensor, zero_point: Tensor, axis: int, quant_min: int, quant_max: int
) -> Result:
    dtype = _fitting(_, quant_min, quant_max)
    integers = _quantize_channels(_, x, scale, zero_point, axis, quant_min, quant_max, dtype)
    return real_constant(_, _named(x, kept(_, integers)), _channels(_, x, scale, zero_point, axis, dtype))


def _named(x: Tensor, integers: Tensor) -> Tensor:
    """Integers under the name of what they were made of."""
    return Tensor(x.name, integers.shape, integers.array, variant=f"{x.variant} integers")


def stored(_: Translation, name: str, given: QuantizedArray) -> Tensor:
    """A stored quantized tensor: the real numbers of its integers."""
    array = given.integers
    one = given.axis is None
    scales, points = np.array(given.scales, np.float32), np.array(given.zero_points).astype(array.dtype)
    found = parameters(
        _, scales[0] if one else scales, points[0] if one else points, given.axis or 0, array.shape
    )
    return real_constant(_, Tensor(name, array.shape, array), found)


def real_numbers(_: Translation, x: Tensor) -> Tensor:
    """What one of torch's quantized tensors stands for."""
    return kept(_, Translated("dequantize", (_.place(x, x.layout),), {}, fixed(x.layout)))


def parameters_of(_: Translation, x: Tensor) -> tuple[DType, Quantization] | None:
    """The file's type and smelt's parameters of a computed tensor of integers; None of other tensors."""
    name = next(iter(x.forms.values()), None)
    own = None if x.array is not None or name is None else _.quantization(name)
    return None if own is None else (DType.U8 if name in _.shifted else _.dtype(x), own)


def as_native(_: Translation, result: Result, dtype: DType, found: Quantization) -> Tensor:
    """Real numbers as one of torch's quantized tensors."""
    tensor = quantized(_, kept(_, result), dtype, found)
    _.native.update(tensor.forms.values())
    return tensor


@QUANTIZING.reads("aten.quantize_per_tensor", wish=Wish.ANY)
def _quantize_native(_: Translation, x: Tensor, scale: float, zero_point: int, dtype: int) -> Result:
    if dtype not in _NATIVE:
        raise UnsupportedError(f"{_.label}: quantizes to a type other than qint8 and quint8")
    return as_native(_, x, _NATIVE[dtype], _parameters(_, scale, zero_point, _NATIVE[dtype]))


@QUANTIZING.reads("aten.dequantize", wish=Wish.ANY)
def _dequantize_native(_: Translation, x: Tensor) -> Result:
    return x if parameters_of(_, x) is None else real_numbers(_, x)


def _rectified(_: Translation, result: Result, is_rectified: bool) -> Result:
    return unary(_, "relu", kept(_, result)) if is_rectified else result


def _convolution(name: str, is_rectified: bool) -> None:
    def function(
        _: Translation, x: Tensor, packed: Unused, output_scale: float, output_zero_point: int
    ) -> Result:
        if not isinstance(packed, list) or len(packed) != 6 or not isinstance(packed[0], Tensor):
            raise FormatError(f"{_.label}: has no packed weights")
        weight, bias, *window = packed
        stride, padding, dilation = (tuple(numbers) for numbers in window[:3])
        result = conv(_, real_numbers(_, x), weight, bias, stride, padding, dilation, window[3])
        found = _parameters(_, output_scale, output_zero_point, DType.U8)
        return as_native(_, _rectified(_, result, is_rectified), DType.U8, found)

    QUANTIZING.reads(f"quantized.{name}", wish=Wish.CHANNELS_LAST)(function)


for _kind in ("conv1d", "conv2d"):
    _convolution(_kind, False)
    _convolution(f"{_kind}_relu", True)


def _linear(name: str, is_rectified: bool) -> None:
    def function(
        _: Translation, x: Tensor, packed: Unused, output_scale: float, output_zero_point: int
    ) -> Result:
        if not isinstance(packed, list) or len(packed) != 2 or not isinstance(packed[0], Tensor):
            raise FormatError(f"{_.label}: has no packed weights")
        result = linear(_, real_numbers(_, x), *packed)
        found = _parameters(_, output_scale, output_zero_point, DType.U8)
        return as_native(_, _rectified(_, result, is_rectified), DType.U8, found)

    QUANTIZING.reads(f"quantized.{name}")(function)


_linear("linear", False)
_linear("linear_relu", True)


def _binary(name: str, operator: str, is_rectified: bool) -> None:
    def function(_: Translation, x: Tensor, other: Tensor, scale: float, zero_point: int) -> Result:
        result = applied(_, operator, real_numbers(_, x), real_numbers(_, other))
        found = _parameters(_, scale, zero_point, DType.U8)
        return as_native(_, _rectified(_, result, is_rectified), DType.U8, found)

    QUANTIZING.reads(f"quantized.{name}", wish=Wish.ANY)(function)


for _kind in ("add", "mul"):
    _binary(_kind, _kind, False)
    _binary(f"{_kind}_relu", _kind, True)


@QUANTIZING.reads("quantized.cat", wish=Wish.ANY)
def _cat(
    _: Translation, tensors: Tensors, dim: int, scale: float | None = None, zero_point: int | None = None
) -> Result:
    own = parameters_of(_, tensors[0]) if tensors else None
    if own is None:
        raise FormatError(f"{_.label}: of tensors that are not quantized")
    found = own[1] if scale is None or zero_point is None else _parameters(_, scale, zero_point, DType.U8)
    parts: Sequence[Tensor] = [real_numbers(_, x) for x in tensors]
    return as_native(_, concatenation(_, parts, axis_of(_, dim, parts[0].rank)), DType.U8, found)


def around(_: Translation, operator: str, arguments: list[Any], call: Callable[[list[Any]], Any]) -> Any:
    """Apply an operator of real numbers to tensors some of which are integers: on what they stand for.

    UnsupportedError where the result would not have their parameters, or would mean something else on integers.
    """
    first = next((x for x in _flat(arguments) if parameters_of(_, x) is not None), None)
    own = None if first is None else parameters_of(_, first)
    if own is None or operator in QUANTIZING or first is None:
        return call(arguments)
    is_native = next(iter(first.forms.values())) in _.native
    if operator not in (KEEPING if is_native else MOVING):
        raise UnsupportedError(f"{_.label}: on quantized tensors is not supported")
    results = call([_real(_, argument) for argument in arguments])
    make = as_native if is_native else lambda _, result, *given: quantized(_, kept(_, result), *given)
    if isinstance(results, list | tuple):
        return type(results)(None if r is None else make(_, r, *own) for r in results)
    return make(_, results, *own)


def _flat(arguments: Sequence[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for argument in arguments:
        if isinstance(argument, Tensor):
            found.append(argument)
        elif isinstance(argument, list):
            found += _flat(argument)
    return found


def _real(_: Translation, argument: Any) -> Any:
    if isinstance(argument, list):
        return [_real(_, item) for item in argument]
    return (
        real_numbers(_, argument) if isinstance(argument, Tensor) and parameters_of(_, argument) else argument
    )
