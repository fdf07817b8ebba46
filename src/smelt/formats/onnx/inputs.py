"""The inputs that an .onnx file declares, with what a user says of them: their types, shapes and contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import UnknownInputError, UnsupportedError, UsageError
from smelt.formats.channels_first.shapes import checked_shape
from smelt.formats.onnx.model import DTYPES
from smelt.ir import Array, DType

_Declared = list[int | str] | None
"""The sizes of a file's input, symbolic ones as text; None where the file says nothing of its shape."""


def declared_dtype(value: Any) -> DType:
    """The element type of a graph input; UnsupportedError for what is no tensor, or of a type that smelt has not."""
    where, kind = f"input '{value.name}'", value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        raise UnsupportedError(f"{where}: only tensors are supported as inputs")
    if kind.elem_type not in DTYPES:
        raise UnsupportedError(f"{where}: ONNX's data type {kind.elem_type} is not supported")
    return DType.of(np.empty(0, DTYPES[kind.elem_type]))


class Inputs:
    """`shapes` and `constants` by input name; a symbolic size is the same wherever its name occurs."""

    def __init__(self, graph: Any, shapes: Mapping[str, Sequence[int]], constants: Mapping[str, Any]) -> None:
        self.declared = tuple(graph.input)
        self.shapes, self.constants = shapes, constants
        self.symbols: dict[str, int] = {}
        for value in self.declared:
            given = shapes.get(value.name)
            if given is None and value.name in constants:
                given = np.shape(constants[value.name])
            if given is not None:
                self._bind(value, given)
        for value in self.declared:
            first = (_sizes(value) or [0])[0]
            if isinstance(first, str) and first and value.name not in shapes:
                self.symbols.setdefault(first, 1)

    def _bind(self, value: Any, given: Sequence[int]) -> None:
        """Learn the sizes of symbols from a shape that a user gives."""
        declared = _sizes(value)
        if declared is None:
            return
        empty = 0 in given and value.name not in self.constants
        if empty or not _fits(declared, given):
            shown = [size or "?" for size in declared]
            raise UsageError(
                f"input '{value.name}': the shape {list(given)} does not fit the model's {shown}"
            )
        for size, number in zip(declared, given, strict=True):
            if isinstance(size, str) and size and self.symbols.setdefault(size, int(number)) != number:
                raise UsageError(
                    f"input '{value.name}': '{size}' is {number} in the shape {list(given)}, but "
                    f"{self.symbols[size]} in another input's"
                )

    def shape(self, value: Any) -> tuple[int, ...]:
        """The static shape of a graph input, as in the file; a symbolic first dimension is 1.

        Raises UnsupportedError for a shape that remains unknown.
        """
        where, declared = f"input '{value.name}'", _sizes(value)
        if value.name in self.shapes:
            return checked_shape(self.shapes[value.name], where)
        if declared is None:
            raise UnsupportedError(f"{where} has no shape; give it: {_advice(value.name, '1,...')}")
        sizes = [self.symbols.get(d, d or "?") if isinstance(d, str) else d for d in declared]
        if sizes and sizes[0] == "?":
            sizes[0] = 1
        if unknown := [d for d in sizes if isinstance(d, str)]:
            example = ",".join(map(str, sizes))
            raise UnsupportedError(
                f"{where} has no fixed size for {', '.join(map(repr, unknown))}; give numbers, in the file's "
                f"order of dimensions: {_advice(value.name, example)}"
            )
        return checked_shape([int(d) for d in sizes], where)

    def constant(self, value: Any) -> Array | None:
        """The contents that a user gives for a graph input, in its type; UsageError where they do not fit."""
        if value.name not in self.constants:
            return None
        wanted = declared_dtype(value).numpy
        array = np.asarray(self.constants[value.name])
        if array.dtype.kind not in "biuf" or not (
            np.can_cast(array.dtype, wanted, "same_kind") or np.array_equal(array.astype(wanted), array)
        ):
            raise UsageError(f"input '{value.name}': a constant of {array.dtype} does not become {wanted}")
        return array.astype(wanted)

    def check_names(self, inputs: Sequence[str]) -> None:
        """Raise UsageError for a shape or constant of an input that the model has not."""
        names = {value.name for value in self.declared}
        if unknown := self.shapes.keys() - set(inputs) - self.constants.keys():
            raise UnknownInputError(min(unknown), inputs)
        if unknown := self.constants.keys() - names:
            raise UsageError(f"a constant is given for '{min(unknown)}'; inputs are: {', '.join(inputs)}")


def _sizes(value: Any) -> _Declared:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return [int(d.dim_value) if d.HasField("dim_value") else str(d.dim_param) for d in kind.shape.dim]


def _fits(declared: Sequence[int | str], given: Sequence[int]) -> bool:
    return len(declared) == len(given) and all(
        g >= 0 and (isinstance(d, str) or d == g) for d, g in zip(declared, given, strict=True)
    )


def _advice(name: str, example: str) -> str:
    return f"--shape {name}={example}"
