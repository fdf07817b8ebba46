"""Operators that only move elements, in the interpreter: each for any type of whole bytes."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted

MOVES = ("interpreted_moves.c", "strided_copy.c")
"""What those share that walk over dimensions."""

_BODIES = {
    "batch": ("batch_to_space_nd", "space_to_batch_nd"),
    "broadcast_args": ("broadcast_args",),
    "broadcast_to": ("broadcast_to",),
    "depth": ("depth_to_space", "space_to_depth"),
    "dynamic_update_slice": ("dynamic_update_slice",),
    "fill": ("fill",),
    "join": ("concatenation", "pack"),
    "mirror_pad": ("mirror_pad",),
    "pad": ("pad", "padv2"),
    "reverse": ("reverse_v2",),
    "slice": ("slice",),
    "split": ("split", "split_v", "unpack"),
    "strided_slice": ("strided_slice",),
    "transpose": ("transpose",),
}

INTERPRETED = (
    *(Interpreted(name, None, ("interpreted_reshape.c",)) for name in ("expand_dims", "reshape", "squeeze")),
    *(Interpreted(name, None, (f"interpreted_{name}.c",)) for name in ("shape", "zeros_like")),
    *(
        Interpreted(name, None, (f"interpreted_{body}.c", *MOVES))
        for body, names in _BODIES.items()
        for name in names
    ),
)
