"""Calling a function whose signature is an ONNX operator's schema.

Positional parameters behind the first are the operator's inputs, keyword-only ones its attributes with
ONNX's defaults; an annotation says which type an attribute must have.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from smelt.errors import FormatError, UnsupportedError

FLOAT, INT, STRING, TENSOR, FLOATS, INTS = 1, 2, 3, 4, 6, 7
"""AttributeProto.AttributeType, as far as it is used."""

_ANNOTATIONS = {
    "float": FLOAT,
    "int": INT,
    "str": STRING,
    "Array": TENSOR,
    "Sequence[float]": FLOATS,
    "Sequence[int]": INTS,
}

Function = TypeVar("Function", bound=Callable[..., Any])


class Table(dict[str, Callable[..., Any]]):
    """Functions by ONNX operator."""

    def reads(self, operator: str) -> Callable[[Function], Function]:
        """A decorator: the function that reads this operator."""

        def register(function: Function) -> Function:
            self[operator] = function
            return function

        return register

    def call(
        self,
        operator: str,
        surroundings: Any,
        inputs: Sequence[Any],
        attributes: Mapping[str, tuple[int, Any]],
    ) -> Any:
        """Call an operator's function; `attributes` are (type, value) by name, absent inputs are None.

        Raises FormatError or UnsupportedError where inputs or attributes do not fit its signature.
        """
        function = self[operator]
        parameters = _parameters(function)
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
        return function(surroundings, *inputs, **{name: value for name, (_, value) in attributes.items()})


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
