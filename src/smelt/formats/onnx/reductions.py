"""ONNX's reductions over axes.  The axes were an attribute first; of ReduceSum until 12, of others until 17."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from smelt.formats.channels_first.elementwise import binary, unary
from smelt.formats.channels_first.layout import Shape, Tensor, natural
from smelt.formats.channels_first.rearranging import part, reduction
from smelt.formats.channels_first.shapes import integers, positive_axes
from smelt.formats.channels_first.translation import Folded, Result, Surroundings, Translated, kept, number
from smelt.formats.onnx.schema import Table
from smelt.ir import Attribute, DType

ROWS = Table()
"""What reads a reduction."""

Reduce = Callable[[Surroundings, Tensor, Shape, bool], Result]
"""(surroundings, tensor, axes counted from 0, whether they stay with size 1) → result."""


def _plain(operator: str) -> Reduce:
    return lambda _, x, axes, keep: reduction(_, operator, x, axes, keep)


def _extreme(numbers: str, bools: str) -> Reduce:
    def reduce(_: Surroundings, x: Tensor, axes: Shape, keep: bool) -> Result:
        return reduction(_, bools if _.dtype(x) is DType.BOOL else numbers, x, axes, keep)

    return reduce


def _composed(before: str | None, after: str | None) -> Reduce:
    """The sum of a function of the elements, and a function of that."""

    def reduce(_: Surroundings, x: Tensor, axes: Shape, keep: bool) -> Result:
        inner = x if before is None else kept(_, unary(_, before, x))
        total = reduction(_, "sum", inner, axes, keep)
        return total if after is None else unary(_, after, kept(_, total))

    return reduce


def _log_sum_exp(_: Surroundings, x: Tensor, axes: Shape, keep: bool) -> Result:
    """The largest is taken away first, so that no exponential overflows."""
    largest = kept(_, reduction(_, "reduce_max", x, axes, True))
    powers = kept(_, unary(_, "exp", kept(_, binary(_, "sub", x, largest))))
    total = kept(_, unary(_, "log", kept(_, reduction(_, "sum", powers, axes, keep))))
    if not keep:
        largest = kept(_, reduction(_, "reduce_max", x, axes, False))
    return binary(_, "add", total, largest)


_REDUCTIONS: dict[str, Reduce] = {
    "ReduceMean": _plain("mean"),
    "ReduceSum": _plain("sum"),
    "ReduceProd": _plain("reduce_prod"),
    "ReduceMax": _extreme("reduce_max", "reduce_any"),
    "ReduceMin": _extreme("reduce_min", "reduce_all"),
    "ReduceL1": _composed("abs", None),
    "ReduceL2": _composed("square", "sqrt"),
    "ReduceSumSquare": _composed("square", None),
    "ReduceLogSum": _composed(None, "log"),
    "ReduceLogSumExp": _log_sum_exp,
}


def _reduced(
    _: Surroundings, reduce: Reduce, x: Tensor, axes: Sequence[int] | None, keep: int, noop: int
) -> Result:
    chosen = () if noop and not axes else positive_axes(axes or range(x.rank), x.rank)
    if not math.prod(x.shape[axis] for axis in chosen):
        return _of_nothing(_, reduce, x, chosen, bool(keep))
    return reduce(_, x, chosen, bool(keep))


def _of_nothing(_: Surroundings, reduce: Reduce, x: Tensor, axes: Shape, keep: bool) -> Result:
    """A reduction of no elements: of one that leaves others as they are, or of minus infinity for the largest."""
    neutral: dict[Reduce, float] = {
        _REDUCTIONS["ReduceProd"]: 1, _REDUCTIONS["ReduceMax"]: -math.inf, _REDUCTIONS["ReduceMin"]: math.inf,
        _REDUCTIONS["ReduceMean"]: math.nan, _REDUCTIONS["ReduceLogSumExp"]: -math.inf,
    }  # fmt: skip
    item, dtype = neutral.get(reduce, 0), _.dtype(x)
    if not math.isfinite(item) and not dtype.is_float:
        low, high = (0, 1) if dtype is DType.BOOL else dtype.integer_range
        item = high if item > 0 else low
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    _.allow(math.prod(shape), dtype.numpy.itemsize)
    if reduce is _REDUCTIONS["ReduceLogSumExp"]:
        kept_shape = shape if keep else tuple(s for axis, s in enumerate(shape) if axis not in axes)
        return Folded(np.full(kept_shape, item, dtype.numpy))
    return reduce(_, _.known(np.full(shape, item, dtype.numpy)), axes, keep)


def _reduction(foreign: str, reduce: Reduce) -> None:
    newer = 13 if foreign == "ReduceSum" else 18

    @ROWS.reads(foreign, until=newer - 1)
    def with_attribute(
        _: Surroundings, x: str, *, axes: Sequence[int] | None = None, keepdims: int = 1
    ) -> Result:
        return _reduced(_, reduce, _.tensor(x), axes, keepdims, 0)

    @ROWS.reads(foreign, since=newer)
    def with_input(
        _: Surroundings, x: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Result:
        given = None if axes is None else integers(_.constant(axes))
        return _reduced(_, reduce, _.tensor(x), given, keepdims, noop_with_empty_axes)


for _foreign, _reduce in _REDUCTIONS.items():
    _reduction(_foreign, _reduce)


def _argument(
    _: Surroundings, operator: str, x: Tensor, axis: int, keepdims: int, select_last_index: int
) -> Result:
    (along,) = positive_axes([axis], x.rank)
    if select_last_index:
        # the last of several alike is the first from behind
        size = x.shape[along]
        spans = [
            (size - 1, -1, -1) if axis == along else (0, extent, 1) for axis, extent in enumerate(x.shape)
        ]
        turned = kept(_, part(_, x, spans))
        index = kept(_, _argument(_, operator, turned, along, keepdims, 0))
        return binary(_, "sub", number(_, size - 1, DType.S64), index)
    layout = x.layout if x.layout.is_channels_last and along == 1 else natural(x.shape)
    inputs = (_.place(x, layout),)
    attributes: dict[str, Attribute] = {"axis": layout.axis(along), "index_type": "s64"}
    rest = (*x.shape[:along], *x.shape[along + 1 :])
    if not keepdims and len(layout.shape) == x.rank:
        return Translated(operator, inputs, attributes)
    shape = (*x.shape[:along], 1, *x.shape[along + 1 :]) if keepdims else rest
    return Translated("reshape", (_.emit(operator, inputs, attributes),), {"shape": shape})


def _arg(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign)
    def function(
        _: Surroundings, x: str, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
    ) -> Result:
        return _argument(_, operator, _.tensor(x), axis, keepdims, select_last_index)


_arg("ArgMax", "arg_max")
_arg("ArgMin", "arg_min")
