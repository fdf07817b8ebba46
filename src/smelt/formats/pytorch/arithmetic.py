"""aten's operators on elements: activations, arithmetic, comparison."""

from __future__ import annotations

import math
from collections.abc import Callable

from smelt.errors import UnsupportedError
from smelt.formats.channels_first.elementwise import elementwise, limited, unary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import along_last_axis
from smelt.formats.channels_first.terms import Term, of, result, term
from smelt.formats.channels_first.translation import Result, Translated, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.operands import Translation, applied, axis_of, cast, promoted
from smelt.formats.pytorch.schema import Number, Operand, Table, Unused
from smelt.ir import DType

ARITHMETIC = Table()
"""What reads an operator that works element by element."""

_UNARY = {
    "abs": "abs", "acos": "acos", "acosh": "acosh", "asin": "asin", "asinh": "asinh", "atan": "atan",
    "atanh": "atanh", "ceil": "ceil", "cos": "cos", "cosh": "cosh", "erf": "erf", "exp": "exp", "floor": "floor",
    "hardswish": "hard_swish", "log": "log", "neg": "neg", "negative": "neg", "reciprocal": "reciprocal",
    "relu": "relu", "relu6": "relu6", "round": "round", "rsqrt": "rsqrt", "sigmoid": "logistic",
    "sign": "sign", "special_erf": "erf", "special_round": "round", "sin": "sin",
    "sinh": "sinh", "sqrt": "sqrt", "square": "square", "tan": "tan", "tanh": "tanh",
}  # fmt: skip

_KEEPING_INTEGERS = {"abs", "neg", "negative", "relu", "sign", "square"}


def _reader(name: str, operator: str) -> None:
    def function(_: Translation, x: Tensor) -> Translated:
        return unary(_, operator, x if name in _KEEPING_INTEGERS else as_float(_, x))

    ARITHMETIC.reads(f"aten.{name}", wish=Wish.ANY)(function)


for _name, _operator in _UNARY.items():
    _reader(_name, _operator)


def as_float(_: Translation, x: Tensor) -> Tensor:
    """The tensor, integers as float32."""
    return x if _.dtype(x).is_float else cast(_, x, DType.F32)


def _by_term(*names: str) -> Callable[[Callable[[Term], Term]], None]:
    """A decorator: a function of one tensor, written as arithmetic."""

    def register(formula: Callable[[Term], Term]) -> None:
        def function(_: Translation, x: Tensor) -> Translated:
            real = as_float(_, x)
            return result(_, formula(of(_, real, real.layout)), real.layout)

        ARITHMETIC.reads(*(f"aten.{name}" for name in names), wish=Wish.ANY)(function)

    return register


@_by_term("silu")
def _silu(x: Term) -> Term:
    return x * term("logistic", x)


@_by_term("hardsigmoid")
def _hardsigmoid(x: Term) -> Term:
    return term("relu6", x + 3.0) * (1 / 6)


@_by_term("mish")
def _mish(x: Term) -> Term:
    return x * term("tanh", term("softplus", x))


@_by_term("log_sigmoid")
def _log_sigmoid(x: Term) -> Term:
    return -term("softplus", -x)


@_by_term("softsign")
def _softsign(x: Term) -> Term:
    return x / (term("abs", x) + 1.0)


@_by_term("selu")
def _selu(x: Term) -> Term:
    return term("elu", x, alpha=1.6732632423543772) * 1.0507009873554805


@_by_term("tanhshrink")
def _tanhshrink(x: Term) -> Term:
    return x - term("tanh", x)


@_by_term("log1p")
def _log1p(x: Term) -> Term:
    return term("log", x + 1.0)


@_by_term("expm1")
def _expm1(x: Term) -> Term:
    return term("exp", x) - 1.0


@_by_term("log2")
def _log2(x: Term) -> Term:
    return term("log", x) * (1 / math.log(2))


@_by_term("log10")
def _log10(x: Term) -> Term:
    return term("log", x) * (1 / math.log(10))


@_by_term("exp2", "special_exp2")
def _exp2(x: Term) -> Term:
    return term("exp", x * math.log(2))


@ARITHMETIC.reads("aten.gelu", wish=Wish.ANY)
def _gelu(_: Translation, x: Tensor, approximate: str = "none") -> Translated:
    return unary(_, "gelu", x, {"approximate": approximate == "tanh"})


@ARITHMETIC.reads("aten.leaky_relu", wish=Wish.ANY)
def _leaky_relu(_: Translation, x: Tensor, negative_slope: float = 0.01) -> Translated:
    return unary(_, "leaky_relu", x, {"alpha": negative_slope})


@ARITHMETIC.reads("aten.elu", wish=Wish.ANY)
def _elu(
    _: Translation, x: Tensor, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0
) -> Translated:
    if (scale, input_scale) != (1.0, 1.0):
        raise UnsupportedError(
            f"{_.label}: scale {scale} or input_scale {input_scale} other than 1 is not supported"
        )
    return unary(_, "elu", x, {"alpha": alpha})


