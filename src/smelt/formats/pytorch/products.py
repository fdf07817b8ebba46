"""aten's products of matrices, and attention."""

from __future__ import annotations

import math

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.dense import dense, matrix_product
from smelt.formats.channels_first.elementwise import of_rank
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import reshape, transpose
from smelt.formats.channels_first.terms import of, result, term
from smelt.formats.channels_first.translation import TRAINING, Result, Translated, kept
from smelt.formats.pytorch.arithmetic import select
from smelt.formats.pytorch.operands import Translation, applied, plain, promoted
from smelt.formats.pytorch.schema import Table, Tensors, Unused
from smelt.ir import DType

PRODUCTS = Table()
"""What reads a product of matrices."""


@PRODUCTS.reads("aten.linear")
def linear(_: Translation, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Result:
    """x @ weightᵀ + bias."""
    if x.rank < 2 or weight.rank != 2:
        return _vector(_, x, weight, bias)
    if weight.array is None:
        product = _product(_, x, weight, transposed=True)
        return product if bias is None else applied(_, "add", kept(_, product), bias)
    return dense(_, x, weight, bias, transposed=True)


def _vector(_: Translation, x: Tensor, weight: Tensor, bias: Tensor | None) -> Result:
    if x.rank != 1 or weight.rank != 2:
        raise FormatError(f"{_.label}: '{x.name}' {list(x.shape)} with weights {list(weight.shape)}")
    row = kept(_, reshape(_, x, (1, *x.shape)))
    return reshape(_, kept(_, linear(_, row, weight, bias)), (weight.shape[0],))


@PRODUCTS.reads("aten.addmm")
def _addmm(
    _: Translation, x: Tensor, mat1: Tensor, mat2: Tensor, beta: float = 1.0, alpha: float = 1.0
) -> Result:
    if mat2.array is not None and mat1.rank == mat2.rank == 2:
        return dense(_, mat1, mat2, x, alpha=alpha, beta=beta, transposed=False)
    if (alpha, beta) != (1.0, 1.0):
        raise UnsupportedError(
            f"{_.label}: alpha {alpha} and beta {beta} of a computed matrix are not supported"
        )
    return applied(_, "add", kept(_, _product(_, mat1, mat2)), x)


@PRODUCTS.reads("aten.matmul", "aten.mm", "aten.bmm", "aten.mv", "aten.dot")
def _matmul(_: Translation, x: Tensor, other: Tensor) -> Result:
    if x.rank == 0 or other.rank == 0:
        raise FormatError(f"{_.label}: a product with a number")
    if x.rank > 1 and other.rank == 2 and other.array is not None:
        return dense(_, x, other, transposed=False)
    return matrix_product(_, x, other)


@PRODUCTS.reads("aten.baddbmm")
def _baddbmm(
    _: Translation, x: Tensor, batch1: Tensor, batch2: Tensor, beta: float = 1, alpha: float = 1
) -> Result:
    product = kept(_, _product(_, batch1, batch2))
    scaled = product if alpha == 1 else kept(_, applied(_, "mul", product, alpha))
    if beta == 0:
        return scaled
    return applied(_, "add", scaled, x if beta == 1 else kept(_, applied(_, "mul", x, beta)))


def _product(_: Translation, x: Tensor, other: Tensor, transposed: bool = False) -> Translated:
    """x @ other over the last two dimensions; `transposed`: of the other's."""
    rank = max(x.rank, other.rank)
    left, right = of_rank(_, x, rank), of_rank(_, other, rank)
    inner = right.shape[-1] if transposed else right.shape[-2]
    if left.shape[-1] != inner:
        raise FormatError(f"{_.label}: '{x.name}' {list(x.shape)} times '{other.name}' {list(other.shape)}")
    return Translated("batch_matmul", (plain(_, left), plain(_, right)), {"transpose_b": transposed})


@PRODUCTS.reads("aten.scaled_dot_product_attention")
def _attention(
    _: Translation, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Translated:  # fmt: skip
    """softmax(query keyᵀ scale + mask) value over the last two dimensions (Vaswani et al. 2017)."""
    if dropout_p > 0:
        raise UnsupportedError(TRAINING.format(_.label))
    if enable_gqa or not query.rank == key.rank == value.rank >= 2:
        raise UnsupportedError(f"{_.label}: heads that share keys are not supported")
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = term("batch_matmul", of(_, query), of(_, key), transpose_b=True)
    if factor != 1:
        scores = scores * factor
    size = (query.shape[-2], key.shape[-2])
    if is_causal:
        _.allow(math.prod(size), 4)
        scores = scores + np.triu(np.full(size, -1e30, np.float32), 1)
    if attn_mask is not None:
        (mask,) = promoted(_, attn_mask)
        if _.dtype(mask) is DType.BOOL:
            mask = kept(_, select(_, mask, 0.0, -1e30))
        scores = term("add", scores, plain(_, of_rank(_, mask, query.rank)))
    return result(_, term("batch_matmul", term("softmax", scores, beta=1.0), of(_, value)))


@PRODUCTS.reads("aten.einsum")
def _einsum(_: Translation, equation: str, tensors: Tensors, path: Unused = None) -> Result:
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    letters = inputs.split(",")
    fits = len(letters) == len(tensors) == 2 and all(
        len(set(w)) == len(w) == t.rank for w, t in zip(letters, tensors, strict=True)
    )
    if not arrow or not fits or len(set(output)) != len(output) or not set(output) <= set(inputs):
        raise UnsupportedError(f"{_.label}: '{equation}' of {len(tensors)} tensors is not supported")
    a, b = letters
    sizes = dict(zip(a + b, (*tensors[0].shape, *tensors[1].shape), strict=True))
    shared = "".join(c for c in a if c in b)
    batch = "".join(c for c in shared if c in output)
    summed = "".join(c for c in shared if c not in output)
    left = "".join(c for c in a if c not in b)
    right = "".join(c for c in b if c not in a)
    if not set(left + right) <= set(output):
        raise UnsupportedError(f"{_.label}: '{equation}' sums over one tensor alone, which is not supported")

    def matrices(x: Tensor, word: str, *groups: str) -> Tensor:
        moved = kept(_, transpose(_, x, tuple(word.index(c) for c in "".join(groups))))
        shape = tuple(sizes[c] for c in groups[0])
        return kept(_, reshape(_, moved, (*shape, *(math.prod(sizes[c] for c in g) for g in groups[1:]))))

    first, second = (
        matrices(tensors[0], a, batch, left, summed),
        matrices(tensors[1], b, batch, summed, right),
    )
    found = kept(_, _product(_, first, second))
    order = batch + left + right
    whole = kept(_, reshape(_, found, tuple(sizes[c] for c in order)))
    return transpose(_, whole, tuple(order.index(c) for c in output))
