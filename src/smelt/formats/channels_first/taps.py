"""Windows over any number of dimensions, with dilations: for what smelt's operators for images do not have.

Pools become gathers or matrices, convolutions over volumes sums of convolutions over images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.resizing import Float64, weighted
from smelt.formats.channels_first.terms import Term, computed, literal, of, result, term, value
from smelt.formats.channels_first.translation import Result, Results, Surroundings, Translated, kept, weights
from smelt.formats.channels_first.windows import paddings

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Windows along one dimension: its size, and kernel, stride, dilation, padding before and after in elements."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    round_up: bool = False

    @property
    def count(self) -> int:
        """How many windows there are; one that would begin in the padding behind is left out."""
        reach = (self.kernel - 1) * self.dilation + 1
        room = self.size + self.before + self.after - reach
        if room < 0:
            return 0
        count = (-(-room // self.stride) if self.round_up else room // self.stride) + 1
        if self.round_up and (count - 1) * self.stride >= self.size + self.before:
            count -= 1
        return count

    @property
    def places(self) -> Int64:
        """[count, kernel]: where each tap of each window lies; outside of 0 .. size in padding."""
        starts = np.arange(self.count) * self.stride - self.before
        return np.asarray(starts[:, None] + np.arange(self.kernel) * self.dilation, np.int64)


def windows_along(
    label: str, size: Sequence[int], kernel: Sequence[int], auto_pad: str, pads: Sequence[int] | None,
    strides: Sequence[int] | None, dilations: Sequence[int] | None, *, round_up: bool = False,
) -> tuple[Window, ...]:  # fmt: skip
    """ONNX's attributes as windows, one a dimension; FormatError for numbers that make no sense."""
    stride, dilation, before, after = paddings(label, size, kernel, auto_pad, pads, strides, dilations)
    found = tuple(
        Window(n, k, s, d, first, last, round_up)
        for n, k, s, d, first, last in zip(size, kernel, stride, dilation, before, after, strict=True)
    )
    if any(window.count < 1 for window in found):
        raise FormatError(f"{label}: windows of {list(kernel)} do not fit into {list(size)}")
    return found


def average_pool(_: Surroundings, x: Tensor, windows: Sequence[Window], *, count_padding: bool) -> Result:
    """Averages: along each dimension a matrix, since what is counted is a product of counts."""
    return weighted(_, x, {k: _shares(window, count_padding) for k, window in enumerate(windows, 2)})


def _shares(window: Window, count_padding: bool) -> Float64:
    inside = _inside(window)
    padded = (window.places >= -window.before) & (window.places < window.size + window.after)
    counts = (padded if count_padding else inside).sum(axis=1, keepdims=True)
    return np.asarray(_sums(window) / np.maximum(counts, 1), np.float64)


def _inside(window: Window) -> NDArray[np.bool_]:
    return (window.places >= 0) & (window.places < window.size)


def _sums(window: Window) -> Float64:
    """[windows, elements]: 1 where a tap lies."""
    found = np.zeros((window.count, window.size))
    rows, taps = np.nonzero(_inside(window))
    np.add.at(found, (rows, window.places[rows, taps]), 1)
    return found


def norm_pool(_: Surroundings, x: Tensor, windows: Sequence[Window], p: int) -> Result:
    """The p-norm of the elements in each window."""
    if p < 1:
        raise FormatError(f"{_.label}: p is {p}")
    powers = term("abs", of(_, x))
    powers = powers if p == 1 else term("square", powers) if p == 2 else term("pow", powers, float(p))
    raised = _.made(computed(_, powers), natural(x.shape))
    total = kept(_, weighted(_, raised, {k: _sums(window) for k, window in enumerate(windows, 2)}))
    if p == 1:
        return total
    root = term("sqrt", of(_, total)) if p == 2 else term("pow", of(_, total), 1 / p)
    return result(_, root)


