"""The generated C, compiled for this computer and called in process."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smelt.codegen import BALANCED, Options, Project, generate, write_project
from smelt.engines.engine import Engine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import EngineError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import check_input
from smelt.targets import Target, find_target


class _Library:
    """A compiled project with its arena."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        write_project(project, folder / "project")
        root = folder / "project"
        toolchain = find_toolchain(project.program.target)
        library = folder / f"{project.name}.so"
        toolchain.compile_shared_library(
            [root / path for path in project.sources], [root, root / "smelt"], library
        )
        self._invoke = getattr(ctypes.CDLL(str(library)), f"{project.name}_invoke")
        self._invoke.restype = ctypes.c_int
        program = project.program
        self.arena = _aligned(max(program.plan.arena_bytes, 1))
        outside = program.graph.inputs if program.external_input else ()
        self.inputs = {name: _aligned(program.graph.values[name].bytes) for name in outside}
        self._invoke.argtypes = [ctypes.c_void_p] * (1 + len(self.inputs))

    def tensor(self, name: str) -> Array:
        """A view of a tensor's place in the arena."""
        program = self.project.program
        value, offset = program.graph.values[name], program.offsets[name]
        return self.arena[offset : offset + value.bytes].view(value.dtype.numpy).reshape(value.shape)

    def invoke(self, inputs: Mapping[str, Array]) -> None:
        """Fill the inputs and run once."""
        graph = self.project.program.graph
        for name in graph.inputs:
            array = check_input(graph, name, inputs)
            if name in self.inputs:
                self.inputs[name].view(array.dtype)[...] = array.reshape(-1)
            else:
                self.tensor(name)[...] = array
        status = self._invoke(self.arena.ctypes.data, *(x.ctypes.data for x in self.inputs.values()))
        if status != 0:
            raise EngineError(f"{self.project.name}_invoke returned {status}")


def _aligned(size: int) -> NDArray[np.uint8]:
    """Zeroed bytes, aligned as no tensor needs more."""
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


class NativeEngine(Engine):
    """Compiles the C project of a graph with the host's C compiler; the same kernels as on the device.

    `target` chooses kernels and alignment (default: host, which takes the portable ones).  With `keep_all` every
    tensor has its own memory, which needs no plan: many operators side by side are compiled at once.
    """

    name = "native"

    def __init__(
        self,
        graph: Graph,
        target: Target | None = None,
        *,
        options: Options = BALANCED,
        keep_all: bool = False,
    ) -> None:
        self.graph = graph
        self.target = target or find_target("host")
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        self._folder = Path(tempfile.mkdtemp(prefix="smelt-native-"))
        try:
            project = generate(graph, self.target, "model", options=options, keep_all=keep_all)
            self._library = _Library(project, self._folder / "run")
        except BaseException:
            self.close()
            raise

    @cached_property
    def _observed(self) -> _Library:
        return _Library(generate(self.graph, self.target, "model", keep_all=True), self._folder / "all")

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        self._library.invoke(inputs)
        return {value.name: self._library.tensor(value.name).copy() for value in self.outputs}

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that is computed, by name."""
        self._observed.invoke(inputs)
        computed = [name for node in self.graph.nodes for name in node.outputs]
        return {name: self._observed.tensor(name).copy() for name in computed}

    def close(self) -> None:
        """Remove the compiled library's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
