"""Which files of smelt's own C go into a project: kernels, and the headers they include."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from smelt.codegen.program import Program
from smelt.errors import CompileError
from smelt.operators import Kernel, all_operators, find_operator
from smelt.operators.interpreted import Interpreted

RUNTIME = Path(__file__).parent.parent / "runtime"
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def runtime_files(program: Program) -> dict[str, str]:
    """File name → text of every kernel and header that the program uses, in alphabetical order."""
    found: dict[str, str] = {}
    for layer in program.layers:
        if layer.kernel is None:
            continue
        found |= kernel_files(layer.kernel, find_operator(layer.node.operator).folder)
    for header in ("smelt_status.h", "smelt_placement.h"):
        _add(header, RUNTIME / "include", found)
    return dict(sorted(found.items()))


def kernel_files(kernel: Kernel, folder: Path) -> dict[str, str]:
    """File name → text of a kernel of the operator of that folder, and of the headers that it includes."""
    found: dict[str, str] = {}
    for source in (*kernel.sources, kernel.header):
        _add(source, folder, found)
    return found


def interpreter_files(operators: Iterable[Interpreted]) -> dict[str, str]:
    """File name → text of the interpreter with these operators: its own C, theirs, and their kernels."""
    found: dict[str, str] = {}
    for path in sorted((*(RUNTIME / "src").glob("*.c"), *(RUNTIME / "optional").glob("*.c"))):
        _add(path.name, path.parent, found)
    for operator in operators:
        for source in operator.sources:
            _add(source, operator.folder, found)
    _add("smelt_interpreter_operators.h", RUNTIME / "include", found)
    return dict(sorted(found.items()))


def _add(name: str, folder: Path, found: dict[str, str]) -> None:
    if name in found:
        return
    path = _find(name, folder)
    text = path.read_text(encoding="utf-8")
    found[name] = text
    for included in _INCLUDE.findall(text):
        _add(included, path.parent, found)


def _find(name: str, folder: Path) -> Path:
    families = {operator.folder for operator in all_operators().values()}
    own = tuple(RUNTIME / name for name in ("primitives", "include", "src", "optional"))
    for place in (folder, *own, *sorted(families)):
        if (place / name).is_file():
            return place / name
    raise CompileError(f"smelt's C file {name} is missing from this installation")
