"""ONNX's Resize and Upsample; the functions are as in operators.py."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.resizing import cubic, linear, matrix, nearest, weighted
from smelt.formats.channels_first.shapes import checked_shape, integers
from smelt.formats.channels_first.terms import of, result, term
from smelt.formats.channels_first.translation import Result, Surroundings, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an operator that resizes."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class _Change:
    """A dimension's old and new size, the factor between them, and what part of it is wanted (begin, end)."""

    old: int
    new: int
    scale: float
    part: tuple[float, float] = (0.0, 1.0)


def _places(_: Surroundings, change: _Change, mode: str) -> Float64:
    """Where each new element lies among the old ones.  Source: the operator's specification, Resize-19."""
    index, old, scale = np.arange(change.new, dtype=np.float64), change.old, change.scale
    real = scale * old
    match mode:
        case "align_corners":
            return index * 0 if real == 1 else index * (old - 1) / (real - 1)
        case "asymmetric":
            return index / scale
        case "tf_crop_and_resize":
            begin, end = change.part
            span = (end - begin) * (old - 1)
            return begin * (old - 1) + (index * 0 + span / 2 if real == 1 else index * span / (real - 1))
        case "half_pixel" | "half_pixel_symmetric" | "pytorch_half_pixel":
            shift = old / 2 * (1 - change.new / real) if mode == "half_pixel_symmetric" else 0.0
            places = shift + (index + 0.5) / scale - 0.5
            return places * 0 - 0.5 if mode == "pytorch_half_pixel" and real == 1 else places
        case "tf_half_pixel_for_nn":
            return (index + 0.5) / scale
        case _:
            raise FormatError(f"{_.label}: the coordinate_transformation_mode '{mode}' is unknown")


def _rounded(_: Surroundings, places: Float64, size: int, mode: str) -> NDArray[np.int64]:
    match mode:
        case "round_prefer_floor":
            whole = np.ceil(places - 0.5)
        case "round_prefer_ceil":
            whole = np.floor(places + 0.5)
        case "floor":
            whole = np.floor(places)
        case "ceil":
            whole = np.ceil(places)
        case _:
            raise FormatError(f"{_.label}: the nearest_mode '{mode}' is unknown")
    return np.clip(whole.astype(np.int64), 0, size - 1)


def _changes(
    _: Surroundings, x: Tensor, scales: str | None, sizes: str | None, axes: Sequence[int] | None, policy: str,
    roi: str | None,
) -> Mapping[int, _Change]:  # fmt: skip
    """The dimensions of x that change."""
    along = [axis % max(x.rank, 1) for axis in (range(x.rank) if axes is None else axes)]
    old = [x.shape[axis] for axis in along]
    if sizes is not None:
        new = list(integers(_.constant(sizes)))
        if len(new) != len(old) or 0 in old:
            raise FormatError(f"{_.label}: {len(new)} sizes for {len(old)} dimensions")
        factors = [n / o for n, o in zip(new, old, strict=True)]
        if policy != "stretch":
            factors = [{"not_larger": min, "not_smaller": max}[policy](factors)] * len(old)
            new = [math.floor(factors[0] * o + 0.5) for o in old]
    elif scales is not None:
        factors = [float(s) for s in _.constant(scales).reshape(-1)]
        if len(factors) != len(old) or not all(math.isfinite(f) and f > 0 for f in factors):
            raise FormatError(f"{_.label}: {len(factors)} scales for {len(old)} dimensions")
        new = [math.floor(o * f) for o, f in zip(old, factors, strict=True)]
    else:
        raise FormatError(f"{_.label}: has neither scales nor sizes")
    checked_shape(new, _.label)
    parts = [(0.0, 1.0)] * len(old)
    if roi is not None and (given := [float(p) for p in _.constant(roi).reshape(-1)]):
        parts = list(zip(given[: len(old)], given[len(old) :], strict=True))
    found = zip(along, old, new, factors, parts, strict=True)
    return {
        axis: _Change(before, after, factor, part)
        for axis, before, after, factor, part in found
        if factor != 1 or part != (0.0, 1.0)
    }


def _resized(
    _: Surroundings, x: Tensor, changes: Mapping[int, _Change], *, mode: str,
    coordinates: str = "asymmetric", rounding: str = "floor", a: float = -0.75, antialias: bool = False,
    exclude_outside: bool = False, outside: float = 0.0,
) -> Result:  # fmt: skip
    places = {axis: _places(_, change, coordinates) for axis, change in changes.items()}
    if mode == "nearest":
        return _outside(_, nearest(_, x, {
            axis: _rounded(_, along, changes[axis].old, rounding) for axis, along in places.items()
        }), x, changes, places, coordinates, outside)  # fmt: skip
    if mode not in ("linear", "bilinear", "cubic"):
        raise FormatError(f"{_.label}: the mode '{mode}' is unknown")
    matrices = {}
    for axis, along in places.items():
        change = changes[axis]
        scale = min(change.scale, 1.0) if antialias else 1.0
        taps = cubic(scale, a) if mode == "cubic" else linear(scale)
        _.allow(change.new * change.old, 8)
        matrices[axis] = matrix(along, change.old, taps, exclude_outside=exclude_outside)
    return _outside(_, weighted(_, x, matrices), x, changes, places, coordinates, outside)


