"""Weights that are kept packed: the same outputs bit for bit, in any number of slices; never more flash than plain."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.codegen import Options, build_program, packing
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph

HOST = smelt.find_target("host")
CORES = ("cortex-m0plus", "cortex-m4", "rv32imc")
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
TENSOR = Quantization.per_tensor(0.05, -3)


class RandomLayers:
    """Branches that end in dense layers; of the kernels that a target has, most compute one of them or another."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.build = GraphBuilder("packed")

    def graph(self) -> Graph:
        height, width = (int(n) for n in self.rng.integers(5, 9, 2))
        x = self.build.input("x", DType.S8, (1, height, width, 3), TENSOR)
        x = self.convolution(x, (3, 3), 16, padding=(1, 1, 1, 1))
        branches = [
            self.convolution(x, (3, 3), 8, padding=(1, 0, 2, 1)),
            self.convolution(x, (1, 1), 12, activation="relu"),
            self.convolution(x, (2, 3), 4, stride=(2, 1), dilation=(2, 2), padding=(2, 2, 2, 2)),
            self.convolution(x, (3, 1), 16, channels=4),
            self.depthwise(x),
        ]
        return self.build.build([self.dense(branch) for branch in branches])

    def weights(self, shape: tuple[int, ...], axis: int | None) -> list[str]:
        """Of any deviation, some pruned; -128 too, which some kernels refuse."""
        spread = float(2.0 ** self.rng.uniform(2, 6))
        values = np.clip(self.rng.normal(scale=spread, size=shape).round(), -127, 127)
        values[self.rng.random(shape) < self.rng.choice([0.0, 0.7])] = 0
        values.flat[0] = self.rng.choice([-128, 127])
        outputs = shape[axis or 0]
        quantization = Quantization.per_tensor(0.3 / spread)
        if axis is not None:
            scales = self.rng.uniform(0.1, 0.5, outputs) / spread
            quantization = Quantization(tuple(float(np.float32(s)) for s in scales), (0,) * outputs, axis)
        bias = self.rng.integers(-900, 900, outputs).astype(np.int32)
        return [
            self.build.constant("w", values.astype(np.int8), quantization),
            self.build.constant("b", bias),
        ]

    def convolution(
        self, x: str, kernel: tuple[int, int], outputs: int, channels: int | None = None, **attributes: object
    ) -> str:
        channels = channels or self.build.values[x].shape[3]
        tensors = [x, *self.weights((outputs, *kernel, channels), 0)]
        return self.build.add("conv_2d", tensors, attributes, quantization=TENSOR)  # type: ignore[arg-type]

    def depthwise(self, x: str) -> str:
        tensors = [x, *self.weights((1, 3, 3, self.build.values[x].shape[3]), 3)]
        return self.build.add("depthwise_conv_2d", tensors, {"multiplier": 1}, quantization=TENSOR)

    def dense(self, x: str) -> str:
        inputs = int(np.prod(self.build.values[x].shape))
        tensors = [x, *self.weights((int(self.rng.choice([7, 8, 12, 16])), inputs), None)]
        return self.build.add("fully_connected", tensors, quantization=TENSOR)


@cache
def random_layers(seed: int) -> Graph:
    return RandomLayers(seed).graph()


def all_packed(graph: Graph) -> Options:
    return Options("size", packed=frozenset(name for node in graph.nodes for name in node.outputs))


def inputs_of(graph: Graph) -> dict[str, Array]:
    return {name: random_array(graph.values[name], 3 + i) for i, name in enumerate(graph.inputs)}


