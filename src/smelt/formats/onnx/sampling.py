"""ONNX's GridSample and TensorScatter: elements at places that are computed; as gathers and sums of products."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import natural
from smelt.formats.channels_first.terms import Term, computed, of, result, term, value
from smelt.formats.channels_first.translation import Surroundings, Translated
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads such an operator."""

_CUBIC = -0.75
_TAPS = {"nearest": (0,), "linear": (0, 1), "cubic": (-1, 0, 1, 2)}


@dataclass(frozen=True)
class _Axis:
    """A dimension that is sampled: its size, and how places beyond its ends are meant."""

    size: int
    padding: str
    align_corners: bool

    @property
    def ends(self) -> tuple[float, float]:
        return (0.0, self.size - 1.0) if self.align_corners else (-0.5, self.size - 0.5)

    def place(self, x: Term) -> Term:
        """Where a coordinate from -1 to 1 lies among the elements."""
        if self.align_corners:
            return (x + 1.0) * ((self.size - 1) / 2)
        return (x + 1.0) * (self.size / 2) - 0.5

    def bounded(self, x: Term) -> Term:
        """A place inside the dimension, as the padding mode wants it."""
        low, high = self.ends
        if self.padding == "border":
            return term("minimum", term("maximum", x, 0.0), self.size - 1.0)
        if self.padding == "reflection":
            if high == low:
                return x * 0.0
            # there and back again is one round
            away = term("floor_mod", x - low, 2 * (high - low))
            return term("minimum", away, 2 * (high - low) - away) + low
        return x


def _cubic(ratio: Term, tap: int) -> Term:
    """Keys' weights of the four elements around a place, which is `ratio` behind the second."""
    a = _CUBIC
    near = tap in (0, 1)
    x = {-1: ratio + 1.0, 0: ratio, 1: 1.0 - ratio, 2: 2.0 - ratio}[tap]
    if near:
        return ((a + 2) * x - (a + 3)) * x * x + 1.0
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def _weight(mode: str, ratio: Term, tap: int) -> Term | None:
    if mode == "nearest":
        return None
    if mode == "linear":
        return ratio if tap else 1.0 - ratio
    return _cubic(ratio, tap)


def _sampled(
    _: Surroundings, x: str, grid: str, align_corners: int, mode: str, padding_mode: str
) -> Translated:
    data, places = _.tensor(x), _.tensor(grid)
    rank = data.rank - 2
    if mode not in _TAPS or padding_mode not in ("zeros", "border", "reflection"):
        raise FormatError(f"{_.label}: mode '{mode}' or padding_mode '{padding_mode}' is unknown")
    if rank < 1 or places.rank != data.rank or places.shape[-1] != rank or places.shape[0] != data.shape[0]:
        raise FormatError(f"{_.label}: '{grid}' {list(places.shape)} does not fit '{x}' {list(data.shape)}")
    (batch, channels), size = data.shape[:2], data.shape[2:]
    points = math.prod(places.shape[1:-1])
    axes = [_Axis(n, padding_mode, bool(align_corners)) for n in size]
    flat = value(computed(_, term("reshape", of(_, places), shape=(batch, points, rank))))
    bases: list[Term] = []
    ratios: list[Term] = []
    for k, axis in enumerate(axes):
        # the grid's last coordinate is that of the first dimension
        part = {"begin": (0, 0, rank - 1 - k), "end": (batch, points, rank - k), "stride": (1, 1, 1)}
        place = axis.place(Term("strided_slice", (flat,), part))
        if mode != "cubic":
            place = axis.bounded(place)
        place = value(computed(_, place))
        base = term("round", place) if mode == "nearest" else term("floor", place)
        bases.append(value(computed(_, base)))
        ratios.append(value(computed(_, place - bases[-1])))
    rows = term("reshape", of(_, data), shape=(batch, channels, math.prod(size)))
    elements = value(computed(_, term("transpose", rows, permutation=(0, 2, 1))))
    total: Term | None = None
    for taps in itertools.product(_TAPS[mode], repeat=rank):
        found = _tap(elements, axes, bases, ratios, taps, mode, (batch, points))
        total = found if total is None else total + found
    assert total is not None
    shape = (batch, channels, *places.shape[1:-1])
    return result(_, term("reshape", term("transpose", total, permutation=(0, 2, 1)), shape=shape))


