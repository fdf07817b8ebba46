"""Sums of products written with letters, of two tensors, as one product of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.interpreter import Interpreter, Item
from smelt.formats.saved_model.operators import matrix_product


def einsum(_: Interpreter, equation: str, a: Item, b: Item) -> str:
    """einsum of two tensors none of whose letters occurs twice in one; UnsupportedError for other equations."""
    terms, _arrow, result = equation.replace(" ", "").partition("->")
    left, _comma, right = terms.partition(",")
    sizes: dict[str, int] = {}
    for term, item in ((left, a), (right, b)):
        if not term.isalpha() or len(set(term)) != len(term):
            raise UnsupportedError(f"{_.label}: the equation '{equation}' is not supported")
        if len(term) != len(_.shape(item)):
            raise FormatError(f"{_.label}: '{equation}' of {list(_.shape(a))} and {list(_.shape(b))}")
        for letter, size in zip(term, _.shape(item), strict=True):
            if sizes.setdefault(letter, size) != size:
                raise FormatError(f"{_.label}: '{equation}' of {list(_.shape(a))} and {list(_.shape(b))}")
    both = [letter for letter in left if letter in right]
    batch, summed = [n for n in both if n in result], [n for n in both if n not in result]
    rows, columns = [n for n in left if n not in right], [n for n in right if n not in left]
    if sorted(result) != sorted(batch + rows + columns):
        raise UnsupportedError(f"{_.label}: the equation '{equation}' is not supported")

    def arranged(item: Item, term: str, *groups: Sequence[str]) -> str:
        moved = _.transpose(item, [term.index(letter) for group in groups for letter in group])
        folded = [math.prod(sizes[n] for n in group) for group in groups[-2:]]
        return _.reshape(moved, [*(sizes[n] for n in batch), *folded])

    if not batch and _.is_constant(b) and list(left[len(rows) :]) == summed:
        # The rows stay as many dimensions as they are.
        kept = _.reshape(a, [*(sizes[n] for n in rows), math.prod(sizes[n] for n in summed)])
        product = matrix_product(_, kept, arranged(b, right, summed, columns), False, False) if rows else ""
        if rows:
            return _finished(_, product, rows, columns, result, sizes)
    product = matrix_product(
        _, arranged(a, left, batch, rows, summed), arranged(b, right, batch, summed, columns), False, False
    )
    return _finished(_, product, [*batch, *rows], columns, result, sizes)


def _finished(
    _: Interpreter, product: str, rows: Sequence[str], columns: Sequence[str], result: str, sizes: dict[str, int]
) -> str:  # fmt: skip
    letters = [*rows, *columns]
    whole = _.reshape(product, [sizes[n] for n in letters])
    return _.transpose(whole, [letters.index(n) for n in result])
