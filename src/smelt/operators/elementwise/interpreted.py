"""Elementwise arithmetic in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_SHARED = ("interpreted_binary_s8.c", "add_s8.c", "add_natural_s8.c", "smelt_limit_s8__arm_dsp.c")

_SUM_F32 = ("interpreted_binary_f32.c", "add_f32.c")

INTERPRETED = (
    Interpreted("add", DType.F32, ("interpreted_add_f32.c", *_SUM_F32)),
    Interpreted("mul", DType.F32, ("interpreted_mul_f32.c", "mul_f32.c", *_SUM_F32)),
    Interpreted("sub", DType.F32, ("interpreted_sub_f32.c", *_SUM_F32)),
    Interpreted("add", DType.S8, ("interpreted_add_s8.c", *_SHARED)),
    Interpreted("mul", DType.S8, ("interpreted_mul_s8.c", "mul_s8.c", *_SHARED)),
    Interpreted("sub", DType.S8, ("interpreted_sub_s8.c", *_SHARED)),
)
