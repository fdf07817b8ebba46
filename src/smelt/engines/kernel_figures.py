"""What kernels cost on a layer: all in one image, run once on the emulated core, compared with the meaning, counted."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smelt.codegen import Options, Project, generate
from smelt.codegen.tables import layer_constants
from smelt.engines.emulated import EmulatedModel
from smelt.engines.image import build_image, layer_lines
from smelt.engines.linked_code import linked_code
from smelt.engines.machine import Counts
from smelt.engines.qemu_model import QemuModel, count_on_qemu
from smelt.engines.toolchain import Toolchain
from smelt.ir import Array, Graph
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Call

_CALL = re.compile(r"\b(smelt_\w+)\(")


@dataclass(frozen=True)
class Figures:
    """What a kernel costs on a layer: estimated cycles, or instructions where the core has no cycle table.

    `exact` says whether its outputs were those of the operator's meaning; `code` gives the bytes of every section
    that is linked for it; `table_bytes` are those of the layer's weights and other tables.
    """

    cycles: int
    scratch_bytes: int
    table_bytes: int
    exact: bool
    code: Mapping[str, int]

    @property
    def code_bytes(self) -> int:
        """All that is linked for it."""
        return sum(self.code.values())


def measure(call: Call, labels: Sequence[str], toolchain: Toolchain, level: str) -> dict[str, Figures]:
    """The figures of kernels, by their labels, on a call; `level` is the C compiler's.

    They run once, one after the other in one image of which nothing depends on other layers.
    """
    graph = side_by_side(call, len(labels))
    options = Options(prices={name: {label: 0} for name, label in zip(graph.outputs, labels, strict=True)})
    data = {name: random_array(graph.values[name], index) for index, name in enumerate(graph.inputs)}
    # with keep_all every layer runs as a whole, and all that was computed can be read
    project = generate(graph, toolchain.target, "kernels", keep_all=True, golden=data, options=options)
    layers = project.program.layers
    assert [x.kernel.label if x.kernel else "" for x in layers] == [*labels]
    expected = evaluate_graph(graph, data)
    with tempfile.TemporaryDirectory(prefix="smelt-tune-") as temporary:
        run = _run(project, Path(temporary), toolchain, level, data)
    called = _called_functions(project)
    return {
        label: Figures(
            cycles=_cost(run.counts[str(layer.index)]),
            scratch_bytes=layer.scratch_bytes,
            table_bytes=sum(array.nbytes for _, array, _ in layer_constants(layer)),
            exact=_agrees(run.outputs[name], expected[name]),
            code=run.code[called[layer.index]],
        )
        for label, name, layer in zip(labels, graph.outputs, layers, strict=True)
    }


def side_by_side(call: Call, count: int) -> Graph:
    """A graph that makes a call so many times, of the same inputs; its outputs are their first outputs."""
    builder = GraphBuilder("kernels")
    names: list[str | None] = []
    for value, constant in zip(call.inputs, call.constants, strict=True):
        if value is None:
            names.append(None)
        elif constant is not None:
            names.append(builder.constant("constant", constant, value.quantization, value.dtype))
        else:
            names.append(builder.input("input", value.dtype, value.shape, value.quantization))
    quantization = [value.quantization for value in call.outputs]
    node = call.node
    outputs = [
        builder.add(node.operator, names, node.attributes, quantization=quantization) for _ in range(count)
    ]
    return builder.build(outputs)


@dataclass(frozen=True)
class _Run:
    """Counts by layer number as text, outputs by name, and linked code by the function called."""

    counts: Mapping[str, Counts]
    outputs: Mapping[str, Array]
    code: Mapping[str, Mapping[str, int]]


def _run(project: Project, folder: Path, toolchain: Toolchain, level: str, data: Mapping[str, Array]) -> _Run:
    image = build_image(project, folder, toolchain, level)
    functions = set(_called_functions(project).values())
    objects = sorted(image.elf.with_name(image.elf.name + ".objects").glob("*.o"))
    code = linked_code(image.elf, objects, functions)
    model: EmulatedModel | QemuModel
    if toolchain.target.emulator.startswith("qemu:"):
        counted = count_on_qemu(project, folder, toolchain, level, data)
        model = QemuModel(project, folder / "run", toolchain, level)
        model.run(data)
    else:
        model = EmulatedModel(image)
        model.fill(data)
        counted = model.invoke(count=True)
    outputs = {name: model.tensor(name) for name in project.program.graph.outputs}
    return _Run(counted.phases, outputs, code)


def _called_functions(project: Project) -> dict[int, str]:
    """The kernel function that the generated C calls for each layer."""
    lines = project.files[f"{project.name}.c"].splitlines()
    found = {}
    for number, layer in layer_lines(project).items():
        call = _CALL.search(lines[number - 1])
        if call:
            found[layer] = call.group(1)
    return found


def _cost(counts: Counts) -> int:
    return counts.instructions if counts.estimated_cycles is None else counts.estimated_cycles


def _agrees(output: Array, expected: Array) -> bool:
    """Whether integers are equal, and floats but for rounding."""
    if expected.dtype.kind != "f":
        return np.array_equal(output, expected)
    return np.allclose(output, expected, rtol=1e-5, atol=1e-6 * float(np.abs(expected).max(initial=0.0)))