def _outside(
    _: Surroundings, found: Result, x: Tensor, changes: Mapping[int, _Change], places: Mapping[int, Float64],
    coordinates: str, value: float,
) -> Result:  # fmt: skip
    """With a value in all elements whose place is outside the input, as tf_crop_and_resize wants it."""
    if coordinates != "tf_crop_and_resize":
        return found
    shape = [changes[axis].new if axis in changes else size for axis, size in enumerate(x.shape)]
    inside = np.ones(shape, np.bool_)
    for axis, along in places.items():
        good = (along >= 0) & (along <= changes[axis].old - 1)
        inside &= good.reshape([-1 if k == axis else 1 for k in range(x.rank)])
    if inside.all():
        return found
    whole = kept(_, found)
    return result(_, term("select", inside, of(_, whole), np.asarray(value, _.dtype(x).numpy)))


@ROWS.reads("Resize", until=10, wish=Wish.CHANNELS_LAST)
def _resize_10(_: Surroundings, x: str, scales: str, *, mode: str = "nearest") -> Result:
    data = _.tensor(x)
    return _resized(_, data, _changes(_, data, scales, None, None, "stretch", None), mode=mode)


@ROWS.reads("Resize", since=11, until=17, wish=Wish.CHANNELS_LAST)
def _resize_11(
    _: Surroundings, x: str, roi: str | None = None, scales: str | None = None, sizes: str | None = None, *,
    coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75, exclude_outside: int = 0,
    extrapolation_value: float = 0.0, mode: str = "nearest", nearest_mode: str = "round_prefer_floor",
) -> Result:  # fmt: skip
    data = _.tensor(x)
    if scales is not None and not _.constant(scales).size:
        scales = None
    changes = _changes(_, data, scales, sizes, None, "stretch", roi)
    return _resized(
        _, data, changes, mode=mode, coordinates=coordinate_transformation_mode, rounding=nearest_mode,
        a=cubic_coeff_a, exclude_outside=bool(exclude_outside), outside=extrapolation_value,
    )  # fmt: skip


@ROWS.reads("Resize", since=18, wish=Wish.CHANNELS_LAST)
def _resize(
    _: Surroundings, x: str, roi: str | None = None, scales: str | None = None, sizes: str | None = None, *,
    antialias: int = 0, axes: Sequence[int] | None = None, coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75, exclude_outside: int = 0, extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest", nearest_mode: str = "round_prefer_floor",
) -> Result:  # fmt: skip
    data = _.tensor(x)
    if keep_aspect_ratio_policy not in ("stretch", "not_larger", "not_smaller"):
        raise UnsupportedError(f"{_.label}: the policy '{keep_aspect_ratio_policy}' is not supported")
    if scales is not None and not _.constant(scales).size:
        scales = None
    changes = _changes(_, data, scales, sizes, axes, keep_aspect_ratio_policy, roi)
    return _resized(
        _, data, changes, mode=mode, coordinates=coordinate_transformation_mode, rounding=nearest_mode,
        a=cubic_coeff_a, antialias=bool(antialias), exclude_outside=bool(exclude_outside),
        outside=extrapolation_value,
    )  # fmt: skip


@ROWS.reads("Upsample", since=7, until=8, wish=Wish.CHANNELS_LAST)
def _upsample_7(_: Surroundings, x: str, *, mode: str = "nearest", scales: Sequence[float]) -> Result:
    data = _.tensor(x)
    if len(scales) != data.rank or not all(s > 0 for s in scales):
        raise FormatError(f"{_.label}: {len(scales)} scales for {data.rank} dimensions")
    changes = {
        axis: _Change(data.shape[axis], math.floor(data.shape[axis] * scale), scale)
        for axis, scale in enumerate(scales)
        if scale != 1
    }
    return _resized(_, data, changes, mode=mode)


@ROWS.reads("Upsample", since=9, wish=Wish.CHANNELS_LAST)
def _upsample(_: Surroundings, x: str, scales: str, *, mode: str = "nearest") -> Result:
    data = _.tensor(x)
    return _resized(_, data, _changes(_, data, scales, None, None, "stretch", None), mode=mode)
