"""Tables of functions whose signatures are ONNX operators' schemas, and calling them.

Positional parameters behind the first are the operator's inputs, keyword-only ones its attributes with
ONNX's defaults; an annotation says which type an attribute must have.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.wishes import Wish

FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS = 1, 2, 3, 4, 6, 7, 8
"""AttributeProto.AttributeType, as far as it is used."""

_ANNOTATIONS = {
    "float": FLOAT,
    "int": INT,
    "str": STRING,
    "Array": TENSOR,
    "Sequence[float]": FLOATS,
    "Sequence[int]": INTS,
    "Sequence[str]": STRINGS,
}

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Row:
    """A function that reads an operator of opsets `since` … `until`, and the layout it would have its inputs in."""

    operator: str
    function: Callable[..., Any]
    since: int
    until: int
    wish: Wish

    def call(
        self, surroundings: Any, inputs: Sequence[Any], attributes: Mapping[str, tuple[int, Any]]
    ) -> Any:
        """Call the function; `attributes` are (type, value) by name, absent inputs are None.

        Raises FormatError or UnsupportedError where inputs or attributes do not fit its signature.
        """
        parameters = _parameters(self.function)
        _check_inputs(surroundings.label, parameters, inputs)
        known = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
        for name, (kind, _) in attributes.items():
            if name not in known:
                raise UnsupportedError(f"{surroundings.label}: the attribute '{name}' is not supported")
            if kind != _ANNOTATIONS[known[name].annotation.removesuffix(" | None")]:
                raise FormatError(f"{surroundings.label}: the attribute '{name}' has the wrong type")
        for name, parameter in known.items():
            if parameter.default is parameter.empty and name not in attributes:
                raise FormatError(f"{surroundings.label}: the attribute '{name}' is missing")
        return self.function(
            surroundings, *inputs, **{name: value for name, (_, value) in attributes.items()}
        )


NEWEST = 1 << 16
"""For rows that hold up to the newest opset."""


class Table:
    """Rows by ONNX operator; those of other domains are named with theirs, as com.microsoft.QLinearAdd."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.operator, []).append(row)

    def reads(
        self, operator: str, *, since: int = 1, until: int = NEWEST, wish: Wish = Wish.FILE
    ) -> Callable[[Function], Function]:
        """A decorator: the function that reads this operator of opsets `since` … `until`."""

        def register(function: Function) -> Function:
            self._rows.setdefault(operator, []).append(Row(operator, function, since, until, wish))
            return function

        return register

    def find(self, operator: str, opset: int) -> Row | None:
        """The row for an operator of an opset, or None."""
        for row in self._rows.get(operator, ()):
            if row.since <= opset <= row.until:
                return row
        return None

    def __iter__(self) -> Iterator[Row]:
        return (row for rows in self._rows.values() for row in rows)

    def operators(self) -> set[str]:
        """The operators that it has rows for."""
        return set(self._rows)


@cache
def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(function).parameters.values())


def _check_inputs(label: str, parameters: Sequence[inspect.Parameter], inputs: Sequence[Any]) -> None:
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    least = sum(p.default is p.empty for p in positional)
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    most = len(inputs) if variadic else len(positional)
    required = inputs if variadic else inputs[:least]
    if not max(least, int(variadic)) <= len(inputs) <= most or any(given is None for given in required):
        raise FormatError(f"{label}: has {len(inputs)} inputs, needs {least} to {most}")
