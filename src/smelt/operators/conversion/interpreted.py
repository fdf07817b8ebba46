"""Conversions in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted("dequantize", DType.S8, ("interpreted_dequantize_s8.c", "dequantize_s8_f32.c")),
    Interpreted("quantize", DType.F32, ("interpreted_quantize_f32.c", "quantize_f32_s8.c")),
    Interpreted("quantize", DType.S8, ("interpreted_quantize_s8.c", "requantize_s8.c")),
)
