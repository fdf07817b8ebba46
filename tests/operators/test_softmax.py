"""Softmax: meaning against TFLite Micro and LiteRT, C kernels against the meaning."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from compiled_kernels import assert_compiles_cleanly, device_symbols
from kernel_runner import run_kernels
from one_node import assert_agrees, data_for, meaning, one_node
from tflite_oracles import run_litert, run_micro

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import all_operators, call_of, choose_kernel
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.softmax.cases import CASES
from smelt.targets import find_target

OUTPUT = (1 / 256, -128)


def random_run(rng: np.random.Generator) -> tuple[Graph, dict[str, Array]]:
    """Softmax of any depth, scale and beta; rows are narrow, wide or saturated at both ends."""
    depth = int(rng.choice([1, 2, 3, 10, 12, 100, 400]))
    scale, beta = 10 ** rng.uniform(-5, 2), float(np.float32(rng.choice([1.0, 0.3, 2.7])))
    graph = one_node(
        "softmax", (quantized((8, depth), scale, int(rng.integers(-128, 128))),), OUTPUT, beta=beta
    )
    spread = rng.choice([3, 30, 300])
    x = np.clip(rng.normal(size=(8, depth)) * spread, -128, 127).astype(np.int8)
    return graph, {graph.inputs[0]: x}


@pytest.mark.parametrize("case", [c for c in CASES if "_s8" in c.name], ids=lambda c: c.name)
def test_int8_equals_tflite_micro(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


def test_int8_equals_tflite_micro_for_random_parameters() -> None:
    rng = np.random.default_rng(2)
    for trial in range(150):
        graph, inputs = random_run(rng)
        assert_agrees(meaning(graph, inputs), run_micro(graph, inputs), f"trial {trial}")


def one_maximum_runs() -> Iterator[tuple[Graph, dict[str, Array]]]:
    """Rows of one maximum among many inputs at one distance: every small exponential counts in the sum."""
    for depth, scale in itertools.product([300, 401, 499], [0.031, 0.04, 0.0573, 0.07, 0.1, 0.15, 0.3]):
        x = np.repeat(np.arange(127, -129, -1).astype(np.int8)[:, None], depth, axis=1)
        x[:, 0] = 127
        graph = one_node("softmax", (quantized(x.shape, scale, 0),), OUTPUT)
        yield graph, {graph.inputs[0]: x}


def test_int8_equals_tflite_micro_where_small_exponentials_add_up() -> None:
    for graph, inputs in one_maximum_runs():
        assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("scale", [0.0573, 0.121, 0.2421875, 0.5, 1.0, 3.99])
def test_int8_equals_tflite_micro_at_every_distance_from_the_maximum(scale: float) -> None:
    """Pairs of 127 and each other value walk over the whole table and past its end (diff_min)."""
    x = np.full((256, 2), 127, np.int8)
    x[:, 1] = np.arange(-128, 128)
    graph = one_node("softmax", (quantized(x.shape, scale, 0),), OUTPUT)
    inputs = {graph.inputs[0]: x}
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("case", [c for c in CASES if "_f32" in c.name], ids=lambda c: c.name)
def test_float_equals_litert(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_litert(graph, inputs))


@pytest.mark.parametrize("in_place", [False, True])
def test_kernels_equal_the_meaning(in_place: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    runs = [(graph, data_for(graph)) for graph in (case.graph() for case in CASES)]
    runs += [random_run(rng) for _ in range(60)]
    runs += one_maximum_runs()
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path, in_place=in_place), strict=True):
        assert_agrees(output, meaning(graph, inputs), graph.name)


@pytest.mark.parametrize("depth", [511, 512, 513, 8191])
def test_many_equal_inputs_round_to_what_they_should(depth: int, tmp_path: Path) -> None:
    """From 512 equal inputs on TFLite Micro stops with a failed check; the true result rounds to 0."""
    graph = one_node("softmax", (quantized((1, depth), 0.1, 0),), OUTPUT)
    inputs = {graph.inputs[0]: np.full((1, depth), 42, np.int8)}
    expected = np.full((1, depth), -128 + (1 if depth < 512 else 0), np.int8)
    np.testing.assert_array_equal(meaning(graph, inputs), expected)
    np.testing.assert_array_equal(run_kernels([(graph, inputs)], tmp_path)[0], expected)


def test_a_depth_that_would_overflow_the_sum_has_no_kernel() -> None:
    graph = one_node("softmax", (quantized((1, 8192), 0.1, 0),), OUTPUT)
    with pytest.raises(UnsupportedError, match="softmax 'output' on s8"):
        choose_kernel(call_of(graph, graph.nodes[0]), find_target("host"))


def test_kernels_compile_for_devices_without_warnings() -> None:
    folder = all_operators()["softmax"].folder
    for compiler in ("gcc", "clang"):
        assert_compiles_cleanly(compiler, folder)
    assert not device_symbols(folder, "cortex-m4")["softmax_s8.c"]
    device_symbols(folder, "cortex-m0plus")


def test_user_errors() -> None:
    with pytest.raises(GraphError, match="'input_0' is a scalar"):
        one_node("softmax", (Tensor(DType.F32, ()),))
    graph = one_node("softmax", (quantized((2, 3), 0.1, 0),), (0.01, 3))
    with pytest.raises(UnsupportedError, match=r"output 'output' must have scale 0\.00390625"):
        meaning(graph, data_for(graph))
    graph = one_node("softmax", (quantized((2, 3), 1e-9, 0),), OUTPUT)
    with pytest.raises(UnsupportedError, match="too small for int8 softmax"):
        meaning(graph, data_for(graph))


def test_fixed_output() -> None:
    fixed = all_operators()["softmax"].traits.fixed_output
    assert fixed is not None
    assert fixed(DType.S8) == Quantization.per_tensor(1 / 256, -128)