def max_pool(
    _: Surroundings, x: Tensor, windows: Sequence[Window], *, columns_first: bool = False
) -> Results:
    """The largest element in each window, and its index in the whole tensor.

    `columns_first`: that index counts as if an image's columns were stored one after another.
    """
    lead, size = x.shape[:2], x.shape[2:]
    places = _flat_places(_, windows, size)
    outputs, taps = places.shape
    count = math.prod(size)
    rows = term("reshape", of(_, x), shape=(*lead, count))
    _.allow(places.size, 4)
    fields = value(computed(_, term("gather", rows, places.astype(np.int32), axis=2)))
    shape = (*lead, *(window.count for window in windows))
    largest = term("reshape", term("reduce_max", fields, axes=(3,)), shape=shape)
    if not any(_.outputs[1:]):
        return result(_, largest)
    numbers = np.arange(count).reshape(size)
    if columns_first:
        numbers = np.arange(count).reshape(size[::-1]).transpose(range(len(size))[::-1])
    table = numbers.reshape(-1)[places].reshape(-1).astype(np.int64)
    tap = term("arg_max", fields, axis=3, index_type="s64") + np.arange(outputs, dtype=np.int64) * taps
    planes = np.arange(math.prod(lead), dtype=np.int64).reshape(*lead, 1) * count
    index = term("reshape", term("gather", literal(_, table), tap) + planes, shape=shape)
    return result(_, largest), result(_, index)


def _flat_places(_: Surroundings, windows: Sequence[Window], size: Sequence[int]) -> Int64:
    """[windows, taps] of elements of a plane; taps outside repeat the first inside, which changes no maximum."""
    flat, good = np.zeros((1, 1), np.int64), np.ones((1, 1), np.bool_)
    for window, extent in zip(windows, size, strict=True):
        here = np.clip(window.places, 0, extent - 1)
        flat = (flat[:, None, :, None] * extent + here[None, :, None, :]).reshape(
            -1, flat.shape[1] * window.kernel
        )
        good = (good[:, None, :, None] & _inside(window)[None, :, None, :]).reshape(flat.shape)
    if not good.any(axis=1).all():
        raise UnsupportedError(f"{_.label}: a window lies outside its input")
    first = np.take_along_axis(flat, good.argmax(axis=1)[:, None], 1)
    return np.where(good, flat, first)


def volume_convolution(
    _: Surroundings, x: Tensor, kernel: Tensor, bias: Tensor | None, windows: Sequence[Window], group: int
) -> Translated:
    """A convolution over depth, height and width: for each tap in depth one over images, summed."""
    array = weights(_, kernel)
    batch, channels = x.shape[:2]
    if array.shape[1] * group != channels or array.shape[0] % group:
        raise FormatError(
            f"{_.label}: weights '{kernel.name}' {list(array.shape)} do not fit {channels} channels"
        )
    deep, *plane = windows
    images = term("transpose", of(_, x), permutation=(0, 2, 3, 4, 1))
    images = value(
        computed(_, term("pad", images, paddings=(0, 0, deep.before, deep.after, 0, 0, 0, 0, 0, 0)))
    )
    attributes = {
        "stride": tuple(w.stride for w in plane),
        "dilation": tuple(w.dilation for w in plane),
        "padding": tuple(itertools.chain.from_iterable((w.before, w.after) for w in plane)),
    }
    whole: Term | None = None
    for tap in range(deep.kernel):
        begin = tap * deep.dilation
        end = begin + (deep.count - 1) * deep.stride + 1
        part = term(
            "strided_slice", images, begin=(0, begin, 0, 0, 0), end=(batch, end, *x.shape[3:], channels),
            stride=(1, deep.stride, 1, 1, 1),
        )  # fmt: skip
        rows = term("reshape", part, shape=(batch * deep.count, *x.shape[3:], channels))
        inputs: list[Term | str] = [
            rows,
            literal(_, np.ascontiguousarray(array[:, :, tap].transpose(0, 2, 3, 1))),
        ]
        if bias is not None and whole is None:
            inputs.append(literal(_, weights(_, bias)))
        product = Term("conv_2d", tuple(inputs), attributes)
        whole = product if whole is None else whole + product
    assert whole is not None
    shape = (batch, deep.count, *(w.count for w in plane), array.shape[0])
    return result(_, term("transpose", term("reshape", whole, shape=shape), permutation=(0, 4, 1, 2, 3)))
