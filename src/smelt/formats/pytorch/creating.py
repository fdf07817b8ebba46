"""aten's operators that make tensors of nothing: constants of the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.translation import Folded
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.schema import Ints, Number, Table, Unused
from smelt.formats.pytorch.storage import MAX_ELEMENTS
from smelt.ir import DType

CREATING = Table()
"""What reads an operator that makes a tensor."""


def _full(_: Translation, shape: Sequence[int], value: float, dtype: DType | None) -> Folded:
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count > MAX_ELEMENTS:
        raise FormatError(f"{_.label}: a shape {list(shape)}")
    kind = (dtype or DType.F32).numpy
    _.allow(count, kind.itemsize)
    return Folded(np.full(tuple(shape), value, kind))


def _filled(name: str, value: float) -> None:
    def of_size(
        _: Translation, size: Ints, dtype: DType | None = None, layout: Unused = None, device: Unused = None,
        pin_memory: Unused = None, memory_format: Unused = None,
    ) -> Folded:  # fmt: skip
        return _full(_, size, value, dtype)

    def like(
        _: Translation, x: Tensor, dtype: DType | None = None, layout: Unused = None, device: Unused = None,
        pin_memory: Unused = None, memory_format: Unused = None,
    ) -> Folded:  # fmt: skip
        return _full(_, x.shape, value, dtype or _.dtype(x))

    def new(
        _: Translation, x: Tensor, size: Ints, dtype: DType | None = None, layout: Unused = None,
        device: Unused = None, pin_memory: Unused = None,
    ) -> Folded:  # fmt: skip
        return _full(_, size, value, dtype or _.dtype(x))

    CREATING.reads(f"aten.{name}")(of_size)
    CREATING.reads(f"aten.{name}_like")(like)
    CREATING.reads(f"aten.new_{name}")(new)


_filled("zeros", 0)
_filled("ones", 1)


@CREATING.reads("aten.full")
def _full_of_size(
    _: Translation, size: Ints, fill_value: Number, dtype: DType | None = None, layout: Unused = None,
    device: Unused = None, pin_memory: Unused = None,
) -> Folded:  # fmt: skip
    return _full(_, size, fill_value, dtype or _natural_type(fill_value))


@CREATING.reads("aten.full_like")
def _full_like(
    _: Translation, x: Tensor, fill_value: Number, dtype: DType | None = None, layout: Unused = None,
    device: Unused = None, pin_memory: Unused = None, memory_format: Unused = None,
) -> Folded:  # fmt: skip
    return _full(_, x.shape, fill_value, dtype or _.dtype(x))


@CREATING.reads("aten.new_full")
def _new_full(
    _: Translation, x: Tensor, size: Ints, fill_value: Number, dtype: DType | None = None, layout: Unused = None,
    device: Unused = None, pin_memory: Unused = None,
) -> Folded:  # fmt: skip
    return _full(_, size, fill_value, dtype or _.dtype(x))


def _natural_type(value: float) -> DType:
    return DType.BOOL if isinstance(value, bool) else DType.S64 if isinstance(value, int) else DType.F32


@CREATING.reads("aten.scalar_tensor", "aten.tensor")
def _scalar_tensor(
    _: Translation, s: Number, dtype: DType | None = None, layout: Unused = None, device: Unused = None,
    pin_memory: Unused = None,
) -> Folded:  # fmt: skip
    return _full(_, (), s, dtype or _natural_type(s))


@CREATING.reads("aten.arange")
def _arange(
    _: Translation, first: Number, second: Number | None = None, third: Number | None = None,
    dtype: DType | None = None, layout: Unused = None, device: Unused = None, pin_memory: Unused = None,
    end: Number | None = None, start: Number | None = None, step: Number | None = None,
) -> Folded:  # fmt: skip
    low, high = (0, first) if second is None else (first, second)
    by = third if third is not None else 1 if step is None else step
    if not by or not 0 <= (high - low) / by <= 1 << 20:
        raise FormatError(f"{_.label}: from {low} to {high} by {by}")
    kind = dtype or (DType.S64 if all(isinstance(n, int) for n in (low, high, by)) else DType.F32)
    array = np.arange(low, high, by).astype(kind.numpy)
    _.allow(array.size, array.itemsize)
    return Folded(array)
