"""Poolings in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted(
        "average_pool_2d",
        DType.S8,
        (
            "interpreted_average_pool_2d_s8.c",
            "interpreted_pool_2d_s8.c",
            "interpreted_convolution.c",
            "average_all_s8.c",
            "average_all_s8__arm_dsp.c",
            "average_pool_2d_s8.c",
            "average_pool_2d_s8__arm_dsp.c",
        ),
    ),
    Interpreted(
        "max_pool_2d",
        DType.S8,
        (
            "interpreted_max_pool_2d_s8.c",
            "interpreted_pool_2d_s8.c",
            "interpreted_convolution.c",
            "max_pool_2d_s8.c",
            "max_pool_2d_s8__arm_dsp.c",
        ),
    ),
)
