"""average_pool_2d, max_pool_2d and mean: meaning against TensorFlow Lite, C against meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_kernels import (
    assert_clean_under_sanitizers,
    assert_compiles_cleanly,
    assert_same_bytes,
    device_symbols,
    evaluate,
    run_by_input_rows,
    run_kernel,
)
from tflite_movement_oracles import has_tflite_form, run_litert, run_micro, same_padding

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import accepted_kernels, call_of, choose_kernel, find_operator
from smelt.operators.builder import random_array
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.pooling.cases import CASES
from smelt.targets import find_target

FOLDER = find_operator("mean").folder
TFLITE_CASES = [case for case in CASES if has_tflite_form(case.graph())]
FLOAT_CASES = [case for case in TFLITE_CASES if case.name.endswith("_f32")]


def random_inputs(graph: Graph, seed: int) -> dict[str, Array]:
    return {name: random_array(graph.values[name], seed) for name in graph.inputs}


def integer(*numbers: int, shape: tuple[int, ...]) -> Array:
    return np.array(numbers, np.int8).reshape(shape)


def assert_close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual.astype(np.float64), expected.astype(np.float64), rtol=1e-6, atol=1e-6)


def random_pool(rng: np.random.Generator, *, same: bool) -> Case:
    operator = str(rng.choice(["average_pool_2d", "max_pool_2d"]))
    shape = tuple(int(n) for n in (rng.integers(1, 3), *rng.integers(3, 12, 2), rng.integers(1, 9)))
    window = tuple(int(n) for n in rng.integers(1, 6, 2))
    stride = tuple(int(n) for n in rng.integers(1, 4, 2))
    free = [int(rng.integers(0, size)) for size in window for _ in range(2)]
    padding = same_padding(shape, window, stride) if same else tuple(free)
    fits = all(s + sum(padding[2 * k : 2 * k + 2]) >= window[k] for k, s in enumerate(shape[1:3]))
    attributes: dict[str, Any] = {
        "filter": window,
        "stride": stride,
        "padding": padding if fits else same_padding(shape, window, stride),
        "activation": str(rng.choice(["none", "relu", "relu6", "relu_n1_to_1"])),
    }
    scale, zero_point = float(rng.uniform(0.005, 0.2)), int(rng.integers(-128, 128))
    tensor = quantized(shape, scale, zero_point)
    return Case("pool", operator, (tensor,), attributes, tensor.quantization)


def random_mean(rng: np.random.Generator) -> Case:
    rank = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 9, rank))
    axes = tuple(int(a) for a in rng.permutation(rank)[: rng.integers(1, rank + 1)])
    source, result = ((float(np.exp(rng.uniform(-7, 0))), int(rng.integers(-128, 128))) for _ in range(2))
    attributes: dict[str, Any] = {"axes": axes, "keep_dims": bool(rng.integers(2))}
    return Case("mean", "mean", (quantized(shape, *source),), attributes, Quantization.per_tensor(*result))


def random_sums(rng: np.random.Generator) -> Case:
    """All of an image in one window, or its mean over height and width."""
    height, width, channels = (int(n) for n in rng.integers(1, 12, 3))
    source = quantized(
        (1, height, width, channels), float(rng.uniform(0.005, 0.2)), int(rng.integers(-128, 128))
    )
    if rng.random() < 0.5:
        result = Quantization.per_tensor(float(rng.uniform(0.005, 0.2)), int(rng.integers(-128, 128)))
        return Case("mean", "mean", (source,), {"axes": (1, 2), "keep_dims": bool(rng.integers(2))}, result)
    pads = tuple(int(n) for n in rng.integers(0, min(height, width), 2))
    padding = (pads[0], 0, 0, pads[1])
    attributes = {
        "filter": (height + pads[0], width + pads[1]),
        "padding": padding,
        "activation": str(rng.choice(["none", "relu"])),
    }
    return Case("pool", "average_pool_2d", (source,), attributes, source.quantization)


@pytest.mark.parametrize("seed", range(40))
def test_sums_of_rows_that_arrive_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_sums(rng).graph()
    call = call_of(graph, graph.nodes[0])
    kernels = [k for k in accepted_kernels(call, find_target("cortex-m4")) if k.accumulates]
    rows, channels = call.input(0).shape[1], call.input(0).shape[3]
    assert len(kernels) == (1 if channels % 4 else 2)  # four channels at a time too
    inputs = random_inputs(graph, seed)
    ring = int(rng.integers(1, rows + 1))
    for kernel in kernels:
        found = run_by_input_rows(graph, inputs, kernel, [1] * rows, ring)
        assert_same_bytes(found, evaluate(graph, inputs))
        assert_same_bytes(run_by_input_rows(graph, inputs, kernel, [rows], rows), found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_kernel_computes_the_meaning(case: Case) -> None:
    graph = case.graph()
    for seed in range(3):
        inputs = random_inputs(graph, seed)
        assert_same_bytes(run_kernel(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("seed", range(60))
def test_kernel_of_random_pools(seed: int) -> None:
    graph = random_pool(np.random.default_rng(seed), same=False).graph()
    inputs = random_inputs(graph, seed)
    assert_same_bytes(run_kernel(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("seed", range(60))
def test_kernel_of_random_means(seed: int) -> None:
    graph = random_mean(np.random.default_rng(seed)).graph()
    inputs = random_inputs(graph, seed)
    assert_same_bytes(run_kernel(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 49, 125, 255, 256, 361, 1023, 1024, 4999, 65535])
def test_kernel_rounds_every_kind_of_sum(count: int) -> None:
    """The reciprocal on the device is as good as a division: ties, extremes and their neighbours."""
    rng = np.random.default_rng(count)
    quotients = rng.integers(-128, 128, 200)
    sums = np.unique(np.clip(quotients * count + rng.integers(-2, 3, 200), -128 * count, 127 * count))
    ties = np.unique(
        np.clip(quotients * count + count // 2 + rng.integers(-1, 2, 200), -128 * count, 127 * count)
    )
    targets = np.concatenate([sums, ties, [-128 * count, 127 * count, 0]])
    channels = len(targets)
    low = np.floor_divide(targets, count)
    x = np.tile(low, (count, 1))
    x += np.arange(count)[:, None] < (targets - low * count)[None, :]
    tensor = quantized((1, count, 1, channels), 0.1, 0)
    graph = Case("mean", "average_pool_2d", (tensor,), {"filter": (count, 1)}, tensor.quantization).graph()
    inputs = {"input_0": x.astype(np.int8).reshape(1, count, 1, channels)}
    expected = np.sign(targets) * ((2 * np.abs(targets) + count) // (2 * count))
    np.testing.assert_array_equal(evaluate(graph, inputs).reshape(-1), expected)
    np.testing.assert_array_equal(run_kernel(graph, inputs).reshape(-1), expected)


@pytest.mark.parametrize("case", TFLITE_CASES, ids=lambda case: case.name)
def test_meaning_is_tflite_micros(case: Case) -> None:
    graph = case.graph()
    inputs = random_inputs(graph, 4)
    expected = evaluate(graph, inputs)
    if expected.dtype == np.int8:
        assert_same_bytes(run_micro(graph, inputs), expected)
    else:
        assert_close(run_micro(graph, inputs), expected)


@pytest.mark.parametrize("case", FLOAT_CASES, ids=lambda case: case.name)
def test_float_meaning_is_litert(case: Case) -> None:
    graph = case.graph()
    inputs = random_inputs(graph, 5)
    assert_close(run_litert(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("seed", range(30))
def test_random_pools_are_tflite_micros(seed: int) -> None:
    graph = random_pool(np.random.default_rng(1000 + seed), same=True).graph()
    assert has_tflite_form(graph)
    inputs = random_inputs(graph, seed)
    assert_same_bytes(run_micro(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("seed", range(60))
def test_random_means_are_tflite_micros(seed: int) -> None:
    graph = random_mean(np.random.default_rng(2000 + seed)).graph()
    inputs = random_inputs(graph, seed)
    assert_same_bytes(run_micro(graph, inputs), evaluate(graph, inputs))


def test_average_rounds_ties_away_from_zero_and_ignores_padding() -> None:
    tensor = quantized((1, 2, 2, 1), 1.0, 5)
    attributes: dict[str, Any] = {"filter": (1, 2), "padding": (0, 0, 1, 0)}
    graph = Case("average", "average_pool_2d", (tensor,), attributes, tensor.quantization).graph()
    x = integer(1, 2, -1, -2, shape=(1, 2, 2, 1))
    np.testing.assert_array_equal(evaluate(graph, {"input_0": x}).reshape(-1), [1, 2, -1, -2])


def test_max_pool_keeps_the_least_value_and_nan() -> None:
    tensor = Tensor(DType.F32, (1, 1, 2, 1))
    graph = Case("max", "max_pool_2d", (tensor,), {"filter": (1, 1)}).graph()
    x = np.array([np.nan, -1e38], np.float32).reshape(1, 1, 2, 1)
    expected = evaluate(graph, {"input_0": x})
    assert np.isnan(expected[0, 0, 0, 0])
    assert expected[0, 0, 1, 0] == np.float32(-1e38)
    np.testing.assert_array_equal(run_kernel(graph, {"input_0": x}), expected)


def test_float_mean_of_three_blocks_has_no_kernel() -> None:
    graph = Case("mean", "mean", (Tensor(DType.F32, (2,) * 6),), {"axes": (0, 2, 4)}).graph()
    with pytest.raises(UnsupportedError, match="mean 'output' on f32"):
        choose_kernel(call_of(graph, graph.nodes[0]), find_target("host"))


@pytest.mark.parametrize(
    ("operator", "shape", "attributes", "message"),
    [
        ("max_pool_2d", (4, 4, 3), {"filter": (2, 2)}, "not NHWC"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2,)}, "two positive numbers"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2, 2), "stride": (0, 1)}, "two positive numbers"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2, 2), "padding": (0, 2, 0, 0)}, "without input"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2, 2), "padding": (0, 0, 0)}, "four numbers"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2, 5)}, "width 4 .* less than the filter's 5"),
        ("max_pool_2d", (1, 4, 4, 3), {"filter": (2, 2), "activation": "gelu"}, "unknown activation 'gelu'"),
        ("mean", (4, 4), {"axes": (2,)}, "not distinct axes"),
        ("mean", (4, 4), {"axes": (1, 1)}, "not distinct axes"),
        ("mean", (4, 0), {"axes": (1,)}, "reduces no elements"),
    ],
)
def test_errors(operator: str, shape: tuple[int, ...], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Case("wrong", operator, (Tensor(DType.F32, shape),), attributes).graph()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_compile_without_a_warning(compiler: str) -> None:
    assert_compiles_cleanly(compiler, FOLDER)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_integer_pools_call_no_library(core: str) -> None:
    symbols = device_symbols(FOLDER, core)
    assert symbols["average_pool_2d_s8.c"] == symbols["max_pool_2d_s8.c"] == set()
    assert symbols["mean_s8.c"] <= {"__aeabi_lmul"}


def test_kernels_are_clean_under_sanitizers() -> None:
    assert_clean_under_sanitizers(__file__, "test_kernel_computes or test_kernel_of_random or test_sums")
