"""svdf in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted("svdf", DType.F32, ("interpreted_svdf_f32.c", "interpreted_svdf.c", "svdf_f32.c")),
    Interpreted(
        "svdf", DType.S8, ("interpreted_svdf_s8.c", "interpreted_svdf.c", "svdf_s8.c", "svdf_s8_s16.c")
    ),
)
