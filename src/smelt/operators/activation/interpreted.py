"""Activations in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_RELU = ("interpreted_relu_f32.c", "relu_f32.c")

INTERPRETED = (
    *(Interpreted(name, DType.F32, _RELU) for name in ("relu", "relu_n1_to_1", "relu6")),
    *(
        Interpreted(
            name, DType.F32, (f"interpreted_{name}_f32.c", f"{name}_f32.c", "interpreted_unary_f32.c")
        )
        for name in ("logistic", "tanh", "hard_swish")
    ),
    Interpreted("leaky_relu", DType.F32, ("interpreted_leaky_relu_f32.c", "leaky_relu_f32.c")),
)
