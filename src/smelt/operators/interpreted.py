"""What the interpreter of runtime/ can run: an operator for one type of its first input, or for all, in C."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from smelt.ir import DType
from smelt.operators.registered import registered_interpreted


@dataclass(frozen=True)
class Interpreted:
    """An operator of the interpreter.

    `name` is TensorFlow Lite's in snake case, `dtype` the type of its first input, or None for every type;
    `sources` are C files of the operator's folder and of runtime/primitives, `folder` is where the operator
    is.  `custom` is the name that files have for a custom operator.
    """

    name: str
    dtype: DType | None
    sources: tuple[str, ...]
    folder: Path = Path()
    custom: str = ""

    @property
    def registration(self) -> str:
        """The C variable whose address is put into the list of operators."""
        return f"{self._variable}.registration" if self.custom else self._variable

    @property
    def declaration(self) -> str:
        """The line of C that declares a custom operator; nothing of others, which a header of smelt declares."""
        return f"extern const struct smelt_custom_operator {self._variable};\n" if self.custom else ""

    @property
    def _variable(self) -> str:
        return f"smelt_operator_{self.name}" + (f"_{self.dtype.value}" if self.dtype else "")


def all_interpreted() -> tuple[Interpreted, ...]:
    """Every operator of the interpreter, by registration: smelt's own, and those that are registered."""
    rows = (*own_interpreted(), *registered_interpreted())
    return tuple(sorted(rows, key=lambda row: row.registration))


@lru_cache(maxsize=1)
def own_interpreted() -> tuple[Interpreted, ...]:
    """smelt's own: `INTERPRETED` of the folders' modules `interpreted`."""
    here = Path(__file__).parent
    found: list[Interpreted] = []
    for module in pkgutil.iter_modules([str(here)]):
        folder = here / module.name
        if (folder / "interpreted.py").is_file():
            rows = importlib.import_module(f"smelt.operators.{module.name}.interpreted").INTERPRETED
            found += [replace(row, folder=folder) for row in rows]
    return tuple(found)


def find_interpreted(name: str, dtype: DType | None) -> Interpreted | None:
    """The interpreter's operator for TensorFlow Lite's name in snake case, or a custom operator's own, and a type of
    its first input; None for a type that smelt has not, and where there is no such operator."""
    rows = [row for row in all_interpreted() if (row.custom or row.name) == name]
    return next((row for row in rows if row.dtype in (dtype, None)), None)
