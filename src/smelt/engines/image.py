"""A generated project linked into a bootable image: what the emulators run and what is measured."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from smelt.codegen import Project, write_project
from smelt.engines.elf import ElfImage, elf_sizes, line_ranges, object_sizes, undefined_symbols
from smelt.engines.toolchain import Toolchain
from smelt.errors import CompileError
from smelt.ir import Graph

_TABLE = re.compile(r"(layer_\d+|output_\d+)_|output_\d+$|schedule\b")


_RAM_BYTES = 4 << 20
"""The RAM of the largest emulated core (firmware/emulated.ld)."""


@dataclass(frozen=True)
class Image:
    """A linked image of a project's library and its example `main`.

    `code_bytes` is everything in flash but tables (weights, multipliers, parameter structs) and the
    harness (start-up code, main, golden vectors); C library functions that are linked count as
    code.  `table_bytes` are the tables.
    """

    project: Project
    toolchain: Toolchain
    elf: Path
    code_bytes: int
    table_bytes: int

    @property
    def invoke(self) -> str:
        """The name of the function that runs the network."""
        return f"{self.project.name}_invoke"

    def layer_ranges(self) -> list[tuple[int, int, str]]:
        """The code that calls kernels as (low address, high address, layer number as text), for the counter."""
        lines = layer_lines(self.project)
        functions = [self.invoke]
        functions += [f"{self.project.name}_rows_{group.number}" for group in self.project.program.groups]
        present = {symbol.name for symbol in ElfImage(self.elf).symbols}
        return [
            (piece.low, piece.high, str(lines[piece.line]))
            for function in functions
            if function in present
            for piece in line_ranges(self.elf, function)
            if piece.file == f"{self.project.name}.c" and piece.line in lines
        ]


def check_fits(graph: Graph) -> None:
    """CompileError for inputs or outputs that no emulated core holds, before their C is written."""
    for names, role in ((graph.inputs, "inputs"), (graph.outputs, "outputs")):
        size = sum(graph.values[name].bytes for name in names)
        if size > _RAM_BYTES:
            raise CompileError(
                f"the {role} of '{graph.name}' take {size:,} bytes; emulated cores have {_RAM_BYTES:,} bytes of RAM"
            )


def layer_lines(project: Project) -> dict[int, int]:
    """Line number in `<name>.c` → layer number, for the lines of each layer's comment and call."""
    lines: dict[int, int] = {}
    current = 0
    for number, text in enumerate(project.files[f"{project.name}.c"].splitlines(), start=1):
        start = re.match(r"\s+/\* (\d+) \w+ \"", text)
        if start:
            current = int(start.group(1))
        elif re.match(r"\}|\s+(return|break)\b", text):
            current = 0
        if current:
            lines[number] = current
    return lines


def build_image(project: Project, folder: Path, toolchain: Toolchain, optimize: str = "-O2") -> Image:
    """Write a project into `folder`/project, compile and link it to `folder`/<name>.elf."""
    root = folder / "project"
    write_project(project, root)
    elf = folder / f"{project.name}.elf"
    sources = [root / path for path in project.sources]
    firmware = toolchain.compile_firmware(
        [*sources, root / "main.c"], [root, root / "smelt"], elf, optimize=optimize
    )
    is_table = _TABLE.match
    sizes = elf_sizes(elf, lambda name: is_table(name) is not None)
    library = {path.name for path in firmware.objects[: len(sources)]}
    by_object = object_sizes(elf, firmware.objects)
    harness = sum(count for name, count in by_object.items() if name and name not in library)
    # the harness copies golden vectors; what only it needs of the C library is not the model's code
    needed = set().union(*(undefined_symbols(path) for path in firmware.objects[: len(sources)]))
    harness += sum(
        sizes.functions.get(name, 0) for name in ("memcpy", "memmove", "memset") if name not in needed
    )
    return Image(project, toolchain, elf, sizes.code_bytes - harness, sizes.table_bytes)