@ARITHMETIC.reads("aten.celu", wish=Wish.ANY)
def _celu(_: Translation, x: Tensor, alpha: float = 1.0) -> Translated:
    scaled = kept(_, applied(_, "mul", x, 1 / alpha))
    return applied(_, "mul", kept(_, unary(_, "elu", scaled, {"alpha": 1.0})), alpha)


@ARITHMETIC.reads("aten.prelu", "aten._prelu_kernel", wish=Wish.ANY)
def _prelu(_: Translation, x: Tensor, weight: Tensor) -> Translated:
    if weight.array is None or weight.rank > 1:
        raise UnsupportedError(f"{_.label}: a slope that is computed is not supported")
    shape = (1, -1, *[1] * (x.rank - 2)) if x.rank > 1 else (-1,)
    slopes = weight.array.reshape(shape)
    return applied(_, "prelu", x, Tensor(weight.name, slopes.shape, slopes, variant="slopes"))


@ARITHMETIC.reads("aten.softplus", wish=Wish.ANY)
def _softplus(_: Translation, x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Translated:
    if beta == 1:
        return unary(_, "softplus", x)
    scaled = kept(_, applied(_, "mul", x, beta))
    return applied(_, "mul", kept(_, unary(_, "softplus", scaled)), 1 / beta)


@ARITHMETIC.reads("aten.hardtanh", wish=Wish.ANY)
def _hardtanh(_: Translation, x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Result:
    return _clamp(_, x, min_val, max_val)


@ARITHMETIC.reads("aten.clamp", "aten.clip", wish=Wish.ANY)
def _clamp(_: Translation, x: Tensor, min: Operand | None = None, max: Operand | None = None) -> Result:
    low = -math.inf if min is None else min
    high = math.inf if max is None else max
    if not isinstance(low, Tensor) and not isinstance(high, Tensor) and _.dtype(x).is_float:
        return limited(_, x, float(low), float(high))
    bounded = x if min is None else kept(_, applied(_, "maximum", x, low))
    return bounded if max is None else applied(_, "minimum", bounded, high)


@ARITHMETIC.reads("aten.clamp_min", wish=Wish.ANY)
def _clamp_min(_: Translation, x: Tensor, min: Operand) -> Result:
    return _clamp(_, x, min)


@ARITHMETIC.reads("aten.clamp_max", wish=Wish.ANY)
def _clamp_max(_: Translation, x: Tensor, max: Operand) -> Result:
    return _clamp(_, x, None, max)


@ARITHMETIC.reads("aten.softmax", "aten._softmax", "aten.special_softmax")
def _softmax(_: Translation, x: Tensor, dim: int, dtype: Unused = None) -> Translated:
    return along_last_axis(_, as_float(_, x), "softmax", axis_of(_, dim, x.rank))


@ARITHMETIC.reads("aten.log_softmax", "aten._log_softmax", "aten.special_log_softmax")
def _log_softmax(_: Translation, x: Tensor, dim: int, dtype: Unused = None) -> Translated:
    return unary(_, "log", kept(_, _softmax(_, x, dim)))


@ARITHMETIC.reads("aten.glu")
def _glu(_: Translation, x: Tensor, dim: int = -1) -> Translated:
    from smelt.formats.pytorch.rearranging import sliced

    axis = axis_of(_, dim, x.rank)
    half = x.shape[axis] // 2
    first, second = (kept(_, sliced(_, x, axis, at, at + half, 1)) for at in (0, half))
    return applied(_, "mul", first, kept(_, unary(_, "logistic", second)))


@ARITHMETIC.reads("aten.add", wish=Wish.ANY)
def _add(_: Translation, x: Operand, other: Operand, alpha: Number = 1) -> Translated:
    return applied(_, "add", x, other if alpha == 1 else kept(_, applied(_, "mul", other, alpha)))


@ARITHMETIC.reads("aten.sub", "aten.subtract", wish=Wish.ANY)
def _sub(_: Translation, x: Operand, other: Operand, alpha: Number = 1) -> Translated:
    return applied(_, "sub", x, other if alpha == 1 else kept(_, applied(_, "mul", other, alpha)))


@ARITHMETIC.reads("aten.rsub", wish=Wish.ANY)
def _rsub(_: Translation, x: Operand, other: Operand, alpha: Number = 1) -> Translated:
    return _sub(_, other, x, alpha)


@ARITHMETIC.reads("aten.mul", "aten.multiply", wish=Wish.ANY)
def _mul(_: Translation, x: Operand, other: Operand) -> Translated:
    return applied(_, "mul", x, other)


@ARITHMETIC.reads("aten.div", "aten.divide", "aten.true_divide", wish=Wish.ANY)
def _div(_: Translation, x: Operand, other: Operand, rounding_mode: str | None = None) -> Translated:
    first, second = promoted(_, x, other)
    if rounding_mode == "floor":
        return applied(_, "floor_div", first, second)
    if rounding_mode is not None and (_.dtype(first).is_float or rounding_mode != "trunc"):
        raise UnsupportedError(f"{_.label}: rounding_mode '{rounding_mode}' is not supported")
    if rounding_mode is None:
        first, second = as_float(_, first), as_float(_, second)
    if (
        second.array is not None
        and second.array.size == 1
        and _.dtype(first) is DType.F32
        and second.array.any()
    ):
        return applied(_, "mul", first, 1.0 / float(second.array.reshape(())))
    return applied(_, "div", first, second)


@ARITHMETIC.reads("aten.floor_divide", wish=Wish.ANY)
def _floor_divide(_: Translation, x: Operand, other: Operand) -> Translated:
    return applied(_, "floor_div", x, other)


@ARITHMETIC.reads("aten.fmod", wish=Wish.ANY)
def _fmod(_: Translation, x: Operand, other: Operand) -> Translated:
    return applied(_, "truncated_mod", x, other)


@ARITHMETIC.reads("aten.remainder", wish=Wish.ANY)
def _remainder(_: Translation, x: Operand, other: Operand) -> Translated:
    return applied(_, "floor_mod", x, other)


_POWERS = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}


@ARITHMETIC.reads("aten.pow", wish=Wish.ANY)
def _pow(_: Translation, x: Operand, exponent: Operand) -> Result:
    if isinstance(x, Tensor) and not isinstance(exponent, Tensor):
        if exponent == 1:
            return x
        if float(exponent) in _POWERS:
            return unary(_, _POWERS[float(exponent)], as_float(_, x))
    first, second = promoted(_, x, exponent)
    return applied(_, "pow", as_float(_, first), as_float(_, second))


@ARITHMETIC.reads("aten.maximum", wish=Wish.ANY)
def _maximum(_: Translation, x: Tensor, other: Tensor) -> Translated:
    return applied(_, "maximum", x, other)


@ARITHMETIC.reads("aten.minimum", wish=Wish.ANY)
def _minimum(_: Translation, x: Tensor, other: Tensor) -> Translated:
    return applied(_, "minimum", x, other)


@ARITHMETIC.reads("aten.addcmul", wish=Wish.ANY)
def _addcmul(_: Translation, x: Tensor, tensor1: Tensor, tensor2: Tensor, value: float = 1) -> Translated:
    product = kept(_, applied(_, "mul", tensor1, tensor2))
    return _add(_, x, product, value)


@ARITHMETIC.reads("aten.lerp", wish=Wish.ANY)
def _lerp(_: Translation, x: Tensor, end: Tensor, weight: Operand) -> Translated:
    way = kept(_, applied(_, "mul", kept(_, applied(_, "sub", end, x)), weight))
    return applied(_, "add", x, way)


_COMPARISONS = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "not_equal": "not_equal", "less": "less", "less_equal": "less_equal", "greater": "greater",
    "greater_equal": "greater_equal",
}  # fmt: skip
_LOGIC = {
    "logical_and": "logical_and", "logical_or": "logical_or", "logical_xor": "logical_xor",
    "bitwise_and": "logical_and", "bitwise_or": "logical_or", "bitwise_xor": "logical_xor",
    "__and__": "logical_and", "__or__": "logical_or", "__xor__": "logical_xor",
}  # fmt: skip


