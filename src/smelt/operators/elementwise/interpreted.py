"""Elementwise arithmetic in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_SHARED = ("interpreted_arithmetic.c", "interpreted_walk.c")


def _sums(dtype: DType, *more: str) -> tuple[Interpreted, ...]:
    kind = dtype.value
    sources = (f"interpreted_add_{kind}.c", f"add_broadcast_{kind}.c", f"add_{kind}.c", *more, *_SHARED)
    return tuple(Interpreted(name, dtype, sources) for name in ("add", "sub"))


def _product(dtype: DType) -> Interpreted:
    kind = dtype.value
    sources = (f"interpreted_mul_{kind}.c", f"mul_broadcast_{kind}.c", f"mul_{kind}.c", *_SHARED)
    return Interpreted("mul", dtype, sources)


INTERPRETED = (
    *_sums(DType.F32),
    *_sums(DType.S8, "add_natural_s8.c", "smelt_limit_s8__arm_dsp.c"),
    *_sums(DType.S16),
    *(_product(dtype) for dtype in (DType.F32, DType.S8, DType.S16)),
)
