"""A generated project on QEMU, for cores that cannot be called in process: every run boots an image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from smelt.codegen import Program, Project, write_project
from smelt.codegen.calls import input_arguments
from smelt.engines.block_counter import Counts
from smelt.engines.elf import file_offset
from smelt.engines.image import layer_lines
from smelt.engines.machine import CallResult
from smelt.engines.qemu import run_image
from smelt.engines.toolchain import FIRMWARE_FOLDER, Toolchain
from smelt.errors import EngineError
from smelt.ir import Array
from smelt.operators.evaluate import check_input

_ALIGNMENT = 16
"""What any input outside the arena is aligned to here, from the start of the memory."""


class QemuProgram:
    """A project's library with a `main` from the folder `firmware` that starts from a prepared memory:
    the arena, and behind it the inputs that lie outside.

    `model_text` takes the place of `<name>.c` where it is given.
    """

    def __init__(
        self,
        project: Project,
        folder: Path,
        toolchain: Toolchain,
        optimize: str,
        main: str,
        model_text: str = "",
    ) -> None:
        self.program = project.program
        memory_bytes, self._outside = _behind_the_arena(self.program)
        pointers = [f"(const void *)(memory + {self._outside[x]})" for x in input_arguments(self.program)]
        self._patched = folder / "patched.elf"
        name, root = project.name, folder / "project"
        write_project(project, root)
        if model_text:
            (root / f"{name}.c").write_text(model_text, encoding="utf-8")
        elf = folder / "program.elf"
        toolchain.compile_firmware(
            [*(root / path for path in project.sources), FIRMWARE_FOLDER / main],
            [root, root / "smelt"],
            elf,
            optimize=optimize,
            defines=(
                f'SMELT_MODEL_HEADER="{name}.h"',
                f"SMELT_MODEL_MEMORY_BYTES={memory_bytes}",
                f"SMELT_MODEL_ARENA_ALIGNMENT={name.upper()}_ARENA_ALIGNMENT",
                f"SMELT_MODEL_INVOKE={name}_invoke",
                f"SMELT_MODEL_ARGUMENTS={','.join(['memory', *pointers])}",
            ),
        )
        self._content = bytearray(elf.read_bytes())
        self._image_start = file_offset(elf, "smelt_memory_image")

    def run(self, inputs: Mapping[str, Array], *, count: bool = False) -> list[str]:
        """Boot once with these inputs; the lines that are printed, without that of the status 0."""
        graph = self.program.graph
        for name in graph.inputs:
            data = np.ascontiguousarray(check_input(graph, name, inputs)).tobytes()
            place = self._outside[name] if name in self._outside else self.program.offsets[name]
            start = self._image_start + place
            self._content[start : start + len(data)] = data
        self._patched.write_bytes(self._content)
        lines = run_image(self._patched, self.program.target, count=count).output.splitlines()
        if lines[:1] != ["status 0"]:
            raise EngineError(f"the emulated program said {lines[:1]}")
        return lines[1:]


def _behind_the_arena(program: Program) -> tuple[int, dict[str, int]]:
    """The size of a memory of the arena and the inputs outside it, and where these lie."""
    places = {}
    end = max(program.plan.arena_bytes, 1)
    for name in input_arguments(program):
        places[name] = end = (end + _ALIGNMENT - 1) & -_ALIGNMENT
        end += program.graph.values[name].bytes
    return end, places


class QemuModel:
    """A project on QEMU: run, read tensors."""

    def __init__(self, project: Project, folder: Path, toolchain: Toolchain, optimize: str) -> None:
        self._program = QemuProgram(project, folder, toolchain, optimize, "arena_main.c")
        self._arena = b""

    def run(self, inputs: Mapping[str, Array]) -> None:
        """Boot once with these inputs and keep the arena that the program prints."""
        self._arena = bytes.fromhex("".join(self._program.run(inputs)))

    def tensor(self, name: str) -> Array:
        """A tensor's contents after the last run."""
        program = self._program.program
        value, offset = program.graph.values[name], program.offsets[name]
        data = self._arena[offset : offset + value.bytes]
        return np.frombuffer(data, value.dtype.numpy).reshape(value.shape).copy()


def count_on_qemu(
    project: Project, folder: Path, toolchain: Toolchain, optimize: str, inputs: Mapping[str, Array]
) -> CallResult:
    """Executed instructions and stack of one `<name>_invoke`, and instructions by layer number as text.

    The total (with its call: three instructions) and the stack are those of the project as it is.  Layers are
    counted in a copy that reads a timer before each, which may move a few instructions between neighbours.
    `firmware/count_main.c` has the method.
    """
    whole = QemuProgram(project, folder / "count", toolchain, optimize, "count_main.c")
    counted = _numbers(whole.run(inputs, count=True))
    lines = layer_lines(project)
    marked = QemuProgram(
        project, folder / "count_layers", toolchain, optimize, "count_main.c", _with_marks(project, lines)
    )
    by_layer = dict.fromkeys(sorted(set(lines.values())), 0)
    for line in marked.run(inputs, count=True):
        if line.startswith("layer "):
            _, number, instructions = line.split()
            by_layer[int(number)] += int(instructions)
    phases = {str(number): Counts(count, None, 0) for number, count in by_layer.items()}
    return CallResult(
        return_value=0,
        instructions=counted["instructions"],
        phases=MappingProxyType(phases),
        stack_bytes=counted["stack"],
    )


def _numbers(lines: list[str]) -> dict[str, int]:
    pairs = (line.split() for line in lines)
    return {words[0]: int(words[1]) for words in pairs if len(words) == 2}


def _with_marks(project: Project, lines: Mapping[int, int]) -> str:
    """The text of `<name>.c` with a call of smelt_layer before the first line of each layer."""
    first: dict[int, int] = {}
    for number, layer in lines.items():
        first.setdefault(layer, number)
    marks = {number: layer for layer, number in first.items()}
    text = ["#include <stdint.h>", "void smelt_layer(int32_t number);"]
    for number, line in enumerate(project.files[f"{project.name}.c"].splitlines(), start=1):
        text += [f"    smelt_layer({marks[number]});", line] if number in marks else [line]
    return "\n".join([*text, ""])
