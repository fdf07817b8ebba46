"""The interpreter for a user's firmware: its C files, and lists of the operators that models need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from smelt.codegen.amalgamation import amalgamated
from smelt.codegen.micro_names import declarations, micro_operators
from smelt.codegen.project import MANIFEST, manifest, templates
from smelt.codegen.sources import RUNTIME, interpreter_files
from smelt.errors import FormatError, SmeltError, UnsupportedError, UsageError
from smelt.formats import type_preserving
from smelt.formats.c_array.names import comment_text, identifier
from smelt.formats.tflite.flatbuffer import read_flatbuffer
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator, TensorType
from smelt.formats.tflite.types import TYPES
from smelt.operators.interpreted import Interpreted, all_interpreted, find_interpreted

_ALL = "smelt_all_operators"
_MICRO = "smelt_micro.h"


def needed_operators(model: bytes) -> tuple[Interpreted, ...]:
    """The interpreter's operators that a .tflite file needs, by registration.

    Raises UnsupportedError naming all that the interpreter has not, FormatError for a damaged file.
    """
    found: set[Interpreted] = set()
    missing: Counter[str] = Counter()
    tree = read_flatbuffer(model, TFLITE)
    for subgraph in tree.subgraphs[:1]:
        for operator in subgraph.operators:
            name, kind = _name(tree, operator), _first_type(subgraph, operator)
            row = find_interpreted(name, TYPES.get(kind))
            if row is None:
                missing[f"{_title(tree, operator)} of {kind.name.lower()}"] += 1
            else:
                found.add(row)
    if missing:
        names = ", ".join(f"{name} ({count} times)" if count > 1 else name for name, count in missing.items())
        raise UnsupportedError(
            f"smelt's interpreter has not: {names}; docs/interpreter.md lists what it has, and `smelt compile` "
            "makes C of the model without it"
        )
    return tuple(sorted(found, key=lambda row: row.registration))


def _code(tree: Any, operator: Any) -> tuple[int, str]:
    """An operator's number, and its name where it is a custom operator."""
    if operator.opcode_index >= len(tree.operator_codes):
        raise FormatError("an operator has no code")
    entry = tree.operator_codes[operator.opcode_index]
    code = max(int(entry.builtin_code), int(entry.deprecated_builtin_code))
    return code, str(entry.custom_code) if code == BuiltinOperator.CUSTOM else ""


def _name(tree: Any, operator: Any) -> str:
    code, custom = _code(tree, operator)
    return custom or (
        BuiltinOperator(code).name.lower() if code in set(BuiltinOperator) else f"operator {code}"
    )


def _title(tree: Any, operator: Any) -> str:
    custom = _code(tree, operator)[1]
    return f"the custom operator '{comment_text(custom)}'" if custom else _name(tree, operator).upper()


def _first_type(subgraph: Any, operator: Any) -> TensorType:
    """The type of input 0, which the interpreter chooses by; that of number 0 where there is none."""
    first = int(operator.inputs[0]) if len(operator.inputs) else -1
    if first >= len(subgraph.tensors):
        raise FormatError(f"an operator reads tensor {first}, which does not exist")
    return TensorType(subgraph.tensors[first].type) if first >= 0 else TensorType.FLOAT32


def tensor_names(model: bytes) -> tuple[str, ...]:
    """The name of each tensor of a .tflite file's first subgraph, its number where it has none."""
    tensors = read_flatbuffer(model, TFLITE).subgraphs[0].tensors
    return tuple(str(tensor.name or f"tensor {index}") for index, tensor in enumerate(tensors))


def operator_list(name: str, operators: Sequence[Interpreted], title: str) -> str:
    """A C header with a constant array for `smelt_setup`, and its length.

    The array has the name that `name` makes as an identifier; `title` says in a comment what it is for.
    """
    name = identifier(name)
    guard = f"{name.upper()}_H"
    rows = "".join(f"    &{row.registration},\n" for row in operators)
    return (
        f"/* {comment_text(title)} Include it in one source file. */\n"
        f"#ifndef {guard}\n#define {guard}\n\n"
        "#ifndef SMELT_INTERPRETER_OPERATORS_H /* smelt.h has it in it */\n"
        '#include "smelt_interpreter_operators.h"\n#endif\n\n'
        f"{declarations(operators)}"
        f"static const struct smelt_registration *const {name}[] = {{\n{rows}}};\n\n"
        f"enum {{ {name.upper()}_COUNT = sizeof {name} / sizeof {name}[0] }};\n\n#endif\n"
    )


def resolver(name: str, models: Mapping[str, bytes]) -> str:
    """A C header with the operators that .tflite files, by name, need together; raises as `needed_operators`."""
    needed: set[Interpreted] = set()
    for title, model in models.items():
        try:
            needed.update(needed_operators(model))
        except SmeltError as error:
            raise type_preserving(error, f"{title}: {error}") from error
    rows = sorted(needed, key=lambda row: row.registration)
    if not rows:
        raise UsageError(f"there is no operator in {', '.join(models)}")
    return operator_list(
        name, rows, f"The interpreter's operators for {', '.join(models)}, written by smelt."
    )


def amalgamated_project() -> dict[str, str]:
    """File name → text of the interpreter's C in one header and one source file, and a list of all operators."""
    files = amalgamated()
    files[f"{_ALL}.h"] = operator_list(
        _ALL, all_interpreted(), "All operators of the interpreter, for experiments, behind smelt.h."
    )
    files[MANIFEST] = manifest(files)
    return files


def runtime_project() -> dict[str, str]:
    """File name → text of the interpreter's C with all its operators, a list of them, and a build file.

    What a program's list of operators does not name is not linked.
    """
    rows = all_interpreted()
    files = interpreter_files(rows)
    sources = [name for name in files if name.endswith(".c")]
    files[f"{_ALL}.h"] = operator_list(_ALL, rows, "All operators of the interpreter, for experiments.")
    files[_MICRO] = (RUNTIME / "include" / _MICRO).read_text(encoding="utf-8")
    files["smelt_micro_operators.h"] = micro_operators(rows)
    files["CMakeLists.txt"] = templates().get_template("runtime.cmake.j2").render(sources=sources)
    files[MANIFEST] = manifest(files)
    return files
