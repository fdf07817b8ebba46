"""Poolings in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_SHARED = ("interpreted_pool_2d.c", "interpreted_convolution.c")

INTERPRETED = (
    *(
        Interpreted(
            name,
            DType.F32,
            (f"interpreted_{name}_f32.c", "interpreted_pool_2d_f32.c", f"{name}_f32.c", *_SHARED),
        )
        for name in ("average_pool_2d", "max_pool_2d")
    ),
    Interpreted(
        "average_pool_2d",
        DType.S8,
        (
            "interpreted_average_pool_2d_s8.c",
            "interpreted_pool_2d_s8.c",
            *_SHARED,
            "average_all_s8.c",
            "average_all_s8__arm_dsp.c",
            "average_pool_2d_s8.c",
        ),
    ),
    Interpreted(
        "max_pool_2d",
        DType.S8,
        (
            "interpreted_max_pool_2d_s8.c",
            "interpreted_pool_2d_s8.c",
            *_SHARED,
            "max_pool_2d_s8.c",
            "max_pool_2d_s8__arm_dsp.c",
        ),
    ),
    *(
        Interpreted(
            "mean",
            dtype,
            (f"interpreted_mean_{dtype.value}.c", f"mean_{dtype.value}.c", "interpreted_reduced.c"),
        )
        for dtype in (DType.F32, DType.S8, DType.S16)
    ),
)
