"""Python values as C text: titles, literals, initializers."""

from __future__ import annotations

import math
import re
import textwrap

import numpy as np

from smelt.ir import Array, DType

C_TYPES: dict[DType, str] = {
    DType.F32: "float",
    DType.F64: "double",
    DType.F16: "uint16_t",
    DType.S1: "uint8_t",
    DType.S2: "uint8_t",
    DType.S4: "uint8_t",
    DType.S8: "int8_t",
    DType.S16: "int16_t",
    DType.S32: "int32_t",
    DType.S64: "int64_t",
    DType.U8: "uint8_t",
    DType.U16: "uint16_t",
    DType.U32: "uint32_t",
    DType.U64: "uint64_t",
    DType.BOOL: "uint8_t",
}


def integer_literal(value: int) -> str:
    """A signed integer that has the right type in C99 whatever its size."""
    if value == -(2**31):
        return "(-2147483647 - 1)"
    if value == -(2**63):
        return "(-9223372036854775807 - 1)"
    return str(value)


def float_literal(value: float) -> str:
    """A float constant that reads back as the same float32; infinities and NaN by their names in math.h."""
    single = np.float32(value)
    if not math.isfinite(single):
        return "NAN" if math.isnan(single) else "INFINITY" if single > 0 else "-INFINITY"
    text = f"{single:.9g}"
    return (text if any(c in text for c in ".e") else text + ".0") + "f"


def uses_math(text: str) -> bool:
    """Whether C text needs <math.h> for what `float_literal` wrote."""
    return re.search(r"\b(INFINITY|NAN)\b", text) is not None


def initializer(array: Array) -> str:
    """The elements of an array between braces, wrapped at 110 columns, in memory order.

    An array without elements gives a single 0: C has no empty arrays.  Half-precision numbers, for which C99 has no
    type, are given as their bits.
    """
    flat = array.reshape(-1) if array.size else np.zeros(1, array.dtype)
    if flat.dtype == np.float16:
        flat = flat.view(np.uint16)
    if flat.dtype.kind == "f":
        items = [float_literal(float(v)) for v in flat]
    elif flat.dtype.kind == "b":
        items = ["1" if v else "0" for v in flat]
    elif flat.dtype.kind == "u" and flat.dtype.itemsize >= 4:
        items = [f"{int(v)}u" for v in flat]
    else:
        items = [integer_literal(int(v)) for v in flat]
    body = textwrap.fill(", ".join(items), 110, initial_indent="    ", subsequent_indent="    ")
    return "{\n" + body + "\n}"
