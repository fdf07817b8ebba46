"""Operators of users: custom operators of .tflite files, by name, with a meaning and C of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smelt.errors import UsageError
from smelt.ir import Attribute
from smelt.operators.operator import Operator

if TYPE_CHECKING:
    from smelt.operators.interpreted import Interpreted

ENTRY_POINTS = "smelt.operators"
"""The group of entry points whose modules are imported before the first operator is looked up."""

_PRIMITIVES = Path(__file__).parent.parent / "runtime" / "primitives"

ReadOptions = Callable[[bytes], Mapping[str, Attribute]]
WriteOptions = Callable[[Any], bytes]


@dataclass(frozen=True)
class Registered:
    """A user's operator and its custom name in files; what its option bytes say, and how they are written.

    `write_options` is None where they cannot be written.  Folders of `operator` and `interpreted` are the user's.
    """

    operator: Operator
    custom: str
    read_options: ReadOptions
    write_options: WriteOptions | None
    interpreted: tuple[Interpreted, ...]


_REGISTERED: dict[str, Registered] = {}


def registered_operators() -> dict[str, Operator]:
    """Users' operators, by smelt's name; UsageError where a package with operators cannot be imported."""
    load_packages()
    return {each.operator.name: each.operator for each in _REGISTERED.values()}


def registered_interpreted() -> tuple[Interpreted, ...]:
    """Users' operators for the interpreter; raises as `registered_operators`."""
    load_packages()
    return tuple(row for each in _REGISTERED.values() for row in each.interpreted)


def find_registered(custom: str) -> Registered | None:
    """The operator that files call by that custom name; raises as `registered_operators`."""
    load_packages()
    return next((each for each in _REGISTERED.values() if each.custom == custom), None)


def registered_as(name: str) -> Registered | None:
    """The user's operator of that name of smelt's; None for smelt's own."""
    return _REGISTERED.get(name)


@cache
def load_packages() -> None:
    """Import the modules that installed packages name in the group `smelt.operators`; they register operators."""
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:
            raise UsageError(
                f"{_package(point)} cannot add its operators to smelt: {point.value}: {error}; repair or uninstall it"
            ) from error


def _package(point: EntryPoint) -> str:
    return f"the package '{point.dist.name}'" if point.dist else f"the entry point '{point.name}'"


def add_registered(new: Registered, folder: Path) -> None:
    """Check and keep an operator whose C is in that folder; the same one again takes its place."""
    operator = new.operator
    where = f"operator '{operator.name}' cannot be registered"
    known = _REGISTERED.get(operator.name)
    if not operator.name.isidentifier() or operator.name != operator.name.lower():
        raise UsageError(f"{where}: a name is of lower-case letters, digits and underscores")
    if known and known.operator.folder != folder:
        raise UsageError(f"{where}: {known.operator.folder} has one of that name")
    if not new.custom:
        raise UsageError(f"{where}: custom is the name that .tflite files have for it, and is empty")
    for other in _REGISTERED.values():
        if other.custom == new.custom and other.operator.name != operator.name:
            raise UsageError(f"{where}: the custom name '{new.custom}' is that of '{other.operator.name}'")
    sources = [name for kernel in operator.kernels for name in (*kernel.sources, kernel.header)]
    for name in (*sources, *(name for row in new.interpreted for name in row.sources)):
        if not (folder / name).is_file() and not (_PRIMITIVES / name).is_file():
            raise UsageError(f"{where}: its C file {name} is not in {folder}")
    if any(row.name != operator.name for row in new.interpreted):
        raise UsageError(f"{where}: every Interpreted must have its name, '{operator.name}'")
    rows = tuple(replace(row, folder=folder, custom=new.custom) for row in new.interpreted)
    _REGISTERED[operator.name] = replace(new, operator=replace(operator, folder=folder), interpreted=rows)
