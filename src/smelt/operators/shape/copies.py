"""transpose, strided_slice and pad: copies of whole elements to other places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, Attribute, DType
from smelt.operators.fixed_point import quantize_value
from smelt.operators.operator import (
    Call,
    ChannelPairs,
    Input,
    Kernel,
    Lowering,
    Mask,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
    same_channels,
)
from smelt.operators.shape.strided import MOST_LOOPS, Loop, Runs, merged, strides
from smelt.targets import Target


@dataclass(frozen=True)
class Transpose:
    """Dimension k of the output is dimension permutation[k] of the input."""

    permutation: tuple[int, ...]


@dataclass(frozen=True)
class StridedSlice:
    """Along each dimension the elements begin, begin + stride, ... before end, as Python's range has them.

    All are inside the dimension; a negative stride goes backwards, with an end of -1 to the first element.
    """

    begin: tuple[int, ...]
    end: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class Pad:
    """paddings are (before, after) of each dimension in order; value is real, also for quantized tensors."""

    paddings: tuple[int, ...]
    value: float = 0.0


def _infer_transpose(call: Call) -> tuple[TensorType, ...]:
    value, permutation = call.input(0), call.attributes.permutation
    if sorted(permutation) != list(range(len(value.shape))):
        raise GraphError(
            f"{call.node.label}: {permutation} does not permute the {len(value.shape)} dimensions of "
            f"'{value.name}'"
        )
    return (TensorType(value.dtype, tuple(value.shape[axis] for axis in permutation)),)


def _infer_strided_slice(call: Call) -> tuple[TensorType, ...]:
    cut: StridedSlice = call.attributes
    value = call.input(0)
    if not len(cut.begin) == len(cut.end) == len(cut.stride) == len(value.shape):
        raise GraphError(
            f"{call.node.label}: begin, end and stride are not one a dimension of '{value.name}', "
            f"shape {list(value.shape)}"
        )
    for axis, (begin, end, stride, size) in enumerate(
        zip(cut.begin, cut.end, cut.stride, value.shape, strict=True)
    ):
        forwards = stride > 0 and 0 <= begin <= end <= size
        backwards = stride < 0 and size > begin >= end >= -1
        if not (forwards or backwards):
            raise GraphError(
                f"{call.node.label}: {begin}:{end}:{stride} is not a part of dimension {axis} of "
                f"'{value.name}', shape {list(value.shape)}"
            )
    spans = zip(cut.begin, cut.end, cut.stride, strict=True)
    return (TensorType(value.dtype, tuple(len(range(*span)) for span in spans)),)


def _infer_pad(call: Call) -> tuple[TensorType, ...]:
    value, paddings = call.input(0), call.attributes.paddings
    if len(paddings) != 2 * len(value.shape) or any(amount < 0 for amount in paddings):
        raise GraphError(
            f"{call.node.label}: paddings {paddings} are not two numbers from 0 up for each of the "
            f"{len(value.shape)} dimensions of '{value.name}'"
        )
    shape = (s + b + a for s, b, a in zip(value.shape, paddings[::2], paddings[1::2], strict=True))
    return (TensorType(value.dtype, tuple(shape)),)


def _evaluate_transpose(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.ascontiguousarray(x.transpose(call.attributes.permutation)),)


def _evaluate_strided_slice(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    cut: StridedSlice = call.attributes
    spans = zip(cut.begin, cut.end, cut.stride, strict=True)
    # an end before the first element is None to numpy
    index = tuple(slice(begin, None if end < 0 else end, stride) for begin, end, stride in spans)
    return (np.ascontiguousarray(x[index]),)


def padding_element(call: Call) -> Array:
    """The padding as one element of the tensor's type: quantized when the tensor is."""
    dtype, value = call.output.dtype, call.attributes.value
    if dtype.is_float:
        return np.asarray(value, dtype.numpy)
    if dtype is DType.BOOL:
        return np.asarray(bool(value))
    quantization = call.output.quantization
    integer = int(value) if quantization is None else quantize_value(value, quantization)
    low, high = dtype.integer_range
    return np.asarray(min(max(integer, low), high), dtype.numpy)


