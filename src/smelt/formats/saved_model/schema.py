"""Calling a function whose signature is a TensorFlow operator's schema.

Positional parameters behind the first are the operator's inputs, keyword-only ones its attributes; their defaults are
TensorFlow's, which files leave out. An annotation says which type an attribute must have.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import DataType, FunctionName

_ANNOTATIONS: Mapping[str, Callable[[Any], bool]] = {
    "float": lambda value: isinstance(value, float),
    "int": lambda value: type(value) is int,
    "bool": lambda value: isinstance(value, bool),
    "str": lambda value: type(value) is str,
    "DataType": lambda value: isinstance(value, DataType),
    "FunctionName": lambda value: isinstance(value, FunctionName),
    "Array": lambda value: isinstance(value, np.ndarray),
    "Sequence[int]": lambda value: isinstance(value, tuple) and all(type(n) is int for n in value),
}
_MEANINGLESS = frozenset({
    "use_cudnn_on_gpu", "container", "shared_name", "config", "config_proto", "executor_type", "parallel_iterations",
    "output_shapes", "N", "validate_shape", "validate_indices", "is_training_hint", "element_shape", "allowed_devices",
    "debug_name", "shape", "grad_x", "grad_y", "message", "num_args", "narrow_range_hint", "exponential_avg_factor",
})  # fmt: skip
"""Attributes that say where or how fast, or what follows from the inputs."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Table(dict[str, Callable[..., Any]]):
    """Functions by TensorFlow operator; `outputs` has the names of several outputs, as functions refer to them."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: dict[str, Sequence[str]] = {}

    def reads(self, *operators: str, outputs: Sequence[str] = ()) -> Callable[[Function], Function]:
        """A decorator: the function that reads these operators."""

        def register(function: Function) -> Function:
            for operator in operators:
                self[operator] = function
                if outputs:
                    self.outputs[operator] = outputs
            return function

        return register

    def settings(self, operator: str, label: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that an operator's function takes.

        Raises FormatError or UnsupportedError where they do not fit its signature.
        """
        known = _signature(self[operator]).attributes
        given: dict[str, Any] = {}
        for name, value in attributes.items():
            if name in known:
                if not _ANNOTATIONS[known[name].annotation.removesuffix(" | None")](value):
                    raise FormatError(f"{label}: the attribute '{name}' has the wrong type")
                given[name] = value
            elif name not in _MEANINGLESS and not _says_nothing(value):
                raise UnsupportedError(f"{label}: the attribute {name}={value!r} is not supported")
        for name, parameter in known.items():
            if parameter.default is parameter.empty and name not in given:
                raise FormatError(f"{label}: the attribute '{name}' is missing")
        return given

    def call(
        self, operator: str, surroundings: Any, inputs: Sequence[Any], settings: Mapping[str, Any]
    ) -> Any:
        """Call an operator's function with its inputs and `settings`; FormatError for too few or many inputs."""
        function = self[operator]
        signature = _signature(function)
        if len(inputs) < signature.least or (len(inputs) > signature.least and not signature.variadic):
            raise FormatError(f"{surroundings.label}: has {len(inputs)} inputs, needs {signature.least}")
        return function(surroundings, *inputs, **settings)


def _says_nothing(value: Any) -> bool:
    """Types follow from the inputs; what is false or empty asks for nothing."""
    if isinstance(value, tuple):
        return all(isinstance(item, DataType) for item in value)
    return isinstance(value, DataType) or value is None or value is False or value == ""


@dataclass(frozen=True)
class _Signature:
    """How many inputs a function takes, whether more, and its attributes."""

    least: int
    variadic: bool
    attributes: Mapping[str, inspect.Parameter]


@cache
def _signature(function: Callable[..., Any]) -> _Signature:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return _Signature(
        sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters),
        any(p.kind is p.VAR_POSITIONAL for p in parameters),
        {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY},
    )
