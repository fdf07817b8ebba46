"""fully_connected: meaning against TensorFlow Lite, C against meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled_kernels import assert_compiles_cleanly
from convolution_judges import assert_computes, assert_judged, run_litert, run_micro
from kernel_runner import run_kernels
from one_node import data_for, meaning

from smelt.errors import GraphError, UnsupportedError
from smelt.formats.tflite import read_tflite
from smelt.ir import DType, Graph, Quantization
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case, Tensor, quantized, random_weights
from smelt.operators.convolution.cases import quantized_bias
from smelt.operators.dense.cases import CASES
from smelt.operators.dense.geometry import requantization
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.fixed_point import quantize_multiplier
from smelt.targets import find_target

CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def random_dense(rng: np.random.Generator) -> Graph:
    rows, inputs, outputs = int(rng.integers(1, 5)), int(rng.integers(1, 70)), int(rng.integers(1, 20))
    source, result = ((float(np.exp(rng.uniform(-6, 0))), int(rng.integers(-128, 128))) for _ in range(2))
    axis = 0 if rng.integers(2) else None
    weights = random_weights((outputs, inputs), axis, int(rng.integers(1 << 30)), low=-128)
    if weights.quantization and weights.quantization.axis is None:
        quantization = Quantization.per_tensor(float(rng.uniform(0.001, 0.1)), int(rng.integers(-128, 128)))
        weights = Tensor(DType.S8, weights.shape, quantization, weights.constant)
    data = quantized((rows, inputs), *source)
    bias = quantized_bias(data, weights, outputs, int(rng.integers(1 << 30)))
    tensors = (data, weights, *((bias,) if rng.integers(4) else ()))
    scale = source[0] * float(np.exp(rng.uniform(-2, 3)))
    attributes: dict[str, Any] = {"activation": str(rng.choice(["none", "relu", "relu6", "relu_n1_to_1"]))}
    output = Quantization.per_tensor(scale, result[1])
    return Case("random", "fully_connected", tensors, attributes, output).graph()


@pytest.mark.parametrize(
    "case", [case for case in CASES if "blocks" not in case.name], ids=lambda case: case.name
)
def test_meaning_is_tensorflow_lites(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_judged(graph, inputs, meaning(graph, inputs))


@pytest.mark.parametrize("seed", range(100))
def test_random_dense_are_tflite_micros(seed: int) -> None:
    graph = random_dense(np.random.default_rng(seed))
    inputs = data_for(graph, seed)
    assert_judged(graph, inputs, meaning(graph, inputs))


@pytest.mark.parametrize("name", ["mlperf_tiny/ad_int8", "tflm/hello_world_int8"])
def test_models_are_tflite_micros(shared: Path, name: str) -> None:
    model = (shared / "models" / f"{name}.tflite").read_bytes()
    graph = read_tflite(model)
    for seed in range(10):
        inputs = data_for(graph, seed)
        results = evaluate_graph(graph, inputs).values()
        for result, expected in zip(results, run_micro(graph, inputs, model), strict=True):
            np.testing.assert_array_equal(result, expected.reshape(result.shape))


@pytest.mark.parametrize("name", ["mlperf_tiny/ad_float32", "tflm/hello_world_float"])
def test_float_models_are_litert(shared: Path, name: str) -> None:
    model = (shared / "models" / f"{name}.tflite").read_bytes()
    graph = read_tflite(model)
    inputs = data_for(graph, 1)
    results = evaluate_graph(graph, inputs).values()
    for result, expected in zip(results, run_litert(graph, inputs, model), strict=True):
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * largest)


def test_kernels_compute_the_meaning(tmp_path: Path) -> None:
    """Cases and random sizes, under the address and undefined-behaviour sanitizers."""
    graphs = [case.graph() for case in CASES] + [random_dense(np.random.default_rng(s)) for s in range(200)]
    runs = [(graph, data_for(graph, seed)) for seed, graph in enumerate(graphs)]
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path), strict=True):
        assert_computes(output, meaning(graph, inputs), str(graph.nodes[0].attributes))


def test_one_scale_is_multiplied_in_float32() -> None:
    """Scales for which float32 and double products give different mantissas."""
    source, weight, result = (float(np.float32(s)) for s in (0.1, 0.003, 0.07))
    weights = random_weights((2, 3), None, 0, scale=weight)
    graph = Case(
        "one", "fully_connected", (quantized((1, 3), source, 0), weights), {}, Quantization.per_tensor(result)
    ).graph()
    mantissas, shifts = requantization(call_of(graph, graph.nodes[0]))
    single = quantize_multiplier(float(np.float32(source) * np.float32(weight)) / result)
    assert single != quantize_multiplier(source * weight / result)
    assert (mantissas.tolist(), shifts.tolist()) == ([single[0]], [single[1]])


def test_keep_dims_keeps_leading_dimensions() -> None:
    by_name = {case.name: case.graph() for case in CASES}
    assert by_name["dense_keeps_dimensions_s8"].values["output"].shape == (2, 3, 5)
    assert by_name["dense_flattens_s8"].values["output"].shape == (4, 5)


def test_weights_that_are_computed_have_no_kernel() -> None:
    builder = GraphBuilder("computed")
    x, w = builder.input("x", DType.F32, (1, 4)), builder.input("w", DType.F32, (3, 4))
    graph = builder.build([builder.add("fully_connected", [x, w])])
    data = {"x": np.arange(4, dtype=np.float32).reshape(1, 4), "w": np.ones((3, 4), np.float32)}
    np.testing.assert_array_equal(meaning(graph, data), [[6, 6, 6]])
    with pytest.raises(UnsupportedError, match="fully_connected 'fully_connected' on f32"):
        choose_kernel(call_of(graph, graph.nodes[0]), find_target("host"))


@pytest.mark.parametrize(
    ("data", "weights", "attributes", "message"),
    [
        ((1, 10), (3, 4), {}, "cannot be seen as rows of 4"),
        ((2, 2, 2), (3, 4), {"keep_dims": True}, "cannot be seen as rows of 4"),
        ((1, 4), (3, 2, 2), {}, r"must be \[outputs, inputs\]"),
        ((1, 4), (3, 4), {"activation": "gelu"}, "unknown activation 'gelu'"),
    ],
)
def test_errors(
    data: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, Any], message: str
) -> None:
    tensors = (Tensor(DType.F32, data), Tensor(DType.F32, weights, None, np.zeros(weights, np.float32)))
    with pytest.raises(GraphError, match=message):
        Case("wrong", "fully_connected", tensors, attributes).graph()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_compile_without_a_warning(compiler: str) -> None:
    assert_compiles_cleanly(compiler, find_operator("fully_connected").folder)
