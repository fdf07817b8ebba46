"""Products with constant matrices."""

from __future__ import annotations

import math

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.elementwise import of_rank
from smelt.formats.channels_first.layout import Shape, Tensor, natural
from smelt.formats.channels_first.translation import Surroundings, Translated, weights
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
    layout = natural(x.shape) if x.layout.is_channels_last else x.layout
    key = (matrix.name, matrix.variant, "dense", alpha, transposed, layout.factors[1:], layout.permutation)
    stored = _.store(
        matrix.name, key, lambda: layout.alike(array.shape).array(_scaled(array, alpha))
    )  # fmt: skip
    outputs = array.shape[0]
    bias = None
    if addend is not None and addend.array is not None and _is_row(addend.shape, outputs):
        row = weights(_, addend).reshape(-1)
        bias = _.store(
            addend.name, (addend.name, addend.variant, "dense", beta, outputs),
            lambda: np.broadcast_to(_scaled(row, beta), (outputs,)),
        )  # fmt: skip
    inputs = (_.place(x, layout), stored, bias)
    attributes: dict[str, Attribute] = {"keep_dims": x.rank != 2}
    if addend is None or bias is not None:
        return Translated("fully_connected", inputs, attributes)
    if beta != 1:
        raise UnsupportedError(f"{_.label}: beta {beta} with a computed C, or one a row, is not supported")
    product = _.emit("fully_connected", inputs, attributes)
    wide = of_rank(_, addend, 2)
    return Translated("add", (product, _.place(wide, natural(wide.shape))), {})


def _scaled(array: Array, factor: float) -> Array:
    return array if factor == 1 else np.multiply(array, np.float32(factor), dtype=np.float32)


def _is_row(shape: Shape, outputs: int) -> bool:
    return math.prod(shape[:-1]) == 1 and math.prod(shape) in (1, outputs) and len(shape) <= 2
