"""aten's padding: with a number, or with what the tensor's own elements continue to."""

from __future__ import annotations

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import gather, pad
from smelt.formats.channels_first.translation import Result, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.rearranging import sliced
from smelt.formats.pytorch.schema import Ints, Table

PADDING = Table()
"""What reads an operator that pads."""

_EDGES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""numpy's names of what lies beyond the edge."""


def _continued(_: Translation, x: Tensor, amounts: Ints, mode: str) -> Result:
    """Around each dimension, last first, elements of it: those that numpy's pad would take."""
    if len(amounts) % 2 or len(amounts) > 2 * x.rank or min(amounts, default=0) < 0:
        raise FormatError(f"{_.label}: amounts {list(amounts)} for {x.rank} dimensions")
    data = x
    for index in range(len(amounts) // 2):
        axis, around = x.rank - 1 - index, amounts[2 * index : 2 * index + 2]
        size = x.shape[axis]
        if max(around) > size - (mode == "reflect"):
            raise FormatError(f"{_.label}: {list(around)} beyond the edges of {size} elements")
        if any(around):
            places = np.pad(np.arange(size, dtype=np.int32), around, mode=mode)  # type: ignore[call-overload]
            data = kept(_, gather(_, data, _.known(places), axis))
    return data


def _padding(name: str, mode: str) -> None:
    def function(_: Translation, x: Tensor, padding: Ints) -> Result:
        return _continued(_, x, padding, mode)

    PADDING.reads(f"aten.{name}1d", f"aten.{name}2d", wish=Wish.ANY)(function)


_padding("reflection_pad", "reflect")
_padding("replication_pad", "edge")


@PADDING.reads("aten.pad", "aten.constant_pad_nd", wish=Wish.ANY)
def _pad(
    _: Translation, x: Tensor, pad_: Ints, mode: str | float = "constant", value: float | None = None
) -> Result:
    if isinstance(mode, str) and mode in _EDGES:
        return _continued(_, x, pad_, _EDGES[mode])
    if isinstance(mode, str) and mode != "constant":
        raise UnsupportedError(f"{_.label}: mode '{mode}' is not supported")
    fill = mode if isinstance(mode, int | float) else value
    if len(pad_) % 2 or len(pad_) > 2 * x.rank:
        raise FormatError(f"{_.label}: amounts {list(pad_)} for {x.rank} dimensions")
    amounts = [(0, 0)] * x.rank
    for index in range(len(pad_) // 2):
        amounts[x.rank - 1 - index] = pad_[2 * index], pad_[2 * index + 1]
    data = x
    for axis, (before, after) in enumerate(amounts):
        if min(before, after) < 0:  # negative amounts cut
            size = x.shape[axis]
            data = kept(_, sliced(_, data, axis, max(-before, 0), size - max(-after, 0), 1))
    around = [(max(before, 0), max(after, 0)) for before, after in amounts]
    return pad(_, data, around, float(fill or 0)) if any(map(any, around)) else data
