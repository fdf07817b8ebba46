"""Generated code that runs groups of layers a row at a time, through rings: right at every RAM budget."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.codegen import Options, Project, build_program
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.native import NativeEngine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import Target

HOST = smelt.find_target("host")
SEEDS = range(6)
TYPES = (DType.S8, DType.F32)
SHARES = (0.9, 0.75, 0.6)
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class RandomRows:
    """A chain of layers that go by rows, with residuals and a branch that is concatenated at the end."""

    def __init__(self, seed: int, dtype: DType) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.build = GraphBuilder("rows")
        self.tensor = Quantization.per_tensor(0.05, -3) if dtype is DType.S8 else None

    def graph(self) -> Graph:
        size = int(self.rng.integers(12, 20))
        x = self.build.input("x", self.dtype, (1, size, int(self.rng.integers(4, 10)), 3), self.tensor)
        x = self.convolution(x, stride=1)
        moves = [self.convolution, self.depthwise, self.pool, self.residual, self.activation]
        for move in self.rng.choice(np.arange(len(moves)), int(self.rng.integers(3, 6))):
            x = moves[move](x)
        branches = [x, self.activation(self.window(x)), self.window(x)][: int(self.rng.integers(1, 4))]
        joined = branches[0] if len(branches) == 1 else self.add("concatenation", branches, axis=3)
        if self.dtype is DType.S8 and self.rng.random() < 0.5:
            joined = self.reduced(joined)
        return self.build.build([joined])

    def reduced(self, x: str) -> str:
        """The average of each channel, as two operators have it."""
        _, height, width, _ = self.shape(x)
        if self.rng.random() < 0.5:
            return self.add("mean", [x], axes=(1, 2), keep_dims=False)
        return self.add("average_pool_2d", [x], filter=(height, width))

    def add(self, operator: str, inputs: list[str], **attributes: object) -> str:
        return self.build.add(operator, inputs, attributes, quantization=self.tensor)  # type: ignore[arg-type]

    def weights(self, shape: tuple[int, ...], axis: int) -> list[str]:
        outputs = shape[axis]
        if self.dtype is DType.F32:
            fan = float(np.prod(shape)) / outputs
            array = self.rng.normal(scale=fan**-0.5, size=shape).astype(np.float32)
            bias = self.rng.normal(size=outputs).astype(np.float32)
            return [self.build.constant("w", array), self.build.constant("b", bias)]
        scales = tuple(float(s) for s in self.rng.uniform(0.002, 0.01, outputs).astype(np.float32))
        array8 = self.rng.integers(-127, 128, shape).astype(np.int8)
        bias32 = self.rng.integers(-3000, 3000, outputs).astype(np.int32)
        quantization = Quantization(scales, (0,) * outputs, axis)
        return [self.build.constant("w", array8, quantization), self.build.constant("b", bias32)]

    def shape(self, name: str) -> tuple[int, ...]:
        return self.build.values[name].shape

    def window_attributes(self, x: str, stride: int | None) -> tuple[tuple[int, int], dict[str, object]]:
        """A kernel that fits, with padding, dilation and stride; a stride may exceed the kernel."""
        _, height, width, _ = self.shape(x)
        kernel = int(self.rng.integers(1, 4)), int(self.rng.integers(1, min(width, 3) + 1))
        step = stride or (int(self.rng.integers(1, 4)) if height > 9 else 1)
        dilation = int(self.rng.integers(1, 3)) if (kernel[0] - 1) * 2 < height else 1
        pads = tuple(int(p) for p in self.rng.integers(0, 2, 4))
        return kernel, {"stride": (step, 1), "dilation": (dilation, 1), "padding": pads}

    def convolution(self, x: str, stride: int | None = None) -> str:
        kernel, attributes = self.window_attributes(x, stride)
        weights = self.weights((int(self.rng.integers(4, 9)), *kernel, self.shape(x)[3]), 0)
        return self.add("conv_2d", [x, *weights], **attributes)

    def depthwise(self, x: str) -> str:
        kernel, attributes = self.window_attributes(x, None)
        multiplier = 2 if self.shape(x)[3] < 5 else 1
        weights = self.weights((1, *kernel, self.shape(x)[3] * multiplier), 3)
        return self.add("depthwise_conv_2d", [x, *weights], multiplier=multiplier, **attributes)

    def pool(self, x: str) -> str:
        _, height, width, _ = self.shape(x)
        rows, columns = min(height, int(self.rng.integers(2, 4))), min(width, 2)
        pads = (int(self.rng.integers(0, 2)), int(self.rng.integers(0, 2)), 0, columns - 1)
        operator = str(self.rng.choice(["average_pool_2d", "max_pool_2d"]))
        stride = (int(self.rng.integers(1, 3)) if height > 6 else 1, 1)
        return self.add(operator, [x], filter=(rows, columns), stride=stride, padding=pads)

    def window(self, x: str) -> str:
        """A depthwise convolution that keeps height and width."""
        weights = self.weights((1, 3, 3, self.shape(x)[3]), 3)
        return self.add("depthwise_conv_2d", [x, *weights], multiplier=1, padding=(1, 1, 1, 1))

    def residual(self, x: str) -> str:
        return self.add("add", [x, self.window(self.window(x))], activation="relu")

    def activation(self, x: str) -> str:
        return self.add("relu", [x])


@cache
def random_rows(seed: int, dtype: DType) -> Graph:
    return RandomRows(seed, dtype).graph()


def smallest(graph: Graph, target: Target) -> Options:
    """The options of the smallest arena that is found."""
    with pytest.raises(CompileError) as caught:
        build_program(graph, target, options=Options(ram_bytes=1))
    found = re.search(r"takes ([\d,]+)", str(caught.value))
    assert found
    return Options(ram_bytes=int(found.group(1).replace(",", "")))


@cache
def options_of(seed: int, dtype: DType) -> tuple[Options, ...]:
    """A build without budget, those of shares of the live peak that a plan is found for, and the smallest."""
    graph = random_rows(seed, dtype)
    peak = build_program(graph, HOST).live_peak_bytes
    found = {}
    for options in (Options(), *(Options(ram_bytes=int(share * peak)) for share in SHARES)):
        try:
            program = build_program(graph, HOST, options=options)
        except CompileError:
            break
        assert options.ram_bytes is None or program.plan.arena_bytes <= options.ram_bytes
        # budgets that the same plan meets are one test
        found.setdefault((program.plan.arena_bytes, len(program.groups)), options)
    return (*found.values(), smallest(graph, HOST))


def inputs_of(graph: Graph) -> dict[str, Array]:
    return {name: random_array(graph.values[name], 7 + i) for i, name in enumerate(graph.inputs)}


def assert_right(graph: Graph, inputs: Mapping[str, Array], actual: Mapping[str, Array]) -> None:
    """Integers equal, floats within 1e-6 of the largest magnitude."""
    for name, expected in evaluate_graph(graph, dict(inputs)).items():
        if expected.dtype.kind == "f":
            limit = 1e-6 * max(float(np.abs(expected).max()), 1.0)
            assert np.abs(actual[name] - expected).max() <= limit
        else:
            assert np.array_equal(actual[name], expected)


def needs(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_right_at_every_budget(seed: int, dtype: DType) -> None:
    """The second run starts from an arena in which nothing but the input is what the first one found."""
    graph = random_rows(seed, dtype)
    inputs = inputs_of(graph)
    for options in options_of(seed, dtype):
        engine = NativeEngine(graph, options=options)
        try:
            assert_right(graph, inputs, engine.run(inputs))
            engine._library.arena[:] = 0x5A
            assert_right(graph, inputs, engine.run(inputs))
        finally:
            engine.close()


def test_many_programs_have_groups_and_rings() -> None:
    programs = [
        build_program(random_rows(seed, dtype), HOST, options=options)
        for seed in SEEDS
        for dtype in TYPES
        for options in options_of(seed, dtype)[1:]
    ]
    with_groups = [program for program in programs if program.groups]
    assert len(programs) >= len(SEEDS) * len(TYPES)
    assert len(with_groups) >= len(programs) / 3
    streamed = {layer.node.operator for p in with_groups for g in p.groups for layer in g.layers}
    assert streamed >= {"conv_2d", "depthwise_conv_2d", "max_pool_2d", "average_pool_2d", "add", "relu"}
    assert any(p.ring_rows[name] < p.graph.values[name].shape[1] for p in with_groups for name in p.ring_rows)


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize(("seed", "dtype"), [(0, DType.S8), (3, DType.S8), (1, DType.F32)])
def test_right_on_emulated_cores(target: str, seed: int, dtype: DType) -> None:
    needs("arm-none-eabi-gcc")
    graph = random_rows(seed, dtype)
    inputs = inputs_of(graph)
    engine = EmulatedEngine(
        graph, smelt.find_target(target), options=smallest(graph, smelt.find_target(target))
    )
    try:
        assert_right(graph, inputs, engine.run(inputs))
    finally:
        engine.close()


def compiled(project: Project, folder: Path, *flags: str, main: str | None = None) -> Path:
    smelt.write_project(project, folder / "c")
    root = folder / "c"
    if main is not None:
        (root / "main.c").write_text(main)
    sources = [str(root / source) for source in [*project.sources, "main.c"]]
    warnings = find_toolchain(HOST).warning_flags
    command = [needs("gcc"), "-std=c99", *warnings, "-O1", *flags, "-I", str(root), *sources, "-lm"]
    done = subprocess.run(
        [*command, "-o", str(folder / "program")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "program"


def assert_passes(program: Path) -> None:
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("seed", "dtype"), [(0, DType.S8), (2, DType.S8), (5, DType.F32)])
def test_clean_under_sanitizers(tmp_path: Path, seed: int, dtype: DType) -> None:
    """Exit status 0 says that the golden vectors match, too."""
    options = options_of(seed, dtype)[-1]
    project = smelt.generate(random_rows(seed, dtype), HOST, "rows", options=options)
    assert_passes(compiled(project, tmp_path, *SANITIZERS))


def convolution(
    build: GraphBuilder, x: str, kernel: tuple[int, int], outputs: int, **attributes: object
) -> str:
    rng = np.random.default_rng(outputs)
    shape = (outputs, *kernel, build.values[x].shape[3])
    weights = build.constant(
        "w", rng.integers(-127, 128, shape).astype(np.int8), Quantization.per_tensor(0.004)
    )
    return build.add("conv_2d", [x, weights], attributes, quantization=Quantization.per_tensor(0.05, -3))


def test_last_rows_that_nobody_reads_are_not_computed() -> None:
    """A 1x1 convolution with stride 3 reads row 15 of 18 last: rows 16 and 17 are left out of the schedule."""
    build = GraphBuilder("skips")
    x = build.input("x", DType.S8, (1, 18, 8, 2), Quantization.per_tensor(0.05, -3))
    wide = convolution(build, x, (3, 3), 16, padding=(1, 1, 1, 1))
    thin = convolution(build, wide, (1, 1), 4, stride=(3, 3))
    graph = build.build([convolution(build, thin, (2, 1), 3)])
    options = smallest(graph, HOST)
    (group,) = build_program(graph, HOST, options=options).groups
    assert group.layers[0].index == 1
    assert group.schedule.count(0) == 16
    engine = NativeEngine(graph, options=options)
    inputs = inputs_of(graph)
    assert_right(graph, inputs, engine.run(inputs))
    engine.close()


def test_a_reshaped_tensor_is_read_whole() -> None:
    """The rows of a reshaped tensor are not those of the tensor whose memory it uses."""
    build = GraphBuilder("reshaped")
    quantization = Quantization.per_tensor(0.05, -3)
    x = build.input("x", DType.S8, (1, 16 * 8 * 2), quantization)
    image = build.add("reshape", [x], {"shape": (1, 16, 8, 2)}, quantization=quantization)
    wide = convolution(build, image, (3, 3), 16, padding=(1, 1, 1, 1))
    graph = build.build([convolution(build, wide, (3, 3), 4, stride=(2, 2))])
    for options in (Options(), smallest(graph, HOST)):
        engine = NativeEngine(graph, options=options)
        inputs = inputs_of(graph)
        assert_right(graph, inputs, engine.run(inputs))
        engine.close()


@pytest.mark.parametrize("reduction", ["average_pool_2d", "mean"])
def test_a_reduction_takes_rows_as_they_come(reduction: str) -> None:
    """No tensor but the input is ever whole: the last one of a chain is summed row by row."""
    build = GraphBuilder("summed")
    x = build.input("x", DType.S8, (1, 20, 4, 2), Quantization.per_tensor(0.05, -3))
    for _ in range(3):
        x = convolution(build, x, (3, 3), 16, padding=(1, 1, 1, 1))
    attributes = {"filter": (20, 4)} if reduction == "average_pool_2d" else {"axes": (1, 2)}
    joined = build.add(reduction, [x], attributes, quantization=Quantization.per_tensor(0.05, -3))  # type: ignore[arg-type]
    graph = build.build([joined])
    options = smallest(graph, HOST)
    program = build_program(graph, HOST, options=options)
    (group,) = program.groups
    last = group.layers[-1]
    assert last.kernel
    assert last.kernel.accumulates
    assert program.plan.arena_bytes < 20 * 4 * 16
    inputs = inputs_of(graph)
    engine = NativeEngine(graph, options=options)
    assert_right(graph, inputs, engine.run(inputs))
    engine._library.arena[:] = 0x5A
    assert_right(graph, inputs, engine.run(inputs))
    engine.close()


def consuming_chain() -> Graph:
    """Layers whose input does not outlive the first of them."""
    build = GraphBuilder("chain")
    x = build.input("x", DType.S8, (1, 12, 8, 8), Quantization.per_tensor(0.05, -3))
    first = convolution(build, x, (1, 1), 6)
    return build.build([convolution(build, first, (3, 3), 2, stride=(2, 2))])


@pytest.mark.parametrize("optimize", ["balanced", "ram"])
def test_keep_input_leaves_the_input_intact(optimize: str) -> None:
    graph = consuming_chain()
    options = Options(optimize, keep_input=True)  # type: ignore[arg-type]
    project = smelt.generate(graph, HOST, "chain", options=options)
    assert "#define CHAIN_INPUT_PRESERVED 1" in project.files["chain.h"]
    assert "SMELT_POISON_INPUT" not in project.files["chain.c"] + project.files["chain.h"]
    engine = NativeEngine(graph, options=options)
    inputs = inputs_of(graph)
    assert_right(graph, inputs, engine.run(inputs))
    assert np.array_equal(engine._library.tensor("x"), inputs["x"])
    engine.close()


POISON_MAIN = """
#include <string.h>
#include "chain.h"
#include "chain_golden.h"
static uint8_t arena[CHAIN_ARENA_BYTES] SMELT_ALIGN(CHAIN_ARENA_ALIGNMENT);
static int right(void) { return memcmp(chain_output(arena), chain_output_golden, CHAIN_OUTPUT_BYTES) == 0; }
int main(void) {
    memcpy(chain_input(arena), chain_input_golden, CHAIN_INPUT_BYTES);
    if (chain_invoke(arena) != SMELT_OK || !right()) { return 1; }
    int poisoned = 0;
    for (int i = CHAIN_INPUT_OFFSET; i < CHAIN_INPUT_OFFSET + CHAIN_INPUT_BYTES; i++) {
        const int output = i >= CHAIN_OUTPUT_OFFSET && i < CHAIN_OUTPUT_OFFSET + CHAIN_OUTPUT_BYTES;
        if (!output && arena[i] != 0xAA) { return 2; }
        poisoned += !output;
    }
    if (poisoned == 0) { return 3; }
    if (chain_invoke(arena) != SMELT_OK || right()) { return 4; }
    memcpy(chain_input(arena), chain_input_golden, CHAIN_INPUT_BYTES);
    return chain_invoke(arena) == SMELT_OK && right() ? 0 : 5;
}
"""


def test_a_consumed_input_is_poisoned_on_request(tmp_path: Path) -> None:
    """Outputs stay right; who does not fill the input again gets a wrong output; without the macro nothing is."""
    project = smelt.generate(consuming_chain(), HOST, "chain")
    assert "#define CHAIN_INPUT_PRESERVED 0" in project.files["chain.h"]
    assert "-DSMELT_POISON_INPUT" in project.files["chain.h"]
    assert_passes(compiled(project, tmp_path, "-DSMELT_POISON_INPUT", *SANITIZERS, main=POISON_MAIN))
    plain = compiled(project, tmp_path / "plain", main=POISON_MAIN)
    assert subprocess.run([str(plain)], check=False).returncode == 2
