"""Operators that only move elements in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (Interpreted("reshape", DType.S8, ("interpreted_reshape.c",)),)
