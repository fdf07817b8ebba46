"""resize_nearest_neighbor and resize_bilinear: images of another height and width, as TensorFlow Lite computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
    same_channels,
)
from smelt.targets import Target

Numbers = NDArray[Any]
Places = TypeVar("Places")
_FRACTION_BITS = 10
"""Of the places that the integer method computes with."""


@dataclass(frozen=True)
class Resize:
    """size: the output's (height, width); which input place an output pixel has depends on the flags.

    align_corners: the corner pixels' centres lie on each other; half_pixel_centers: the corners of the images do.
    With neither, output pixel i has place i * input / output.
    """

    size: tuple[int, ...]
    align_corners: bool = False
    half_pixel_centers: bool = False


def _infer(call: Call) -> tuple[TensorType, ...]:
    value, size = call.input(0), call.attributes.size
    if len(value.shape) != 4 or len(size) != 2 or min(size) < 1 or min(value.shape) < 1:
        raise GraphError(f"{call.node.label}: resizes {list(value.shape)} to {size}")
    if call.attributes.align_corners and call.attributes.half_pixel_centers:
        raise GraphError(f"{call.node.label}: corners and half pixels cannot both be aligned")
    return (TensorType(value.dtype, (value.shape[0], *size, value.shape[3])),)


def nearest_places(a: Resize, axis: int, source: int) -> NDArray[np.int64]:
    """The input index of each output index.  Source: GetNearestNeighbor, reference/resize_nearest_neighbor.h."""
    result = a.size[axis]
    aligned = a.align_corners and result > 1
    scale = (
        np.float32(source - 1) / np.float32(result - 1)
        if aligned
        else np.float32(source) / np.float32(result)
    )
    places = (np.arange(result, dtype=np.float32) + np.float32(0.5 if a.half_pixel_centers else 0)) * scale
    # halves are rounded away from zero
    whole = np.floor(places + np.float32(0.5)) if a.align_corners else np.floor(places)
    return np.asarray(np.clip(whole.astype(np.int64), 0, source - 1), np.int64)


def linear_places(
    a: Resize, axis: int, source: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each output index the input indices around its place, and how far it is behind the first.

    Source: ComputeInterpolationValues, reference/resize_bilinear.h.
    """
    result = a.size[axis]
    aligned = a.align_corners and result > 1
    scale = (
        np.float32(source - 1) / np.float32(result - 1)
        if aligned
        else np.float32(source) / np.float32(result)
    )
    index = np.arange(result, dtype=np.float32)
    half = np.float32(0.5)
    places = (index + half) * scale - half if a.half_pixel_centers else index * scale
    first = np.maximum(np.floor(places).astype(np.int64), 0)
    second = np.minimum(np.ceil(places).astype(np.int64), source - 1)
    return first, second, (places - first).astype(np.float32)


