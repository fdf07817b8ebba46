"""Sums of products written with letters, of two tensors, as one product of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from smelt.errors import FormatError, UnsupportedError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Product:
    """Both tensors in an order of dimensions, then in a shape; their matrix product in a shape, then in an order."""

    left_order: Shape
    left_shape: Shape
    right_order: Shape
    right_shape: Shape
    shape: Shape
    order: Shape


def product_of(label: str, equation: str, left_shape: Sequence[int], right_shape: Sequence[int]) -> Product:
    """What computes an equation such as 'bij,bjk->bik'.

    UnsupportedError where a letter occurs twice in a term or is summed in one only, FormatError for shapes that do
    not fit; both begin with the label.
    """
    terms, _arrow, result = equation.replace(" ", "").partition("->")
    left, _comma, right = terms.partition(",")
    if any(not term.isalpha() or len(set(term)) != len(term) for term in (left, right)):
        raise UnsupportedError(f"{label}: the equation '{equation}' is not supported")
    sizes = _sizes(label, equation, [(left, left_shape), (right, right_shape)])
    both = [letter for letter in left if letter in right]
    batch, summed = [n for n in both if n in result], [n for n in both if n not in result]
    rows, columns = [n for n in left if n not in right], [n for n in right if n not in left]
    if sorted(result) != sorted(batch + rows + columns):
        raise UnsupportedError(f"{label}: the equation '{equation}' is not supported")

    def volume(letters: Sequence[str]) -> int:
        return math.prod(sizes[n] for n in letters)

    def lengths(letters: Sequence[str]) -> Shape:
        return tuple(sizes[n] for n in letters)

    # Without a batch the rows stay as many dimensions as they are.
    row_lengths = lengths(rows) if rows and not batch else (volume(rows),)
    letters = [*batch, *rows, *columns]
    return Product(
        tuple(left.index(n) for n in [*batch, *rows, *summed]),
        (*lengths(batch), *row_lengths, volume(summed)),
        tuple(right.index(n) for n in [*batch, *summed, *columns]),
        (*lengths(batch), volume(summed), volume(columns)),
        lengths(letters),
        tuple(letters.index(n) for n in result),
    )


def _sizes(label: str, equation: str, terms: Sequence[tuple[str, Sequence[int]]]) -> dict[str, int]:
    """How long each letter's dimension is."""
    result: dict[str, int] = {}
    for term, shape in terms:
        if len(term) != len(shape) or any(
            result.setdefault(n, size) != size for n, size in zip(term, shape, strict=True)
        ):
            raise FormatError(
                f"{label}: '{equation}' does not fit the shapes {[list(s) for _term, s in terms]}"
            )
    return result
