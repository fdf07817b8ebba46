"""What a function that reads one of TFLite's operators gets and gives, and the table of these functions.

Such a function's signature is the foreign schema: positional parameters are the operator's inputs (tensor names; None
where absent), keyword-only ones are fields of its options table (schema.py).  `_` gives what surrounds the operator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator
from smelt.ir import Array, Attribute, Quantization, Value


class Surroundings(Protocol):
    """What a function below may ask: tensors by name, constants, the described outputs."""

    label: str
    outputs: Sequence[Value]

    def value(self, name: str) -> Value:
        """The described tensor."""

    def constant(self, name: str | None) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""

    def is_constant(self, name: str) -> bool:
        """Whether the tensor is a constant."""

    def is_variable(self, name: str) -> bool:
        """Whether the tensor keeps its contents from one invoke to the next."""

    def new_constant(self, role: str, array: Array, quantization: Quantization | None = None) -> str:
        """A constant that the file has in another form; its name."""

    def step(self, translated: Translated, shape: Sequence[int]) -> str:
        """What an operator makes on the way, with type and parameters of its first input; the name."""


@dataclass(frozen=True)
class Translated:
    """The smelt operator that a foreign one becomes."""

    operator: str
    inputs: Sequence[str | None]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Folded:
    """A foreign operator whose result is known while reading."""

    array: Array


Result = Translated | Folded | Sequence[Translated]
"""What an operator becomes; of several outputs one operator each."""

Function = Callable[..., Result]


FUNCTIONS: dict[BuiltinOperator | str, Function] = {}
"""Custom operators have a name, and `options` with what their FlexBuffer holds."""


_ACTIVATIONS = {
    ActivationFunctionType.NONE: "none",
    ActivationFunctionType.RELU: "relu",
    ActivationFunctionType.RELU6: "relu6",
    ActivationFunctionType.RELU_N1_TO_1: "relu_n1_to_1",
}


def reads(*codes: BuiltinOperator) -> Callable[[Function], Function]:
    """Enter a function in FUNCTIONS."""

    def register(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(codes, function))
        return function

    return register


def translate(
    code: BuiltinOperator | str, surroundings: Surroundings, inputs: Sequence[str | None], options: Any
) -> Result:
    """Call the function of an operator with its inputs and options.

    `code` is in FUNCTIONS.  Raises FormatError when inputs or options are not what the operator has.
    """
    function = FUNCTIONS[code]
    names = inspect.signature(function).parameters.values()
    wanted = [p.name for p in names if p.kind is p.KEYWORD_ONLY]
    if wanted and options is None:
        raise FormatError(f"{surroundings.label}: the operator has no options table")
    try:
        arguments = {name: getattr(options, name) for name in wanted}
    except AttributeError as error:
        raise FormatError(f"{surroundings.label}: has the options of another operator") from error
    least = sum(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in names) - 1
    most = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in names) - 1
    if any(p.kind is p.VAR_POSITIONAL for p in names):
        most = len(inputs)
    if not least <= len(inputs) <= most or any(name is None for name in inputs[:least]):
        raise FormatError(f"{surroundings.label}: has {len(inputs)} inputs, needs {least} to {most}")
    return function(surroundings, *inputs, **arguments)


def integers(_: Surroundings, name: str) -> Array:
    """A constant of whole numbers: axes, sizes and the like."""
    array = _.constant(name)
    if array.dtype.kind not in "iu":
        raise FormatError(f"{_.label}: '{name}' must hold integers, it is {array.dtype}")
    return array


def activation(_: Surroundings, kind: ActivationFunctionType) -> str:
    """smelt's name of a fused activation."""
    if kind not in _ACTIVATIONS:
        raise UnsupportedError(
            f"{_.label}: the fused activation {getattr(kind, 'name', kind)} is not supported"
        )
    return _ACTIVATIONS[kind]
