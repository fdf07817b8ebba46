"""Which arrays a layer has, in the order of its variables, and where in a weight file they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MODELS = ("Functional", "Model", "Sequential")
"""Classes of models, which may be nested as layers."""

CELL = "cell"
"""Where a recurrent layer's own arrays are."""

_CONVOLUTION = ("kernel", "bias")
_SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
_RECURRENT = ("kernel", "recurrent_kernel", "bias")
_ARRAYS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        (
            "Dense",
            "Conv1D",
            "Conv2D",
            "DepthwiseConv1D",
            "DepthwiseConv2D",
            "Conv1DTranspose",
            "Conv2DTranspose",
        ),
        _CONVOLUTION,
    ),
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "LayerNormalization": ("gamma", "beta"),
    "GroupNormalization": ("gamma", "beta"),
    "RMSNormalization": ("scale",),
    "EinsumDense": ("kernel", "bias"),
    "Attention": ("scale", "concat_score_weight"),
    "AdditiveAttention": ("scale",),
    "PReLU": ("alpha",),
    "Embedding": ("embeddings",),
    "Normalization": ("mean", "variance", "count"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _RECURRENT),
}
_ABSENT = {"use_bias": "bias", "scale": "gamma", "center": "beta", "use_scale": "scale"}
_PROJECTIONS = ("query", "key", "value", "output")


def parts_of(layer: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """The arrays of a layer by the place below its group in a Keras 3 file; empty for a layer without any."""
    kind, config = layer["class_name"], layer["config"]
    if kind == "Bidirectional":
        inner = _own_arrays(config["layer"])
        return {"forward_layer/cell": inner, "backward_layer/cell": inner}
    if kind == "TimeDistributed":
        own = _own_arrays(config["layer"])
        return {"layer": own} if own else {}
    if kind == "MultiHeadAttention":
        names = ["kernel", "bias"] if config.get("use_bias", True) else ["kernel"]
        return {f"{projection}_dense": names for projection in _PROJECTIONS}
    names = _own_arrays(layer)
    place = CELL if kind in ("LSTM", "GRU", "SimpleRNN") else ""
    return {place: names} if names else {}


def arrays_of(layer: Mapping[str, Any]) -> list[str]:
    """The same arrays, named with their place, in the order of a legacy file."""
    return [array_name(place, name) for place, names in parts_of(layer).items() for name in names]


def array_name(place: str, name: str) -> str:
    """How an array is called within its layer: after its place, unless it is the layer's own."""
    return name if place in ("", CELL) else f"{place}/{name}"


def is_trainable(name: str) -> bool:
    """Whether training changes an array of that name."""
    return name.rpartition("/")[2] not in ("moving_mean", "moving_variance", "mean", "variance", "count")


def _own_arrays(layer: Mapping[str, Any]) -> list[str]:
    config = layer["config"]
    if layer["class_name"] == "Normalization" and config.get("mean") is not None:
        return []
    absent = {name for flag, name in _ABSENT.items() if config.get(flag, True) is False}
    if layer["class_name"] == "Attention" and config.get("score_mode") != "concat":
        absent.add("concat_score_weight")
    if layer["class_name"] == "EinsumDense" and not config.get("bias_axes"):
        absent.add("bias")
    return [name for name in _ARRAYS.get(layer["class_name"], ()) if name not in absent]
