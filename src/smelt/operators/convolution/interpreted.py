"""Convolutions in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_SHARED = ("interpreted_convolution.c", "smelt_limit_s8__arm_dsp.c")

INTERPRETED = (
    *(
        Interpreted(
            name,
            DType.F32,
            (
                f"interpreted_{name}_f32.c",
                f"interpreted_{name}_dynamic.c",
                f"{name}_f32.c",
                f"{name}_dynamic_s8.c",
                "smelt_dynamic.c",
                "interpreted_convolution.c",
            ),
        )
        for name in ("conv_2d", "depthwise_conv_2d")
    ),
    *(
        Interpreted(
            name,
            DType.S16,
            (f"interpreted_{name}_s16.c", f"{name}_s16.c", "smelt_rows_s16.c", "interpreted_convolution.c"),
        )
        for name in ("conv_2d", "depthwise_conv_2d")
    ),
    Interpreted(
        "conv_2d",
        DType.S8,
        ("interpreted_conv_2d_s8.c", "conv_2d_natural_s8.c", "smelt_natural_s8.c", *_SHARED),
    ),
    Interpreted(
        "depthwise_conv_2d",
        DType.S8,
        (
            "interpreted_depthwise_conv_2d_s8.c",
            "depthwise_conv_2d_natural_s8.c",
            "depthwise_conv_2d_s8__arm_dsp.c",
            "smelt_depthwise_pixel_s8__arm_dsp.c",
            "smelt_gemm_s8__arm_dsp.c",
            *_SHARED,
        ),
    ),
)
