"""Activations in the interpreter."""

from __future__ import annotations

from smelt.ir import DType
from smelt.operators.interpreted import Interpreted

_LOOKUP = ("interpreted_lookup.c", "lookup_s8.c")
_SLOPES = ("interpreted_slopes_s8.c", *_LOOKUP)
_SIGMOID = ("interpreted_sigmoid_s8.c", "smelt_exponential.c", *_LOOKUP)
_SIGMOID_S16 = ("interpreted_sigmoid_s16.c", "logistic_s16.c", "tanh_s16.c", "smelt_sigmoid_table.c")
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
    *(Interpreted(name, DType.S8, _SLOPES) for name in ("relu", "relu6", "relu_n1_to_1", "leaky_relu")),
    *(Interpreted(name, DType.S8, _SIGMOID) for name in ("logistic", "tanh")),
    Interpreted("hard_swish", DType.S8, ("interpreted_hard_swish_s8.c", *_LOOKUP)),
    *(
        Interpreted(name, DType.S16, ("interpreted_slopes_s16.c", "slopes_s16.c"))
        for name in ("relu", "relu6", "relu_n1_to_1", "leaky_relu")
    ),
    *(Interpreted(name, DType.S16, _SIGMOID_S16) for name in ("logistic", "tanh")),
)
