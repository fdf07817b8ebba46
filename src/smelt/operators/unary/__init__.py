"""Functions of one number, element by element: abs, exp, sqrt, floor, gelu and their kin.

Float32 in C; abs, neg, square and sign also on 32- and 64-bit integers, logical_not on bool; abs, elu and gelu
also quantized to int8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.activation.lookup import Response, lookup_kernel
from smelt.operators.operator import (
    Argument,
    Call,
    Input,
    Kernel,
    Lowering,
    NoAttributes,
    Operator,
    Output,
    Parameters,
    TensorType,
    Traits,
    equal_inputs,
)
from smelt.operators.rows import same_row_needs
from smelt.operators.unary.responses import abs_response, rounded_response
from smelt.targets import Target

Numbers = NDArray[Any]
Curve = Callable[[Call, Numbers], Numbers]
Extra = Callable[[Call], tuple[Argument, ...]]
"""Arguments between input and count."""

_INTEGERS = (DType.S32, DType.S64)


@dataclass(frozen=True)
class GeluAttributes:
    """`approximate`: by tanh, as in the paper's footnote, instead of the error function."""

    approximate: bool = False


@dataclass(frozen=True)
class EluAttributes:
    """`alpha`: what large negative inputs come to, negated."""

    alpha: float = 1.0


def _infer(call: Call, *, integers: bool, response: Response | None) -> tuple[TensorType, ...]:
    value = call.input(0)
    quantized = response is not None and value.quantization is not None
    if not (value.dtype.is_float or ((integers or quantized) and value.dtype.is_integer)):
        raise GraphError(f"{call.node.label}: has no meaning for '{value.name}' of {value.dtype.value}")
    return (TensorType(value.dtype, value.shape),)


def _infer_bool(call: Call) -> tuple[TensorType, ...]:
    value = call.input(0)
    if value.dtype is not DType.BOOL:
        raise GraphError(f"{call.node.label}: '{value.name}' is {value.dtype.value}, needs bool")
    return (TensorType(value.dtype, value.shape),)


def _evaluate(
    call: Call, arrays: Sequence[Array | None], *, curve: Curve, response: Response | None
) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    if call.input(0).quantization is not None:
        if response is None or call.input(0).dtype is not DType.S8:
            raise UnsupportedError(
                f"{call.node.label}: has no meaning for quantized {call.input(0).dtype.value}"
            )
        return (response(call, x.astype(np.int64)).astype(x.dtype),)
    with np.errstate(all="ignore"):
        return (np.asarray(curve(call, x), x.dtype),)


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype and call.input(0).quantization is None


def _lower(function: str, extra: Extra, call: Call, target: Target) -> Lowering:
    return Lowering(function, (Output(), Input(0), *extra(call), call.output.elements))


def _kernel(name: str, dtype: DType, extra: Extra) -> Kernel:
    stem = f"{name}_{dtype.value}"
    return Kernel(
        name=f"smelt_{stem}",
        sources=(f"{stem}.c",),
        header="unary.h",
        accepts=partial(_accepts, dtype),
        lower=partial(_lower, f"smelt_{stem}", extra),
        ascending=True,
        in_place=equal_inputs,
        row_by_row=True,
    )


def _nothing(call: Call) -> tuple[Argument, ...]:
    return ()


def _operator(
    name: str,
    summary: str,
    curve: Curve,
    *,
    integers: bool = False,
    attributes: type = NoAttributes,
    extra: Extra = _nothing,
    response: Response | None = None,
) -> Operator:
    types = (DType.F32, *(_INTEGERS if integers else ()))
    return Operator(
        name=name,
        summary=summary,
        infer=partial(_infer, integers=integers, response=response),
        evaluate=partial(_evaluate, curve=curve, response=response),
        attributes=attributes,
        traits=Traits(
            elementwise=True, needs=same_row_needs, quantizable=response is not None, int8_only=True
        ),
        kernels=(
            *(_kernel(name, dtype, extra) for dtype in types),
            *((lookup_kernel(response),) if response else ()),
        ),
    )


