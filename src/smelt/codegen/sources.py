"""Which files of smelt's own C go into a project: kernels, and the headers they include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from smelt.codegen.program import Program
from smelt.errors import CompileError
from smelt.operators import Kernel, find_operator
from smelt.operators.families import own_operators
from smelt.operators.interpreted import Interpreted

RUNTIME = Path(__file__).parent.parent / "runtime"
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def runtime_files(program: Program) -> dict[str, str]:
    """File name → text of every kernel and header that the program uses, in alphabetical order."""
    found: dict[str, Path] = {}
    for layer in program.layers:
        if layer.kernel is not None:
            _add_kernel(layer.kernel, find_operator(layer.node.operator).folder, found)
    for header in ("smelt_status.h", "smelt_placement.h"):
        _add(header, RUNTIME / "include", found)
    return _texts(found)


def kernel_files(kernel: Kernel, folder: Path) -> dict[str, str]:
    """File name → text of a kernel of the operator of that folder, and of the headers that it includes."""
    found: dict[str, Path] = {}
    _add_kernel(kernel, folder, found)
    return _texts(found)


def interpreter_files(operators: Iterable[Interpreted]) -> dict[str, str]:
    """File name → text of the interpreter with these operators: its own C, theirs, and their kernels."""
    found: dict[str, Path] = {}
    for path in sorted((*(RUNTIME / "src").glob("*.c"), *(RUNTIME / "optional").glob("*.c"))):
        _add(path.name, path.parent, found)
    for operator in operators:
        for source in operator.sources:
            _add(source, operator.folder, found)
    _add("smelt_interpreter_operators.h", RUNTIME / "include", found)
    return _texts(found)


def _texts(found: Mapping[str, Path]) -> dict[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items())}


def _add_kernel(kernel: Kernel, folder: Path, found: dict[str, Path]) -> None:
    for source in (*kernel.sources, kernel.header):
        _add(source, folder, found)


def _add(name: str, folder: Path, found: dict[str, Path]) -> None:
    """A file and what it includes; CompileError where another one of that name is there: they lie in one folder."""
    path = _find(name, folder)
    if name not in found:
        found[name] = path
        for included in _INCLUDE.findall(path.read_text(encoding="utf-8")):
            _add(included, path.parent, found)
    elif found[name] != path:
        raise CompileError(
            f"two C files that this program needs have the same name, {found[name]} and {path}; rename one of them"
        )


def _find(name: str, folder: Path) -> Path:
    """A file of an operator's own folder, else of smelt's."""
    own = tuple(RUNTIME / name for name in ("primitives", "include", "src", "optional"))
    families = {operator.folder for operator in own_operators().values()}
    for place in (folder, *own, *sorted(families)):
        if (place / name).is_file():
            return place / name
    raise CompileError(
        f"the C file {name}, which files of {folder} need, is neither there nor one of smelt's"
    )
