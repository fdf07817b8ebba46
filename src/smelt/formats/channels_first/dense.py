"""Products of matrices: with constant ones as fully_connected, of computed ones as batch_matmul."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from smelt.errors import FormatError
from smelt.formats.channels_first.elementwise import binary
from smelt.formats.channels_first.layout import Shape, Tensor, natural
from smelt.formats.channels_first.rearranging import reshape
from smelt.formats.channels_first.translation import Result, Surroundings, Translated, kept, number, weights
from smelt.ir import Array, Attribute


def dense(
    _: Surroundings, x: Tensor, matrix: Tensor, addend: Tensor | None = None, *,
    alpha: float = 1.0, beta: float = 1.0, transposed: bool,
) -> Translated:  # fmt: skip
    """alpha * x @ matrix + beta * addend as fully_connected; `transposed`: the matrix is [outputs, inputs].

    Where the rows are a flattened NHWC tensor, the weights' inputs are put in that order.
    """
    array = weights(_, matrix) if transposed else weights(_, matrix).T
    if array.shape[1] != x.shape[-1]:
        raise FormatError(
            f"{_.label}: '{matrix.name}' has {array.shape[1]} inputs, '{x.name}' is {list(x.shape)}"
        )
    layout = x.layout if len(x.layout.shape) == 2 else natural(x.shape)
    key = (matrix.name, matrix.variant, "dense", alpha, transposed, layout.factors[1:], layout.permutation)
    held = matrix if alpha == 1 else replace(matrix, array=_scaled(weights(_, matrix), alpha), integers=None)
    stored = _.rearranged(
        held, key, lambda values: layout.alike(array.shape).array(values if transposed else values.T)
    )  # fmt: skip
    outputs = array.shape[0]
    bias = None
    if addend is not None and addend.array is not None and _is_row(addend.shape, outputs):
        row = addend if beta == 1 else replace(addend, array=_scaled(weights(_, addend), beta), integers=None)
        bias = _.rearranged(
            row, (addend.name, addend.variant, "dense", beta, outputs),
            lambda values: np.broadcast_to(values.reshape(-1), (outputs,)),
        )  # fmt: skip
    inputs = (_.place(x, layout), stored, bias)
    attributes: dict[str, Attribute] = {"keep_dims": x.rank != 2}
    if addend is None or bias is not None:
        return Translated("fully_connected", inputs, attributes)
    product = kept(_, Translated("fully_connected", inputs, attributes))
    return binary(_, "add", product, kept(_, addend if beta == 1 else _times(_, addend, beta)))


def _scaled(array: Array, factor: float) -> Array:
    return array if factor == 1 else np.multiply(array, np.float32(factor), dtype=np.float32)


def _is_row(shape: Shape, outputs: int) -> bool:
    return math.prod(shape[:-1]) == 1 and math.prod(shape) in (1, outputs) and len(shape) <= 2


def matrix_product(_: Surroundings, a: Tensor, b: Tensor) -> Result:
    """a @ b as numpy's matmul has it; a vector is a row on the left, a column on the right."""
    if not a.rank or not b.rank:
        raise FormatError(f"{_.label}: multiplies a scalar")
    left = kept(_, reshape(_, a, (1, *a.shape))) if a.rank == 1 else a
    right = kept(_, reshape(_, b, (*b.shape, 1))) if b.rank == 1 else b
    inputs = [_.place(x, natural(x.shape)) for x in (left, right)]
    product = Translated("batch_matmul", inputs, {})
    if left is a and right is b:
        return product
    made = kept(_, product)
    without = {made.rank - 2} if left is not a else set()
    without |= {made.rank - 1} if right is not b else set()
    return reshape(_, made, tuple(d for axis, d in enumerate(made.shape) if axis not in without))


def scaled_product(
    _: Surroundings, a: Tensor, b: Tensor, addend: Tensor | None, *, alpha: float, beta: float,
    transpose_a: bool, transpose_b: bool,
) -> Translated:  # fmt: skip
    """alpha * a @ b + beta * addend, of matrices that may be transposed first."""
    if b.array is not None and a.array is None:
        if transpose_a:
            order = {"permutation": (1, 0)}
            a = kept(_, Translated("transpose", (_.place(a, natural(a.shape)),), order))
        return dense(_, a, b, addend, alpha=alpha, beta=beta, transposed=transpose_b)
    inputs = [_.place(x, natural(x.shape)) for x in (a, b)]
    attributes: dict[str, Attribute] = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    product = Translated("batch_matmul", inputs, attributes)
    if alpha != 1:
        product = _times(_, kept(_, product), alpha)
    if addend is None:
        return product
    return binary(_, "add", kept(_, product), kept(_, addend if beta == 1 else _times(_, addend, beta)))


def _times(_: Surroundings, made: Tensor, factor: float) -> Translated:
    return binary(_, "mul", made, number(_, factor, _.dtype(made)))
