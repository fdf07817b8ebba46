"""Inputs that stay with the caller: arguments of `invoke`, only read, in no arena."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import smelt
from smelt.cli.main import app
from smelt.codegen import Options, build_program
from smelt.codegen.arena_bound import arena_bound
from smelt.codegen.options import Optimize
from smelt.engines import qemu
from smelt.engines.emulated import EmulatedEngine, EmulatedModel
from smelt.engines.native import NativeEngine
from smelt.engines.profile import profile
from smelt.engines.toolchain import find_toolchain
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.report.plan_drawing import residents, to_svg

HOST, M4 = smelt.find_target("host"), smelt.find_target("cortex-m4")
Q = Quantization.per_tensor(0.05, -3)
OPTIMIZE: tuple[Optimize, ...] = ("balanced", "ram", "flash")
FLAGS = (
    *("-std=c99", *find_toolchain(HOST).warning_flags),
    *("-Wcast-qual", "-Wcast-align", "-Wmissing-prototypes"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)


def convolution(build: GraphBuilder, x: str, filters: int, size: int = 3, stride: int = 1) -> str:
    """An int8 convolution that keeps its image's size, but for the stride."""
    rng = np.random.default_rng(filters)
    depth = build.values[x].shape[3]
    weights = rng.integers(-127, 128, (filters, size, size, depth)).astype(np.int8)
    return build.add(
        "conv_2d",
        [
            x,
            build.constant("w", weights, Quantization((0.004,) * filters, (0,) * filters, 0)),
            build.constant("b", rng.integers(-999, 999, filters).astype(np.int32)),
        ],
        {"stride": (stride, stride), "padding": (size // 2,) * 4},
        quantization=Q,
    )


def one_input() -> Graph:
    """The input is needed twice, so that it lives beside the largest tensor; some layers may go by rows."""
    build = GraphBuilder("one")
    x = build.input("x", DType.S8, (1, 12, 12, 4), Q)
    y = build.add("add", [convolution(build, x, 4), x], quantization=Q)
    z = convolution(build, convolution(build, y, 8, stride=2), 2)
    return build.build([build.add("mean", [z], {"axes": (1, 2), "keep_dims": False}, quantization=Q)])


def two_inputs() -> Graph:
    """Inputs of two types; a layer that could write over either of them."""
    build = GraphBuilder("two")
    x, y = build.input("x", DType.S8, (1, 9, 7, 3), Q), build.input("y", DType.F32, (1, 9, 7, 3))
    quantized = build.add("quantize", [y], {"dtype": "s8"}, quantization=Q)
    total = build.add("add", [x, quantized], quantization=Q)
    return build.build([convolution(build, total, 4), build.add("relu", [x], quantization=Q)])


def input_is_output() -> Graph:
    """One input leaves as it came, and under another shape; the other one does not."""
    build = GraphBuilder("through")
    x, y = build.input("x", DType.S8, (1, 6, 6, 4), Q), build.input("y", DType.S8, (1, 6, 6, 4), Q)
    flat = build.add("reshape", [x], {"shape": (1, 144)}, quantization=Q)
    return build.build([x, flat, convolution(build, build.add("add", [x, y], quantization=Q), 4)])


def sums_first() -> Graph:
    """The first layer goes by the rows of an input that is in no arena."""
    build = GraphBuilder("sums")
    x = build.input("x", DType.S8, (1, 8, 8, 8), Q)
    return build.build([build.add("average_pool_2d", [x], {"filter": (8, 8)}, quantization=Q)])


def renamed_first() -> Graph:
    """Layers read the input through a reshape, which is the same memory."""
    build = GraphBuilder("renamed")
    x = build.input("x", DType.S8, (1, 144, 4), Q)
    return build.build(
        [convolution(build, build.add("reshape", [x], {"shape": (1, 12, 12, 4)}, quantization=Q), 5)]
    )


GRAPHS = {
    build.__name__: build for build in (one_input, two_inputs, input_is_output, sums_first, renamed_first)
}
EVERY_GRAPH = pytest.mark.parametrize("build", GRAPHS.values(), ids=GRAPHS)


def inputs_of(graph: Graph) -> dict[str, Array]:
    return {name: random_array(graph.values[name], 7 + at) for at, name in enumerate(graph.inputs)}


def assert_right(graph: Graph, inputs: Mapping[str, Array], found: Mapping[str, Array]) -> None:
    for name, expected in evaluate_graph(graph, inputs).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def options_of(optimize: Optimize) -> Options:
    return Options(optimize, external_input=True)


@EVERY_GRAPH
@pytest.mark.parametrize("optimize", OPTIMIZE)
def test_native_is_exact_and_leaves_inputs_alone(build: Callable[[], Graph], optimize: Optimize) -> None:
    graph = build()
    inputs = inputs_of(graph)
    with NativeEngine(graph, options=options_of(optimize)) as engine:
        for _ in range(2):
            assert_right(graph, inputs, engine.run(inputs))
        for name, data in engine._library.inputs.items():
            assert data.tobytes() == inputs[name].tobytes()
        assert set(engine.run_all(inputs)) == {name for node in graph.nodes for name in node.outputs}


@EVERY_GRAPH
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_emulated_cores_are_exact(build: Callable[[], Graph], core: str) -> None:
    graph = build()
    inputs = inputs_of(graph)
    with EmulatedEngine(graph, smelt.find_target(core), options=options_of("ram")) as engine:
        assert_right(graph, inputs, engine.run(inputs))
        observed = engine.run_all(inputs)
        assert set(observed) == {name for node in graph.nodes for name in node.outputs}
        assert_right(graph, inputs, observed | inputs)


@pytest.mark.parametrize("build", [two_inputs, input_is_output])
def test_qemu_is_exact(build: Callable[[], Graph]) -> None:
    if not qemu.is_available():
        pytest.skip("qemu-system-arm is not installed")
    graph = build()
    inputs = inputs_of(graph)
    core = smelt.find_target("cortex-m55")
    with EmulatedEngine(graph, core, options=options_of("balanced")) as engine:
        assert_right(graph, inputs, engine.run(inputs))
    costs = profile(graph, core, options=options_of("balanced"))
    assert all(layer.instructions > 0 for layer in costs.layers)


@EVERY_GRAPH
@pytest.mark.parametrize("optimize", OPTIMIZE)
def test_generated_c(tmp_path: Path, build: Callable[[], Graph], optimize: Optimize) -> None:
    """No warning, not of a cast that drops const either; the self check passes under sanitizers."""
    graph = build()
    project = smelt.generate(graph, HOST, "net", options=options_of(optimize))
    header, source = project.files["net.h"], project.files["net.c"]
    pointers = re.search(r"net_invoke\((.*)\);", header)
    assert pointers is not None
    names = ["input"] if len(graph.inputs) == 1 else [f"input_{at}" for at in range(len(graph.inputs))]
    types = [{DType.S8: "int8_t", DType.F32: "float"}[graph.values[name].dtype] for name in graph.inputs]
    wanted = ["void *arena", *(f"const {t} *{n}" for t, n in zip(types, names, strict=True))]
    assert pointers.group(1) == ", ".join(wanted)
    assert not re.search(r"net_input\w*\(void \*arena\)|INPUT\w*_OFFSET|SMELT_POISON_INPUT", header + source)
    assert "#define NET_INPUT_PRESERVED 1" in header
    smelt.write_project(project, tmp_path / "c")
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            command = [compiler, *FLAGS, "-I.", *project.sources, "main.c", "-o", "program", "-lm"]
            done = subprocess.run(command, cwd=tmp_path / "c", capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            subprocess.run([tmp_path / "c" / "program"], check=True)


def test_a_null_or_misaligned_input_is_an_error(tmp_path: Path) -> None:
    main = """
    #include "net.h"
    #include "net_golden.h"
    static uint8_t arena[NET_ARENA_BYTES] SMELT_ALIGN(NET_ARENA_ALIGNMENT);
    static int8_t x[NET_INPUT_0_ELEMENTS + 1] SMELT_ALIGN(NET_INPUT_0_ALIGNMENT);
    static float y[NET_INPUT_1_ELEMENTS] SMELT_ALIGN(NET_INPUT_1_ALIGNMENT);
    int main(void) {
        if (net_invoke(arena, NULL, y) != SMELT_ERROR_INPUT) { return 1; }
        if (net_invoke(arena, x, NULL) != SMELT_ERROR_INPUT) { return 2; }
        if (net_invoke(arena, x + 1, y) != SMELT_ERROR_INPUT) { return 3; }
        if (net_invoke(NULL, x, y) != SMELT_ERROR_ARENA) { return 4; }
        return net_invoke(arena, x, y) == SMELT_OK ? 0 : 5;
    }
    """
    project = smelt.generate(two_inputs(), HOST, "net", options=options_of("balanced"))
    smelt.write_project(project, tmp_path / "c")
    (tmp_path / "c" / "use.c").write_text("#include <stddef.h>\n" + main)
    command = ["gcc", "-I.", *project.sources, "use.c", "-o", "program", "-lm"]
    subprocess.run(command, cwd=tmp_path / "c", check=True)
    assert subprocess.run([tmp_path / "c" / "program"], check=False).returncode == 0


def test_the_arena_is_smaller_by_the_input_at_the_peak() -> None:
    """A layer that reads the whole input for each output holds all of both; a sum's output could replace an input."""
    build = GraphBuilder("dense")
    x = build.input("x", DType.S8, (1, 64), Q)
    weights = np.random.default_rng(1).integers(-9, 9, (32, 64)).astype(np.int8)
    dense = build.build(
        [
            build.add(
                "fully_connected",
                [x, build.constant("w", weights, Quantization.per_tensor(0.01))],
                quantization=Q,
            )
        ]
    )
    inside, outside = (build_program(dense, HOST, options=Options(external_input=e)) for e in (False, True))
    assert inside.plan.arena_bytes - outside.plan.arena_bytes == 64
    assert outside.live_peak_bytes == inside.live_peak_bytes - 64
    for graph in (build() for build in GRAPHS.values()):
        for options in (Options(), Options("ram")):
            whole = build_program(graph, M4, options=options).plan.arena_bytes
            without = build_program(graph, M4, options=options_of(options.optimize)).plan.arena_bytes
            assert without <= whole
            bound = arena_bound(graph, M4, options_of(options.optimize))
            assert bound is not None
            assert bound.bytes <= without


def test_an_input_is_in_the_arena_only_where_it_is_an_output() -> None:
    program = build_program(input_is_output(), M4, options=options_of("balanced"))
    assert "x" in program.offsets
    assert program.external == {"y": "y"}
    plan = residents(program)
    assert plan.outside == ("y",)
    assert {"x", "y"} & {resident.name for resident in plan.residents} == {"x"}
    assert to_svg(plan).endswith("</svg>\n")


@EVERY_GRAPH
def test_kernels_read_nothing_beyond_an_input(build: Callable[[], Graph]) -> None:
    """Each input begins, then ends, at the edge of a page that may be read only, with nothing mapped around it."""
    graph = build()
    inputs = inputs_of(graph)
    with EmulatedEngine(graph, M4, options=options_of("balanced")) as engine:
        model = engine._model
        assert isinstance(model, EmulatedModel)
        places = _at_page_edges(model, inputs)
        for edge in (0, 1):
            model.inputs = {name: places[name][edge] for name in graph.inputs}
            model.fill(inputs)
            model.invoke()
            assert_right(graph, inputs, {output: model.tensor(output) for output in graph.outputs})


def _at_page_edges(model: EmulatedModel, inputs: Mapping[str, Array]) -> dict[str, tuple[int, int]]:
    """Pages of their own for all inputs; for each the address at their begin, and the last aligned one to fit."""
    page, readable, alignment, address = 4096, 1, 4, 0x30000000
    places = {}
    for name, array in inputs.items():
        size = max((array.nbytes + page - 1) & -page, page)
        model.machine._engine.mem_map(address, size, readable)
        places[name] = (address, address + ((size - array.nbytes) & -alignment))
        address += size + page
    return places


def test_the_command_line_says_what_to_call(tmp_path: Path) -> None:
    path = tmp_path / "two.tflite"
    smelt.save(one_input(), path)
    run = CliRunner().invoke
    done = run(app, ["compile", str(path), "-o", str(tmp_path / "c"), "--external-input"])
    assert done.exit_code == 0, done.output
    assert "call two_invoke(arena, input)" in done.output
    done = run(app, ["plan", str(path), "--external-input"])
    assert "outside the arena: x" in done.output
    done = run(app, ["profile", str(path), "--external-input"])
    assert "outside the arena, in the caller's memory: 576 bytes" in done.output
