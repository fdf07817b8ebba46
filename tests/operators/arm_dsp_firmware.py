"""Calls of Arm DSP kernels, one a case, in one image for an emulated core or one program for this computer."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from smelt.codegen.c_text import C_TYPES, float_literal, initializer, integer_literal
from smelt.engines.machine import CallResult, Machine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.ir import Array, DType, Graph
from smelt.operators import Form, all_operators, call_of, choose_kernel, find_operator
from smelt.operators.operator import Call, Input, Kernel, Output, Parameters, Scratch, Table
from smelt.operators.rows import row_count
from smelt.targets import Target, find_target

RUNTIME = Path(find_operator("relu").folder).parents[1] / "runtime"
GUARD = 32  # bytes before and after a buffer that a kernel must not touch
DSP = find_target("cortex-m4")


def chosen(graph: Graph, target: Target = DSP, form: Form = "usual") -> tuple[Call, Kernel]:
    """The call and the kernel of a one-node graph."""
    (node,) = graph.nodes
    call = call_of(graph, node)
    return call, choose_kernel(call, target, form)


@dataclass
class Cases:
    """C text of parameter tables and one function a case: `case_<k>(output, input, scratch)`."""

    graphs: Sequence[Graph]
    target: Target = DSP
    form: Form = "usual"
    lines: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    sources: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)
    scratch_bytes: list[int] = field(default_factory=list)
    kernels: Sequence[Kernel] = ()  # one a graph; default: those that the compiler chooses

    def __post_init__(self) -> None:
        for index, graph in enumerate(self.graphs):
            call, kernel = self.chosen(graph)
            kernel = self.kernels[index] if self.kernels else kernel
            folder = find_operator(call.node.operator).folder
            # some operators have the kernels of another family
            places = (folder, RUNTIME / "primitives", *sorted({o.folder for o in all_operators().values()}))
            for name in (*kernel.sources, kernel.header):
                found = next(place / name for place in places if (place / name).is_file())
                self.folders.add(found.parent)
                if name != kernel.header:
                    self.sources.add(found)
            self.scratch_bytes.append(kernel.scratch_bytes(call, self.target))
            self._case(index, call, kernel)

    def chosen(self, graph: Graph) -> tuple[Call, Kernel]:
        """The call and the kernel of a case."""
        return chosen(graph, self.target, self.form)

    def _case(self, index: int, call: Call, kernel: Kernel) -> None:
        lowering = kernel.lower(call, self.target)
        arguments = []
        for argument in lowering.arguments:
            if isinstance(argument, Output):
                arguments.append("output")
            elif isinstance(argument, Scratch):
                arguments.append("scratch")
            elif isinstance(argument, Parameters):
                fields = [f".{k} = {self._value(v)}" for k, v in argument.fields.items()]
                self.lines.append(f"static const {argument.type} p{index} = {{{', '.join(fields)}}};")
                arguments.append(f"&p{index}")
            elif isinstance(argument, Table):
                arguments.append(self._table(argument.array))
            elif isinstance(argument, int):
                arguments.append(integer_literal(argument))
            elif argument is None:
                arguments.append("(void *)0")
            else:
                assert isinstance(argument, Input)
                constant = call.constant(argument.index)
                arguments.append("input" if constant is None else self._table(constant))
        if kernel.accumulates:
            rows = row_count(call.input(0))
            arguments += ["0", f"{rows}", f"{rows}"]
        name = f"case_{index}"
        self.functions.append(name)
        self.lines.insert(0, f'#include "{kernel.header}"')
        prototype = f"void {name}(int8_t *output, const int8_t *input, void *scratch)"
        self.lines += [
            f"{prototype};",
            f"{prototype} {{ (void)scratch; {lowering.function}({', '.join(arguments)}); }}",
        ]
        if kernel.row_function is not None and not kernel.accumulates:
            self._rows(index, kernel.row_function, arguments)

    def _rows(self, index: int, function: str, arguments: Sequence[str]) -> None:
        """`rows_<k>`: a case's row function, with first row, number of rows and rings as in operator.Kernel."""
        rows = "int32_t first_row, int32_t row_count, int32_t ring_rows"
        prototype = f"void rows_{index}(int8_t *output, const int8_t *input, void *scratch, {rows})"
        passed = ", ".join([*arguments, "first_row", "row_count", "ring_rows"])
        self.functions.append(f"rows_{index}")
        self.lines += [f"{prototype};", f"{prototype} {{ (void)scratch; {function}({passed}); }}"]

    def _value(self, value: int | float | Table | None) -> str:
        if isinstance(value, Table):
            return self._table(value.array)
        if value is None:
            return "0"
        return integer_literal(value) if isinstance(value, int) else float_literal(value)

    def _table(self, array: Array) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"static const {C_TYPES[DType.of(array)]} {name}[] = {initializer(array)};")
        return name

    @property
    def includes(self) -> list[Path]:
        """The folders of headers."""
        return [*sorted(self.folders), RUNTIME / "primitives", RUNTIME / "include"]

    def text(self, main: str) -> str:
        """The program's source."""
        return "\n".join([*self.lines, main, ""])


