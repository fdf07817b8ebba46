"""gather_nd in the interpreter."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted
from smelt.operators.shape.interpreted import MOVES

INTERPRETED = (Interpreted("gather_nd", None, ("interpreted_gather_nd.c", "gather_nd.c", *MOVES)),)
