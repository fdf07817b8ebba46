"""Recurrent layers in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted


def _integers(dtype: DType) -> Interpreted:
    """Of int8 weights, with an int16 cell."""
    kind = dtype.value
    sources = (
        f"interpreted_lstm_{kind}.c",
        "interpreted_lstm.c",
        f"lstm_steps_{kind}.c",
        "smelt_sigmoid_table.c",
    )
    return Interpreted("unidirectional_sequence_lstm", dtype, sources)


INTERPRETED = (
    Interpreted(
        "unidirectional_sequence_lstm",
        DType.F32,
        ("interpreted_lstm_f32.c", "interpreted_lstm.c", "lstm_f32.c", "recurrent_f32.c"),
    ),
    *(_integers(dtype) for dtype in (DType.S8, DType.S16)),
)
