"""quantize and dequantize: meaning against TFLite Micro and LiteRT, C kernels against the meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compiled_kernels import assert_compiles_cleanly, device_symbols
from kernel_runner import run_kernels
from one_node import ALL_S8, assert_agrees, bytes_256, data_for, meaning, one_node
from tflite_oracles import run_litert, run_micro

from smelt.errors import GraphError
from smelt.ir import DType, Graph, Quantization
from smelt.operators import all_operators
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.conversion.cases import CASES

# The largest float below 0.5, ties of both signs, values next to ties.
HARD = np.array([0.49999997, -0.49999997, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 126.5, -128.5], np.float32)
EXTREME = np.array([1e9, -1e9, 3e38, -3e38, np.inf, -np.inf, np.nan, 1e-40, -0.0], np.float32)


IN_TFLM = [case for case in CASES if case.name not in ("quantize_f32_u8", "dequantize_f16_f32")]


@pytest.mark.parametrize("case", IN_TFLM, ids=lambda c: c.name)
def test_equals_tflite_micro(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


def requantizing(rng: np.random.Generator) -> Graph:
    """s8 to s8 with random parameters, for all 256 inputs."""
    scale = 10 ** rng.uniform(-5, 1.5)
    zero_points = [int(z) for z in rng.integers(-128, 128, 2)]
    return one_node(
        "quantize", bytes_256(scale, zero_points[0]), (scale * 10 ** rng.uniform(-2, 2), zero_points[1])
    )


def test_requantizing_equals_tflite_micro() -> None:
    rng = np.random.default_rng(8)
    for trial in range(60):
        graph = requantizing(rng)
        inputs = {graph.inputs[0]: ALL_S8}
        assert_agrees(meaning(graph, inputs), run_micro(graph, inputs), f"trial {trial}")


@pytest.mark.parametrize(
    ("source", "result"),
    [
        # Here a multiplier computed in float32 would change the result for some input.
        ((0.5496529340744019, -46), (0.377710223197937, 50)),
        ((0.001965330680832267, 15), (0.004250380210578442, -1)),
        ((4.435306549072266, 38), (6.623391151428223, -45)),
    ],
)
def test_multipliers_are_computed_in_double(source: tuple[float, int], result: tuple[float, int]) -> None:
    graph = one_node("quantize", bytes_256(*source), result)
    inputs = {graph.inputs[0]: ALL_S8}
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.0123])
def test_rounding_equals_tflite_micro(scale: float) -> None:
    x = np.concatenate([HARD, np.arange(-140, 140, 0.5)]).astype(np.float32) * np.float32(scale)
    graph = one_node("quantize", (Tensor(DType.F32, x.shape),), (scale, 0))
    inputs = {graph.inputs[0]: x}
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


def test_extreme_values_saturate() -> None:
    graph = one_node("quantize", (Tensor(DType.F32, EXTREME.shape),), (0.5, 3))
    expected = np.array([127, -128, 127, -128, 127, -128, -128, 3, 3], np.int8)
    np.testing.assert_array_equal(meaning(graph, {graph.inputs[0]: EXTREME}), expected)


def test_kernels_equal_the_meaning(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    graphs = [case.graph() for case in CASES] + [requantizing(rng) for _ in range(30)]
    runs = [(graph, data_for(graph)) for graph in graphs]
    for scale, zero_point in [(1.0, 0), (0.5, 3), (0.1, -128), (0.0123, 127)]:
        x = np.concatenate([HARD * np.float32(scale), EXTREME, rng.normal(size=500) * scale * 90])
        graph = one_node("quantize", (Tensor(DType.F32, x.shape),), (scale, zero_point))
        runs.append((graph, {graph.inputs[0]: x.astype(np.float32)}))
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path), strict=True):
        assert_agrees(output, meaning(graph, inputs), graph.name)


def test_requantizing_may_overwrite_its_input(tmp_path: Path) -> None:
    graph = requantizing(np.random.default_rng(1))
    inputs = {graph.inputs[0]: ALL_S8}
    (output,) = run_kernels([(graph, inputs)], tmp_path, in_place=True)
    assert_agrees(output, meaning(graph, inputs))


@pytest.mark.parametrize(
    ("dtype", "source"), [("u8", DType.S8), ("s8", DType.U8), ("s16", DType.S8), ("s8", DType.S16)]
)
def test_other_integer_types_equal_tflite_micro(dtype: str, source: DType) -> None:
    graph = one_node("quantize", (quantized((300,), 0.05, 0, source),), (0.03, 0), dtype=dtype)
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


def test_dequantize_of_half_precision_and_channels() -> None:
    half = one_node("dequantize", (Tensor(DType.F16, (3,)),))
    x = np.array([1.5, -0.1, 65504], np.float16)
    np.testing.assert_array_equal(meaning(half, {half.inputs[0]: x}), x.astype(np.float32))
    quantization = Quantization((0.5, 2.0), (1, 0), 1)
    channels = one_node("dequantize", (Tensor(DType.S8, (2, 2), quantization),))
    y = meaning(channels, {channels.inputs[0]: np.array([[3, 3], [-1, -1]], np.int8)})
    np.testing.assert_array_equal(y, np.array([[1.0, 6.0], [-1.0, -2.0]], np.float32))


def test_dequantize_u8_equals_litert() -> None:
    graph = one_node("dequantize", (quantized((200,), 0.3, 128, DType.U8),))
    inputs = data_for(graph)
    np.testing.assert_array_equal(meaning(graph, inputs), run_litert(graph, inputs))


def test_unknown_types_are_refused() -> None:
    with pytest.raises(GraphError, match="cannot quantize to 'f32', only to s8, u8, s16, s32"):
        one_node("quantize", (Tensor(DType.F32, (3,)),), (0.1, 0), dtype="f32")


def test_kernels_compile_for_devices_without_warnings() -> None:
    folder = all_operators()["quantize"].folder
    for compiler in ("gcc", "clang"):
        assert_compiles_cleanly(compiler, folder)
    assert not set().union(*device_symbols(folder, "cortex-m4").values()) - {
        # A Cortex-M4 without its FPU switched on computes floats in the compiler's library.
        "__aeabi_fcmpge",
        "__aeabi_fcmpgt",
        "__aeabi_fcmple",
        "__aeabi_fdiv",
        "__aeabi_f2iz",
        "__aeabi_fmul",
        "__aeabi_fsub",
        "__aeabi_i2f",
    }
    device_symbols(folder, "cortex-m0plus")
