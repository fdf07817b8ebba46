"""What a function that reads an ONNX operator is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from smelt.errors import FormatError
from smelt.formats.onnx.layout import Layout, Shape, Tensor, natural
from smelt.ir import Array, Attribute


class Surroundings(Protocol):
    """What such a function may ask."""

    label: str

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file."""

    def constant(self, name: str) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""

    def weights(self, name: str) -> Array:
        """The same, and sure to be float32."""

    def place(self, tensor: Tensor, layout: Layout) -> str:
        """The smelt value that holds a tensor in that layout; converted if need be."""

    def store(self, stem: str, key: Hashable, make: Callable[[], Array]) -> str:
        """A constant of smelt, made once for a key; its name begins with the stem."""

    def emit(self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]) -> str:
        """A node before the last one."""

    def allow(self, elements: int, item_bytes: int) -> None:
        """Raise FormatError when so much more data is too much for this file."""

    def wants_channels_last(self) -> bool:
        """Whether all that reads the operator's result would have it in NHWC."""


@dataclass(frozen=True)
class Translated:
    """The smelt operator that a foreign one becomes; `layout` is that of a result with this shape."""

    operator: str
    inputs: Sequence[str | None]
    attributes: Mapping[str, Attribute]
    layout: Callable[[Shape], Layout] = natural


@dataclass(frozen=True)
class Folded:
    """A foreign operator whose result is known while reading."""

    array: Array


Result = Translated | Folded | Tensor
"""A Tensor is one that is there already, under another name."""


def fixed(layout: Layout) -> Callable[[Shape], Layout]:
    """For `Translated.layout`: a layout that is known beforehand."""
    return lambda shape: layout


def scalar(_: Surroundings, name: str) -> float:
    """The number that a constant of one element holds."""
    array = _.constant(name)
    if array.size != 1:
        raise FormatError(f"{_.label}: '{name}' has {array.size} elements, needs 1")
    number: Any = array.reshape(())[()]
    return float(number)
