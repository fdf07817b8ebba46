"""ONNX's functions of numbers, element by element: of one (Abs), of two (Pow, Less), of any number (Max)."""

from __future__ import annotations

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import binary, elementwise, limited, unary
from smelt.formats.channels_first.layout import Integers, Tensor
from smelt.formats.channels_first.translation import (
    TRAINING,
    Folded,
    Result,
    Results,
    Surroundings,
    Translated,
    kept,
    number,
    scalar,
)
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.model import DTYPES
from smelt.formats.onnx.schema import Table
from smelt.ir import DType

ROWS = Table()
"""What reads a function of numbers."""

_OF_ONE = {
    "Abs": "abs", "Ceil": "ceil", "Cos": "cos", "Erf": "erf", "Exp": "exp", "Floor": "floor",
    "HardSwish": "hard_swish", "Log": "log", "Neg": "neg", "Reciprocal": "reciprocal", "Round": "round",
    "Sigmoid": "logistic", "Sign": "sign", "Sin": "sin", "Softplus": "softplus", "Sqrt": "sqrt", "Tanh": "tanh",
}  # fmt: skip
_OF_TWO = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Equal": "equal", "Greater": "greater", "Less": "less",
    "GreaterOrEqual": "greater_equal", "LessOrEqual": "less_equal", "And": "logical_and", "Or": "logical_or",
    "Xor": "logical_xor", "PRelu": "prelu",
}  # fmt: skip


def _of_one(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, wish=Wish.ANY)
    def function(_: Surroundings, x: str) -> Translated:
        return unary(_, operator, _.tensor(x))


def _of_two(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, since=7, wish=Wish.ANY)
    def function(_: Surroundings, a: str, b: str) -> Translated:
        return binary(_, operator, _.tensor(a), _.tensor(b))


for _foreign, _operator in _OF_ONE.items():
    _of_one(_foreign, _operator)
for _foreign, _operator in _OF_TWO.items():
    _of_two(_foreign, _operator)


@ROWS.reads("Relu", wish=Wish.ANY)
def _relu(_: Surroundings, x: str) -> Translated:
    data = _.tensor(x)
    if _.dtype(data).is_float:
        return unary(_, "relu", data)
    return binary(_, "maximum", data, number(_, 0, _.dtype(data)))


@ROWS.reads("LeakyRelu", wish=Wish.ANY)
def _leaky_relu(_: Surroundings, x: str, *, alpha: float = 0.01) -> Translated:
    return unary(_, "leaky_relu", _.tensor(x), {"alpha": float(alpha)})


@ROWS.reads("Elu", wish=Wish.ANY)
def _elu(_: Surroundings, x: str, *, alpha: float = 1.0) -> Translated:
    return unary(_, "elu", _.tensor(x), {"alpha": float(alpha)})


@ROWS.reads("Gelu", wish=Wish.ANY)
def _gelu(_: Surroundings, x: str, *, approximate: str = "none") -> Translated:
    if approximate not in ("none", "tanh"):
        raise FormatError(f"{_.label}: approximate is '{approximate}', must be none or tanh")
    return unary(_, "gelu", _.tensor(x), {"approximate": approximate == "tanh"})


@ROWS.reads("Div", since=7, wish=Wish.ANY)
def _div(_: Surroundings, a: str, b: str) -> Translated:
    data, divisor = _.tensor(a), _.tensor(b)
    array = divisor.array
    if array is None or array.dtype != np.float32 or not np.all(array):
        return binary(_, "div", data, divisor)
    _.allow(array.size, array.itemsize)
    inverse = np.reciprocal(array.astype(np.float32))
    return binary(_, "mul", data, Tensor(b, array.shape, inverse, variant="reciprocal"))


@ROWS.reads("Pow", since=7, wish=Wish.ANY)
def _pow(_: Surroundings, a: str, b: str) -> Translated:
    base, exponent = _.tensor(a), _.tensor(b)
    array = exponent.array
    if array is not None and array.size == 1 and array.reshape(-1)[0] == 2 and exponent.rank <= base.rank:
        return unary(_, "square", base)
    return binary(_, "pow", base, as_type(_, exponent, _.dtype(base)))


def as_type(_: Surroundings, x: Tensor, dtype: DType) -> Tensor:
    """The tensor, cast where its type is another."""
    return x if _.dtype(x) is dtype else kept(_, unary(_, "cast", x, {"to": dtype.value}))


