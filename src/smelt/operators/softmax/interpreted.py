"""softmax in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted("softmax", DType.F32, ("interpreted_softmax_f32.c", "softmax_f32.c")),
    Interpreted("softmax", DType.S8, ("interpreted_softmax_s8.c", "softmax_s8.c", "smelt_exponential.c")),
    Interpreted("softmax", DType.S16, ("interpreted_softmax_s16.c", "softmax_s16.c", "softmax_tables_s16.c")),
)
