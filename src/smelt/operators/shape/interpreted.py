"""Operators that only move elements, in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_RESHAPE = ("interpreted_reshape.c",)

INTERPRETED = tuple(Interpreted("reshape", dtype, _RESHAPE) for dtype in (DType.F32, DType.S8))
