"""Decompositions written as arithmetic: terms of smelt operators, put into the graph when they are complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smelt.formats.channels_first.layout import Layout, Tensor, natural
from smelt.formats.channels_first.translation import Surroundings, Translated, fixed
from smelt.ir import Array, Attribute, DType

Number = bool | int | float


@dataclass(frozen=True, eq=False)
class Term:
    """A smelt operator applied to terms, smelt values (by name), arrays and numbers.

    Numbers become constants of the type of the operands beside them.  A term that is used twice is computed once.
    """

    operator: str
    inputs: tuple[Term | str | Array | Number, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def __add__(self, other: Term | Array | Number) -> Term:
        return Term("add", (self, other))

    def __radd__(self, other: Array | Number) -> Term:
        return Term("add", (other, self))

    def __sub__(self, other: Term | Array | Number) -> Term:
        return Term("sub", (self, other))

    def __rsub__(self, other: Array | Number) -> Term:
        return Term("sub", (other, self))

    def __mul__(self, other: Term | Array | Number) -> Term:
        return Term("mul", (self, other))

    def __rmul__(self, other: Array | Number) -> Term:
        return Term("mul", (other, self))

    def __truediv__(self, other: Term | Array | Number) -> Term:
        return Term("div", (self, other))

    def __rtruediv__(self, other: Array | Number) -> Term:
        return Term("div", (other, self))

    def __neg__(self) -> Term:
        return Term("neg", (self,))

    # numpy would otherwise take an array's operators for its own
    __array_ufunc__ = None


def term(operator: str, *inputs: Term | str | Array | Number, **attributes: Attribute) -> Term:
    """An operator applied to operands."""
    return Term(operator, inputs, attributes)


def value(name: str) -> Term:
    """A smelt value, as what arithmetic starts from."""
    return Term("", (name,))


def of(_: Surroundings, tensor: Tensor, layout: Layout | None = None) -> Term:
    """A tensor of the file in a layout (default: the file's own)."""
    return value(_.place(tensor, layout or natural(tensor.shape)))


def result(_: Surroundings, root: Term, layout: Layout | None = None) -> Translated:
    """The foreign operator's result; `layout` is where it is not the file's own."""
    if not root.operator:
        name = _name(_, root, {})
        return Translated("reshape", (name,), {"shape": _.shape(name)}, fixed(layout) if layout else natural)
    inputs = _inputs(_, root, {})
    return Translated(root.operator, inputs, root.attributes, fixed(layout) if layout else natural)


def computed(_: Surroundings, root: Term) -> str:
    """The smelt value of a term, put into the graph."""
    return _name(_, root, {})


def dtype_of(_: Surroundings, name: str) -> DType:
    """The type of a smelt value."""
    shape = _.shape(name)
    return _.dtype(Tensor(name, shape, forms={natural(shape): name}))


def literal(_: Surroundings, array: Array) -> str:
    """A constant, stored once however often it is used."""
    key = ("literal", array.dtype.str, array.shape, array.tobytes())
    return _.store("constant", key, lambda: array)


def _name(_: Surroundings, node: Term, known: dict[int, str]) -> str:
    if not node.operator:
        (name,) = node.inputs
        assert isinstance(name, str)
        return name
    if id(node) not in known:
        known[id(node)] = _.emit(node.operator, _inputs(_, node, known), node.attributes)
    return known[id(node)]


def _inputs(_: Surroundings, node: Term, known: dict[int, str]) -> Sequence[str]:
    names: list[str | None] = []
    for operand in node.inputs:
        if isinstance(operand, Term):
            names.append(_name(_, operand, known))
        elif isinstance(operand, str):
            names.append(operand)
        else:
            names.append(literal(_, operand) if isinstance(operand, np.ndarray) else None)
    beside = next((name for name in names if name is not None), None)
    dtype = DType.F32 if beside is None else dtype_of(_, beside)
    numbers = (
        literal(_, np.asarray(operand, dtype.numpy)) if name is None else name
        for name, operand in zip(names, node.inputs, strict=True)
    )
    return tuple(numbers)
