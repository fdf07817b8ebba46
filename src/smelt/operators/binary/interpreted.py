"""Functions of two numbers in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_WALK = "interpreted_walk.c"
_COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_REAL = ("maximum", "minimum", "pow", "floor_div", "floor_mod", "squared_difference", "prelu", *_COMPARISONS)
_INTEGERS = ("interpreted_integers.c", "smelt_integer_binary.c", _WALK)
_S32 = ("add", "sub", "mul", "div", "floor_div", "floor_mod", "maximum", "minimum", *_COMPARISONS)
_S64 = ("add", "sub", "mul", "maximum", "minimum", *_COMPARISONS)


def _plain(name: str, dtype: DType, *more: str) -> Interpreted:
    stem = f"{name}_{dtype.value}"
    return Interpreted(name, dtype, (f"interpreted_{stem}.c", f"{stem}.c", _WALK, *more))


INTERPRETED = (
    *(_plain(name, DType.F32) for name in _REAL),
    _plain("div", DType.F32, "interpreted_arithmetic.c", "relu_f32.c"),
    _plain("prelu", DType.S8),
    *(_plain(name, DType.BOOL) for name in ("logical_and", "logical_or")),
    *(Interpreted(name, DType.S32, _INTEGERS) for name in _S32),
    *(Interpreted(name, DType.S64, _INTEGERS) for name in _S64),
    *(
        Interpreted(name, dtype, _INTEGERS)
        for name in ("maximum", "minimum")
        for dtype in (DType.S8, DType.S16, DType.U8)
    ),
    *(Interpreted(name, DType.BOOL, _INTEGERS) for name in ("equal", "not_equal")),
)
