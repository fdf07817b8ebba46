"""Keras's activation functions by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smelt.formats.keras.building import Layer

_SAME = {
    "relu": "relu", "relu6": "relu6", "sigmoid": "logistic", "tanh": "tanh", "exponential": "exp", "gelu": "gelu",
    "softplus": "softplus", "hard_swish": "hard_swish", "hard_silu": "hard_swish", "elu": "elu",
}  # fmt: skip
RECURRENT = {
    "tanh": "tanh", "relu": "relu", "sigmoid": "logistic", "linear": "linear"
}  # fmt: skip
"""What the gates and values of recurrent layers may go through, in smelt's words."""


def activation_name(activation: Any) -> str:
    """The name in any of the ways in which files say it; None is linear."""
    if isinstance(activation, Mapping):
        inner = activation.get("config")
        activation = (
            inner.get("activation", activation.get("class_name")) if isinstance(inner, Mapping) else inner
        )
    return str(activation or "linear")


def activate(_: Layer, x: str, activation: Any) -> str:
    """The nodes of an activation; UnsupportedError for an unknown one."""
    name = activation_name(activation)
    if name == "linear":
        return x
    if name in _SAME:
        return _.emit(_SAME[name], (x,), {"approximate": False} if name == "gelu" else {})
    if name == "softmax":
        return _.emit("softmax", (x,), {"beta": 1.0})
    if name in ("swish", "silu"):
        return _.emit("mul", (x, _.emit("logistic", (x,))))
    if name == "leaky_relu":
        return _.emit("leaky_relu", (x,), {"alpha": 0.2})
    if name == "selu":
        return _.emit(
            "mul", (_.emit("elu", (x,), {"alpha": 1.6732632423543772}), _.number(1.0507009873554805))
        )
    if name == "softsign":
        return _.emit("div", (x, _.emit("add", (_.emit("abs", (x,)), _.number(1.0)))))
    raise _.unsupported(f"the activation '{name}'")