def integer_places(
    a: Resize, axis: int, source: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The same in integers, the distance times 2**10.  Source: ComputeInterpolationValuesInteger, same file."""
    result, one = a.size[axis], 1 << _FRACTION_BITS
    scale = (one * source + result // 2) // result
    if a.align_corners and result > 1:
        scale = (one * (source - 1) + (result - 1) // 2) // (result - 1)
    index = np.arange(result, dtype=np.int64)
    places = index * scale + (scale // 2 - one // 2 if a.half_pixel_centers else 0)
    # C's division is towards zero
    first = np.maximum(np.trunc(places / one).astype(np.int64), 0)
    second = np.minimum(np.trunc((places + one - 1) / one).astype(np.int64), source - 1)
    return first, second, places - one * first


def _evaluate_nearest(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    return (np.ascontiguousarray(x[:, _of(call, nearest_places, 0)][:, :, _of(call, nearest_places, 1)]),)


def _evaluate_bilinear(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    dtype = call.input(0).dtype
    if dtype.is_float:
        return (_interpolated(call, x.astype(np.float64), linear_places, 1).astype(x.dtype),)
    if dtype is not DType.S8 or call.input(0).quantization != call.output.quantization:
        raise UnsupportedError(
            f"{call.node.label}: has no meaning for {dtype.value}, or changes quantization"
        )
    total = _interpolated(call, x.astype(np.int64), integer_places, 1 << _FRACTION_BITS)
    half = 1 << (2 * _FRACTION_BITS - 1)
    rounded = (np.abs(total) + half) >> (2 * _FRACTION_BITS)
    return ((np.sign(total) * rounded).astype(np.int8),)


def _of(call: Call, places: Callable[[Resize, int, int], Places], axis: int) -> Places:
    """The places along an axis of a call's image: 0 height, 1 width."""
    return places(call.attributes, axis, call.input(0).shape[axis + 1])


def _interpolated(call: Call, x: Numbers, places: Callable[[Resize, int, int], Any], one: int) -> Numbers:
    """The four pixels around each place, weighted; one: the weight of a pixel that is hit."""
    (top, bottom, down), (left, right, along) = _of(call, places, 0), _of(call, places, 1)
    down, along = down.astype(x.dtype)[:, None, None], along.astype(x.dtype)[:, None]
    upper, lower = x[:, top], x[:, bottom]
    result: Numbers = (
        upper[:, :, left] * ((one - down) * (one - along))
        + lower[:, :, left] * (down * (one - along))
        + upper[:, :, right] * ((one - down) * along)
        + lower[:, :, right] * (down * along)
    )
    return result


def _sizes(call: Call) -> dict[str, int | float | Table | None]:
    batches, height, width, channels = call.input(0).shape
    output_height, output_width = call.attributes.size
    return {
        "batches": batches, "height": height, "width": width, "output_height": output_height,
        "output_width": output_width, "channels": channels,
    }  # fmt: skip


def _accepts_nearest(call: Call, target: Target) -> bool:
    return call.input(0).dtype.bits >= 8


def _lower_nearest(call: Call, target: Target) -> Lowering:
    sizes = _sizes(call)
    sizes["channels"] = call.input(0).shape[3] * call.input(0).dtype.numpy.itemsize
    fields = {
        **sizes,
        "rows": Table("rows", _of(call, nearest_places, 0).astype(np.int32)),
        "columns": Table("columns", _of(call, nearest_places, 1).astype(np.int32)),
    }
    parameters = Parameters("struct smelt_resize_nearest_parameters", fields)
    return Lowering("smelt_resize_nearest_neighbor", (Output(), Input(0), parameters))


def _accepts_bilinear(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype and (dtype.is_float or call.input(0).quantization is not None)


def _lower_bilinear(dtype: DType, call: Call, target: Target) -> Lowering:
    name = f"smelt_resize_bilinear_{dtype.value}"
    fields = _sizes(call)
    for axis, role in ((0, "rows"), (1, "columns")):
        if dtype.is_float:
            first, second, real = _of(call, linear_places, axis)
            fields[f"{role}_at"] = Table(
                f"{role}_at", np.stack([first, second], 1).astype(np.int32).reshape(-1)
            )
            fields[role] = Table(role, real)
        else:
            table = np.stack(_of(call, integer_places, axis), 1).astype(np.int32).reshape(-1)
            fields[role] = Table(role, table, "first, second, distance in 1/1024")
    return Lowering(name, (Output(), Input(0), Parameters(f"struct {name}_parameters", fields)))


def _bilinear_kernel(dtype: DType) -> Kernel:
    stem = f"resize_bilinear_{dtype.value}"
    accepts, lower = partial(_accepts_bilinear, dtype), partial(_lower_bilinear, dtype)
    return Kernel(f"smelt_{stem}", (f"{stem}.c",), "resizing.h", accepts, lower)


RESIZE_NEAREST_NEIGHBOR = Operator(
    name="resize_nearest_neighbor",
    summary="an image of another size, each pixel that of the nearest place",
    attributes=Resize,
    infer=_infer,
    evaluate=_evaluate_nearest,
    traits=Traits(same_quantization=True, channels=same_channels),
    kernels=(
        Kernel(
            "smelt_resize_nearest_neighbor",
            ("resize_nearest_neighbor.c",),
            "resizing.h",
            _accepts_nearest,
            _lower_nearest,
        ),
    ),
)
RESIZE_BILINEAR = Operator(
    name="resize_bilinear",
    summary="an image of another size, each pixel between the four around its place",
    attributes=Resize,
    infer=_infer,
    evaluate=_evaluate_bilinear,
    traits=Traits(same_quantization=True, rounds=True, channels=same_channels),
    kernels=(_bilinear_kernel(DType.S8), _bilinear_kernel(DType.F32)),
)
