"""What the interpreter of runtime/ can run: an operator for one type of its first input, or for any, in C."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from smelt.ir import DType


@dataclass(frozen=True)
class Interpreted:
    """An operator of the interpreter.

    `name` is TensorFlow Lite's in snake case, `dtype` the type of its first input, None for any; `sources`
    are C files of the operator's folder and of runtime/primitives, `folder` is where the operator is.
    """

    name: str
    dtype: DType | None
    sources: tuple[str, ...]
    folder: Path = Path()

    @property
    def registration(self) -> str:
        """The C variable to put into the list of operators."""
        return f"smelt_operator_{self.name}" + (f"_{self.dtype.value}" if self.dtype else "")


@lru_cache(maxsize=1)
def all_interpreted() -> tuple[Interpreted, ...]:
    """Every operator of the interpreter, by registration: `INTERPRETED` of the folders' modules `interpreted`."""
    here = Path(__file__).parent
    found: list[Interpreted] = []
    for module in pkgutil.iter_modules([str(here)]):
        folder = here / module.name
        if (folder / "interpreted.py").is_file():
            rows = importlib.import_module(f"smelt.operators.{module.name}.interpreted").INTERPRETED
            found += [replace(row, folder=folder) for row in rows]
    return tuple(sorted(found, key=lambda row: row.registration))


def find_interpreted(name: str, dtype: DType) -> Interpreted | None:
    """The interpreter's operator for a first input of that type, or None."""
    known = {(row.name, row.dtype): row for row in all_interpreted()}
    return known.get((name, dtype)) or known.get((name, None))