@pytest.fixture(params=[1, 4], ids=lambda n: f"{n} slices")
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Layers are computed in so many slices where they can be, else in one."""
    monkeypatch.setattr(packing, "SLICES", (request.param, 1))
    return int(request.param)


@pytest.mark.parametrize("core", CORES)
def test_outputs_are_the_same_on_emulated_cores(core: str, slices: int) -> None:
    graph, target = random_layers(slices), smelt.find_target(core)
    inputs = inputs_of(graph)
    try:
        engine = EmulatedEngine(graph, target, options=all_packed(graph))
    except SmeltError as error:
        pytest.skip(str(error))
    try:
        found = engine.run(inputs)
    finally:
        engine.close()
    for name, expected in evaluate_graph(graph, inputs).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def test_nearly_all_layers_are_packed(slices: int) -> None:
    graph = random_layers(0)
    for core in CORES:
        program = build_program(graph, smelt.find_target(core), options=all_packed(graph))
        lowered = [layer.lowering for layer in program.layers if layer.lowering is not None]
        used = [x.unpacking for x in lowered if x.unpacking is not None]
        # a depthwise kernel's records hold more than weights
        assert len(used) >= len(lowered) - 1
        # slices must make the same call, which random scales do not always allow
        in_slices = [how for how in used if how.slices == slices]
        assert len(in_slices) >= 3
        assert slices == 1 or {how.pixels > 1 for how in in_slices} == {True, False}


def test_generated_code_is_clean_under_sanitizers(slices: int, tmp_path: Path) -> None:
    """Exit status 0 says that the golden vectors match, too."""
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    graph = random_layers(slices + 1)
    project = smelt.generate(graph, HOST, "packed", options=all_packed(graph))
    smelt.write_project(project, tmp_path / "c")
    sources = [str(tmp_path / "c" / path) for path in [*project.sources, "main.c"]]
    warnings = find_toolchain(HOST).warning_flags
    command = [gcc, "-std=c99", *warnings, "-O1", *SANITIZERS, "-I", str(tmp_path / "c"), *sources, "-lm"]
    subprocess.run([*command, "-o", str(tmp_path / "program")], check=True)
    done = subprocess.run([str(tmp_path / "program")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def layer(weights: Array, rows: int = 4) -> Graph:
    """A dense layer with these weights [outputs, inputs], or a 1 x 1 convolution over some rows."""
    build = GraphBuilder("layer")
    x = build.input("x", DType.S8, (1, rows, rows, weights.shape[1]), TENSOR)
    array = build.constant(
        "w", weights.reshape(len(weights), 1, 1, -1).astype(np.int8), Quantization.per_tensor(0.01)
    )
    return build.build([build.add("conv_2d", [x, array], quantization=TENSOR)])


def table_bytes(graph: Graph, core: str, options: Options) -> int:
    program = smelt.generate(graph, smelt.find_target(core), options=options)
    return sum(table.bytes for table in program.tables)


@pytest.mark.parametrize("core", [*CORES, "host"])
def test_optimizing_for_flash_packs_what_pays_and_nothing_else(core: str) -> None:
    rng = np.random.default_rng(4)
    pruned = rng.integers(-100, 100, (64, 64)) * (rng.random((64, 64)) < 0.3)
    clustered = rng.choice(rng.integers(-120, 120, 16), (64, 64))
    plain = table_bytes(layer(clustered), core, Options("size"))
    for weights in (pruned, clustered):
        assert table_bytes(layer(weights), core, Options("flash")) < plain - 0.4 * weights.size
    for weights in (rng.integers(-128, 128, (64, 64)), pruned[:8, :8]):
        graph = layer(weights)
        assert table_bytes(graph, core, Options("flash")) == table_bytes(graph, core, Options("size"))


def test_the_decoder_is_linked_only_where_it_is_used() -> None:
    dense = layer(np.arange(64 * 64).reshape(64, 64) % 256 - 128)
    assert not any("unpack" in path for path in smelt.generate(dense, HOST, options=Options("flash")).files)
    pruned = layer(np.eye(64) * 100)
    assert "smelt/smelt_unpack_s8.c" in smelt.generate(pruned, HOST, options=Options("flash")).files


def test_the_arena_grows_by_a_block_only() -> None:
    """Of a layer with large weights: with all of them unpacked at once it would be four times as large."""
    rng = np.random.default_rng(5)
    graph = layer(rng.integers(-3, 4, (256, 128)), rows=3)
    for core in CORES:
        plain, packed = (
            build_program(graph, smelt.find_target(core), options=Options(optimize))  # type: ignore[arg-type]
            for optimize in ("size", "flash")
        )
        assert packed.layers[0].lowering is not None
        assert packed.layers[0].lowering.unpacking is not None
        assert packed.plan.arena_bytes <= plain.plan.arena_bytes + packing.BLOCK_BYTES < 256 * 128