def _tap(
    elements: Term, axes: Sequence[_Axis], bases: Sequence[Term], ratios: Sequence[Term], taps: Sequence[int],
    mode: str, shape: tuple[int, int],
) -> Term:  # fmt: skip
    """What one of the elements around each place adds: [batch, points, channels]."""
    index: Term | None = None
    weight: Term | None = None
    for axis, base, ratio, tap in zip(axes, bases, ratios, taps, strict=True):
        place = base + float(tap) if tap else base
        if axis.padding == "zeros":
            inside = term(
                "logical_and", term("greater_equal", place, 0.0), term("less", place, float(axis.size))
            )
            own: Term | None = term("cast", inside, to="f32")
        else:
            place, own = axis.bounded(place), None
        inner = term("minimum", term("maximum", place, 0.0), axis.size - 1.0)
        index = inner if index is None else index * float(axis.size) + inner
        for factor in (_weight(mode, ratio, tap), own):
            if factor is not None:
                weight = factor if weight is None else weight * factor
    assert index is not None
    whole = term("reshape", term("cast", index, to="s32"), shape=shape)
    found = term("gather", elements, whole, axis=1, batch_dims=1)
    return found if weight is None else found * weight


_MODES = {"bilinear": "linear", "bicubic": "cubic"}


@ROWS.reads("GridSample", until=19)
def _grid_sample_16(
    _: Surroundings, x: str, grid: str, *,
    align_corners: int = 0, mode: str = "bilinear", padding_mode: str = "zeros",
) -> Translated:  # fmt: skip
    return _sampled(_, x, grid, align_corners, _MODES.get(mode, mode), padding_mode)


@ROWS.reads("GridSample", since=20)
def _grid_sample(
    _: Surroundings, x: str, grid: str, *,
    align_corners: int = 0, mode: str = "linear", padding_mode: str = "zeros",
) -> Translated:  # fmt: skip
    return _sampled(_, x, grid, align_corners, mode, padding_mode)


@ROWS.reads("TensorScatter")
def _tensor_scatter(
    _: Surroundings, cache: str, update: str, write_indices: str | None = None, *,
    axis: int = -2, mode: str = "linear",
) -> Translated:  # fmt: skip
    past, new = _.tensor(cache), _.tensor(update)
    along = axis + past.rank if axis < 0 else axis
    if mode not in ("linear", "circular") or not 0 < along < past.rank or new.rank != past.rank:
        raise UnsupportedError(f"{_.label}: mode '{mode}' or axis {axis} of '{cache}' {list(past.shape)}")
    lead, count = past.shape[:along], new.shape[along]
    tuples = np.stack(np.meshgrid(*(np.arange(n) for n in (*lead, count)), indexing="ij"), -1).reshape(
        -1, along + 1
    )
    starts = _.known(np.zeros(past.shape[0], np.int64)) if write_indices is None else _.tensor(write_indices)
    begin = term("gather", of(_, starts), tuples[:, 0].astype(np.int32), axis=0)
    place = term("reshape", begin, shape=(len(tuples), 1)) + tuples[:, -1:].astype(np.int64)
    if mode == "circular":
        place = term("floor_mod", place, past.shape[along])
    places = Term("concatenation", (tuples[:, :-1].astype(np.int64), place), {"axis": 1})
    rows = term("reshape", of(_, new), shape=(len(tuples), *past.shape[along + 1 :]))
    return result(_, term("tensor_scatter", of(_, past, natural(past.shape)), places, rows))