class Device:
    """Cases on an emulated core."""

    def __init__(
        self,
        graphs: Sequence[Graph],
        folder: Path,
        target: Target = DSP,
        optimize: str = "-O2",
        prefer: str = "",
        cases: Cases | None = None,
        form: Form = "usual",
    ) -> None:
        self.cases = cases or Cases(graphs, target, form)
        names = [f"(void (*)(void)){name}" for name in self.cases.functions]
        main = (
            f"unsigned char memory[{self._memory_bytes()}];\n"
            f"void (*const all_cases[])(void) = {{{', '.join(names)}}};\n"
            "volatile int wanted;\nint main(void);\nint main(void) { all_cases[wanted](); return memory[wanted]; }"
        )
        source = folder / "cases.c"
        source.write_text(self.cases.text(main))
        try:
            toolchain = find_toolchain(target, prefer or None)
        except SmeltError as error:
            pytest.skip(str(error))
        files = [source, *sorted(self.cases.sources)]
        self.firmware = toolchain.compile_firmware(
            files,
            self.cases.includes,
            folder / "cases.elf",
            optimize=optimize,
            extra_flags=toolchain.warning_flags,
        )
        self.machine = Machine(self.firmware.elf, target)

    def _memory_bytes(self) -> int:
        """Room for the buffers and guards of any case."""
        sizes = []
        for graph, scratch in zip(self.cases.graphs, self.cases.scratch_bytes, strict=True):
            names = (graph.inputs[0], graph.outputs[0])
            sizes.append(scratch + sum(graph.values[name].bytes for name in names))
        return max(sizes) + 3 * (2 * GUARD + 16) + 8

    def run(
        self, index: int, data: Array, *, count: bool = False, misalign: int = 0
    ) -> tuple[Array, CallResult]:
        """The output of one case; asserts that nothing beside output and scratch was written."""
        value = self.cases.graphs[index].values[self.cases.graphs[index].outputs[0]]
        base, capacity = self.machine.symbol("memory")
        sizes = [value.bytes, data.nbytes, self.cases.scratch_bytes[index]]
        addresses, at = [], base
        for size, shift in zip(sizes, (misalign, misalign, 0), strict=True):
            at += GUARD
            addresses.append(at + shift)
            at = at + shift + size + GUARD + 7 & -8
        assert at <= base + capacity
        self.machine.write(base, bytes([0xA5]) * (at - base))
        self.machine.write(addresses[1], np.ascontiguousarray(data).tobytes())
        before = self.machine.read(base, at - base)
        result = self.machine.call(f"case_{index}", *addresses, count=count)
        after = self.machine.read(base, at - base)
        for low, high in _outside(addresses, sizes, base, at):
            assert before[low:high] == after[low:high], f"case {index} wrote outside its buffers"
        start = addresses[0] - base
        output = np.frombuffer(after[start : start + value.bytes], np.int8).reshape(value.shape)
        return output, result


def _outside(addresses: Sequence[int], sizes: Sequence[int], base: int, end: int) -> list[tuple[int, int]]:
    """The ranges that neither output nor scratch covers, as offsets; the input must stay as it is."""
    written = sorted((addresses[k] - base, addresses[k] - base + sizes[k]) for k in (0, 2))
    edges = [0, *(edge for pair in written for edge in pair), end - base]
    return list(zip(edges[::2], edges[1::2], strict=True))


def run_on_host(
    graphs: Sequence[Graph], data: Sequence[Array], folder: Path, cases: Cases | None = None
) -> list[Array]:
    """The outputs of the same packed calls by the kernels' portable twins, under sanitizers."""
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    cases = cases or Cases(graphs)
    steps = []
    for index, graph in enumerate(graphs):
        output = graph.values[graph.outputs[0]].bytes
        # Pointers in scratch may be twice as long here.
        scratch, size = cases.scratch_bytes[index], data[index].nbytes
        steps.append(
            f"{{ int8_t *i = malloc({size}), *o = malloc({output}); void *s = malloc({max(2 * scratch, 1)});\n"
            f"if (fread(i, 1, {size}, stdin) != {size}) return 1;\n"
            f"case_{index}(o, i, s); fwrite(o, {output}, 1, stdout); free(i); free(o); free(s); }}"
        )
    text = "#include <stdio.h>\n#include <stdlib.h>\n" + cases.text(
        "\n".join(["int main(void) {", *steps, "return 0; }"])
    )
    (folder / "host.c").write_text(text)
    flags = [
        "-std=c99",
        "-O1",
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-Wall",
        "-Werror",
    ]
    includes = [f"-I{path}" for path in cases.includes]
    files = [str(folder / "host.c"), *map(str, sorted(cases.sources))]
    subprocess.run([gcc, *flags, *includes, *files, "-o", str(folder / "host")], check=True)
    joined = b"".join(np.ascontiguousarray(array).tobytes() for array in data)
    result = subprocess.run([str(folder / "host")], input=joined, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[-3000:]
    outputs, offset = [], 0
    for graph in graphs:
        value = graph.values[graph.outputs[0]]
        part = result.stdout[offset : offset + value.bytes]
        outputs.append(np.frombuffer(part, np.int8).reshape(value.shape))
        offset += value.bytes
    return outputs
