"""batch_matmul in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = tuple(
    Interpreted(
        "batch_matmul",
        dtype,
        (
            f"interpreted_batch_matmul_{dtype.value}.c",
            "interpreted_batch_matmul.c",
            f"batch_matmul_{dtype.value}.c",
            *(["smelt_rows_s16.c"] if dtype is DType.S16 else []),
        ),
    )
    for dtype in (DType.F32, DType.S8, DType.S16)
)
