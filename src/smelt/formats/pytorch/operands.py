"""Tensors and numbers as operands: types promoted as PyTorch does, steps on the way to a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import elementwise, unary
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.tensors import Tensors
from smelt.formats.channels_first.translation import Translated, kept, number
from smelt.ir import Attribute, DType


class Translation(Tensors):
    """What a function that reads an operator is given.

    `unused` are the indices of the operator's results that nothing reads; `native` the values that hold torch's own
    quantized tensors.
    """

    def __init__(self, name: str, budget_bytes: int) -> None:
        super().__init__(name, budget_bytes)
        self.unused: frozenset[int] = frozenset()
        self.native: set[str] = set()


class IntegersNeeded(UnsupportedError):
    """A tensor of real numbers is used as indices."""

    def __init__(self, label: str, name: str) -> None:
        super().__init__(f"{label}: '{name}' holds real numbers where indices are needed")
        self.name = name


def indices(_: Translation, x: Tensor) -> Tensor:
    """A tensor of indices; IntegersNeeded where it holds real numbers."""
    if _.dtype(x).is_float:
        raise IntegersNeeded(_.label, x.name)
    return x


_KINDS = {DType.BOOL: 0, DType.F16: 2, DType.F32: 2, DType.F64: 2}
"""bool, integer (1), real."""


def cast(_: Translation, x: Tensor, dtype: DType) -> Tensor:
    """A tensor as another type; itself where it has it."""
    if _.dtype(x) is dtype:
        return x
    if x.array is not None:
        return Tensor(x.name, x.shape, x.array.astype(dtype.numpy), variant=f"{x.variant} {dtype.value}")
    return kept(_, unary(_, "cast", x, {"to": dtype.value}))


def promoted(_: Translation, *operands: Tensor | float) -> tuple[Tensor, ...]:
    """The operands as tensors of one type (`torch.result_type`): numbers and scalars count less than tensors."""
    tensors = [x for x in operands if isinstance(x, Tensor)]
    dtypes = [_.dtype(x) for x in tensors if x.shape] or [_.dtype(x) for x in tensors]
    best = max(dtypes, key=lambda d: (_KINDS.get(d, 1), d.bits), default=DType.F32)
    for x in operands:
        kind = _KINDS.get(_.dtype(x), 1) if isinstance(x, Tensor) else _kind(x)
        if kind > _KINDS.get(best, 1):
            best = (DType.BOOL, DType.S64, DType.F32)[kind]
    return tuple(cast(_, x, best) if isinstance(x, Tensor) else number(_, x, best) for x in operands)


def _kind(value: float) -> int:
    return 0 if isinstance(value, bool) else 1 if isinstance(value, int) else 2


def applied(
    _: Translation,
    operator: str,
    *operands: Tensor | float,
    attributes: Mapping[str, Attribute] | None = None,
) -> Translated:
    """An elementwise operator of promoted operands."""
    tensors = promoted(_, *operands)
    try:
        np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        shapes = " and ".join(str(list(x.shape)) for x in tensors)
        raise FormatError(f"{_.label}: {shapes} do not broadcast") from None
    return elementwise(_, operator, tensors, attributes)


def axis_of(_: Translation, axis: int, rank: int) -> int:
    """An axis counted from 0; FormatError where there is none."""
    if not -max(rank, 1) <= axis < max(rank, 1):
        raise FormatError(f"{_.label}: dimension {axis} of a tensor with {rank} dimensions")
    return axis % max(rank, 1)


def axes_of(_: Translation, axes: Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Axes counted from 0, in order; all where none are given."""
    found = sorted({axis_of(_, axis, rank) for axis in axes or range(rank)})
    return tuple(found)


def plain(_: Translation, x: Tensor) -> str:
    """The smelt value that holds a tensor as the file has it."""
    return _.place(x, natural(x.shape))