def _of_many(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, wish=Wish.ANY)
    def function(_: Surroundings, *inputs: str) -> Result:
        return _chain(_, operator, inputs)


def _chain(_: Surroundings, operator: str, inputs: tuple[str, ...]) -> Result:
    first, *others = (_.tensor(name) for name in inputs)
    result: Result = first
    for other in others:
        result = binary(_, operator, kept(_, result), other)
    return result


_of_many("Max", "maximum")
_of_many("Min", "minimum")
_of_many("Sum", "add")


@ROWS.reads("Mean", wish=Wish.ANY)
def _mean(_: Surroundings, *inputs: str) -> Result:
    total = _chain(_, "add", inputs)
    if isinstance(total, Tensor):
        return total
    whole = kept(_, total)
    return binary(_, "mul", whole, number(_, 1 / len(inputs), _.dtype(whole)))


@ROWS.reads("Clip", until=10, wish=Wish.ANY)
def _clip_6(
    _: Surroundings, x: str, *, max: float = 3.4028234663852886e38, min: float = -3.4028234663852886e38
) -> Result:
    return limited(_, _.tensor(x), min, max)


@ROWS.reads("Clip", since=11, wish=Wish.ANY)
def _clip(_: Surroundings, x: str, min: str | None = None, max: str | None = None) -> Result:
    data = _.tensor(x)
    bounds = [None if name is None else _.tensor(name) for name in (min, max)]
    if all(bound is None or bound.array is not None for bound in bounds) and _.dtype(data).is_float:
        low = -np.inf if min is None else scalar(_, min)
        high = np.inf if max is None else scalar(_, max)
        return limited(_, data, low, high)
    result: Result = data
    for operator, bound in zip(("maximum", "minimum"), bounds, strict=True):
        if bound is not None:
            result = binary(_, operator, kept(_, result), bound)
    return result


@ROWS.reads("Where", wish=Wish.ANY)
def _where(_: Surroundings, condition: str, x: str, y: str) -> Translated:
    return elementwise(_, "select", (_.tensor(condition), _.tensor(x), _.tensor(y)))


@ROWS.reads("Identity", wish=Wish.ANY)
def _identity(_: Surroundings, x: str) -> Tensor:
    return _.tensor(x)


@ROWS.reads("Dropout", since=7, until=11, wish=Wish.ANY)
def _dropout_7(_: Surroundings, x: str, *, ratio: float = 0.5) -> Results:
    return _unchanged(_, x)


@ROWS.reads("Dropout", since=12, wish=Wish.ANY)
def _dropout(
    _: Surroundings, x: str, ratio: str | None = None, training_mode: str | None = None, *,
    seed: int | None = None,
) -> Results:  # fmt: skip
    if training_mode is not None and scalar(_, training_mode):
        raise UnsupportedError(TRAINING.format(_.label))
    return _unchanged(_, x)


def _unchanged(_: Surroundings, x: str) -> Results:
    """The tensor, and that all of its elements were kept where the file asks for that."""
    data = _.tensor(x)
    if not any(_.outputs[1:]):
        return data
    _.allow(int(np.prod(data.shape)), 1)
    return data, Folded(np.ones(data.shape, np.bool_))


@ROWS.reads("Cast", wish=Wish.ANY)
def _cast(_: Surroundings, x: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> Result:
    if to not in DTYPES:
        raise UnsupportedError(f"{_.label}: casts '{x}' to ONNX's data type {to}, which is not supported")
    return cast_to(_, _.tensor(x), DType.of(np.empty(0, DTYPES[to])))


@ROWS.reads("CastLike", since=15, wish=Wish.ANY)
def _cast_like(_: Surroundings, x: str, like: str, *, saturate: int = 1, round_mode: str = "up") -> Result:
    return cast_to(_, _.tensor(x), _.dtype(_.tensor(like)))


def cast_to(_: Surroundings, x: Tensor, dtype: DType) -> Result:
    """The tensor in another type; constants of half precision stay narrow in flash where a layer reads them."""
    array = x.array
    if array is not None and array.dtype == np.float16 and dtype is DType.F32:
        _.allow(array.size, 4)
        wide = array.astype(np.float32)
        return Tensor(x.name, x.shape, wide, variant=f"{x.variant}wide", integers=Integers(array, None))
    return x if _.dtype(x) is dtype else unary(_, "cast", x, {"to": dtype.value})
