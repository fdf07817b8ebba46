"""aten's reductions over dimensions."""

from __future__ import annotations

import math

from smelt.errors import UnsupportedError
from smelt.formats.channels_first.elementwise import unary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import reduction, reshape
from smelt.formats.channels_first.translation import Result, Translated, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.arithmetic import as_bool, as_float
from smelt.formats.pytorch.operands import Translation, applied, axes_of, axis_of, cast, plain
from smelt.formats.pytorch.schema import Ints, Table
from smelt.ir import DType

REDUCING = Table()
"""What reads a reduction."""


def _reduced(_: Translation, operator: str, x: Tensor, dim: Ints | None, keepdim: bool) -> Result:
    if x.rank == 0:
        return x
    return reduction(_, operator, x, axes_of(_, dim, x.rank), keepdim)


@REDUCING.reads("aten.mean", wish=Wish.ANY)
def _mean(
    _: Translation, x: Tensor, dim: Ints | None = None, keepdim: bool = False, dtype: DType | None = None
) -> Result:
    return _reduced(_, "mean", as_float(_, x), dim, keepdim)


@REDUCING.reads("aten.sum")
def _sum(
    _: Translation, x: Tensor, dim: Ints | None = None, keepdim: bool = False, dtype: DType | None = None
) -> Result:
    wide = cast(_, x, dtype or (_.dtype(x) if _.dtype(x).is_float else DType.S64))
    return _reduced(_, "sum", wide, dim, keepdim)


@REDUCING.reads("aten.prod")
def _prod(
    _: Translation, x: Tensor, dim: int | None = None, keepdim: bool = False, dtype: DType | None = None
) -> Result:
    return _reduced(_, "reduce_prod", x, None if dim is None else (dim,), keepdim)


@REDUCING.reads("aten.amax", wish=Wish.ANY)
def _amax(_: Translation, x: Tensor, dim: Ints = (), keepdim: bool = False) -> Result:
    return _reduced(_, "reduce_max", x, dim, keepdim)


@REDUCING.reads("aten.amin", wish=Wish.ANY)
def _amin(_: Translation, x: Tensor, dim: Ints = (), keepdim: bool = False) -> Result:
    return _reduced(_, "reduce_min", x, dim, keepdim)


def _extreme(name: str, operator: str, index: str, pair: str) -> None:
    def function(
        _: Translation, x: Tensor, dim: Tensor | int | None = None, keepdim: bool = False
    ) -> Result | tuple[Result | None, ...]:
        if isinstance(dim, Tensor) and not (dim.array is not None and dim.rank == 0):
            return applied(_, pair, x, dim)
        if dim is None:
            return _reduced(_, operator, x, None, False)
        along = dim if isinstance(dim, int) else int(dim.array.reshape(()).item())  # type: ignore[union-attr]
        indices = None if 1 in _.unused else _arg(_, index, x, along, keepdim)
        return _reduced(_, operator, x, (along,), keepdim), indices

    REDUCING.reads(f"aten.{name}", wish=Wish.ANY)(function)


_extreme("max", "reduce_max", "arg_max", "maximum")
_extreme("min", "reduce_min", "arg_min", "minimum")


def _arg(_: Translation, operator: str, x: Tensor, dim: int | None, keepdim: bool) -> Result:
    source = plain(_, x) if dim is not None else plain(_, kept(_, reshape(_, x, (math.prod(x.shape),))))
    axis = 0 if dim is None else axis_of(_, dim, x.rank)
    found = Translated(operator, (source,), {"axis": axis, "index_type": "s64"})
    if not keepdim:
        return found
    shape = (1,) * x.rank if dim is None else (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    return reshape(_, kept(_, found), shape)


@REDUCING.reads("aten.argmax")
def _argmax(_: Translation, x: Tensor, dim: int | None = None, keepdim: bool = False) -> Result:
    return _arg(_, "arg_max", x, dim, keepdim)


@REDUCING.reads("aten.argmin")
def _argmin(_: Translation, x: Tensor, dim: int | None = None, keepdim: bool = False) -> Result:
    return _arg(_, "arg_min", x, dim, keepdim)


@REDUCING.reads("aten.any")
def _any(_: Translation, x: Tensor, dim: Ints | None = None, keepdim: bool = False) -> Result:
    return _reduced(_, "reduce_any", as_bool(_, x), dim, keepdim)


@REDUCING.reads("aten.all")
def _all(_: Translation, x: Tensor, dim: Ints | None = None, keepdim: bool = False) -> Result:
    return _reduced(_, "reduce_all", as_bool(_, x), dim, keepdim)


@REDUCING.reads("aten.norm", "aten.linalg_vector_norm")
def _norm(
    _: Translation, x: Tensor, ord: float | None = 2, dim: Ints | None = None, keepdim: bool = False,
    dtype: DType | None = None,
) -> Result:  # fmt: skip
    if ord == 1:
        return _reduced(_, "sum", kept(_, unary(_, "abs", x)), dim, keepdim)
    if ord not in (2, None):
        raise UnsupportedError(f"{_.label}: the norm of order {ord} is not supported")
    squares = _reduced(_, "sum", kept(_, unary(_, "square", x)), dim, keepdim)
    return unary(_, "sqrt", kept(_, squares))


@REDUCING.reads("aten.logsumexp")
def _logsumexp(_: Translation, x: Tensor, dim: Ints, keepdim: bool = False) -> Result:
    top = kept(_, _reduced(_, "reduce_max", x, dim, True))
    powers = kept(_, unary(_, "exp", kept(_, applied(_, "sub", x, top))))
    logs = kept(_, unary(_, "log", kept(_, _reduced(_, "sum", powers, dim, True))))
    whole = applied(_, "add", logs, top)
    if keepdim:
        return whole
    axes = axes_of(_, dim, x.rank)
    return reshape(_, kept(_, whole), tuple(n for axis, n in enumerate(x.shape) if axis not in axes))
