"""ONNX's functions of numbers beyond those of arithmetic.py: trigonometry, bits, what is no number."""

from __future__ import annotations

import math

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import binary, unary
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.terms import computed, of, result, term, value
from smelt.formats.channels_first.translation import Results, Surroundings, Translated, scalar
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.model import DTYPES
from smelt.formats.onnx.schema import Table
from smelt.ir import Attribute, DType

ROWS = Table()
"""What reads such a function."""

_OF_ONE = {
    "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atan": "atan", "Atanh": "atanh",
    "Cosh": "cosh", "Not": "logical_not", "Sinh": "sinh", "Tan": "tan",
}  # fmt: skip
_OF_TWO = {"BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor"}


def _of_one(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, wish=Wish.ANY)
    def function(_: Surroundings, x: str) -> Translated:
        return unary(_, operator, _.tensor(x))


def _of_two(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, wish=Wish.ANY)
    def function(_: Surroundings, a: str, b: str) -> Translated:
        return binary(_, operator, _.tensor(a), _.tensor(b))


for _foreign, _operator in _OF_ONE.items():
    _of_one(_foreign, _operator)
for _foreign, _operator in _OF_TWO.items():
    _of_two(_foreign, _operator)


@ROWS.reads("BitwiseNot", wish=Wish.ANY)
def _bitwise_not(_: Surroundings, x: str) -> Translated:
    data = _.tensor(x)
    ones = np.array(-1).astype(_.dtype(data).numpy)
    return binary(_, "bitwise_xor", data, Tensor("ones", (), ones, variant=ones.dtype.name))


@ROWS.reads("BitShift", wish=Wish.ANY)
def _bit_shift(_: Surroundings, a: str, b: str, *, direction: str) -> Translated:
    if direction not in ("LEFT", "RIGHT"):
        raise FormatError(f"{_.label}: the direction '{direction}' is neither LEFT nor RIGHT")
    return binary(_, f"{direction.lower()}_shift", _.tensor(a), _.tensor(b))


@ROWS.reads("Mod", wish=Wish.ANY)
def _mod(_: Surroundings, a: str, b: str, *, fmod: int = 0) -> Translated:
    return binary(_, "truncated_mod" if fmod else "floor_mod", _.tensor(a), _.tensor(b))


@ROWS.reads("IsNaN", wish=Wish.ANY)
def _is_nan(_: Surroundings, x: str) -> Translated:
    data = _.tensor(x)
    name = of(_, data, data.layout)
    return result(_, term("not_equal", name, name), data.layout)


@ROWS.reads("IsInf", wish=Wish.ANY)
def _is_inf(_: Surroundings, x: str, *, detect_negative: int = 1, detect_positive: int = 1) -> Translated:
    data = _.tensor(x)
    name = of(_, data, data.layout)
    if detect_negative and detect_positive:
        return result(_, term("equal", term("abs", name), math.inf), data.layout)
    if not (detect_negative or detect_positive):
        return result(_, term("less", term("abs", name), -1.0), data.layout)
    return result(_, term("equal", name, math.inf if detect_positive else -math.inf), data.layout)


def _cumulative(
    _: Surroundings, operator: str, x: str, axis: str, exclusive: int, reverse: int
) -> Translated:
    data = _.tensor(x)
    (along,) = positive_axes([int(scalar(_, axis))], data.rank)
    root = term(operator, of(_, data), axis=along, exclusive=bool(exclusive), reverse=bool(reverse))
    return result(_, root)


@ROWS.reads("CumSum")
def _cumsum(_: Surroundings, x: str, axis: str, *, exclusive: int = 0, reverse: int = 0) -> Translated:
    return _cumulative(_, "cumsum", x, axis, exclusive, reverse)


@ROWS.reads("CumProd")
def _cumprod(_: Surroundings, x: str, axis: str, *, exclusive: int = 0, reverse: int = 0) -> Translated:
    return _cumulative(_, "cumprod", x, axis, exclusive, reverse)


@ROWS.reads("TopK", since=10)
def _top_k(_: Surroundings, x: str, k: str, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Results:
    return _ordered(_, x, int(scalar(_, k)), axis, bool(largest))


@ROWS.reads("TopK", until=9)
def _top_k_1(_: Surroundings, x: str, *, axis: int = -1, k: int) -> Results:
    return _ordered(_, x, k, axis, True)


def _ordered(_: Surroundings, x: str, k: int, axis: int, largest: bool) -> Results:
    data = _.tensor(x)
    (along,) = positive_axes([axis], data.rank)
    if not 0 < k <= data.shape[along]:
        raise FormatError(f"{_.label}: {k} of {data.shape[along]} elements are wanted")
    order = (*(i for i in range(data.rank) if i != along), along)
    back = tuple(order.index(i) for i in range(data.rank))
    source = of(_, data) if along == data.rank - 1 else term("transpose", of(_, data), permutation=order)
    attributes: dict[str, Attribute] = {"k": k, "largest": largest, "index_type": "s64"}
    names = _.emit_all("topk_v2", (computed(_, source),), attributes)
    if along == data.rank - 1:
        return tuple(_.made(name, natural(_.shape(name))) for name in names)
    return tuple(result(_, term("transpose", value(name), permutation=back)) for name in names)


@ROWS.reads("BitCast", since=26, wish=Wish.ANY)
def _bitcast(_: Surroundings, x: str, *, to: int) -> Translated:
    if to not in DTYPES:
        raise UnsupportedError(f"{_.label}: the data type {to} is not supported")
    return unary(_, "bitcast", _.tensor(x), {"to": DType.of(np.empty(0, DTYPES[to])).value})
