"""aten's operators that are whole layers of transformers, as traced modules in evaluation mode have them."""

from __future__ import annotations

import math

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import unary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.normalization import layer_normalization
from smelt.formats.channels_first.rearranging import reshape, transpose
from smelt.formats.channels_first.terms import of, result, term
from smelt.formats.channels_first.translation import Result, kept
from smelt.formats.pytorch.operands import Translation, applied
from smelt.formats.pytorch.products import linear
from smelt.formats.pytorch.rearranging import sliced
from smelt.formats.pytorch.schema import Table, Unused

TRANSFORMERS = Table()
"""What reads a layer of a transformer."""


def _attended(
    _: Translation,
    x: Tensor,
    heads: int,
    weight: Tensor,
    bias: Tensor | None,
    out: Tensor,
    out_bias: Tensor | None,
) -> Result:
    """Self-attention: queries, keys and values by one product, then a product of what the heads give."""
    if x.rank != 3 or heads < 1 or x.shape[2] % heads:
        raise FormatError(f"{_.label}: '{x.name}' {list(x.shape)} for {heads} heads")
    batch, time, size = x.shape
    projected = kept(_, linear(_, x, weight, bias))
    if projected.shape != (batch, time, 3 * size):
        raise FormatError(f"{_.label}: weights {list(weight.shape)} for features of {size}")
    parts = []
    for index in range(3):
        part = kept(_, sliced(_, projected, 2, index * size, (index + 1) * size, 1))
        split = kept(_, reshape(_, part, (batch, time, heads, size // heads)))
        parts.append(of(_, kept(_, transpose(_, split, (0, 2, 1, 3)))))
    query, key, value = parts
    scores = term("batch_matmul", query, key, transpose_b=True) * (1 / math.sqrt(size // heads))
    mixed = kept(_, result(_, term("batch_matmul", term("softmax", scores, beta=1.0), value)))
    rows = kept(_, reshape(_, kept(_, transpose(_, mixed, (0, 2, 1, 3))), (batch, time, size)))
    return linear(_, rows, out, out_bias)


@TRANSFORMERS.reads("aten._native_multi_head_attention")
def _native_attention(
    _: Translation, query: Tensor, key: Tensor, value: Tensor, embed_dim: int, num_head: int, qkv_weight: Tensor,
    qkv_bias: Tensor, proj_weight: Tensor, proj_bias: Tensor, mask: Tensor | None = None,
    need_weights: bool = True, average_attn_weights: bool = True, mask_type: Unused = None,
) -> tuple[Result | None, ...]:  # fmt: skip
    if mask is not None or not query.name == key.name == value.name:
        raise UnsupportedError(
            f"{_.label}: with a mask, or of several tensors, is not supported in traced modules; use torch.export"
        )
    return _attended(_, query, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias), None


@TRANSFORMERS.reads("aten._transformer_encoder_layer_fwd")
def _encoder_layer(
    _: Translation, src: Tensor, embed_dim: int, num_heads: int, qkv_weight: Tensor, qkv_bias: Tensor,
    proj_weight: Tensor, proj_bias: Tensor, use_gelu: bool, norm_first: bool, eps: float, norm_weight_1: Tensor,
    norm_bias_1: Tensor, norm_weight_2: Tensor, norm_bias_2: Tensor, ffn_weight_1: Tensor, ffn_bias_1: Tensor,
    ffn_weight_2: Tensor, ffn_bias_2: Tensor, mask: Tensor | None = None, mask_type: Unused = None,
) -> Result:  # fmt: skip
    if mask is not None:
        raise UnsupportedError(f"{_.label}: with a mask is not supported in traced modules; use torch.export")

    def normed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return kept(_, layer_normalization(_, x, 1, weight, bias, eps))

    def attended(x: Tensor) -> Tensor:
        return kept(_, _attended(_, x, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias))

    def fed(x: Tensor) -> Tensor:
        inner = kept(_, linear(_, x, ffn_weight_1, ffn_bias_1))
        active = kept(_, unary(_, "gelu" if use_gelu else "relu", inner))
        return kept(_, linear(_, active, ffn_weight_2, ffn_bias_2))

    if norm_first:
        x = kept(_, applied(_, "add", src, attended(normed(src, norm_weight_1, norm_bias_1))))
        return applied(_, "add", x, fed(normed(x, norm_weight_2, norm_bias_2)))
    x = normed(kept(_, applied(_, "add", src, attended(src))), norm_weight_1, norm_bias_1)
    return layer_normalization(_, kept(_, applied(_, "add", x, fed(x))), 1, norm_weight_2, norm_bias_2, eps)
