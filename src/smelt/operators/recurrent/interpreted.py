"""Recurrent layers in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

INTERPRETED = (
    Interpreted(
        "unidirectional_sequence_lstm",
        DType.F32,
        ("interpreted_lstm_f32.c", "interpreted_lstm.c", "lstm_f32.c", "recurrent_f32.c"),
    ),
    Interpreted(
        "unidirectional_sequence_lstm",
        DType.S8,
        ("interpreted_lstm_s8.c", "interpreted_lstm.c", "lstm_steps_s8.c", "smelt_sigmoid_table.c"),
    ),
)
