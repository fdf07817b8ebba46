"""Resizing along dimensions: by smelt's operators for images where they place pixels alike, else by matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.formats.channels_first.layout import Tensor, channels_last, channels_last_of_rank
from smelt.formats.channels_first.rearranging import gather
from smelt.formats.channels_first.terms import literal, of, result, term
from smelt.formats.channels_first.translation import Result, Surroundings, Translated, kept
from smelt.ir import Attribute
from smelt.operators.resizing import Resize, linear_places, nearest_places

Float64 = NDArray[np.float64]
Coefficients = Callable[[float], tuple[int, Float64]]
"""For how far a place is behind the element before it, in (0, 1]: the first tap, relative to that one, and weights."""

_FLAGS: tuple[dict[str, bool], ...] = ({}, {"align_corners": True}, {"half_pixel_centers": True})


@dataclass(frozen=True)
class Axis:
    """A dimension of the file that gets another size: where each new element lies among the old ones."""

    axis: int
    places: Float64


def linear(scale: float) -> Coefficients:
    """Between two; over as many as a new element covers when `scale` (new size by old) is below 1 and not 1."""
    start = math.floor(-1 / scale) + 1

    def coefficients(ratio: float) -> tuple[int, Float64]:
        taps = np.clip(1 - np.abs((np.arange(start, 2 - start) - ratio) * scale), 0, 1)
        return start, taps / taps.sum()

    return coefficients


def cubic(scale: float, a: float) -> Coefficients:
    """Between four, with Keys' kernel; over more as in `linear`."""
    start = math.floor(-2 / scale) + 1

    def curve(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return (a + 2) * x**3 - (a + 3) * x**2 + 1
        return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0

    def coefficients(ratio: float) -> tuple[int, Float64]:
        taps = np.array([curve(scale * (k - ratio)) for k in range(start, 2 - start)])
        return start, taps / taps.sum()

    return coefficients


def matrix(
    places: Float64, size: int, coefficients: Coefficients, *, exclude_outside: bool = False
) -> Float64:
    """[places, size]: what each new element takes of each old one; taps outside are at the edge, or left out."""
    result = np.zeros((len(places), size))
    for row, place in enumerate(places):
        before = math.ceil(place) - 1
        start, taps = coefficients(float(place - before))
        columns = before + start + np.arange(len(taps))
        if exclude_outside:
            taps = np.where((columns >= 0) & (columns < size), taps, 0)
            taps = taps / taps.sum()
        np.add.at(result[row], np.clip(columns, 0, size - 1), taps)
    return result


def _image_axes(x: Tensor, axes: dict[int, int]) -> tuple[int, int] | None:
    """The new height and width, when nothing else of an image or signal changes."""
    if x.rank == 4 and axes.keys() <= {2, 3}:
        return axes.get(2, x.shape[2]), axes.get(3, x.shape[3])
    return (1, axes[2]) if x.rank == 3 and axes.keys() == {2} else None


def _as_image(
    _: Surroundings, x: Tensor, operator: str, size: tuple[int, int], fits: Callable[[Resize, int, int], bool]
) -> Translated | None:
    """smelt's operator for images, with the flags that place pixels so."""
    layout = channels_last(x.shape)
    for flags in _FLAGS:
        resize = Resize(size, **flags)
        if all(fits(resize, axis, layout.shape[1 + axis]) for axis in (0, 1)):
            attributes: dict[str, Attribute] = {"size": size, **flags}
            return Translated(operator, (_.place(x, layout),), attributes, channels_last_of_rank(x.rank))
    return None


def nearest(_: Surroundings, x: Tensor, chosen: dict[int, NDArray[np.int64]]) -> Result:
    """The elements with these indices, along each dimension that is a key."""
    size = _image_axes(x, {axis: len(places) for axis, places in chosen.items()})

    def fits(resize: Resize, axis: int, source: int) -> bool:
        wanted = chosen.get(axis + 2 if x.rank == 4 else axis + 1, np.arange(source))
        return np.array_equal(nearest_places(resize, axis, source), wanted)

    if size is not None and (image := _as_image(_, x, "resize_nearest_neighbor", size, fits)):
        return image
    found: Result = x
    for axis, places in chosen.items():
        found = gather(_, kept(_, found), _.known(places.astype(np.int32)), axis)
    return found


def weighted(_: Surroundings, x: Tensor, matrices: dict[int, Float64]) -> Result:
    """Along each dimension that is a key its matrix [new size, old size]."""
    size = _image_axes(x, {axis: len(m) for axis, m in matrices.items()})

    def fits(resize: Resize, axis: int, source: int) -> bool:
        wanted = matrices.get(axis + 2 if x.rank == 4 else axis + 1, np.eye(source))
        first, second, behind = linear_places(resize, axis, source)
        made = np.zeros((len(first), source))
        np.add.at(made, (np.arange(len(first)), first), 1 - behind.astype(np.float64))
        np.add.at(made, (np.arange(len(first)), second), behind.astype(np.float64))
        return made.shape == wanted.shape and bool(np.abs(made - wanted).max(initial=0) < 1e-5)

    if size is not None and (image := _as_image(_, x, "resize_bilinear", size, fits)):
        return image
    dtype = _.dtype(x).numpy
    name = of(_, x)
    for axis, weights in matrices.items():
        order = (*(k for k in range(x.rank) if k != axis), axis)
        back = tuple(order.index(k) for k in range(x.rank))
        rows = term("transpose", name, permutation=order) if axis != x.rank - 1 else name
        rows = term("fully_connected", rows, literal(_, weights.astype(dtype)), keep_dims=True)
        name = term("transpose", rows, permutation=back) if axis != x.rank - 1 else rows
    return result(_, name)
