"""Functions of one number in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_REAL = [
    "abs",
    "neg",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "square",
    "sin",
    "cos",
    "floor",
    "ceil",
    "round",
    "elu",
    "gelu",
]

INTERPRETED = (
    *(
        Interpreted(
            name, DType.F32, (f"interpreted_{name}_f32.c", f"{name}_f32.c", "interpreted_unary_f32.c")
        )
        for name in _REAL
    ),
    Interpreted("logical_not", DType.BOOL, ("interpreted_logical_not_bool.c", "logical_not_bool.c")),
)
