"""Elementwise arithmetic in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted(
        "add", DType.S8, ("interpreted_add_s8.c", "add_s8.c", "add_natural_s8.c", "smelt_limit_s8__arm_dsp.c")
    ),
)
