"""Conversions in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted


def _dequantize(dtype: DType) -> Interpreted:
    """Of integers, whose scales may be one a channel."""
    kind = dtype.value
    sources = (f"interpreted_dequantize_{kind}.c", "interpreted_dequantize.c", f"dequantize_{kind}_f32.c")
    return Interpreted("dequantize", dtype, sources)


def _requantize(dtype: DType, *kernels: str) -> Interpreted:
    return Interpreted(
        "quantize", dtype, (f"interpreted_quantize_{dtype.value}.c", "interpreted_requantize.c", *kernels)
    )


INTERPRETED = (
    *(_dequantize(dtype) for dtype in (DType.S8, DType.S16, DType.U8)),
    Interpreted("dequantize", DType.F16, ("interpreted_dequantize_f16.c", "dequantize_f16_f32.c")),
    Interpreted(
        "quantize",
        DType.F32,
        ("interpreted_quantize_f32.c", "quantize_f32_s8.c", "quantize_f32_u8.c", "quantize_f32_s16.c"),
    ),
    _requantize(DType.S8, "requantize_s8.c", "requantize_s8_u8.c", "requantize_s8_s16.c"),
    _requantize(DType.U8, "requantize_u8_s8.c"),
    _requantize(DType.S16, "requantize_s16_s8.c", "requantize_s16_s16.c"),
)
