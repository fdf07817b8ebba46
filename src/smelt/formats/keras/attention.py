"""Keras's attention layers, written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import reads


def _weighted(_: Layer, scores: str, value: str, causal: bool) -> str:
    """softmax(scores) value; of a causal one no step sees those behind it."""
    if causal:
        rows, columns = _.shape(scores)[-2:]
        _.allow(rows * columns)
        later = np.triu(np.full((rows, columns), -1e9, np.float32), 1)
        scores = _.emit("add", (scores, _.constant("causal", later)))
    return _.emit("batch_matmul", (_.emit("softmax", (scores,), {"beta": 1.0}), value))


def _products(_: Layer, query: str, key: str, scale: float) -> str:
    """query keyᵀ scale over the last two dimensions."""
    scores = _.emit("batch_matmul", (query, key), {"transpose_b": True})
    return scores if scale == 1 else _.emit("mul", (scores, _.number(scale)))


def _three(_: Layer, inputs: Sequence[str]) -> tuple[str, str, str]:
    """Query, value and key, which is the value where it is not given."""
    if len(inputs) not in (2, 3):
        raise _.unsupported(f"attention of {len(inputs)} tensors")
    return inputs[0], inputs[1], inputs[-1]


@reads("Attention")
def _dot_product_attention(
    _: Layer, *inputs: str, use_scale: bool = False, score_mode: str = "dot", use_causal_mask: bool = False
) -> str:
    query, value, key = _three(_, inputs)
    if score_mode == "concat":
        ones = _.constant("scale", _.weights("scale", ()) if use_scale else np.ones((), np.float32))
        sums = _sums_of_tanh(_, query, key, ones)
        scores = _.emit("mul", (sums, _.constant("score_weight", _.weights("concat_score_weight", ()))))
        return _weighted(_, scores, value, use_causal_mask)
    if score_mode != "dot":
        raise _.unsupported(f"score_mode '{score_mode}'")
    scale = float(_.weights("scale", ())) if use_scale else 1.0
    return _weighted(_, _products(_, query, key, scale), value, use_causal_mask)


@reads("AdditiveAttention")
def _additive_attention(
    _: Layer, *inputs: str, use_scale: bool = True, score_mode: str = "dot", use_causal_mask: bool = False
) -> str:
    query, value, key = _three(_, inputs)
    size = _.shape(query)[-1]
    scale = _.weights("scale", (size,)) if use_scale else np.ones(size, np.float32)
    columns = _.emit("tanh", (_pairs(_, query, key),))
    weighted = _.emit("mul", (columns, _.constant("scale", scale)))
    return _weighted(_, _.emit("sum", (weighted,), {"axes": (3,)}), value, use_causal_mask)


def _pairs(_: Layer, query: str, key: str) -> str:
    """[batch, query steps, key steps, features]: every query plus every key."""
    batch, steps, size = _.shape(query)
    across = _.reshape(key, (batch, 1, _.shape(key)[1], size))
    return _.emit("add", (_.reshape(query, (batch, steps, 1, size)), across))


def _sums_of_tanh(_: Layer, query: str, key: str, scale: str) -> str:
    scaled = _.emit("mul", (_pairs(_, query, key), scale))
    return _.emit("sum", (_.emit("tanh", (scaled,)),), {"axes": (3,)})


@reads("MultiHeadAttention")
def _multi_head_attention(
    _: Layer, *inputs: str, num_heads: int, key_dim: int, value_dim: int | None = None, use_bias: bool = True,
    output_shape: Any = None, attention_axes: Any = None, flash_attention: Any = None,
    use_causal_mask: bool = False,
) -> str:  # fmt: skip
    query, value, key = _three(_, inputs)
    if attention_axes not in (None, [1], (1,)):
        raise _.unsupported(f"attention_axes={attention_axes!r}")
    q = _heads(_, "query", query, num_heads, key_dim)
    k = _heads(_, "key", key, num_heads, key_dim)
    v = _heads(_, "value", value, num_heads, value_dim or key_dim)
    mixed = _weighted(_, _products(_, q, k, 1 / math.sqrt(key_dim)), v, use_causal_mask)
    batch, _heads_count, time, size = _.shape(mixed)
    rows = _.emit("transpose", (mixed,), {"permutation": (0, 2, 1, 3)})
    kernel = _.weights("output_dense/kernel", (num_heads, size, None)).reshape(num_heads * size, -1)
    return _dense(_, "output", _.reshape(rows, (batch, time, num_heads * size)), kernel)


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
