"""Runs the C kernels of one-node graphs on this computer, under address and undefined-behaviour checks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from smelt.codegen.c_text import C_TYPES, float_literal, initializer, integer_literal
from smelt.ir import Array, DType, Graph
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.operator import Call, Input, Output, Parameters, Scratch, Table
from smelt.targets import find_target

RUNTIME = Path(find_operator("add").folder).parents[1] / "runtime"
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off")


class _Source:
    """The text of a C program: each step reads its inputs, calls a kernel, writes the output."""

    def __init__(self, in_place: bool, target: str) -> None:
        self.target = find_target(target)
        self.in_place = in_place
        self.tables: list[str] = []
        self.steps: list[str] = []

    def table(self, array: Array) -> str:
        name = f"table_{len(self.tables)}"
        c_type = C_TYPES[DType.of(array)]
        array = array.view(np.uint16) if array.dtype == np.float16 else array
        self.tables.append(f"static const {c_type} {name}[{max(array.size, 1)}] = {initializer(array)};")
        return name

    def field(self, value: int | float | Table | None) -> str:
        if isinstance(value, Table):
            return self.table(value.array)
        if value is None:
            return "0"
        return integer_literal(value) if isinstance(value, int) else float_literal(value)

    def parameters(self, parameters: Parameters) -> str:
        name = f"parameters_{len(self.tables)}"
        fields = ", ".join(f".{key} = {self.field(value)}" for key, value in parameters.fields.items())
        self.tables.append(f"static const {parameters.type} {name} = {{{fields}}};")
        return f"&{name}"

    def step(self, call: Call) -> None:
        kernel = choose_kernel(call, self.target)
        lowering = kernel.lower(call, self.target)
        lines = [_buffer("output", call.output.dtype, call.output.elements)]
        ends = [f"fwrite({'input_0' if self.in_place else 'output'}, {call.output.bytes}, 1, stdout);"]
        ends.append("free(output);")
        arguments = []
        for index, value in enumerate(call.inputs):
            if value is not None and call.constant(index) is None:
                lines.append(_buffer(f"input_{index}", value.dtype, value.elements))
                lines.append(f"if (fread(input_{index}, 1, {value.bytes}, stdin) != {value.bytes}) return 1;")
                ends.append(f"free(input_{index});")
        for argument in lowering.arguments:
            if isinstance(argument, Output):
                arguments.append("input_0" if self.in_place else "output")
            elif isinstance(argument, Input):
                constant = call.constant(argument.index)
                arguments.append(f"input_{argument.index}" if constant is None else self.table(constant))
            elif isinstance(argument, Parameters):
                arguments.append(self.parameters(argument))
            elif isinstance(argument, Scratch):
                scratch_bytes = kernel.scratch_bytes(call, self.target)
                lines.append(_buffer("scratch", DType.S8, scratch_bytes))
                ends.append("free(scratch);")
                arguments.append("scratch")
            elif isinstance(argument, Table):
                arguments.append(self.table(argument.array))
            else:
                arguments.append("NULL" if argument is None else integer_literal(argument))
        lines.append(f"{lowering.function}({', '.join(arguments)});")
        self.steps.append("{\n" + "\n".join([*lines, *ends]) + "\n}")

    def text(self, headers: set[str]) -> str:
        parts = [
            "#include <math.h>",
            "#include <stdio.h>",
            "#include <stdlib.h>",
            *(f'#include "{name}"' for name in sorted(headers)),
        ]
        return "\n".join([*parts, *self.tables, "int main(void) {", *self.steps, "return 0;", "}"])


def _buffer(name: str, dtype: DType, elements: int) -> str:
    c_type = C_TYPES[dtype]
    return f"{c_type} *{name} = ({c_type} *)malloc({elements} * sizeof({c_type}));"


def _source_file(family: Path, name: str) -> Path:
    own = family / name
    return own if own.is_file() else RUNTIME / "primitives" / name


def run_kernels(
    runs: Sequence[tuple[Graph, Mapping[str, Array]]],
    folder: Path,
    *,
    in_place: bool = False,
    target: str = "host",
) -> list[Array]:
    """The outputs of one-node graphs of one family as their C kernels compute them, one compilation for all.

    With `in_place` the output is written over input 0.  `target`: whose kernels, by their portable twins.
    Skips the test without gcc.
    """
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    source = _Source(in_place, target)
    sources: set[Path] = set()
    headers: set[str] = set()
    data = []
    for graph, inputs in runs:
        (node,) = graph.nodes
        call = call_of(graph, node)
        kernel = choose_kernel(call, source.target)
        family = find_operator(node.operator).folder
        sources.update(_source_file(family, name) for name in kernel.sources)
        headers.add(kernel.header)
        source.step(call)
        data += [np.ascontiguousarray(inputs[name]).tobytes() for name in graph.inputs]
    program = folder / "program"
    (folder / "main.c").write_text(source.text(headers))
    includes = [f"-I{path}" for path in (family, RUNTIME / "primitives", RUNTIME / "include")]
    files = [str(folder / "main.c"), *map(str, sorted(sources))]
    subprocess.run([gcc, *FLAGS, *SANITIZERS, *includes, *files, "-lm", "-o", str(program)], check=True)
    result = subprocess.run([str(program)], input=b"".join(data), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[-2000:]
    outputs, offset = [], 0
    for graph, _ in runs:
        value = graph.values[graph.outputs[0]]
        flat = np.frombuffer(result.stdout, value.dtype.numpy, value.elements, offset)
        outputs.append(flat.reshape(value.shape))
        offset += value.bytes
    return outputs
