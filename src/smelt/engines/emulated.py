"""The generated C on an emulated core, in process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from smelt.codegen import BALANCED, Options, generate
from smelt.codegen.calls import input_arguments
from smelt.engines.engine import Engine
from smelt.engines.image import Image, build_image, check_fits
from smelt.engines.machine import CallResult, Machine
from smelt.engines.qemu_model import QemuModel, count_on_qemu
from smelt.engines.toolchain import find_toolchain
from smelt.errors import EngineError
from smelt.ir import Array, Graph
from smelt.operators.evaluate import check_input
from smelt.targets import Target


class EmulatedModel:
    """An image on a machine: fill inputs, invoke, read tensors."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.graph = image.project.program.graph
        self.machine = Machine(image.elf, image.project.program.target)
        self.arena, _ = self.machine.symbol("arena")
        # inputs outside the arena are variables of main.c
        arguments = input_arguments(image.project.program)
        self.inputs = {name: self.machine.symbol(argument)[0] for name, argument in arguments.items()}

    def fill(self, inputs: Mapping[str, Array]) -> None:
        """Write the inputs where `invoke` reads them."""
        for name in self.graph.inputs:
            array = check_input(self.graph, name, inputs)
            outside = self.inputs.get(name)
            place = self.arena + self.image.project.program.offsets[name] if outside is None else outside
            self.machine.write(place, np.ascontiguousarray(array).tobytes())

    def run(self, inputs: Mapping[str, Array]) -> None:
        """Fill the inputs and invoke once."""
        self.fill(inputs)
        self.invoke()

    def invoke(self, *, count: bool = False) -> CallResult:
        """Run once; with `count` instructions and cycles by layer number and the stack are measured."""
        phases = self.image.layer_ranges() if count else ()
        result = self.machine.call(
            self.image.invoke, self.arena, *self.inputs.values(), count=count, phases=phases
        )
        if result.return_value != 0:
            raise EngineError(f"{self.image.invoke} returned {result.return_value}")
        return result

    def tensor(self, name: str) -> Array:
        """A tensor's present contents."""
        value, offset = self.graph.values[name], self.image.project.program.offsets[name]
        data = self.machine.read(self.arena + offset, value.bytes)
        return np.frombuffer(data, value.dtype.numpy).reshape(value.shape).copy()


class EmulatedEngine(Engine):
    """Cross-compiles a graph's C project and runs it on an emulated core.

    Cores that unicorn has run in process, the others (Cortex-M55) under QEMU.  The toolchain is
    that of a default build (`find_toolchain`).  With `keep_all` every tensor has its own memory, which needs no plan.
    """

    name = "emulated"

    def __init__(
        self,
        graph: Graph,
        target: Target,
        *,
        options: Options = BALANCED,
        optimize: str | None = None,
        keep_all: bool = False,
    ) -> None:
        check_fits(graph)
        self.graph = graph
        self.target = target
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        self._options = options
        self._optimize = optimize or options.compiler_flag
        self._toolchain = find_toolchain(target)
        self._folder = Path(tempfile.mkdtemp(prefix="smelt-emulated-"))
        try:
            self._model = self._build(keep_all=keep_all)
        except BaseException:
            self.close()
            raise

    def _build(self, *, keep_all: bool) -> EmulatedModel | QemuModel:
        project = generate(self.graph, self.target, "model", keep_all=keep_all, options=self._options)
        folder = self._folder / ("all" if keep_all else "run")
        if self.target.emulator.startswith("qemu:"):
            return QemuModel(project, folder, self._toolchain, self._optimize)
        return EmulatedModel(build_image(project, folder, self._toolchain, self._optimize))

    @cached_property
    def _observed(self) -> EmulatedModel | QemuModel:
        return self._build(keep_all=True)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        self._model.run(inputs)
        return {value.name: self._model.tensor(value.name) for value in self.outputs}

    def count(self, inputs: Mapping[str, Array]) -> CallResult:
        """Run once and count: instructions, estimated cycles, stack, as `profile` does."""
        if isinstance(self._model, EmulatedModel):
            self._model.fill(inputs)
            return self._model.invoke(count=True)
        project = generate(self.graph, self.target, "model", options=self._options)
        return count_on_qemu(project, self._folder, self._toolchain, self._optimize, inputs)

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that is computed, by name."""
        self._observed.run(inputs)
        computed = [name for node in self.graph.nodes for name in node.outputs]
        return {name: self._observed.tensor(name) for name in computed}

    def close(self) -> None:
        """Remove the image's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
