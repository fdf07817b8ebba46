"""Gather and select in the interpreter."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted
from smelt.operators.shape.interpreted import MOVES

_GATHER = ("interpreted_gather.c", "gather.c", *MOVES)

INTERPRETED = (
    Interpreted("embedding_lookup", None, _GATHER),
    Interpreted("gather", None, _GATHER),
    Interpreted("select_v2", None, ("interpreted_select.c", "select.c", *MOVES)),
)
