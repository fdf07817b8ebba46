"""Graphs at the edges of what a graph may be: the generated C compiles without a warning and checks itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.codegen import Options
from smelt.engines.native import NativeEngine
from smelt.engines.toolchain import find_toolchain
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.case import Case, Tensor
from smelt.operators.evaluate import evaluate_graph, sample_inputs

Q = smelt.Quantization.per_tensor(0.05, 3)
FLAGS = (
    "-std=c99",
    *find_toolchain(smelt.find_target("host")).warning_flags,
    "-Wcast-qual",
    "-Wcast-align",
    "-Wmissing-prototypes",
    "-Wstrict-prototypes",
    "-Wundef",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)


def _output_is_constant(build: GraphBuilder) -> list[str]:
    build.input("x", DType.S8, (1, 4), Q)
    return [build.constant("c", np.arange(6, dtype=np.int8).reshape(2, 3), Q)]


def _output_is_input(build: GraphBuilder) -> list[str]:
    return [build.input("x", DType.S8, (1, 4), Q)]


def _output_is_alias_of_input(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.S8, (1, 4), Q)
    return [build.add("reshape", [x], {"shape": (2, 2)}, quantization=Q)]


def _input_alias_and_result(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.S8, (1, 4), Q)
    y = build.add("reshape", [x], {"shape": (2, 2)}, quantization=Q)
    return [build.add("relu", [y], quantization=Q), y, x]


def _alias_of_constant(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.F32, (1, 2))
    y = build.add("reshape", [build.constant("c", np.ones((2, 1), np.float32))], {"shape": (1, 2)})
    return [build.add("add", [x, y]), y]


def _intermediate_and_twice(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.F32, (1, 4))
    y = build.add("tanh", [x])
    z = build.add("logistic", [y])
    return [y, z, z]


def _rank_0(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.F32, ())
    return [build.add("add", [build.add("tanh", [x]), build.constant("c", np.array(2, np.float32))])]


def _rank_0_int8(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.S8, (), Q)
    return [build.add("add", [x, build.constant("c", np.array(2, np.int8), Q)], quantization=Q)]


def _no_elements(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.S8, (0, 4), Q)
    return [build.add("relu", [x], quantization=Q)]


def _no_elements_joined(build: GraphBuilder) -> list[str]:
    x, y = build.input("x", DType.S8, (0, 4), Q), build.input("y", DType.S8, (2, 4), Q)
    return [build.add("concatenation", [x, y], {"axis": 0}, quantization=Q)]


def _constant_without_elements(build: GraphBuilder) -> list[str]:
    x = build.input("x", DType.F32, (2, 4))
    c = build.constant("c", np.zeros((0, 4), np.float32))
    return [build.add("concatenation", [x, c], {"axis": 0}), c]


def _float_and_int8(build: GraphBuilder) -> list[str]:
    x, y = build.input("x", DType.S8, (1, 4), Q), build.input("y", DType.F32, (1, 4))
    quantized = build.add("quantize", [y], {"dtype": "s8"}, quantization=Q)
    return [build.add("add", [x, quantized], quantization=Q), quantized]


def _no_input(build: GraphBuilder) -> list[str]:
    return [build.add("tanh", [build.constant("c", np.arange(6, dtype=np.float32))])]


def _unused_input(build: GraphBuilder) -> list[str]:
    build.input("unused", DType.F32, (1, 3))
    return [build.add("tanh", [build.input("x", DType.F32, (1, 2))])]


EDGES = [
    value for name, value in list(globals().items()) if name.startswith("_") and not name.startswith("__")
]


EXTERNAL = pytest.mark.parametrize("external", [False, True], ids=["in the arena", "outside"])


def graph_of(edge: Callable[[GraphBuilder], list[str]]) -> Graph:
    build = GraphBuilder(edge.__name__.strip("_"))
    return build.build(edge(build))


@EXTERNAL
@pytest.mark.parametrize("edge", EDGES)
def test_generated_c(tmp_path: Path, edge: Callable[[GraphBuilder], list[str]], external: bool) -> None:
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    if not compilers:
        pytest.skip("neither gcc nor clang is installed")
    options = Options(external_input=external)
    project = smelt.generate(graph_of(edge), smelt.find_target("host"), options=options)
    smelt.write_project(project, tmp_path / "c")
    for compiler in compilers:
        command = [compiler, *FLAGS, "-I.", *project.sources, "main.c", "-o", "program", "-lm"]
        done = subprocess.run(command, cwd=tmp_path / "c", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        subprocess.run([tmp_path / "c" / "program"], check=True)


@EXTERNAL
@pytest.mark.parametrize("edge", EDGES)
def test_native_agrees_with_the_meaning(edge: Callable[[GraphBuilder], list[str]], external: bool) -> None:
    graph = graph_of(edge)
    inputs = {name: random_array(graph.values[name], i) for i, name in enumerate(graph.inputs)}
    expected = evaluate_graph(graph, inputs)
    with NativeEngine(graph, options=Options(external_input=external)) as engine:
        found = engine.run(inputs)
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


def test_header_is_cplusplus(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    project = smelt.generate(graph_of(_float_and_int8), smelt.find_target("host"), "mixed")
    smelt.write_project(project, tmp_path / "c")
    (tmp_path / "c" / "use.cpp").write_text(
        '#include "mixed.h"\n'
        "static uint8_t arena[MIXED_ARENA_BYTES] SMELT_ALIGN(MIXED_ARENA_ALIGNMENT);\n"
        "float use() {\n"
        "    mixed_input_0(arena)[0] = mixed_input_0_from_float(1.0f);\n"
        "    mixed_input_1(arena)[0] = 1.0f;\n"
        "    return mixed_invoke(arena) == SMELT_OK ? mixed_output_0_to_float(mixed_output_0(arena)[0]) : 0.0f;\n"
        "}\n"
        "int main() { return use() == 2.0f ? 0 : 1; }\n"
    )
    objects = []
    for index, source in enumerate(project.sources):
        objects.append(f"{index}.o")
        subprocess.run(["gcc", "-c", "-I.", source, "-o", objects[-1]], cwd=tmp_path / "c", check=True)
    flags = ["-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run(
        ["g++", *flags, "-I.", "use.cpp", *objects, "-o", "program"], cwd=tmp_path / "c", check=True
    )
    subprocess.run([tmp_path / "c" / "program"], check=True)


def test_self_check_takes_what_is_no_number() -> None:
    """A golden output of NaN is one that the firmware must give too."""
    graph = graph_of(_intermediate_and_twice)
    golden = {"x": np.full((1, 4), np.nan, np.float32)}
    files = smelt.generate(graph, smelt.find_target("host"), golden=golden).files
    assert any("NAN" in text for path, text in files.items() if path.endswith("_golden.h"))


def test_indices_may_be_an_input() -> None:
    """Random numbers, which the self check would take, are outside of what they index."""
    graph = Case("rows", "gather", (Tensor(DType.F32, (5, 2)), Tensor(DType.S32, (3,))), {}).graph()
    inputs = sample_inputs(graph)
    assert not inputs["input_1"].any()
    inputs["input_1"] = np.array([4, 0, 2], np.int32)
    with NativeEngine(graph) as engine:
        (rows,) = engine.run(inputs).values()
    np.testing.assert_array_equal(rows, inputs["input_0"][[4, 0, 2]])
