"""The errors that smelt raises for what a user can cause; everything else is a bug.

    SmeltError
    ├── FormatError          a file is not what it claims to be, or is damaged
    ├── UnsupportedError     a valid model uses something that smelt does not do
    ├── GraphError           a graph breaks a rule of the IR (the verifier names node and tensor)
    ├── QuantizationError    calibration data or parameters that cannot be used
    ├── CompileError         no firmware can be made: toolchain, target or memory
    ├── EngineError          a model could not be run
    ├── TrainingError        training cannot go on
    ├── MissingExtraError    an optional package is needed; the message names the extra
    └── UsageError           an argument or option that makes no sense
        └── UnknownInputError    a shape for an input that a model has not

The command line prints the message as one paragraph and exits with 2.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType


class SmeltError(Exception):
    """The common parent of all errors that a user can cause."""


class FormatError(SmeltError):
    """A file is damaged, truncated, or not of the format that it claims."""


class UnsupportedError(SmeltError):
    """A valid model uses an operator, type or attribute that smelt does not support."""


class GraphError(SmeltError):
    """A graph breaks a rule of the IR."""


class QuantizationError(SmeltError):
    """Calibration data or quantization parameters cannot be used."""


class CompileError(SmeltError):
    """C code could not be generated or compiled for the target."""


class EngineError(SmeltError):
    """A model could not be run on an engine."""


class TrainingError(SmeltError):
    """Training cannot go on."""


class UsageError(SmeltError):
    """An argument or option makes no sense."""


class UnknownInputError(UsageError):
    """A shape is given for an input that the model does not have, `name`."""

    def __init__(self, name: str, inputs: Iterable[str]) -> None:
        super().__init__(f"a shape is given for '{name}'; inputs are: {', '.join(inputs) or 'none'}")
        self.name = name


class MissingExtraError(SmeltError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the Python package '{package}', which is not installed. "
            f"Install it with: pip install 'smelt[{extra}]'"
        )
        self.package = package
        self.extra = extra


def require(module: str, extra: str, purpose: str, package: str | None = None) -> ModuleType:
    """Import an optional module, or raise MissingExtraError naming the extra that brings it.

    `module` is the import name, `package` the distribution's name where it differs.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(package or module, extra, purpose) from error