def _evaluate_pad(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    paddings = call.attributes.paddings
    result = np.full(call.output.shape, padding_element(call), x.dtype)
    result[tuple(slice(b, b + s) for b, s in zip(paddings[::2], x.shape, strict=True))] = x
    return (result,)


def _transpose_runs(call: Call) -> Runs:
    size = call.output.dtype.numpy.itemsize
    source = strides(call.input(0).shape, size)
    walk = zip(call.output.shape, call.attributes.permutation, strides(call.output.shape, size), strict=True)
    return merged([Loop(count, source[axis], to) for count, axis, to in walk], size)


def _slice_runs(call: Call) -> Runs:
    size = call.output.dtype.numpy.itemsize
    walk = zip(
        call.output.shape,
        call.attributes.stride,
        strides(call.input(0).shape, size),
        strides(call.output.shape, size),
        strict=True,
    )
    return merged([Loop(count, stride * source, to) for count, stride, source, to in walk], size)


def _pad_runs(call: Call) -> Runs:
    size = call.output.dtype.numpy.itemsize
    shape = call.input(0).shape
    walk = zip(shape, strides(shape, size), strides(call.output.shape, size), strict=True)
    return merged([Loop(count, source, to) for count, source, to in walk], size)


def _fits(call: Call, runs: Runs) -> bool:
    """Whether the kernels can walk this: whole bytes, no empty tensor, no more loops than they have."""
    full = call.input(0).elements > 0 and call.output.elements > 0
    return call.output.dtype.bits >= 8 and full and len(runs.loops) <= MOST_LOOPS


def _lower_transpose(call: Call, target: Target) -> Lowering:
    return _strided_copy(_transpose_runs(call), 0)


def _lower_strided_slice(call: Call, target: Target) -> Lowering:
    steps = strides(call.input(0).shape, call.output.dtype.numpy.itemsize)
    offset = sum(begin * step for begin, step in zip(call.attributes.begin, steps, strict=True))
    return _strided_copy(_slice_runs(call), offset)


def _strided_copy(runs: Runs, input_offset: int) -> Lowering:
    parameters = Parameters(
        "struct smelt_strided_copy_parameters",
        {"run": runs.run, "input_offset": input_offset, "loops": runs.table_loops, "axes": runs.axes()},
    )
    return Lowering("smelt_strided_copy", (Output(), Input(0), parameters))


def _lower_pad(call: Call, target: Target) -> Lowering:
    return _padding_call(call, "smelt_pad", padding_element(call).tobytes()[0])


def _lower_pad_s16(call: Call, target: Target) -> Lowering:
    return _padding_call(call, "smelt_pad_s16", int(padding_element(call)), "smelt_pad")


def _lower_pad_f32(call: Call, target: Target) -> Lowering:
    return _padding_call(call, "smelt_pad_f32", float(padding_element(call)))


def _padding_call(call: Call, function: str, value: int | float, struct: str | None = None) -> Lowering:
    runs = _pad_runs(call)
    steps = strides(call.output.shape, call.output.dtype.numpy.itemsize)
    fields: dict[str, int | float | Table | None] = {
        "run": runs.run,
        "output_offset": sum(b * step for b, step in zip(call.attributes.paddings[::2], steps, strict=True)),
        "loops": runs.table_loops,
        "axes": runs.axes(),
        "output_bytes": call.output.bytes,
        "value": value,
    }
    return Lowering(
        function, (Output(), Input(0), Parameters(f"struct {struct or function}_parameters", fields))
    )


def _accepts_transpose(call: Call, target: Target) -> bool:
    return _fits(call, _transpose_runs(call))


def _accepts_strided_slice(call: Call, target: Target) -> bool:
    return _fits(call, _slice_runs(call))


def _accepts_pad(call: Call, target: Target) -> bool:
    return _fits(call, _pad_runs(call)) and len(set(padding_element(call).tobytes())) == 1


def _accepts_pad_s16(call: Call, target: Target) -> bool:
    return call.output.dtype is DType.S16 and _fits(call, _pad_runs(call))


def _accepts_pad_f32(call: Call, target: Target) -> bool:
    return call.output.dtype is DType.F32 and _fits(call, _pad_runs(call))


def _transpose_channels(call: Call) -> tuple[ChannelPairs | None, ...]:
    stay = call.attributes.permutation[-1:] == (len(call.input(0).shape) - 1,)
    return same_channels(call) if stay else (None,)


def _slice_channels(call: Call) -> tuple[ChannelPairs | None, ...]:
    cut: StridedSlice = call.attributes
    if cut.stride[-1] != 1 and call.output.shape[-1] != 1:
        return (None,)
    taken = np.arange(call.output.shape[-1])
    return (np.stack([cut.begin[-1] + taken, taken], axis=1),)


def _narrow_slice(call: Call, source: Mask, result: Mask) -> dict[str, Attribute]:
    cut: StridedSlice = call.attributes
    begin, count = int(np.count_nonzero(source[: cut.begin[-1]])), int(np.count_nonzero(result))
    last = {"begin": begin, "end": begin + count, "stride": 1}
    return {name: (*getattr(cut, name)[:-1], number) for name, number in last.items()}


def _pad_channels(call: Call) -> tuple[ChannelPairs, ...]:
    channels = np.arange(call.input(0).shape[-1])
    return (np.stack([channels, call.attributes.paddings[-2] + channels], axis=1),)


def _narrow_pad(call: Call, source: Mask, result: Mask) -> dict[str, Attribute]:
    paddings = call.attributes.paddings
    before, after = result[: paddings[-2]], result[paddings[-2] + len(source) :]
    ends = (int(np.count_nonzero(before)), int(np.count_nonzero(after)))
    return {"paddings": (*paddings[:-2], *ends)}


_TRAITS = Traits(same_quantization=True)

TRANSPOSE = Operator(
    name="transpose",
    summary="dimensions in another order",
    attributes=Transpose,
    infer=_infer_transpose,
    evaluate=_evaluate_transpose,
    traits=replace(_TRAITS, channels=_transpose_channels),
    kernels=(
        Kernel("smelt_strided_copy", ("strided_copy.c",), "shape.h", _accepts_transpose, _lower_transpose),
    ),
)

STRIDED_SLICE = Operator(
    name="strided_slice",
    summary="a part of each dimension, perhaps every n-th element, perhaps backwards",
    attributes=StridedSlice,
    infer=_infer_strided_slice,
    evaluate=_evaluate_strided_slice,
    traits=replace(_TRAITS, channels=_slice_channels, narrow=_narrow_slice),
    kernels=(
        Kernel(
            "smelt_strided_copy", ("strided_copy.c",), "shape.h", _accepts_strided_slice, _lower_strided_slice
        ),
    ),
)

PAD = Operator(
    name="pad",
    summary="a constant value before and after each dimension",
    attributes=Pad,
    infer=_infer_pad,
    evaluate=_evaluate_pad,
    traits=replace(_TRAITS, channels=_pad_channels, narrow=_narrow_pad),
    kernels=(
        Kernel("smelt_pad", ("pad.c",), "shape.h", _accepts_pad, _lower_pad),
        Kernel("smelt_pad_s16", ("pad_s16.c",), "shape.h", _accepts_pad_s16, _lower_pad_s16),
        Kernel("smelt_pad_f32", ("pad_f32.c",), "shape.h", _accepts_pad_f32, _lower_pad_f32),
    ),
)
