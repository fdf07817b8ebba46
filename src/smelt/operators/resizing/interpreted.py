"""Resizing in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted
from smelt.operators.shape.interpreted import MOVES


def _resizes(name: str, stem: str, dtype: DType | None) -> Interpreted:
    return Interpreted(name, dtype, (f"interpreted_{stem}.c", f"{stem}.c", "interpreted_resize.c", *MOVES))


INTERPRETED = (
    _resizes("resize_bilinear", "resize_bilinear_f32", DType.F32),
    _resizes("resize_bilinear", "resize_bilinear_s8", DType.S8),
    _resizes("resize_nearest_neighbor", "resize_nearest_neighbor", None),
)
