"""What a function that reads a foreign operator is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Layout, Shape, Tensor, natural
from smelt.ir import Array, Attribute, DType, Quantization

TRAINING = "{}: is in training mode; export the model for inference (model.eval())"
"""The message for operators that a model in training mode has."""


class Surroundings(Protocol):
    """What such a function may ask.

    `label` names the foreign operator in messages; `outputs` are its results' names, empty where unused.
    `shifted`: smelt values that hold the file's unsigned integers less half their range.
    """

    label: str
    outputs: tuple[str, ...]
    shifted: set[str]

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file."""

    def constant(self, name: str) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""

    def not_constant(self, name: str) -> UnsupportedError:
        """The error for a tensor that must be a constant and is computed."""

    def dtype(self, tensor: Tensor) -> DType:
        """A tensor's element type."""

    def place(self, tensor: Tensor, layout: Layout) -> str:
        """The smelt value that holds a tensor in that layout; converted if need be."""

    def store(self, stem: str, key: Hashable, make: Callable[[], Array]) -> str:
        """A constant of smelt, made once for a key; its name begins with the stem."""

    def rearranged(self, tensor: Tensor, key: Hashable, transform: Callable[[Array], Array]) -> str:
        """A constant tensor with its elements in other places, made once for a key; quantized ones stay so."""

    def emit(
        self,
        operator: str,
        inputs: Sequence[str | None],
        attributes: Mapping[str, Attribute],
        quantization: Quantization | None = None,
    ) -> str:
        """A node before the last one; its first output, which may have quantization parameters."""

    def emit_all(
        self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]
    ) -> tuple[str, ...]:
        """The same, all its outputs."""

    def quantization(self, name: str) -> Quantization | None:
        """The quantization parameters of a smelt value."""

    def has_quantization(self, name: str, quantization: Quantization) -> bool:
        """Whether a smelt value has these parameters; a graph input without any takes them."""

    def made(self, name: str, layout: Layout) -> Tensor:
        """The tensor that a smelt value holds in a layout; with its contents where they are known."""

    def shape(self, name: str) -> Shape:
        """The shape of a smelt value."""

    def known(self, array: Array) -> Tensor:
        """A tensor with these contents, on the way to the operator's result."""

    def allow(self, elements: int, item_bytes: int) -> None:
        """Raise FormatError when so much more data is too much for this file."""

    def wants_channels_last(self) -> bool:
        """Whether all that reads the operator's first result would have it in NHWC."""


@dataclass(frozen=True)
class Translated:
    """The smelt operator that a foreign one becomes; its outputs are the foreign one's, in order.

    `layout` is that of a result with this shape in smelt, `quantization` its parameters.  The foreign operator may
    use fewer outputs.
    """

    operator: str
    inputs: Sequence[str | None]
    attributes: Mapping[str, Attribute]
    layout: Callable[[Shape], Layout] = natural
    quantization: Quantization | None = None


@dataclass(frozen=True)
class Folded:
    """A foreign operator whose result is known while reading."""

    array: Array


Result = Translated | Folded | Tensor
"""A Tensor is one that is there already, under another name."""

Results = Result | tuple[Result | None, ...]
"""A tuple has one result for each of the foreign operator's outputs; None where it has none to give."""


def fixed(layout: Layout) -> Callable[[Shape], Layout]:
    """For `Translated.layout`: a layout that is known beforehand."""
    return lambda shape: layout


def held(tensor: Tensor, name: str, layout: Layout) -> Tensor:
    """A tensor that a smelt value holds in a layout, named after another."""
    return Tensor(tensor.name, layout.foreign, forms={layout: name})


def kept(_: Surroundings, result: Result) -> Tensor:
    """A result as a tensor, on the way to the operator's own: its node is emitted at once."""
    if isinstance(result, Tensor):
        return result
    if isinstance(result, Folded):
        return _.known(result.array)
    name = _.emit(result.operator, result.inputs, result.attributes, result.quantization)
    return _.made(name, result.layout(_.shape(name)))


def number(_: Surroundings, value: float, dtype: DType) -> Tensor:
    """A constant of one element."""
    return _.known(np.array(value, dtype.numpy))


def weights(_: Surroundings, tensor: Tensor) -> Array:
    """The contents of a constant float32 tensor; UnsupportedError when it is computed or of another type."""
    if tensor.array is None:
        raise _.not_constant(tensor.name)
    if tensor.array.dtype != np.float32:
        raise UnsupportedError(
            f"{_.label}: '{tensor.name}' is {tensor.array.dtype}; only float32 is supported"
        )
    return tensor.array


def scalar(_: Surroundings, name: str) -> float:
    """The number that a constant of one element holds."""
    array = _.constant(name)
    if array.size != 1:
        raise FormatError(f"{_.label}: '{name}' has {array.size} elements, needs 1")
    number: Any = array.reshape(())[()]
    return float(number)
