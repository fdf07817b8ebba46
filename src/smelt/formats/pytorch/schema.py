"""Calling a function whose signature is an aten operator's schema: arguments by position or name, defaults aten's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from smelt.errors import FormatError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.pytorch.storage import SCRIPT_TYPES
from smelt.ir import DType

Ints = tuple[int, ...]
"""In a signature: integers, one of which may stand alone."""

Numbers = tuple[float, ...]
"""In a signature: numbers, one of which may stand alone."""

Number = float
"""In a signature: a number that stays the integer or truth value that it is."""

Operand = Tensor | float
"""In a signature: a tensor or a number."""

Tensors = tuple[Tensor, ...]
"""In a signature: a list of tensors."""

Unused = object
"""In a signature: what says nothing about values (device, memory format and their kin)."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Row:
    """What reads an operator: the function, its wish for the layout, whether its result shares its input's memory."""

    function: Callable[..., Any]
    wish: Wish
    is_view: bool


class Table(dict[str, Row]):
    """Functions by operator ("aten.conv2d"); overloads share a function, which looks at its arguments."""

    def reads(
        self, *operators: str, wish: Wish = Wish.FILE, is_view: bool = False
    ) -> Callable[[Function], Function]:
        """A decorator: the function that reads these operators."""

        def register(function: Function) -> Function:
            for operator in operators:
                self[operator] = Row(function, wish, is_view)
            return function

        return register

    def call(
        self, operator: str, surroundings: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        """Call an operator's function; FormatError where the arguments do not fit its signature."""
        function = self[operator].function
        label, parameters = surroundings.label, _parameters(function)
        if len(arguments) > len(parameters):
            raise FormatError(f"{label}: has {len(arguments)} arguments, knows {len(parameters)}")
        given = dict(zip(parameters, arguments, strict=False))
        for name, value in keywords.items():
            if name not in parameters or name in given:
                raise FormatError(f"{label}: has an argument '{name}' that smelt does not know")
            given[name] = value
        for name, parameter in parameters.items():
            if name in given:
                given[name] = _checked(label, name, parameter.annotation, given[name])
            elif parameter.default is parameter.empty:
                raise FormatError(f"{label}: its argument '{name}' is missing")
        return function(surroundings, **given)


@cache
def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(list(inspect.signature(function).parameters.items())[1:])


def _checked(label: str, name: str, annotation: str, value: Any) -> Any:
    """The argument as its annotation promises it."""
    if annotation == "Unused":
        return value
    kinds = annotation.split(" | ")
    if value is None and "None" in kinds:
        return None
    for kind in kinds:
        found = _CONVERSIONS[kind](value) if kind != "None" else None
        if found is not None:
            return found
    raise FormatError(f"{label}: its argument '{name}' is {_described(value)}, needs {annotation}")


def _described(value: Any) -> str:
    return f"the tensor '{value.name}'" if isinstance(value, Tensor) else repr(value)[:60]


def _tensor(value: Any) -> Tensor | None:
    return value if isinstance(value, Tensor) else None


def _number(value: Any) -> float | None:
    if isinstance(value, Tensor) and value.array is not None and value.array.size == 1:
        value = value.array.reshape(()).item()
    return value if isinstance(value, int | float) else None


def _float(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else float(number)


def _int(value: Any) -> int | None:
    number = _number(value)
    return int(number) if isinstance(number, int) and abs(number) < 1 << 63 else None


def _whole(value: Any) -> int | None:
    """An integer that is no truth value."""
    return None if isinstance(value, bool) else _int(value)


def _bool(value: Any) -> bool | None:
    number = _int(value)
    return None if number is None else bool(number)


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _several(value: Any, of: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    items = value if isinstance(value, list | tuple) else [value]
    found = tuple(of(item) for item in items)
    return None if any(item is None for item in found) else found


def as_type(value: Any) -> DType | None:
    """The element type of a ScalarType number as TorchScript counts them; None where there is none."""
    number = _int(value)
    return DType.of(np.empty(0, SCRIPT_TYPES[number])) if number in SCRIPT_TYPES else None


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "Tensor": _tensor,
    "float": _float,
    "int": _int,
    "Number": _number,
    "bool": _bool,
    "str": _str,
    "Operand": lambda v: v if isinstance(v, Tensor) else _number(v),
    "Ints": lambda v: _several(v, _whole),
    "Numbers": lambda v: _several(v, _float),
    "Tensors": lambda v: _several(v, _tensor),
    "DType": as_type,
}
