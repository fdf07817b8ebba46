"""aten's operators that change nothing but types, or nothing at all."""

from __future__ import annotations

from smelt.errors import UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.translation import TRAINING, Result
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation, cast
from smelt.formats.pytorch.schema import Table, Unused, as_type
from smelt.ir import DType

CONVERTING = Table()
"""What reads an operator that hands its input on, perhaps as another type."""


@CONVERTING.reads(
    "aten.dropout",
    "aten.feature_dropout",
    "aten.alpha_dropout",
    wish=Wish.ANY,
    is_view=True,
)
def _dropout(_: Translation, x: Tensor, p: float, train: bool) -> Result:
    if train and p > 0:
        raise UnsupportedError(TRAINING.format(_.label))
    return x


@CONVERTING.reads(
    "aten.alias", "aten.detach", "aten.lift_fresh", "aten.contiguous", "aten.requires_grad_",
    "aten.positive", "aten.resolve_conj", "aten.resolve_neg", wish=Wish.ANY, is_view=True,
)  # fmt: skip
def _same(_: Translation, x: Tensor, memory_format: Unused = None) -> Result:
    return x


@CONVERTING.reads("aten.clone", "aten.lift_fresh_copy", wish=Wish.ANY)
def _clone(_: Translation, x: Tensor, memory_format: Unused = None) -> Result:
    return x


@CONVERTING.reads("aten.type_as", wish=Wish.ANY, is_view=True)
def _type_as(_: Translation, x: Tensor, other: Tensor) -> Result:
    return cast(_, x, _.dtype(other))


@CONVERTING.reads("aten._to_copy", wish=Wish.ANY)
def _to_copy(
    _: Translation, x: Tensor, dtype: DType | None = None, layout: Unused = None, device: Unused = None,
    pin_memory: Unused = None, non_blocking: Unused = None, memory_format: Unused = None,
) -> Result:  # fmt: skip
    return x if dtype is None else cast(_, x, dtype)


@CONVERTING.reads("aten.to", wish=Wish.ANY, is_view=True)
def _to(
    _: Translation, x: Tensor, first: Unused = None, second: Unused = None, third: Unused = None,
    fourth: Unused = None, fifth: Unused = None, sixth: Unused = None, seventh: Unused = None,
    dtype: DType | None = None, layout: Unused = None, device: Unused = None, pin_memory: Unused = None,
    non_blocking: Unused = None, copy: Unused = None, memory_format: Unused = None, other: Tensor | None = None,
) -> Result:  # fmt: skip
    """Its overloads name a type, a device, a device and a type, or another tensor."""
    if isinstance(first, Tensor) or other is not None:
        return cast(_, x, _.dtype(first if isinstance(first, Tensor) else other or x))
    number = second if isinstance(first, str) else first
    if dtype is None and isinstance(number, int) and not isinstance(number, bool):
        dtype = as_type(number)
        if dtype is None:
            raise UnsupportedError(f"{_.label}: the element type {number} is not supported")
    return x if dtype is None else cast(_, x, dtype)
