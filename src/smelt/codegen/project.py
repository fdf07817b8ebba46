"""A self-contained C99 folder for one model: header, source, kernels, example, build file, README."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from smelt.codegen.c_text import C_TYPES, float_literal, initializer, uses_math
from smelt.codegen.calls import CallWriter, input_arguments
from smelt.codegen.options import BALANCED, Options
from smelt.codegen.program import Program, build_program
from smelt.codegen.sources import runtime_files
from smelt.codegen.tables import CTable, collect
from smelt.errors import UsageError
from smelt.formats.c_array.names import comment_text, identifier
from smelt.ir import Array, DType, Graph
from smelt.operators import packed_weights
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.targets import Target

MANIFEST = "smelt/manifest.sha256"
"""The file that lists the others with their digests: it tells a generated folder and what was changed in it."""


@dataclass(frozen=True)
class Project:
    """Generated files (path in the folder → text) and what they were made from.

    `tables` names the constant arrays of `<name>.c`; `table_bytes` is what they and the parameter
    structs' tables take in flash.
    """

    name: str
    program: Program
    files: Mapping[str, str]
    tables: tuple[CTable, ...]

    @property
    def sources(self) -> list[str]:
        """The C files to compile for the library, without the example."""
        return [path for path in self.files if path.endswith(".c") and path != "main.c"]


@dataclass(frozen=True)
class _Tensor:
    """An input or output as the templates see it; one that is no `argument` of `invoke` has an `offset`."""

    macro: str
    accessor: str
    name: str
    dtype: str
    c_type: str
    shape: tuple[int, ...]
    elements: int
    bytes: int
    offset: int | None
    argument: str
    alignment: int
    quantized: bool
    scale: str
    zero_point: int
    low: int
    high: int


def generate(
    graph: Graph,
    target: Target,
    name: str | None = None,
    *,
    keep_all: bool = False,
    options: Options = BALANCED,
    golden: Mapping[str, Array] | None = None,
    version: str = "",
) -> Project:
    """The C99 project of a model for a target; the same input gives the same bytes.

    `name` is the prefix of files and functions (default: from the graph's name).  `golden` is the
    input of the self check in main.c (default: reproducible random data); the expected output comes
    from the operators' numpy meaning.  `keep_all` keeps every intermediate tensor readable.
    `options` weighs cycles, RAM and code.
    """
    stem = identifier(name if name is not None else graph.name)
    if name is not None and stem != name:
        raise UsageError(f"'{name}' is not a usable C name; try '{stem}'")
    program = build_program(graph, target, keep_all=keep_all, options=options)
    store, structs = collect(program)
    inputs = [_tensor(stem, program, n, "input", i) for i, n in enumerate(program.graph.inputs)]
    outputs = [_tensor(stem, program, n, "output", i) for i, n in enumerate(program.graph.outputs)]
    kernel_files = runtime_files(program)
    constant_outputs = [
        (store.add(f"output_{i}", graph.constants[n]), program.offsets[n], graph.values[n].bytes)
        for i, n in enumerate(program.graph.outputs)
        if n in graph.constants
    ]
    calls = CallWriter(stem, program, store)
    context = {
        "name": stem,
        "NAME": stem.upper(),
        "version": version,
        "title": comment_text(graph.name),
        "target": target,
        "program": program,
        "flag": options.compiler_flag,
        "inputs": inputs,
        "outputs": outputs,
        "arguments": ", ".join(["arena", *(t.argument for t in inputs if t.argument)]),
        "parameters": ", ".join(
            ["void *arena", *(f"const {t.c_type} *{t.argument}" for t in inputs if t.argument)]
        ),
        "copied_inputs": [
            (t.argument, program.offsets[name], t.bytes)
            for t, name in zip(inputs, program.graph.inputs, strict=True)
            if t.argument and name in program.offsets
        ],
        "structs": structs,
        "steps": [calls.part(part) for part in program.parts],
        "groups": [calls.group(group) for group in program.groups],
        "constant_outputs": constant_outputs,
        "headers": _headers(program),
        "kernel_sources": [f for f in kernel_files if f.endswith(".c")],
        "arena_bytes": max(program.plan.arena_bytes, 1),
        "arena_alignment": _arena_alignment(program),
        "macs": sum(layer.macs for layer in program.layers),
        "weight_bytes": sum(table.bytes for table in store.tables),
        "needs_mem": any(layer.is_copy for layer in program.layers)
        or bool(constant_outputs or program.stale_input)
        or any(name in program.offsets for name in input_arguments(program)),
        "integer_only": all(not v.dtype.is_float for v in program.graph.values.values()),
        "golden": (vectors := _golden(program, inputs, outputs, golden)),
    }
    # byte tables come last: between others they would be followed by padding
    context["tables"] = sorted(store.tables, key=lambda table: -table.alignment)
    texts = [table.text for table in store.tables] + [text for struct in structs for _, text in struct.fields]
    context["golden_needs_math"] = any(uses_math(text) for *_, text in vectors)
    context["needs_math"] = any(map(uses_math, texts))
    files = {f"smelt/{file}": text for file, text in kernel_files.items()}
    for template in ("model.h", "model.c", "main.c", "golden.h", "CMakeLists.txt", "README.md"):
        path = template.replace("model", stem).replace("golden", f"{stem}_golden")
        files[path] = templates().get_template(template + ".j2").render(context)
    files[MANIFEST] = manifest(files)
    return Project(stem, program, dict(sorted(files.items())), tuple(store.tables))


def _headers(program: Program) -> list[str]:
    """The headers of what the layers call."""
    found = {layer.kernel.header for layer in program.layers if layer.kernel}
    if any(layer.lowering and layer.lowering.unpacking for layer in program.layers):
        found.add(packed_weights.HEADER)
    return sorted(found)


def manifest(files: Mapping[str, str]) -> str:
    """The digests of all files, in the form that `sha256sum -c` reads."""
    lines = (f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in sorted(files.items()))
    return "".join(lines)


@cache
def templates() -> jinja2.Environment:
    """The texts of files that are generated."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _arena_alignment(program: Program) -> int:
    largest = max((v.dtype.numpy.itemsize for v in program.graph.values.values()), default=1)
    return max(4, program.target.alignment_bytes, largest)


def _tensor(stem: str, program: Program, name: str, role: str, index: int) -> _Tensor:
    value = program.graph.values[name]
    count = len(program.graph.inputs if role == "input" else program.graph.outputs)
    suffix = "" if count == 1 else f"_{index}"
    quantization = value.quantization
    per_tensor = quantization is not None and quantization.axis is None
    argument = input_arguments(program).get(name, "") if role == "input" else ""
    low, high = value.dtype.integer_range if value.dtype.is_integer else (0, 0)
    return _Tensor(
        macro=f"{stem.upper()}_{role.upper()}{suffix}",
        accessor=f"{stem}_{role}{suffix}",
        name=comment_text(name),
        dtype=value.dtype.value,
        c_type=C_TYPES[value.dtype],
        shape=value.shape,
        elements=value.elements,
        bytes=value.bytes,
        offset=None if argument else program.offsets[name],
        argument=argument,
        alignment=max(4, program.target.alignment_bytes, value.dtype.numpy.itemsize),
        quantized=per_tensor and value.dtype is not DType.S64,
        scale=float_literal(quantization.scale) if quantization and per_tensor else "",
        zero_point=quantization.zero_point if quantization and per_tensor else 0,
        low=low,
        high=high,
    )


def _golden(
    program: Program,
    inputs: list[_Tensor],
    outputs: list[_Tensor],
    golden: Mapping[str, Array] | None,
) -> list[tuple[str, str, int, str]]:
    """(array name, C type, elements, initializer) of each golden input, then of each expected output."""
    graph = program.graph
    data = dict(golden) if golden else sample_inputs(graph)
    results = evaluate_graph(graph, data)
    arrays = [*(data[n] for n in graph.inputs), *(results[n] for n in graph.outputs)]
    described = [*inputs, *outputs]
    return [
        (tensor.macro.lower() + "_golden", tensor.c_type, max(tensor.elements, 1), initializer(array))
        for tensor, array in zip(described, arrays, strict=True)
    ]
