"""conv_2d and depthwise_conv_2d: meaning against TensorFlow Lite, C against meaning."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_graphs import merged
from compiled_kernels import assert_compiles_cleanly, device_symbols
from convolution_judges import assert_computes, assert_judged, run_litert, run_micro
from kernel_runner import run_kernels
from one_node import data_for, meaning

from smelt.engines.emulated import EmulatedEngine
from smelt.errors import GraphError, UnsupportedError
from smelt.formats.tflite import read_tflite
from smelt.formats.tflite.windows import same_padding
from smelt.ir import DType, Graph, Quantization
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case, Tensor, quantized, random_weights
from smelt.operators.convolution.cases import CASES, quantized_bias
from smelt.operators.convolution.geometry import folded_bias, geometry, quantize_multipliers
from smelt.operators.dense.cases import CASES as DENSE_CASES
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.fixed_point import quantize_multiplier
from smelt.targets import find_target

FOLDER = find_operator("conv_2d").folder
CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
INT8_MODELS = [
    *(f"mlperf_tiny/{name}_int8" for name in ("kws", "vww", "resnet8", "sww")),
    "tflm/micro_speech_int8",
]


def random_convolution(rng: np.random.Generator, *, same: bool, floats: bool = False) -> Graph:
    """A convolution with everything drawn; `same` restricts padding to what TensorFlow Lite can say."""
    depthwise = bool(rng.integers(2))
    groups, multiplier = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    kernel, stride = (tuple(int(n) for n in rng.integers(1, 5, 2)) for _ in range(2))
    dilation = tuple(int(n) for n in rng.integers(1, 3, 2)) if stride == (1, 1) or not same else (1, 1)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    size = tuple(int(r + rng.integers(0, 7)) for r in reach)
    group_channels = int(rng.integers(1, 9))
    channels = group_channels * (1 if depthwise else groups)
    shape = (int(rng.integers(1, 3)), *size, channels)
    if depthwise:
        weights = (1, *kernel, channels * multiplier)
    else:
        weights = (groups * int(rng.integers(1, 6)), *kernel, group_channels)
    padding = tuple(int(n) for n in rng.integers(0, 4, 4))
    if same:
        rows, columns = (same_padding(*sizes) for sizes in zip(size, kernel, stride, dilation, strict=True))
        padding = (*rows, *columns) if rng.integers(2) else (0, 0, 0, 0)
    attributes: dict[str, Any] = {
        "stride": stride,
        "dilation": dilation,
        "padding": padding,
        "activation": str(rng.choice(["none", "relu", "relu6", "relu_n1_to_1"])),
        **({"multiplier": multiplier} if depthwise else {}),
    }
    operator = "depthwise_conv_2d" if depthwise else "conv_2d"
    return _case(operator, shape, weights, attributes, rng, floats).graph()


def _case(
    operator: str,
    shape: tuple[int, ...],
    weights: tuple[int, ...],
    attributes: dict[str, Any],
    rng: np.random.Generator,
    floats: bool,
) -> Case:
    axis = 3 if operator == "depthwise_conv_2d" else 0
    channels = weights[axis]
    if floats:
        tensors = [
            Tensor(DType.F32, s, None, rng.normal(size=s).astype(np.float32)) for s in (weights, (channels,))
        ]
        return Case("random", operator, (Tensor(DType.F32, shape), *tensors), attributes)
    source, result = ((float(np.exp(rng.uniform(-6, 0))), int(rng.integers(-128, 128))) for _ in range(2))
    per_channel = axis if rng.integers(2) else None
    matrix = random_weights(weights, per_channel, int(rng.integers(1 << 30)), low=-128)
    data = quantized(shape, *source)
    bias = quantized_bias(data, matrix, channels, int(rng.integers(1 << 30)))
    with_bias = operator == "depthwise_conv_2d" or rng.integers(4)
    inputs = (data, matrix, *((bias,) if with_bias else ()))
    scale = source[0] * float(np.exp(rng.uniform(-3, 3)))
    return Case("random", operator, inputs, attributes, Quantization.per_tensor(scale, result[1]))


@CASE
def test_meaning_is_tensorflow_lites(case: Case) -> None:
    if case.name.startswith("conv_wider_padding"):
        pytest.skip("TensorFlow Lite pads SAME or VALID only")
    if case.name.startswith("depthwise_narrow") and case.name.endswith("_dynamic_s4"):
        pytest.skip("TensorFlow Lite has no depthwise layer that quantizes data to meet int4 weights")
    if case.name in ("conv_no_bias_f32", "depthwise_no_bias_s8", "depthwise_no_bias_f32"):
        pytest.skip("LiteRT refuses a convolution without bias, TensorFlow Lite Micro crashes on some")
    graph = case.graph()
    inputs = data_for(graph)
    assert_judged(graph, inputs, meaning(graph, inputs))


@pytest.mark.parametrize("seed", range(100))
def test_random_convolutions_are_tensorflow_lites(seed: int) -> None:
    graph = random_convolution(np.random.default_rng(seed), same=True, floats=seed % 4 == 3)
    inputs = data_for(graph, seed)
    assert_judged(graph, inputs, meaning(graph, inputs))


@pytest.mark.parametrize("name", INT8_MODELS)
def test_models_are_tflite_micros(shared: Path, name: str) -> None:
    model = (shared / "models" / f"{name}.tflite").read_bytes()
    graph = read_tflite(model)
    for seed in range(3):
        inputs = data_for(graph, seed)
        results = evaluate_graph(graph, inputs).values()
        for result, expected in zip(results, run_micro(graph, inputs, model), strict=True):
            np.testing.assert_array_equal(result, expected.reshape(result.shape))


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8"])
def test_float_models_are_litert(shared: Path, name: str) -> None:
    model = (shared / "models" / "mlperf_tiny" / f"{name}_float32.tflite").read_bytes()
    graph = read_tflite(model)
    inputs = data_for(graph, 1)
    results = evaluate_graph(graph, inputs).values()
    for result, expected in zip(results, run_litert(graph, inputs, model), strict=True):
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * largest)


def test_kernels_compute_the_meaning(tmp_path: Path) -> None:
    """Cases and random convolutions, under the address and undefined-behaviour sanitizers."""
    graphs = [case.graph() for case in CASES]
    for seed in range(150):
        graphs.append(random_convolution(np.random.default_rng(seed), same=False, floats=seed % 4 == 3))
    runs = [(graph, data_for(graph, seed)) for seed, graph in enumerate(graphs)]
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path), strict=True):
        assert_computes(output, meaning(graph, inputs), str(graph.nodes[0].attributes))


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m3"])
def test_kernels_compute_the_meaning_on_emulated_cores(target: str) -> None:
    """Cortex-M0+ has its own dot product and multiplication in the primitives."""
    pytest.importorskip("unicorn")
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc on PATH")
    cases = [
        case for case in (*CASES, *DENSE_CASES) if case.name.endswith("_s8") and "narrow" not in case.name
    ]
    graph = merged("kernels", [case.graph() for case in cases])
    inputs = data_for(graph)
    with EmulatedEngine(graph, find_target(target)) as engine:
        outputs = engine.run(inputs)
    for name, expected in evaluate_graph(graph, inputs).items():
        np.testing.assert_array_equal(outputs[name], expected, name)


def test_extreme_sums_wrap_alike(tmp_path: Path) -> None:
    """Biases at the ends of int32 overflow modulo 2**32 in the meaning and in C."""
    bias = Tensor(DType.S32, (2,), None, np.array([2**31 - 1, -(2**31)], np.int32))
    full = np.full((2, 2, 2, 3), 127, np.int8)
    weights = Tensor(DType.S8, full.shape, Quantization.per_tensor(0.1), full)
    result = Quantization.per_tensor(1e6)
    graph = Case("wrap", "conv_2d", (quantized((1, 3, 3, 3), 0.1, -128), weights, bias), {}, result).graph()
    inputs = {"input_0": np.full((1, 3, 3, 3), 127, np.int8)}
    expected = meaning(graph, inputs)
    # 2**31 - 1 + 12 * 255 * 127 wraps to nearly -2**31; the other bias only moves towards zero.
    np.testing.assert_array_equal(np.sign(expected[0, 0, 0]), [-1, -1])
    np.testing.assert_array_equal(run_kernels([(graph, inputs)], tmp_path)[0], expected)


def test_a_group_sees_its_own_channels_only() -> None:
    array = np.array([1, 10, 100, 1000], np.float32).reshape(2, 1, 1, 2)
    inputs = (Tensor(DType.F32, (1, 1, 1, 4)), Tensor(DType.F32, array.shape, None, array))
    graph = Case("groups", "conv_2d", inputs, {}).graph()
    x = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 1, 4)
    np.testing.assert_array_equal(meaning(graph, {"input_0": x}).reshape(-1), [21, 4300])


def test_multiplier_orders_outputs_by_input_channel() -> None:
    array = np.array([1, 10, 100, 1000], np.float32).reshape(1, 1, 1, 4)
    inputs = (Tensor(DType.F32, (1, 1, 1, 2)), Tensor(DType.F32, array.shape, None, array))
    graph = Case("multiplier", "depthwise_conv_2d", inputs, {"multiplier": 2}).graph()
    x = np.array([2, 3], np.float32).reshape(1, 1, 1, 2)
    np.testing.assert_array_equal(meaning(graph, {"input_0": x}).reshape(-1), [2, 20, 300, 3000])


@pytest.mark.parametrize("operator", ["conv_2d", "depthwise_conv_2d"])
def test_no_bias_means_zeros(operator: str) -> None:
    weights = random_weights((6, 2, 2, 6) if operator == "conv_2d" else (1, 2, 2, 6), None, 0)
    zeros = Tensor(DType.S32, (6,), None, np.zeros(6, np.int32))
    inputs, result = (quantized((1, 5, 5, 6), 0.1, 9), weights), Quantization.per_tensor(0.3)
    without = Case("no_bias", operator, inputs, {}, result).graph()
    data = data_for(without)
    expected = meaning(Case("zeros", operator, (*inputs, zeros), {}, result).graph(), data)
    np.testing.assert_array_equal(meaning(without, data), expected)


def test_folded_bias_absorbs_the_zero_point() -> None:
    weights = Tensor(DType.S8, (1, 1, 1, 2), Quantization.per_tensor(0.1), np.array([[[[3, -5]]]], np.int8))
    bias = Tensor(DType.S32, (1,), None, np.array([100], np.int32))
    result = Quantization.per_tensor(0.1)
    graph = Case("fold", "conv_2d", (quantized((1, 1, 1, 2), 0.1, 7), weights, bias), {}, result).graph()
    np.testing.assert_array_equal(folded_bias(call_of(graph, graph.nodes[0])), [100 - 7 * (3 - 5)])


def test_cost_counts_the_weights_that_each_output_meets() -> None:
    def macs(operator: str, shape: tuple[int, ...], weights: tuple[int, ...], **attributes: Any) -> int:
        tensors = (Tensor(DType.F32, shape), Tensor(DType.F32, weights, None, np.zeros(weights, np.float32)))
        graph = Case("cost", operator, tensors, attributes).graph()
        return find_operator(operator).cost(call_of(graph, graph.nodes[0])).macs

    assert macs("conv_2d", (1, 49, 10, 1), (64, 10, 4, 1), stride=(2, 2), padding=(4, 5, 1, 1)) == 320000
    assert macs("conv_2d", (1, 4, 4, 6), (4, 1, 1, 3)) == 16 * 4 * 3
    assert macs("depthwise_conv_2d", (1, 25, 5, 64), (1, 3, 3, 64), padding=(1, 1, 1, 1)) == 72000


def test_scratch_is_one_field_or_none() -> None:
    target = find_target("host")

    def scratch_bytes(name: str) -> int:
        graph = next(case for case in CASES if case.name == name).graph()
        call = call_of(graph, graph.nodes[0])
        return choose_kernel(call, target).scratch_bytes(call, target)

    assert scratch_bytes("conv_pointwise_s8") == scratch_bytes("conv_pointwise_stride_2_s8") == 0
    # rows of a field need not lie together in a ring
    assert scratch_bytes("conv_whole_width_s8") == 72
    assert scratch_bytes("conv_same_s8") == 27
    assert scratch_bytes("conv_grouped_s8") == 36
    assert scratch_bytes("depthwise_valid_s8") == 42
    assert scratch_bytes("depthwise_same_s8") == 72


def test_unused_padding_at_the_end_does_not_overhang() -> None:
    inputs = (quantized((1, 5, 5, 2), 0.1, 0), random_weights((1, 3, 3, 2), 3, 0))
    attributes: dict[str, Any] = {"stride": (2, 2), "padding": (0, 1, 0, 1)}
    graph = Case("end", "depthwise_conv_2d", inputs, attributes, Quantization.per_tensor(0.1)).graph()
    assert not geometry(call_of(graph, graph.nodes[0])).overhangs


def test_weights_that_are_computed_have_no_kernel() -> None:
    builder = GraphBuilder("computed")
    x = builder.input("x", DType.F32, (1, 4, 4, 2))
    w = builder.input("w", DType.F32, (3, 1, 1, 2))
    graph = builder.build([builder.add("conv_2d", [x, w])])
    with pytest.raises(UnsupportedError, match="conv_2d 'conv_2d' on f32"):
        choose_kernel(call_of(graph, graph.nodes[0]), find_target("host"))


@pytest.mark.parametrize(
    ("operator", "weights", "attributes", "message"),
    [
        ("conv_2d", (4, 2, 2, 2), {}, "do not divide 3 input channels"),
        ("conv_2d", (4, 2, 2, 1), {}, "do not divide 3 input channels"),
        ("conv_2d", (4, 2, 3), {}, "must have 4 dimensions"),
        ("conv_2d", (4, 9, 2, 3), {}, "a kernel that reaches over 9 does not fit .* of 5 .*height"),
        ("conv_2d", (4, 2, 3, 3), {"dilation": (1, 3)}, "a kernel that reaches over 7 .*width"),
        ("conv_2d", (4, 2, 2, 3), {"stride": (0, 1)}, "stride .* at least 1"),
        ("conv_2d", (4, 2, 2, 3), {"padding": (0, 0, 0)}, "padding .* 4 numbers"),
        ("conv_2d", (4, 2, 2, 3), {"activation": "gelu"}, "unknown activation 'gelu'"),
        ("depthwise_conv_2d", (1, 2, 2, 4), {}, "do not fit 3 input channels with multiplier 1"),
        ("depthwise_conv_2d", (2, 2, 2, 3), {}, "do not fit 3 input channels"),
    ],
)
def test_errors(operator: str, weights: tuple[int, ...], attributes: dict[str, Any], message: str) -> None:
    constant = Tensor(DType.F32, weights, None, np.zeros(weights, np.float32))
    with pytest.raises(GraphError, match=message):
        Case("wrong", operator, (Tensor(DType.F32, (1, 5, 5, 3)), constant), attributes).graph()


def test_bias_of_another_length_is_an_error() -> None:
    tensors = [Tensor(DType.F32, s, None, np.zeros(s, np.float32)) for s in ((4, 1, 1, 3), (5,))]
    with pytest.raises(GraphError, match=r"bias 'constant_2' .* 4 output channels"):
        Case("wrong", "conv_2d", (Tensor(DType.F32, (1, 5, 5, 3)), *tensors), {}).graph()


def test_unsupported_types_and_zero_points_are_named() -> None:
    weights = np.zeros((4, 1, 1, 3), np.int8)
    mixed = (Tensor(DType.F32, (1, 5, 5, 3)), Tensor(DType.S8, (4, 1, 1, 3), None, weights))
    with pytest.raises(GraphError, match="has no quantization parameters"):
        Case("wrong", "conv_2d", mixed, {}).graph()
    swapped = (
        Tensor(DType.S8, (1, 5, 5, 3)),
        Tensor(DType.F32, (4, 1, 1, 3), None, weights.astype(np.float32)),
    )
    with pytest.raises(UnsupportedError, match="types s8, f32 are not supported"):
        Case("wrong", "conv_2d", swapped, {}).graph()
    asymmetric = Tensor(DType.S8, (4, 1, 1, 3), Quantization.per_tensor(0.1, 3), weights)
    with pytest.raises(UnsupportedError, match="must be symmetric"):
        Case("wrong", "conv_2d", (quantized((1, 5, 5, 3), 0.1, 0), asymmetric), {}).graph()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_compile_without_a_warning(compiler: str) -> None:
    assert_compiles_cleanly(compiler, FOLDER)


def test_integer_kernels_call_memory_functions_only() -> None:
    symbols = device_symbols(FOLDER, "cortex-m4")
    allowed = {"memcpy", "memset", "smelt_rows_s8", "smelt_row_output_s8", "__aeabi_idiv"}
    for source in ("conv_2d_s8.c", "depthwise_conv_2d_s8.c"):
        assert symbols[source] <= allowed


def test_multipliers_of_all_channels_are_those_of_each() -> None:
    ends = [0.0, 0.5, 1.0, 1 - 2.0**-53, 2.0**-31 * (1 - 2.0**-40), 2.0**-32, 2.0**-33, 1e-40]
    reals = [*ends, *np.exp(np.random.default_rng(0).uniform(-60, 10, 500))]
    mantissas, shifts = quantize_multipliers(reals)
    wanted = [quantize_multiplier(real) for real in reals]
    assert list(zip(mantissas.tolist(), shifts.tolist(), strict=True)) == wanted
