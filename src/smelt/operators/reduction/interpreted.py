"""Reductions in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_OF_NUMBERS = ("sum", "reduce_prod", "reduce_max", "reduce_min")
_SHARED = "interpreted_reduced.c"


def _plain(name: str, dtype: DType, shared: str = _SHARED) -> Interpreted:
    stem = f"{name}_{dtype.value}"
    return Interpreted(name, dtype, (f"interpreted_{stem}.c", f"{stem}.c", shared))


INTERPRETED = (
    *(_plain(name, dtype) for name in _OF_NUMBERS for dtype in (DType.F32, DType.S32)),
    *(_plain(name, DType.S8) for name in ("reduce_max", "reduce_min")),
    *(_plain(name, DType.BOOL) for name in ("reduce_any", "reduce_all")),
    *(
        _plain(name, dtype, "interpreted_argument.c")
        for name in ("arg_max", "arg_min")
        for dtype in (DType.F32, DType.S8, DType.S32)
    ),
    Interpreted("sum", DType.S8, ("interpreted_mean_s8.c", "mean_s8.c", _SHARED)),
)
