"""transpose_conv in the interpreter."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted

_TYPES = ("f32", "s8", "s16")

INTERPRETED = (
    Interpreted(
        "transpose_conv",
        None,
        (
            "interpreted_transpose_conv_all.c",
            "interpreted_transpose_conv.c",
            *(f"transpose_conv_{kind}.c" for kind in _TYPES),
            "smelt_rows_s8.c",
            "smelt_rows_s16.c",
        ),
    ),
)
