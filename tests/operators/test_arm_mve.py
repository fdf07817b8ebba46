"""The kernels for Arm cores with Helium vectors, on a Cortex-M55 under QEMU: exactly the operators' meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import Cases, chosen
from arm_mve_firmware import M55, lag_bytes, run_on_m55
from test_arm_dsp_rows import RowCases

from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import accepted_kernels
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import find_target

ACTIVATIONS = ("none", "relu", "relu6")
CHANNELS = (1, 2, 3, 5, 8, 15, 16, 17, 20, 31, 33)


def _weights(rng: np.random.Generator, shape: Sequence[int], axis: int, scale: float) -> Tensor:
    """Scales a channel, spread by 2**12 in a third of all cases, so that shifts have either sign; or one scale."""
    array = rng.integers(-127, 127, tuple(shape), endpoint=True, dtype=np.int8)
    if rng.random() < 0.3:
        return Tensor(DType.S8, tuple(shape), Quantization.per_tensor(float(np.float32(scale))), array)
    spread = 6.0 if rng.random() < 0.3 else 1.0
    scales = tuple(float(np.float32(scale * 2.0**e)) for e in rng.uniform(-spread, spread, shape[axis]))
    return Tensor(DType.S8, tuple(shape), Quantization(scales, (0,) * len(scales), axis), array)


def _graph(
    rng: np.random.Generator,
    operator: str,
    shape: Sequence[int],
    weights: Sequence[int],
    **attributes: object,
) -> Graph:
    axis = 3 if operator == "depthwise_conv_2d" else 0
    field = int(np.prod(weights)) // weights[axis]
    activation = str(rng.choice(ACTIVATIONS))
    zero_point = -128 if activation != "none" and rng.random() < 0.6 else int(rng.integers(-128, 128))
    # Sums spread over about the output's range; few inputs make the multiplier larger than 1.
    scale = 60.0 / (np.sqrt(field) * 74 * 73)
    bias = rng.integers(-9000, 9000, weights[axis], dtype=np.int32)
    tensors = [
        quantized(shape, 0.02, int(rng.integers(-128, 128))),
        _weights(rng, weights, axis, scale),
        Tensor(DType.S32, bias.shape, Quantization.per_tensor(1.0), bias),
    ]
    output = Quantization.per_tensor(0.02 * float(rng.choice([0.002, 0.1, 1.0, 2.0])), zero_point)
    count = 2 if rng.random() < 0.1 else 3
    inputs = tuple(tensors[:count])
    return Case("case", operator, inputs, {"activation": activation, **attributes}, output).graph()  # type: ignore[arg-type]


def _window(rng: np.random.Generator, kernel: Sequence[int]) -> tuple[list[int], dict[str, object]]:
    """An input size that fits the kernel, and stride, dilation and padding."""
    dilation = [int(rng.choice([1, 1, 1, 2, 3])) for _ in kernel]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(int(rng.integers(0, reach[k // 2] + (rng.random() < 0.1))) for k in range(4))
    size = [int(rng.integers(max(1, r - p), r + 6)) for r, p in zip(reach, padding[::2], strict=True)]
    stride = tuple(int(rng.choice([1, 1, 2, 3])) for _ in kernel)
    return size, {"stride": stride, "dilation": tuple(dilation), "padding": padding}


def random_conv(seed: int) -> Graph:
    """Pointwise as often as any other kernel up to 4 x 4; odd channels and pixels; batches."""
    rng = np.random.default_rng(seed)
    kernel = (1, 1) if seed % 2 else tuple(int(k) for k in rng.integers(1, 5, 2))
    size, attributes = _window(rng, kernel)
    channels, outputs = int(rng.choice(CHANNELS)), int(rng.choice(CHANNELS))
    shape = (int(rng.choice([1, 1, 2])), *size, channels)
    return _graph(rng, "conv_2d", shape, (outputs, *kernel, channels), **attributes)


def random_depthwise(seed: int) -> Graph:
    """3 x 3 as often as any other kernel; odd channels; a multiplier for one channel; batches."""
    rng = np.random.default_rng(seed)
    kernel = (3, 3) if seed % 2 else tuple(int(k) for k in rng.integers(1, 6, 2))
    size, attributes = _window(rng, kernel)
    channels = int(rng.choice(CHANNELS))
    multiplier = int(rng.integers(1, 20)) if channels == 1 else 1
    shape = (int(rng.choice([1, 1, 2])), *size, channels)
    weights = (1, *kernel, channels * multiplier)
    return _graph(rng, "depthwise_conv_2d", shape, weights, multiplier=multiplier, **attributes)


def random_dense(seed: int) -> Graph:
    """Any number of inputs and outputs, batches."""
    rng = np.random.default_rng(seed)
    inputs, outputs = int(rng.integers(1, 100)), int(rng.integers(1, 40))
    return _graph(rng, "fully_connected", (int(rng.integers(1, 4)), inputs), (outputs, inputs))


def random_add(seed: int) -> Graph:
    """add or sub of data and a constant, scales apart by up to 2**6, of powers of two (ties) in half of all cases."""
    rng = np.random.default_rng(seed)
    exponents = rng.uniform(-6, 0, 3)
    exponents = np.round(exponents) if rng.random() < 0.5 else exponents
    shape = tuple(int(n) for n in rng.integers(1, 8, 3))
    constant = rng.integers(-128, 127, shape, endpoint=True, dtype=np.int8)
    scales = 2.0**exponents
    zero_points = [int(z) for z in rng.integers(-128, 128, 3)]
    other = Quantization.per_tensor(float(scales[1]), zero_points[1])
    inputs = (quantized(shape, float(scales[0]), zero_points[0]), Tensor(DType.S8, shape, other, constant))
    output = Quantization.per_tensor(4.0 * float(scales[2]), zero_points[2])
    operator = "sub" if seed % 4 == 3 else "add"
    return Case("case", operator, inputs, {"activation": ACTIVATIONS[seed % 3]}, output).graph()


RANDOM: dict[str, Callable[[int], Graph]] = {
    "conv_2d": random_conv,
    "depthwise_conv_2d": random_depthwise,
    "fully_connected": random_dense,
    "add": random_add,
}


def _data(graph: Graph, seed: int) -> Array:
    """Full-range data, every third case at the extremes, which saturates."""
    rng = np.random.default_rng(seed)
    shape = graph.values[graph.inputs[0]].shape
    if seed % 3 == 2:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 127, shape, endpoint=True, dtype=np.int8)


def _assert_exact(graphs: Sequence[Graph], folder: Path, **options: object) -> None:
    assert all(chosen(graph, M55)[1].name.endswith("__arm_mve") for graph in graphs)
    data = [_data(graph, seed) for seed, graph in enumerate(graphs)]
    outputs = run_on_m55(graphs, data, folder, **options)  # type: ignore[arg-type]
    for index, (graph, array, output) in enumerate(zip(graphs, data, outputs, strict=True)):
        (expected,) = evaluate_graph(graph, {graph.inputs[0]: array}).values()
        np.testing.assert_array_equal(output, expected, f"case {index}")


@pytest.mark.parametrize("operator", RANDOM)
def test_random_calls_are_exact(operator: str, tmp_path: Path) -> None:
    _assert_exact([RANDOM[operator](seed) for seed in range(120)], tmp_path)


def test_the_form_for_all_sums_is_exact(tmp_path: Path) -> None:
    """Few random ones have no affine form, which is chosen where there is one."""
    graphs = [random_add(seed) for seed in range(120)]
    calls = [chosen(graph, M55) for graph in graphs]
    assert {kernel.name for _, kernel in calls} == {"smelt_add_affine_s8__arm_mve", "smelt_add_s8__arm_mve"}
    kernels = [
        k for call, _ in calls for k in accepted_kernels(call, M55) if k.name == "smelt_add_s8__arm_mve"
    ]
    data = [_data(graph, seed) for seed, graph in enumerate(graphs)]
    outputs = run_on_m55(graphs, data, tmp_path, cases=Cases(graphs, M55, kernels=kernels))
    for index, (graph, array, output) in enumerate(zip(graphs, data, outputs, strict=True)):
        (expected,) = evaluate_graph(graph, {graph.inputs[0]: array}).values()
        np.testing.assert_array_equal(output, expected, f"case {index}")


@pytest.mark.parametrize("step", [1, 2])
def test_rows_through_a_ring_are_exact(step: int, tmp_path: Path) -> None:
    made = [make(seed) for make in (random_conv, random_depthwise) for seed in range(500, 560)]
    graphs = [graph for graph in made if graph.values[graph.inputs[0]].shape[0] == 1]
    graphs = [graph for graph in graphs if chosen(graph, M55)[1].row_function is not None]
    assert len(graphs) > 60
    data = [_data(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_m55(graphs, data, tmp_path, cases=RowCases(graphs, M55, step=step))
    for index, (graph, array, output) in enumerate(zip(graphs, data, outputs, strict=True)):
        (expected,) = evaluate_graph(graph, {graph.inputs[0]: array}).values()
        np.testing.assert_array_equal(output, expected, f"case {index}")


def test_shifts_of_either_sign_and_both_roundings_occur() -> None:
    """What the test above rests on."""
    graphs = [RANDOM[name](seed) for name in list(RANDOM)[:3] for seed in range(120)]
    fields = [_parameters(graph) for graph in graphs]
    members = [{key.rpartition(".")[2]: value for key, value in each.items()} for each in fields]
    assert {each["exact"] for each in members} == {0, 1}
    assert {each["record_step"] for each in members} == {0, 32, 48}
    lefts = [each["records"].array.reshape(-1, 48)[:, 32:].max() for each in members if each["exact"]]  # type: ignore[union-attr]
    assert max(lefts) > 3
    assert min(lefts) == 0


def _parameters(graph: Graph) -> dict[str, object]:
    call, kernel = chosen(graph, M55)
    (parameters,) = (a for a in kernel.lower(call, M55).arguments if hasattr(a, "fields"))
    return dict(parameters.fields)


@pytest.mark.parametrize(
    ("prefer", "optimize"), [("gcc", "-Os"), ("gcc", "-O3"), ("gcc", "-O0"), ("zig", "-O2")]
)
def test_other_compilers_and_optimizations_agree(prefer: str, optimize: str, tmp_path: Path) -> None:
    graphs = [make(seed) for make in RANDOM.values() for seed in range(200, 212)]
    _assert_exact(graphs, tmp_path, prefer=prefer, optimize=optimize)


def test_the_output_may_follow_the_input_through_memory(tmp_path: Path) -> None:
    """Kernels that are declared ascending read no input row that an earlier output row may have overwritten."""
    graphs = [make(seed) for make in (random_conv, random_depthwise) for seed in range(300, 420)]
    graphs = [graph for graph in graphs if lag_bytes(graph)]
    assert len(graphs) > 30
    assert all(chosen(graph, M55)[1].ascending for graph in graphs)
    _assert_exact(graphs, tmp_path, overwrite=True)


def _depthwise_minus_128(taps: int) -> Graph:
    weights = np.full((1, 1, taps, 3), -128, np.int8)
    tensors = (
        quantized((1, 1, 4, 3), 0.02, 0),
        Tensor(DType.S8, weights.shape, Quantization.per_tensor(1.0), weights),
    )
    return Case("case", "depthwise_conv_2d", tensors, {}, Quantization.per_tensor(100.0, 0)).graph()


def test_two_depthwise_weights_of_minus_128_are_left_to_another_kernel(tmp_path: Path) -> None:
    """Their sum of products does not fit 16 bits; a single one does."""
    assert not chosen(_depthwise_minus_128(2), M55)[1].name.endswith("__arm_mve")
    _assert_exact([_depthwise_minus_128(1)] * 3, tmp_path)


def _dense(weights: Array, zero_point: int) -> Graph:
    matrix = Tensor(DType.S8, weights.shape, Quantization.per_tensor(0.01, zero_point), weights)
    tensors = (quantized((2, weights.shape[1]), 0.02, 3), matrix)
    return Case("case", "fully_connected", tensors, {}, Quantization.per_tensor(0.05, 4)).graph()


def test_dense_weights_with_a_zero_point(tmp_path: Path) -> None:
    """They are centred before the device exists, where the differences are bytes."""
    weights = np.random.default_rng(1).integers(-100, 100, (9, 21), dtype=np.int8)
    _assert_exact([_dense(weights, zero_point) for zero_point in (-27, 0, 28)], tmp_path)
    assert not chosen(_dense(weights, 60), M55)[1].name.endswith("__arm_mve")


def test_other_cores_get_other_kernels() -> None:
    for make in RANDOM.values():
        assert not chosen(make(1), find_target("cortex-m33"))[1].name.endswith("__arm_mve")
