"""Keras's activation functions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smelt.formats.keras.building import Layer
from smelt.ir import Attribute

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
    if name in _WRITTEN_OUT:
        return _WRITTEN_OUT[name](_, x)
    raise _.unsupported(f"the activation '{name}'")


def _selu(_: Layer, x: str) -> str:
    return _.emit("mul", (_.emit("elu", (x,), {"alpha": 1.6732632423543772}), _.number(1.0507009873554805)))


def _softsign(_: Layer, x: str) -> str:
    return _.emit("div", (x, _.emit("add", (_.emit("abs", (x,)), _.number(1.0)))))


def _hard_sigmoid(_: Layer, x: str) -> str:
    """Keras 2 has a steeper one than Keras 3."""
    slope = 0.2 if _.keras == 2 else 1 / 6
    line = _.emit("add", (_.emit("mul", (x, _.number(slope))), _.number(0.5)))
    return _.emit("minimum", (_.emit("relu", (line,)), _.number(1.0)))


def _log_softmax(_: Layer, x: str) -> str:
    last: dict[str, Attribute] = {"axes": (len(_.shape(x)) - 1,), "keep_dims": True}
    centred = _.emit("sub", (x, _.emit("reduce_max", (x,), last)))
    return _.emit("sub", (centred, _.emit("log", (_.emit("sum", (_.emit("exp", (centred,)),), last),))))


def _log_sigmoid(_: Layer, x: str) -> str:
    return _.emit("neg", (_.emit("softplus", (_.emit("neg", (x,)),)),))


def _squareplus(_: Layer, x: str) -> str:
    root = _.emit("sqrt", (_.emit("add", (_.emit("mul", (x, x)), _.number(4.0))),))
    return _.emit("mul", (_.emit("add", (x, root)), _.number(0.5)))


def _soft_shrink(_: Layer, x: str) -> str:
    beyond = _.emit("relu", (_.emit("sub", (_.emit("abs", (x,)), _.number(0.5))),))
    return _.emit("mul", (_.emit("sign", (x,)), beyond))


def _hard_shrink(_: Layer, x: str) -> str:
    beyond = _.emit("greater", (_.emit("abs", (x,)), _.number(0.5)))
    return _.emit("select", (beyond, x, _.number(0.0)))


_WRITTEN_OUT: Mapping[str, Callable[[Layer, str], str]] = {
    "swish": lambda _, x: _.emit("mul", (x, _.emit("logistic", (x,)))),
    "silu": lambda _, x: _.emit("mul", (x, _.emit("logistic", (x,)))),
    "mish": lambda _, x: _.emit("mul", (x, _.emit("tanh", (_.emit("softplus", (x,)),)))),
    "leaky_relu": lambda _, x: _.emit("leaky_relu", (x,), {"alpha": 0.2}),
    "celu": lambda _, x: _.emit("elu", (x,)),
    "hard_tanh": lambda _, x: _.emit("relu_n1_to_1", (x,)),
    "tanh_shrink": lambda _, x: _.emit("sub", (x, _.emit("tanh", (x,)))),
    "selu": _selu, "softsign": _softsign, "hard_sigmoid": _hard_sigmoid, "log_softmax": _log_softmax,
    "log_sigmoid": _log_sigmoid, "squareplus": _squareplus, "soft_shrink": _soft_shrink, "hard_shrink": _hard_shrink,
}  # fmt: skip
