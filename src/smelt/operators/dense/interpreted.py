"""fully_connected in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_SHARED = "interpreted_fully_connected.c"

INTERPRETED = (
    Interpreted(
        "fully_connected",
        DType.F32,
        (
            "interpreted_fully_connected_f32.c",
            "interpreted_fully_connected_dynamic.c",
            "fully_connected_f32.c",
            "fully_connected_dynamic_s8.c",
            "smelt_dynamic.c",
            _SHARED,
        ),
    ),
    Interpreted(
        "fully_connected",
        DType.S8,
        ("interpreted_fully_connected_s8.c", "smelt_natural_s8.c", "smelt_limit_s8__arm_dsp.c", _SHARED),
    ),
    Interpreted(
        "fully_connected",
        DType.S16,
        ("interpreted_fully_connected_s16.c", "fully_connected_s16.c", "smelt_rows_s16.c", _SHARED),
    ),
)
