"""ONNX's Einsum: sums of products written with letters, two tensors at a time."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence

from smelt.errors import FormatError
from smelt.formats.channels_first.dense import dense, matrix_product
from smelt.formats.channels_first.elementwise import binary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import part, reduction, reshape, transpose
from smelt.formats.channels_first.translation import Result, Surroundings, kept
from smelt.formats.einsum import product_of
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads Einsum."""


@ROWS.reads("Einsum")
def _einsum(_: Surroundings, *inputs: str, equation: str) -> Result:
    tensors = [_.tensor(name) for name in inputs]
    words, output = _words(_, equation, tensors)
    left, word = tensors[0], words[0]
    for place in range(1, len(tensors)):
        wanted = set(output).union(*words[place + 1 :])
        left, word = _product(_, (left, tensors[place]), (word, words[place]), wanted)
    left, word = _reduced(_, left, word, set(output))
    return transpose(_, left, tuple(word.index(letter) for letter in output))


def _words(_: Surroundings, equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """The letters of each tensor's dimensions and of the result's; "..." and what may be left out are spelled out."""
    terms, arrow, output = equation.replace(" ", "").partition("->")
    words = terms.split(",")
    free = [letter for letter in string.ascii_letters if letter not in equation]
    if len(words) != len(tensors) or len(free) < 16:
        raise FormatError(f"{_.label}: '{equation}' is no equation of {len(tensors)} tensors")
    most = 0
    spelled = []
    for word, tensor in zip(words, tensors, strict=True):
        extra = tensor.rank - len(word.replace("...", ""))
        if extra < 0 or extra > 8 or (extra and "..." not in word):
            raise FormatError(f"{_.label}: '{word}' does not fit '{tensor.name}' {list(tensor.shape)}")
        most = max(most, extra)
        # The last dimensions that dots stand for are the same in all tensors.
        spelled.append(word.replace("...", "".join(free[8 - extra : 8])))
    dots = "".join(free[8 - most : 8])
    if not arrow:
        once = Counter("".join(spelled))
        output = dots + "".join(sorted(c for c in once if once[c] == 1 and c not in dots))
    output = output.replace("...", dots)
    known = set("".join(spelled))
    if not all(word.isalpha() or not word for word in (*spelled, output)) or len(set(output)) != len(output):
        raise FormatError(f"{_.label}: '{equation}' is no equation")
    if not set(output) <= known:
        raise FormatError(f"{_.label}: '{equation}' has a letter in its result only")
    return spelled, output


def _reduced(_: Surroundings, x: Tensor, word: str, wanted: set[str]) -> tuple[Tensor, str]:
    """With the diagonal of letters that occur twice, and summed over letters that nothing else wants."""
    while twice := next((c for c in word if word.count(c) > 1), None):
        x, word = _diagonal(_, x, word, twice)
    axes = tuple(axis for axis, c in enumerate(word) if c not in wanted)
    if axes:
        x = kept(_, reduction(_, "sum", x, axes, False))
    return x, "".join(c for c in word if c in wanted)


def _diagonal(_: Surroundings, x: Tensor, word: str, letter: str) -> tuple[Tensor, str]:
    """Two dimensions of a letter become one, the last."""
    first = word.index(letter)
    second = word.index(letter, first + 1)
    rest = [axis for axis in range(x.rank) if axis not in (first, second)]
    size = x.shape[first]
    if x.shape[second] != size:
        raise FormatError(f"{_.label}: '{letter}' is {size} and {x.shape[second]}")
    moved = kept(_, transpose(_, x, (*rest, first, second)))
    flat = kept(_, reshape(_, moved, (*moved.shape[:-2], size * size)))
    spans = [(0, extent, 1) for extent in flat.shape[:-1]]
    own = kept(_, part(_, flat, [*spans, (0, size * size, size + 1)]))
    return own, "".join(word[axis] for axis in rest) + letter


def _product(
    _: Surroundings, pair: tuple[Tensor, Tensor], words: tuple[str, str], wanted: set[str]
) -> tuple[Tensor, str]:
    """The product of two tensors, with the letters that are still wanted."""
    left, first = _reduced(_, pair[0], words[0], wanted | set(words[1]))
    right, second = _reduced(_, pair[1], words[1], wanted | set(words[0]))
    result = "".join(c for c in dict.fromkeys(first + second) if c in wanted)
    if not first or not second:
        return kept(_, binary(_, "mul", left, right)), first + second
    product = product_of(_.label, f"{first},{second}->{result}", left.shape, right.shape)
    a = kept(_, reshape(_, kept(_, transpose(_, left, product.left_order)), product.left_shape))
    b = kept(_, reshape(_, kept(_, transpose(_, right, product.right_order)), product.right_shape))
    constant = b.array is not None and b.rank == 2 and a.rank >= 2 and a.array is None
    made = kept(_, dense(_, a, b, transposed=False) if constant else matrix_product(_, a, b))
    whole = kept(_, reshape(_, made, product.shape))
    return kept(_, transpose(_, whole, product.order)), result
