"""Quantized tensors of a channels-first file: int8 in smelt, unsigned bytes less 128; real numbers in between.

`quantized` and `real` give `quantize` and `dequantize` nodes, around operators on real numbers;
smelt.passes.fuse_quantized_operators makes operators on integers of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Integers, Tensor
from smelt.formats.channels_first.translation import Result, Surroundings, Translated, fixed, kept
from smelt.ir import Array, DType, Quantization

_STORED = {DType.S8: DType.S8, DType.U8: DType.S8, DType.S16: DType.S16, DType.S32: DType.S32}
"""The element types that smelt keeps the file's quantized tensors in."""


def parameters(
    _: Surroundings, scale: Array, zero_point: Array, axis: int, shape: tuple[int, ...]
) -> Quantization:
    """A file's scale and zero point, one or one for each index of an axis, of a tensor with this shape.

    Zero points of unsigned types are shifted as their tensors are.  FormatError for what makes no sense.
    """
    scales = scale.astype(np.float32).reshape(-1)
    points = zero_point.astype(np.int64).reshape(-1) - shift_of(zero_point.dtype)
    if not np.all(np.isfinite(scales) & (scales > 0)):
        raise FormatError(f"{_.label}: has a scale that is not a positive number")
    along = axis + len(shape) if axis < 0 else axis
    per_axis = scale.ndim == 1 and scales.size > 1
    if per_axis and not (0 <= along < len(shape) and shape[along] == scales.size):
        raise FormatError(f"{_.label}: has {scales.size} scales along axis {axis} of {list(shape)}")
    if points.size != scales.size or scale.ndim > 1:
        raise FormatError(f"{_.label}: has {scales.size} scales and {points.size} zero points")
    if not per_axis:
        return Quantization.per_tensor(float(scales[0]), int(points[0]))
    return Quantization(tuple(map(float, scales)), tuple(map(int, points)), along)


def shift_of(dtype: np.dtype[np.generic]) -> int:
    """What is taken from the file's integers: 128 from unsigned bytes."""
    return 128 if dtype == np.uint8 else 0


def quantized(_: Surroundings, x: Tensor, dtype: DType, quantization: Quantization) -> Tensor:
    """Real numbers as the file's integers (s8, u8, s16, s32) of these (shifted) parameters."""
    attributes = {"dtype": _STORED[dtype].value}
    result = kept(
        _, Translated("quantize", (_.place(x, x.layout),), attributes, fixed(x.layout), quantization)
    )
    if dtype is DType.U8:
        _.shifted.update(result.forms.values())
    return result


def is_quantized(_: Surroundings, x: Tensor) -> bool:
    """Whether a computed tensor of integers stands for real numbers."""
    return x.array is None and any(_.quantization(name) is not None for name in x.forms.values())


def real_constant(_: Surroundings, x: Tensor, quantization: Quantization) -> Tensor:
    """A constant of integers (as the file has them) as the real numbers that they stand for."""
    array = x.array
    assert array is not None
    _.allow(array.size, 8)
    stored: Array = array
    if array.dtype == np.uint8:
        stored = (array.astype(np.int16) - 128).astype(np.int8)
    shape = [1] * array.ndim
    if quantization.axis is not None:
        shape[quantization.axis] = -1
    points = np.array(quantization.zero_points, np.int64).reshape(shape)
    scales = np.array(quantization.scales, np.float32).reshape(shape)
    values = np.asarray((stored.astype(np.int64) - points).astype(np.float32) * scales)
    integers = Integers(stored, quantization) if DType.of(stored) in _STORED.values() else None
    return Tensor(
        f"{x.name}", x.shape, values, variant=f"{x.variant}real {hash(quantization)}", integers=integers
    )


def real(_: Surroundings, x: Tensor, quantization: Quantization) -> Result | None:
    """The real numbers that a computed tensor of integers stands for; None where it has not these parameters."""
    name = _.place(x, x.layout)
    if _.dtype(x) is DType.U8:  # a graph input
        quantization = replace(quantization, zero_points=tuple(z + 128 for z in quantization.zero_points))
    if not _.has_quantization(name, quantization):
        return None
    return Translated("dequantize", (name,), {}, fixed(x.layout))


def as_in_the_file(_: Surroundings, x: Tensor) -> Tensor:
    """A quantized tensor with the file's own unsigned bytes, where smelt has it shifted."""
    name = next(iter(x.forms.values()), None)
    if name not in _.shifted or name is None:
        return x
    own = _.quantization(name)
    if own is None or own.axis is not None:
        raise UnsupportedError(f"{_.label}: '{x.name}' is read as plain integers, which is not supported")
    bytes_ = Quantization.per_tensor(own.scale, own.zero_point + 128)
    return kept(_, Translated("quantize", (name,), {"dtype": "u8"}, fixed(x.layout), bytes_))


def as_plain_integers(_: Surroundings, x: Tensor) -> Tensor:
    """A quantized tensor for what computes with the file's integers as they are: without scale and zero point."""
    stored = as_in_the_file(_, x)
    name = _.place(stored, stored.layout)
    return kept(_, Translated("cast", (name,), {"to": _.dtype(stored).value}, fixed(stored.layout)))
