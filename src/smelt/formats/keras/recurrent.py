"""Keras's recurrent layers, Bidirectional, TimeDistributed and attention."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from smelt.errors import UnsupportedError
from smelt.formats.keras.activations import RECURRENT, activation_name
from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import LAYERS, translate
from smelt.ir import Attribute

_OPERATORS = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "SimpleRNN": ("rnn", 1)}


def _recurrent(
    _: Layer, x: str, *, kind: str, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
    return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
    stateful: bool = False, reset_after: bool = False, use_bias: bool = True, flip: bool | None = None,
) -> str:  # fmt: skip
    """`flip`: outputs of a reversed layer in order of time (Bidirectional), not in that of computation."""
    operator, gates = _OPERATORS[kind]
    if return_state or stateful:
        raise _.unsupported("return_state or stateful")
    if go_backwards and return_sequences and not flip:
        raise _.unsupported("go_backwards with return_sequences outside Bidirectional")
    features = _.shape(x)[-1]
    kernel = _.weights("kernel", (features, None))
    recurrent = _.weights("recurrent_kernel", (kernel.shape[1] // gates, kernel.shape[1]))
    bias = _.array("bias") if use_bias else None
    attributes: dict[str, Attribute] = {
        "returns": "sequence" if return_sequences else "last",
        "reverse": go_backwards,
        "activation": _named(_, activation),
    }
    if kind != "SimpleRNN":
        attributes["gate_activation"] = _named(_, recurrent_activation)
    if kind == "GRU":
        attributes["reset_after"] = reset_after
    inputs = (
        x,
        _.constant("kernel", kernel.T),
        _.constant("recurrent_kernel", recurrent.T),
        None if bias is None else _.constant("bias", bias.reshape(-1)),
    )
    return _.emit(operator, inputs, attributes)


def _named(_: Layer, activation: Any) -> str:
    name = activation_name(activation)
    if name not in RECURRENT:
        raise _.unsupported(f"the activation '{name}' in a recurrent layer")
    return RECURRENT[name]


def _reader(kind: str) -> None:
    def function(
        _: Layer, x: str, *, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, reset_after: bool = False, use_bias: bool = True,
    ) -> str:  # fmt: skip
        return _recurrent(
            _, x, kind=kind, activation=activation, recurrent_activation=recurrent_activation,
            return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, reset_after=reset_after, use_bias=use_bias, flip=_.flips,
        )  # fmt: skip

    LAYERS[kind] = function


for _kind in _OPERATORS:
    _reader(_kind)


def _part(_: Layer, place: str) -> dict[str, Any]:
    return {
        key.removeprefix(f"{place}/"): array for key, array in _.arrays.items() if key.startswith(f"{place}/")
    }


def _bidirectional(
    _: Layer,
    x: str,
    *,
    layer: Mapping[str, Any],
    merge_mode: str | None = "concat",
    backward_layer: Any = None,
) -> str:
    kind, config = layer["class_name"], dict(layer["config"])
    if kind not in _OPERATORS:
        raise _.unsupported(f"Bidirectional of {kind}")
    results = []
    for place, backwards in (("forward_layer/cell", False), ("backward_layer/cell", True)):
        inner = Layer(_.builder, (_.name, place.partition("/")[0]), kind, _part(_, place), flips=True)
        results.append(translate(inner, kind, {**config, "go_backwards": backwards}, (x,)))
    if merge_mode == "concat":
        return _.emit("concatenation", results, {"axis": len(_.shape(results[0])) - 1})
    if merge_mode in ("sum", "ave", "mul"):
        result = _.emit("mul" if merge_mode == "mul" else "add", results)
        return _.emit("mul", (result, _.number(0.5))) if merge_mode == "ave" else result
    raise _.unsupported(f"merge_mode {merge_mode!r}")


LAYERS["Bidirectional"] = _bidirectional


def _time_distributed(_: Layer, x: str, *, layer: Mapping[str, Any]) -> str:
    """The layer on all time steps as if they were samples."""
    batch, time, *rest = _.shape(x)
    kind = layer["class_name"]
    if kind not in LAYERS:
        raise UnsupportedError(f"{_.label}: of {kind}, which is not supported")
    inner = Layer(_.builder, (_.name, "layer"), kind, _part(_, "layer"))
    result = translate(inner, kind, layer["config"], (_.reshape(x, (batch * time, *rest)),))
    return _.reshape(result, (batch, time, *_.shape(result)[1:]))


LAYERS["TimeDistributed"] = _time_distributed


def _attention(_: Layer, query: str, value: str, key: str, scale: float) -> str:
    """softmax(query keyᵀ scale) value over the last two dimensions."""
    scores = _.emit("batch_matmul", (query, key), {"transpose_b": True})
    if scale != 1:
        scores = _.emit("mul", (scores, _.number(scale)))
    return _.emit("batch_matmul", (_.emit("softmax", (scores,), {"beta": 1.0}), value))


def _dot_product_attention(
    _: Layer, *inputs: str, use_scale: bool = False, score_mode: str = "dot", use_causal_mask: bool = False
) -> str:
    if score_mode != "dot" or use_scale or len(inputs) not in (2, 3):
        raise _.unsupported(f"score_mode '{score_mode}' or a learned scale")
    return _attention(_, inputs[0], inputs[1], inputs[-1], 1.0)


LAYERS["Attention"] = _dot_product_attention


def _multi_head_attention(
    _: Layer, *inputs: str, num_heads: int, key_dim: int, value_dim: int | None = None, use_bias: bool = True,
    output_shape: Any = None, attention_axes: Any = None, flash_attention: Any = None,
) -> str:  # fmt: skip
    if len(inputs) not in (2, 3):
        raise _.unsupported(f"attention of {len(inputs)} tensors")
    if attention_axes not in (None, [1], (1,)):
        raise _.unsupported(f"attention_axes={attention_axes!r}")
    query, value, key = inputs[0], inputs[1], inputs[-1]
    q = _heads(_, "query", query, num_heads, key_dim)
    k = _heads(_, "key", key, num_heads, key_dim)
    v = _heads(_, "value", value, num_heads, value_dim or key_dim)
    mixed = _attention(_, q, v, k, 1 / math.sqrt(key_dim))
    batch, _heads_count, time, size = _.shape(mixed)
    rows = _.emit("transpose", (mixed,), {"permutation": (0, 2, 1, 3)})
    kernel = _.weights("output_dense/kernel", (num_heads, size, None)).reshape(num_heads * size, -1)
    return _dense(_, "output", _.reshape(rows, (batch, time, num_heads * size)), kernel)


LAYERS["MultiHeadAttention"] = _multi_head_attention


def _heads(_: Layer, projection: str, x: str, heads: int, size: int) -> str:
    """[batch, heads, time, size] of the projected input."""
    batch, time, features = _.shape(x)
    kernel = _.weights(f"{projection}_dense/kernel", (features, heads, size)).reshape(features, heads * size)
    projected = _dense(_, projection, x, kernel)
    return _.emit(
        "transpose", (_.reshape(projected, (batch, time, heads, size)),), {"permutation": (0, 2, 1, 3)}
    )


def _dense(_: Layer, projection: str, x: str, kernel: Any) -> str:
    bias = _.array(f"{projection}_dense/bias")
    offset = None if bias is None else _.constant(f"{projection}/bias", bias.reshape(-1))
    weights = _.constant(f"{projection}/kernel", kernel.T)
    return _.emit("fully_connected", (x, weights, offset), {"keep_dims": True})
