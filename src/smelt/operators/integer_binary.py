"""The C kernel for functions of two integers of any width: for types that have no kernel of their own."""

from __future__ import annotations

from functools import partial

from smelt.ir import DType
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, layout_of
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Table
from smelt.targets import Target

_NAMES = """add sub mul div floor_div floor_mod truncated_mod maximum minimum pow bitwise_and bitwise_or
bitwise_xor left_shift right_shift equal not_equal less less_equal greater greater_equal"""
_OPERATIONS = _NAMES.split()
"""In the order of enum smelt_integer_operation."""


def _accepts(call: Call, target: Target) -> bool:
    a, b = call.input(0), call.input(1)
    whole = (a.dtype.is_integer and a.dtype.bits >= 8) or a.dtype is DType.BOOL
    alike = a.quantization == b.quantization == call.output.quantization
    plain = alike and (a.quantization is None or call.node.operator in ("maximum", "minimum"))
    clamped = getattr(call.attributes, "activation", "none") != "none"
    return whole and plain and not clamped and len(layout_of(a.shape, b.shape).loops) <= OUTER_LOOPS


def _lower(operation: int, call: Call, target: Target) -> Lowering:
    dtype, layout = call.input(0).dtype, layout_of(call.input(0).shape, call.input(1).shape)
    fields: dict[str, int | float | Table | None] = {
        "operation": operation,
        "bytes": dtype.bits // 8,
        "is_signed": int(dtype.is_integer and dtype.integer_range[0] < 0),
        "result_bytes": call.output.dtype.bits // 8,
        "count": layout.count,
        "step_a": layout.steps[0],
        "step_b": layout.steps[1],
        "table": Table("broadcast", layout.table()) if layout.loops else None,
    }
    parameters = Parameters("struct smelt_integer_binary_parameters", fields)
    return Lowering("smelt_integer_binary", (Output(), Input(0), Input(1), parameters))


def integer_kernels(operator: str) -> tuple[Kernel, ...]:
    """The kernel of an operator that smelt_integer_binary.h has; none for others."""
    if operator not in _OPERATIONS:
        return ()
    lower = partial(_lower, _OPERATIONS.index(operator))
    source, header = "smelt_integer_binary.c", "smelt_integer_binary.h"
    return (Kernel("smelt_integer_binary", (source,), header, _accepts, lower),)