def _plain(function: Callable[[Numbers], Numbers]) -> Curve:
    return lambda call, x: function(x)


def _erf(x: Numbers) -> Numbers:
    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


def _elu(call: Call, x: Numbers) -> Numbers:
    return np.where(x > 0, x, call.attributes.alpha * np.expm1(np.minimum(x, 0)))


def _gelu(call: Call, x: Numbers) -> Numbers:
    wide = x.astype(np.float64)
    if call.attributes.approximate:
        return np.asarray(wide * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3))))
    return np.asarray(wide * 0.5 * (1 + _erf(wide / math.sqrt(2))))


def _rsqrt(x: Numbers) -> Numbers:
    return np.asarray(x.dtype.type(1) / np.sqrt(x))


def _reciprocal(x: Numbers) -> Numbers:
    return np.asarray(x.dtype.type(1) / x)


def _softplus(x: Numbers) -> Numbers:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def _elu_parameters(call: Call) -> tuple[Argument, ...]:
    return (
        Parameters("struct smelt_elu_f32_parameters", {"alpha": float(np.float32(call.attributes.alpha))}),
    )


ABS = _operator("abs", "|x|", _plain(np.abs), integers=True, response=abs_response)
NEG = _operator("neg", "-x", _plain(np.negative), integers=True)
SQUARE = _operator("square", "x * x", _plain(np.square), integers=True)
SIGN = _operator("sign", "-1, 0 or 1", _plain(np.sign), integers=True)
EXP = _operator("exp", "e to the x", _plain(np.exp))
LOG = _operator("log", "the natural logarithm", _plain(np.log))
SQRT = _operator("sqrt", "the square root", _plain(np.sqrt))
RSQRT = _operator("rsqrt", "1 / the square root", _plain(_rsqrt))
RECIPROCAL = _operator("reciprocal", "1 / x", _plain(_reciprocal))
SIN = _operator("sin", "the sine", _plain(np.sin))
COS = _operator("cos", "the cosine", _plain(np.cos))
FLOOR = _operator("floor", "the largest integer that is not above x", _plain(np.floor))
CEIL = _operator("ceil", "the smallest integer that is not below x", _plain(np.ceil))
ROUND = _operator("round", "the nearest integer, of two the even one", _plain(np.rint))
ERF = _operator("erf", "the error function", _plain(_erf))
SOFTPLUS = _operator("softplus", "log(1 + exp(x))", _plain(_softplus))
ELU = _operator(
    "elu",
    "x where x > 0, else alpha * (exp(x) - 1)",
    _elu,
    attributes=EluAttributes,
    extra=_elu_parameters,
    response=rounded_response(_elu),
)
GELU = _operator(
    "gelu",
    "x times the normal distribution function of x",
    _gelu,
    attributes=GeluAttributes,
    extra=lambda call: (int(call.attributes.approximate),),
    response=rounded_response(_gelu),
)
TAN = _operator("tan", "the tangent", _plain(np.tan))
ASIN = _operator("asin", "the inverse of sin", _plain(np.arcsin))
ACOS = _operator("acos", "the inverse of cos", _plain(np.arccos))
ATAN = _operator("atan", "the inverse of tan", _plain(np.arctan))
SINH = _operator("sinh", "the hyperbolic sine", _plain(np.sinh))
COSH = _operator("cosh", "the hyperbolic cosine", _plain(np.cosh))
ASINH = _operator("asinh", "the inverse of sinh", _plain(np.arcsinh))
ACOSH = _operator("acosh", "the inverse of cosh", _plain(np.arccosh))
ATANH = _operator("atanh", "the inverse of tanh", _plain(np.arctanh))
LOGICAL_NOT = replace(
    _operator("logical_not", "whether it is false", _plain(np.logical_not)),
    infer=_infer_bool,
    kernels=(_kernel("logical_not", DType.BOOL, _nothing),),
)
