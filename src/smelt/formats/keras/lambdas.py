"""Functions of TensorFlow that Keras 2 keeps as layers, TFOpLambda and SlicingOpLambda, as those of keras.ops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smelt.formats.keras.building import Layer
from smelt.formats.keras.calls import Arguments
from smelt.formats.keras.operations import operate

KINDS = ("TFOpLambda", "SlicingOpLambda")


@dataclass(frozen=True)
class Function:
    """The operation of keras.ops, how it calls the function's parameters, and what TensorFlow assumes."""

    operation: str
    names: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


_SECOND = {"x": "x1", "y": "x2"}
_OVER = {"axis": "axis", "keepdims": "keepdims"}
_ALONG = {"axis": "axis"}
FUNCTIONS: dict[str, Function] = {
    **{
        name: Function(operation, _SECOND)
        for name, operation in {
            "math.add": "Add", "__operators__.add": "Add", "math.subtract": "Subtract", "math.multiply": "Multiply",
            "math.truediv": "Divide", "math.divide": "Divide", "math.maximum": "Maximum", "math.minimum": "Minimum",
            "math.pow": "Power",
        }.items()
    },
    **{
        name: Function(operation)
        for name, operation in {
            "math.abs": "Absolute", "math.sqrt": "Sqrt", "math.rsqrt": "Rsqrt", "math.square": "Square",
            "math.exp": "Exp", "math.log": "Log", "math.negative": "Negative", "math.sigmoid": "Sigmoid",
            "math.tanh": "Tanh", "math.sign": "Sign", "math.floor": "Floor", "math.ceil": "Ceil", "math.round": "Round",
            "math.sin": "Sin", "math.cos": "Cos", "math.reciprocal": "Reciprocal", "math.erf": "Erf",
            "nn.relu": "Relu", "nn.relu6": "Relu6", "nn.elu": "Elu", "nn.selu": "Selu",
        }.items()
    },
    **{
        f"math.reduce_{name}": Function(operation, _OVER)
        for name, operation in {"mean": "Mean", "sum": "Sum", "max": "Max", "min": "Min", "prod": "Prod"}.items()
    },
    "nn.softmax": Function("Softmax", _ALONG),
    "nn.leaky_relu": Function("LeakyRelu", {"alpha": "negative_slope"}),
    "nn.gelu": Function("Gelu", {"approximate": "approximate"}, {"approximate": False}),
    "reshape": Function("Reshape", {"shape": "newshape"}),
    "transpose": Function("Transpose", {"perm": "axes"}),
    "compat.v1.transpose": Function("Transpose", {"perm": "axes"}),
    "expand_dims": Function("ExpandDims", _ALONG),
    "squeeze": Function("Squeeze", _ALONG),
    "compat.v1.squeeze": Function("Squeeze", _ALONG),
    "concat": Function("Concatenate", _ALONG),
    "stack": Function("Stack", _ALONG),
    "clip_by_value": Function("Clip", {"clip_value_min": "x_min", "clip_value_max": "x_max"}),
    "linalg.matmul": Function("Matmul", {"b": "x2"}),
    "__operators__.getitem": Function("GetItem", {"slice_spec": "key"}),
}  # fmt: skip
"""By their name in TensorFlow, without the `tf.` in front."""


def call_lambda(_: Layer, config: Mapping[str, Any], arguments: Arguments) -> Any:
    """The function's result; UnsupportedError for arguments that nothing reads."""
    function = FUNCTIONS[config["function"]]
    given: dict[str, Any] = dict(function.settings)
    for name, value in arguments.keywords.items():
        if name in function.names:
            given[function.names[name]] = _slices(value)
        elif name != "name" and value not in (None, False):
            raise _.unsupported(f"{config['function']} with {name}={value!r}")
    return operate(_, function.operation, {}, Arguments(arguments.positional, given))


def _slices(item: Any) -> Any:
    """Slices, which Keras 2 writes as their three numbers."""
    if isinstance(item, Mapping) and set(item) == {"start", "stop", "step"}:
        return slice(item["start"], item["stop"], item["step"])
    return [_slices(inner) for inner in item] if isinstance(item, list) else item