def _comparison(name: str, operator: str) -> None:
    def function(_: Translation, x: Operand, other: Operand) -> Translated:
        return applied(_, operator, x, other)

    ARITHMETIC.reads(f"aten.{name}", wish=Wish.ANY)(function)


def _logic(name: str, operator: str) -> None:
    def function(_: Translation, x: Tensor, other: Tensor) -> Translated:
        if not name.startswith("logical") and {_.dtype(x), _.dtype(other)} != {DType.BOOL}:
            raise UnsupportedError(f"{_.label}: on integers is not supported")
        return applied(_, operator, as_bool(_, x), as_bool(_, other))

    ARITHMETIC.reads(f"aten.{name}", wish=Wish.ANY)(function)


for _name, _operator in _COMPARISONS.items():
    _comparison(_name, _operator)
for _name, _operator in _LOGIC.items():
    _logic(_name, _operator)


def as_bool(_: Translation, x: Tensor) -> Tensor:
    """Whether elements are not zero."""
    return x if _.dtype(x) is DType.BOOL else kept(_, applied(_, "not_equal", x, 0))


@ARITHMETIC.reads("aten.logical_not", "aten.bitwise_not", wish=Wish.ANY)
def _logical_not(_: Translation, x: Tensor) -> Translated:
    return unary(_, "logical_not", as_bool(_, x))


@ARITHMETIC.reads("aten.where", wish=Wish.ANY)
def _where(_: Translation, condition: Tensor, x: Operand, other: Operand) -> Translated:
    return select(_, condition, x, other)


@ARITHMETIC.reads("aten.masked_fill", wish=Wish.ANY)
def _masked_fill(_: Translation, x: Tensor, mask: Tensor, value: Operand) -> Translated:
    fill = cast(_, value, _.dtype(x)) if isinstance(value, Tensor) else value
    return select(_, mask, fill, x)


def select(_: Translation, condition: Tensor, x: Tensor | float, other: Tensor | float) -> Translated:
    """Elements of x where the condition is true, else of the other."""
    return elementwise(_, "select", (as_bool(_, condition), *promoted(_, x, other)))


__all__ = ["ARITHMETIC", "as_bool", "as_float", "select"]
