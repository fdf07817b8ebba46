"""Operators that only move elements, in the interpreter: each for any type of whole bytes."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted

MOVES = ("interpreted_moves.c", "strided_copy.c")
"""What those share that walk over dimensions."""

_BODIES = {
    "join": ("concatenation", "pack"),
    "pad": ("pad", "padv2"),
    "slice": ("slice",),
    "split": ("split", "split_v", "unpack"),
    "strided_slice": ("strided_slice",),
    "transpose": ("transpose",),
}

INTERPRETED = (
    *(Interpreted(name, None, ("interpreted_reshape.c",)) for name in ("expand_dims", "reshape", "squeeze")),
    *(
        Interpreted(name, None, (f"interpreted_{body}.c", *MOVES))
        for body, names in _BODIES.items()
        for name in names
    ),
)
