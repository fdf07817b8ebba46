"""Activations: meaning against TFLite Micro and LiteRT, C kernels against the meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compiled_kernels import assert_compiles_cleanly, device_symbols
from kernel_runner import run_kernels
from one_node import ALL_S8, assert_agrees, bytes_256, data_for, meaning, one_node
from tflite_oracles import run_litert, run_micro

from smelt.errors import UnsupportedError
from smelt.ir import DType, Graph, Quantization
from smelt.operators import all_operators
from smelt.operators.activation.cases import CASES
from smelt.operators.case import Case, Tensor

FLOAT_CASES = [case for case in CASES if case.name.endswith("f32")]
S8_CASES = [case for case in CASES if "_s8" in case.name]
FIXED = {"logistic": (1 / 256, -128), "tanh": (1 / 128, 0)}


def random_graph(operator: str, rng: np.random.Generator) -> Graph:
    """An int8 activation of all 256 inputs with random parameters."""
    scale = 10 ** rng.uniform(-5, 1.5)
    zero_point, result_zero_point = (int(z) for z in rng.integers(-128, 128, 2))
    output = FIXED.get(operator) or (scale * 10 ** rng.uniform(-2, 2), result_zero_point)
    attributes = {"alpha": float(np.float32(rng.uniform(-1, 2)))} if operator == "leaky_relu" else {}
    return one_node(operator, bytes_256(scale, zero_point), output, **attributes)


@pytest.mark.parametrize("case", [c for c in S8_CASES if c.operator != "relu_n1_to_1"], ids=lambda c: c.name)
def test_int8_equals_tflite_micro(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("operator", ["relu", "leaky_relu", "logistic", "tanh"])
def test_int8_equals_tflite_micro_for_all_inputs_and_random_parameters(operator: str) -> None:
    rng = np.random.default_rng(11)
    for trial in range(40):
        graph = random_graph(operator, rng)
        inputs = {graph.inputs[0]: ALL_S8}
        assert_agrees(meaning(graph, inputs), run_micro(graph, inputs), f"trial {trial}")


# Parameters for which a multiplier computed in float32 would change the result for some input.
PRECISION = [
    ("relu", 5.13001823425293, 34, (6.9477410316467285, -24)),
    ("relu", 0.6142340302467346, -28, (0.7242990732192993, -30)),
    ("relu", 0.16122907400131226, 44, (0.09172143042087555, -47)),
    ("leaky_relu", 8.746429443359375, 10, (3.016010284423828, 14)),
    ("leaky_relu", 0.001014501671306789, 53, (0.0006965235807001591, 6)),
    ("leaky_relu", 2.3012425899505615, -60, (0.9467970132827759, 25)),
]


@pytest.mark.parametrize(("operator", "scale", "zero_point", "output"), PRECISION)
def test_multipliers_are_computed_in_double(
    operator: str, scale: float, zero_point: int, output: tuple[float, int]
) -> None:
    attributes = {"alpha": float(np.float32(0.3))} if operator == "leaky_relu" else {}
    graph = one_node(operator, bytes_256(scale, zero_point), output, **attributes)
    inputs = {graph.inputs[0]: ALL_S8}
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


def test_rescaling_relu6_equals_litert() -> None:
    """TFLite Micro has no rescaling relu6, so LiteRT is the judge."""
    for output in [(0.03, -20), (0.2, -100)]:
        graph = one_node("relu6", bytes_256(0.1, 3), output)
        inputs = {graph.inputs[0]: ALL_S8}
        assert_agrees(meaning(graph, inputs), run_litert(graph, inputs))


@pytest.mark.parametrize("case", FLOAT_CASES, ids=lambda c: c.name)
def test_float_equals_litert(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_litert(graph, inputs))


@pytest.mark.parametrize("in_place", [False, True])
def test_kernels_equal_the_meaning(in_place: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    operators = [name for name, operator in all_operators().items() if operator.folder.name == "activation"]
    graphs = [case.graph() for case in CASES] + [random_graph(o, rng) for o in operators for _ in range(10)]
    runs = [(graph, data_for(graph)) for graph in graphs]
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path, in_place=in_place), strict=True):
        assert_agrees(output, meaning(graph, inputs), graph.name)


def test_infinity_and_nan_pass_relu_alike_in_numpy_and_c(tmp_path: Path) -> None:
    x = np.array([np.inf, -np.inf, np.nan, -0.0], np.float32)
    runs = []
    for operator in ("relu", "relu6", "leaky_relu"):
        graph = one_node(operator, (Tensor(DType.F32, x.shape),))
        runs.append((graph, {graph.inputs[0]: x}))
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path), strict=True):
        np.testing.assert_array_equal(output, meaning(graph, inputs), graph.name)


@pytest.mark.parametrize("operator", ["logistic", "tanh"])
def test_float_kernels_are_accurate_everywhere(operator: str, tmp_path: Path) -> None:
    x = np.concatenate([np.linspace(-20, 20, 4001), np.geomspace(1e-30, 1e30, 500), [0.0, -1e30]])
    x = x.astype(np.float32)
    graph = one_node(operator, (Tensor(DType.F32, x.shape),))
    (y,) = run_kernels([(graph, {graph.inputs[0]: x})], tmp_path)
    exact = np.tanh(x.astype(np.float64))
    if operator == "logistic":
        exact = 0.5 * (1 + np.tanh(x.astype(np.float64) / 2))
    np.testing.assert_allclose(y, exact, rtol=5e-7, atol=1e-9)


def test_kernels_compile_for_devices_without_library_calls() -> None:
    folder = all_operators()["relu"].folder
    for compiler in ("gcc", "clang"):
        assert_compiles_cleanly(compiler, folder)
    for core in ("cortex-m0plus", "cortex-m4"):
        symbols = device_symbols(folder, core)
        assert not symbols["lookup_s8.c"] | symbols["relu_s8.c"]


@pytest.mark.parametrize("operator", ["logistic", "tanh"])
def test_other_int8_outputs_are_refused(operator: str) -> None:
    graph = one_node(operator, bytes_256(0.1, 0), (0.01, 3))
    with pytest.raises(UnsupportedError, match=f"{operator} 'output'.*must have scale"):
        meaning(graph, {graph.inputs[0]: ALL_S8})


def test_traits() -> None:
    operators = all_operators()
    for name in ("relu", "relu6", "relu_n1_to_1"):
        assert operators[name].traits.activation == name
    assert operators["leaky_relu"].traits.activation is None
    fixed = operators["logistic"].traits.fixed_output
    assert fixed is not None
    assert fixed(DType.S8) == Quantization.per_tensor(1 / 256, -128)
    fixed = operators["tanh"].traits.fixed_output
    assert fixed is not None
    assert fixed(DType.S8) == Quantization.per_tensor(1 / 128, 0)
