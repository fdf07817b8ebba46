"""Functions of two numbers on tensors that broadcast: arithmetic beyond add, sub and mul, comparisons, logic.

Float32 and all integers in C; logic on bool; prelu, maximum and minimum also quantized to int8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.binary.prelu import all_quantized_s8, lower_prelu_s8, prelu_response
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, broadcast_shape, layout_of
from smelt.operators.fixed_point import Int64
from smelt.operators.integer_binary import integer_kernels
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Table,
    TensorType,
    Traits,
    equal_inputs,
)
from smelt.operators.rows import same_row_needs
from smelt.targets import Target

Numbers = NDArray[Any]
Function = Callable[[Numbers, Numbers], Numbers]
Response = Callable[[Call, Int64, Int64], Int64]
"""What an operator makes of quantized integers."""

_NUMBERS = (DType.F32, DType.S32, DType.S64)
_OF_ORDER = ("maximum", "minimum")
"""Of quantized numbers with the same parameters they are those of the integers."""


def _infer(call: Call, *, result: DType | None, operands: str) -> tuple[TensorType, ...]:
    a, b = call.input(0), call.input(1)
    if a.dtype is not b.dtype:
        raise GraphError(
            f"{call.node.label}: '{a.name}' is {a.dtype.value} and '{b.name}' is {b.dtype.value}; "
            f"they must have one type"
        )
    suited = {
        "any": True,
        "bool": a.dtype is DType.BOOL,
        "integers": a.dtype.is_integer,
        "numbers": a.dtype is not DType.BOOL,
    }
    if not suited[operands]:
        raise GraphError(f"{call.node.label}: has no meaning for '{a.name}' of {a.dtype.value}")
    return (TensorType(result or a.dtype, broadcast_shape(call)),)


def _evaluate(
    call: Call, arrays: Sequence[Array | None], *, function: Function, response: Response | None
) -> tuple[Array, ...]:
    a, b = arrays
    assert a is not None
    assert b is not None
    if response is not None and all_quantized_s8(call):
        return (response(call, a.astype(np.int64), b.astype(np.int64)).astype(np.int8),)
    if any(value.quantization is not None for value in (call.input(0), call.input(1))):
        alike = len({value.quantization for value in (call.input(0), call.input(1), call.output)}) == 1
        if call.node.operator not in _OF_ORDER or not alike:
            raise UnsupportedError(f"{call.node.label}: has no meaning for these quantized numbers")
    with np.errstate(all="ignore"):
        return (np.asarray(function(a, b), call.output.dtype.numpy),)


def _of_type(dtype: DType, call: Call) -> bool:
    a, b = call.input(0), call.input(1)
    return a.quantization is None and b.quantization is None and a.dtype is dtype


def _accepts(suits: Callable[[Call], bool], most_loops: int, call: Call, target: Target) -> bool:
    return suits(call) and len(layout_of(call.input(0).shape, call.input(1).shape).loops) <= most_loops


def _lower(function: str, call: Call, target: Target) -> Lowering:
    layout = layout_of(call.input(0).shape, call.input(1).shape)
    table = Table("broadcast", layout.table()) if layout.loops else None
    return Lowering(function, (Output(), Input(0), Input(1), layout.count, *layout.steps, table))


def _kernels(
    stem: str, suits: Callable[[Call], bool], lower: Callable[[Call, Target], Lowering]
) -> tuple[Kernel, ...]:
    """One C function; where it runs as a single row the planner may rely on more."""
    repeated = Kernel(
        name=f"smelt_{stem}",
        sources=(f"{stem}.c",),
        header="binary.h",
        accepts=partial(_accepts, suits, OUTER_LOOPS),
        lower=lower,
    )
    row = Kernel(
        name=repeated.name,
        sources=repeated.sources,
        header=repeated.header,
        accepts=partial(_accepts, suits, 0),
        lower=repeated.lower,
        ascending=True,
        in_place=equal_inputs,
        row_by_row=True,
    )
    return (row, repeated)


def _kernels_of(name: str, dtype: DType) -> tuple[Kernel, ...]:
    stem = f"{name}_{dtype.value}"
    return _kernels(stem, partial(_of_type, dtype), partial(_lower, f"smelt_{stem}"))


def _operator(
    name: str,
    summary: str,
    function: Function,
    types: Sequence[DType],
    *,
    result: DType | None = None,
    operands: str = "numbers",
    response: Response | None = None,
    kernels: tuple[Kernel, ...] = (),
) -> Operator:
    return Operator(
        name=name,
        summary=summary,
        infer=partial(_infer, result=result, operands=operands),
        evaluate=partial(_evaluate, function=function, response=response),
        traits=Traits(
            elementwise=True,
            needs=same_row_needs,
            quantizable=name in _OF_ORDER or response is not None,
            int8_only=response is not None,
            same_quantization=name in _OF_ORDER,
        ),
        kernels=(
            *(kernel for dtype in types for kernel in _kernels_of(name, dtype)),
            *kernels,
            *integer_kernels(name),
        ),
    )


def _is_float(a: Numbers) -> bool:
    return bool(np.issubdtype(a.dtype, np.floating))


def _quotient(a: Numbers, b: Numbers) -> Numbers:
    """a / b, towards zero on integers, and 0 where an integer is divided by 0."""
    if _is_float(a):
        return np.asarray(a / b)
    whole = a // np.where(b == 0, 1, b)
    rest = a - whole * b
    return np.asarray(np.where(b == 0, 0, whole + ((rest != 0) & ((a < 0) != (b < 0)))))


def _floor_quotient(a: Numbers, b: Numbers) -> Numbers:
    if _is_float(a):
        return np.asarray(np.floor(a / b))
    return np.where(b == 0, 0, a // np.where(b == 0, 1, b))


def _floor_rest(a: Numbers, b: Numbers) -> Numbers:
    if _is_float(a):
        return np.asarray(np.mod(a, b))
    return np.where(b == 0, 0, np.mod(a, np.where(b == 0, 1, b)))


def _rest(a: Numbers, b: Numbers) -> Numbers:
    if _is_float(a):
        return np.asarray(np.fmod(a, b))
    return np.where(b == 0, 0, np.fmod(a, np.where(b == 0, 1, b)))


def _power(a: Numbers, b: Numbers) -> Numbers:
    """a to the b; with an integer b below 0 only 1 and -1 have a power that is not 0."""
    if _is_float(a):
        return np.asarray(np.power(a, b))
    negative = np.where(b % 2 == 0, a * a, a) * ((a == 1) | (a + 1 == 0))
    return np.where(b < 0, negative, np.power(a, np.where(b < 0, 0, b)))


def _left_shift(a: Numbers, b: Numbers) -> Numbers:
    bits = a.dtype.itemsize * 8
    inside = (b >= 0) & (b < bits)
    return np.where(inside, np.left_shift(a, np.where(inside, b, 0)), 0)


def _right_shift(a: Numbers, b: Numbers) -> Numbers:
    bits = a.dtype.itemsize * 8
    inside = (b >= 0) & (b < bits)
    shifted: Numbers = np.right_shift(a, np.where(inside, b, bits - 1))
    return np.where(inside | (a < 0), shifted, 0).astype(a.dtype)


def _squared_difference(a: Numbers, b: Numbers) -> Numbers:
    return np.asarray(np.square(a - b))


def _prelu(a: Numbers, b: Numbers) -> Numbers:
    return np.where(a > 0, a, a * b)


def _comparison(name: str, summary: str, function: Function) -> Operator:
    operands = "any" if "equal" in (name, name[4:]) else "numbers"
    return _operator(name, summary, function, _NUMBERS, result=DType.BOOL, operands=operands)


def _logic(name: str, summary: str, function: Function) -> Operator:
    return _operator(name, summary, function, (DType.BOOL,), operands="bool")


def _bitwise(name: str, summary: str, function: Function) -> Operator:
    return _operator(name, summary, function, (), operands="integers")


DIV = _operator("div", "a / b, towards zero on integers", _quotient, _NUMBERS)
MAXIMUM = _operator("maximum", "the larger one", np.maximum, _NUMBERS)
MINIMUM = _operator("minimum", "the smaller one", np.minimum, _NUMBERS)
POW = _operator("pow", "a to the b", _power, (DType.F32,))
FLOOR_DIV = _operator("floor_div", "the largest integer that is not above a / b", _floor_quotient, _NUMBERS)
FLOOR_MOD = _operator("floor_mod", "a - b * floor_div(a, b)", _floor_rest, _NUMBERS)
TRUNCATED_MOD = _operator("truncated_mod", "a - b * (a / b towards zero)", _rest, (DType.F32,))
SQUARED_DIFFERENCE = _operator(
    "squared_difference", "(a - b) squared", _squared_difference, (DType.F32, DType.S32)
)
PRELU = _operator(
    "prelu",
    "a where a > 0, else a * b",
    _prelu,
    (DType.F32,),
    response=prelu_response,
    kernels=_kernels("prelu_s8", all_quantized_s8, lower_prelu_s8),
)
EQUAL = _comparison("equal", "a == b", np.equal)
NOT_EQUAL = _comparison("not_equal", "a != b", np.not_equal)
LESS = _comparison("less", "a < b", np.less)
LESS_EQUAL = _comparison("less_equal", "a <= b", np.less_equal)
GREATER = _comparison("greater", "a > b", np.greater)
GREATER_EQUAL = _comparison("greater_equal", "a >= b", np.greater_equal)
LOGICAL_AND = _logic("logical_and", "a and b", np.logical_and)
LOGICAL_OR = _logic("logical_or", "a or b", np.logical_or)
LOGICAL_XOR = _logic("logical_xor", "a or b, not both", np.logical_xor)
BITWISE_AND = _bitwise("bitwise_and", "bits that are set in both", np.bitwise_and)
BITWISE_OR = _bitwise("bitwise_or", "bits that are set in either", np.bitwise_or)
BITWISE_XOR = _bitwise("bitwise_xor", "bits that are set in one of them", np.bitwise_xor)
LEFT_SHIFT = _bitwise("left_shift", "a * 2 to the b; 0 when b is not below the width", _left_shift)
RIGHT_SHIFT = _bitwise("right_shift", "a / 2 to the b, towards minus infinity", _right_shift)
