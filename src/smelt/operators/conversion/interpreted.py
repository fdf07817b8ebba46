"""Conversions in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted


def _dequantize(dtype: DType) -> Interpreted:
    """Of integers, whose scales may be one a channel."""
    kind = dtype.value
    sources = (f"interpreted_dequantize_{kind}.c", "interpreted_dequantize.c", f"dequantize_{kind}_f32.c")
    return Interpreted("dequantize", dtype, sources)


INTERPRETED = (
    *(_dequantize(dtype) for dtype in (DType.S8, DType.S16, DType.U8)),
    Interpreted("dequantize", DType.F16, ("interpreted_dequantize_f16.c", "dequantize_f16_f32.c")),
    Interpreted("quantize", DType.F32, ("interpreted_quantize_f32.c", "quantize_f32_s8.c")),
    Interpreted("quantize", DType.S8, ("interpreted_quantize_s8.c", "requantize_s8.c")),
)
