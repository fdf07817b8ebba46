"""The kernels for Arm cores with DSP: exact on emulated cores and, as portable twins, on this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, RUNTIME, Cases, Device, chosen, run_on_host

from smelt.errors import SmeltError
from smelt.formats.tflite import read_tflite
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import find_operator
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.convolution.arm_dsp_requantization import (
    SHIFT,
    Requantization,
    Scaling,
    Sums,
    requantize_exactly,
    signed_rounding,
    single_rounding,
)
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.fixed_point import Int64, multiply_by_quantized_multiplier, quantize_multiplier
from smelt.targets import find_target

Pair = tuple[int, int]
PRIMITIVES = RUNTIME / "primitives"
ACTIVATIONS = ("none", "relu", "relu6")


def _weights(
    rng: np.random.Generator, shape: Sequence[int], axis: int, scale: float, low: int = -127
) -> Tensor:
    array = rng.integers(low, 127, tuple(shape), endpoint=True, dtype=np.int8)
    if rng.random() < 0.3:  # some channels with nothing but zeros
        index: list[object] = [slice(None)] * len(shape)
        index[axis] = int(rng.integers(shape[axis]))
        array[tuple(index)] = 0  # type: ignore[index]
    scales = tuple(float(np.float32(scale * 2.0**e)) for e in rng.uniform(-1.5, 1.5, shape[axis]))
    return Tensor(DType.S8, tuple(shape), Quantization(scales, (0,) * len(scales), axis), array)


def _bias(rng: np.random.Generator, channels: int) -> Tensor:
    array = rng.integers(-9000, 9000, channels, dtype=np.int32)
    return Tensor(DType.S32, (channels,), Quantization.per_tensor(1.0), array)


def _output(rng: np.random.Generator, activation: str) -> Quantization:
    """Zero point -128 where an activation usually has it, sometimes elsewhere; clamping inside the range too."""
    relu = activation != "none" and rng.random() < 0.7
    zero_point = -128 if relu else int(rng.integers(-100, 100))
    return Quantization.per_tensor(0.05 if activation == "relu6" and rng.random() < 0.5 else 0.02, zero_point)


def _case(
    rng: np.random.Generator,
    operator: str,
    shape: Sequence[int],
    weights: Sequence[int],
    activation: str,
    **attributes: object,
) -> Graph:
    axis = 3 if operator == "depthwise_conv_2d" else 0
    field = int(np.prod(weights)) // weights[axis]
    output = _output(rng, activation)
    # Sums spread over about the output's range, so that both ends saturate now and then.
    scale = output.scale / 0.02 * 60.0 / (np.sqrt(field) * 74 * 73)
    data = quantized(shape, 0.02, int(rng.integers(-128, 127, endpoint=True)))
    tensors = (data, _weights(rng, weights, axis, scale), _bias(rng, weights[axis]))
    return Case("case", operator, tensors, {"activation": activation, **attributes}, output).graph()  # type: ignore[arg-type]


def _window(rng: np.random.Generator, kernel: Pair, largest_dilation: int) -> tuple[Pair, dict[str, object]]:
    """An input size that fits the kernel, and stride, dilation and padding."""
    dilation = tuple(int(rng.integers(1, largest_dilation + 1)) for _ in kernel)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(int(rng.integers(0, reach[k // 2])) for k in range(4))
    size = tuple(int(rng.integers(max(1, r - p), r + 7)) for r, p in zip(reach, padding[::2], strict=True))
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    return (size[0], size[1]), {"stride": stride, "dilation": dilation, "padding": padding}


def random_conv(seed: int) -> Graph:
    """Any kernel up to 5 x 5, odd channel counts, batches."""
    rng = np.random.default_rng(seed)
    kernel = (1, 1) if seed % 3 == 0 else (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    size, attributes = _window(rng, kernel, 2)
    channels, outputs = int(rng.choice([1, 3, 4, 5, 8, 12, 20])), int(rng.choice([1, 2, 3, 4, 7, 8, 13, 16]))
    shape = (int(rng.integers(1, 3)), *size, channels)
    return _case(rng, "conv_2d", shape, (outputs, *kernel, channels), ACTIVATIONS[seed % 3], **attributes)


def random_depthwise(seed: int) -> Graph:
    """3 x 3, kernels of one row or column, and others; few and odd channel counts, multipliers, batches."""
    rng = np.random.default_rng(seed)
    long, square = int(rng.integers(1, 17)), int(rng.integers(1, 7))
    kernel = [(3, 3), (1, long), (square, int(rng.integers(1, 7))), (3, 3), (long, 1)][seed % 5]
    size, attributes = _window(rng, kernel, 1 if seed % 4 else 3)
    channels = int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 12, 17]))
    multiplier = int(rng.choice([1, 1, 1, 2, 3]))
    shape = (int(rng.integers(1, 3)), *size, channels)
    weights = (1, *kernel, channels * multiplier)
    activation = ACTIVATIONS[seed % 3]
    return _case(rng, "depthwise_conv_2d", shape, weights, activation, multiplier=multiplier, **attributes)


def random_dense(seed: int) -> Graph:
    """Any number of inputs and outputs, batches."""
    rng = np.random.default_rng(seed)
    inputs, outputs = int(rng.integers(1, 150)), int(rng.integers(1, 20))
    shape = (int(rng.integers(1, 4)), inputs)
    return _case(rng, "fully_connected", shape, (outputs, inputs), ACTIVATIONS[seed % 3])


RANDOM = {"conv_2d": random_conv, "depthwise_conv_2d": random_depthwise, "fully_connected": random_dense}


def _inputs(graph: Graph, seed: int) -> Array:
    """Full-range data, every third case at the extremes, which saturates."""
    rng = np.random.default_rng(seed)
    value = graph.values[graph.inputs[0]]
    if seed % 3 == 2:
        return rng.choice(np.array([-128, 127], np.int8), value.shape)
    return rng.integers(-128, 127, value.shape, endpoint=True, dtype=np.int8)


def _meaning(graph: Graph, data: Array) -> Array:
    return evaluate_graph(graph, {graph.inputs[0]: data})[graph.outputs[0]]


def accepted(operator: str, count: int, first_seed: int = 0) -> list[Graph]:
    """Random graphs whose kernel is one of those under test; nearly all must be."""
    graphs = [RANDOM[operator](seed) for seed in range(first_seed, first_seed + count)]
    found = [g for g in graphs if chosen(g)[1].name.endswith("__arm_dsp")]
    assert len(found) >= 0.9 * count
    return found


@pytest.mark.parametrize("operator", RANDOM)
def test_random_shapes_are_exact_on_an_emulated_cortex_m4(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 60)
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, _ = device.run(index, data, misalign=index % 4)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize(
    ("core", "optimize"), [("cortex-m4-nofpu", "-Os"), ("cortex-m7", "-O3"), ("cortex-m33", "-O0")]
)
def test_other_cores_and_levels_are_exact(core: str, optimize: str, tmp_path: Path) -> None:
    graphs = [g for operator in RANDOM for g in accepted(operator, 10, 100)]
    device = Device(graphs, tmp_path, find_target(core), optimize)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            device.run(index, data)[0], _meaning(graph, data), err_msg=f"case {index}"
        )


@pytest.mark.parametrize("operator", RANDOM)
def test_portable_twins_are_exact_under_sanitizers(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 40, 200)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "ad", "sww"])
def test_layers_of_mlperf_tiny_are_exact(name: str, shared: Path, tmp_path: Path) -> None:
    graph = read_tflite((shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite").read_bytes(), name)
    layers = [_layer(graph, index) for index, node in enumerate(graph.nodes) if node.operator in RANDOM]
    device = Device(layers, tmp_path)
    for index, layer in enumerate(layers):
        data = _inputs(layer, index)
        np.testing.assert_array_equal(
            device.run(index, data)[0], _meaning(layer, data), err_msg=f"layer {index}"
        )


def _layer(graph: Graph, index: int) -> Graph:
    node = graph.nodes[index]
    names = [name for name in (*node.inputs, *node.outputs) if name]
    return Graph(
        name="layer",
        values={name: graph.values[name] for name in names},
        nodes=(node,),
        inputs=(names[0],),
        outputs=node.outputs,
        constants={name: graph.constants[name] for name in names if name in graph.constants},
    )


def _scaling(rng: np.random.Generator, channels: int, real: float, zero_point: int, low: int) -> Scaling:
    pairs = [quantize_multiplier(real * 2.0**e) for e in rng.uniform(-1.5, 1.5, channels)]
    mantissas, shifts = np.array(pairs, np.int64).T
    return Scaling(mantissas, shifts, zero_point, low, 127)


def _kernel_arithmetic(found: Requantization, sums: Int64, zero_point: int) -> Int64:
    """The two forms as the device computes them, on sums [channels, ...] of 256 * accumulator + start."""
    multipliers, divisors = found.multipliers[:, None], found.divisors[:, None]
    assert abs(sums).max() < 2**31
    if not found.signed_rounding:
        return np.clip((sums * multipliers >> 32) >> SHIFT, -128, 127)
    r = ((sums >> 7) * multipliers + 2**31) >> 32
    r -= r < 0
    return np.clip(((r * divisors + 2**31) >> 32) + zero_point, -128, 127)


@pytest.mark.parametrize("seed", range(24))
def test_requantization_equals_tflite_micro_for_every_reachable_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels = 6
    weights = rng.integers(-127, 128, (channels, int(rng.integers(1, 30))))
    sums = Sums.of(weights, rng.integers(-20000, 20000, channels))
    relu = seed % 2 == 0
    zero_point = -128 if seed % 4 == 0 else int(rng.integers(-100, 100))
    scaling = _scaling(
        rng, channels, float(2.0 ** rng.uniform(-12, -3)), zero_point, zero_point if relu else -128
    )
    forms = [single_rounding(sums, scaling), signed_rounding(sums, scaling)]
    if not relu:  # one rounding is rarely exact here
        forms[0] = requantize_exactly(sums, scaling)
    assert any(forms)
    for found in forms:
        if found is not None:
            _assert_exact(found, sums, scaling)


def _assert_exact(found: Requantization, sums: Sums, scaling: Scaling) -> None:
    for c in range(len(sums.bias)):
        accumulators = np.arange(sums.low[c], sums.high[c] + 1)
        start = int(found.starts[c]) - (int(sums.bias[c]) << 8)
        numbers = (part[c : c + 1] for part in (found.starts, found.multipliers, found.divisors))
        one = Requantization(found.signed_rounding, *numbers)
        actual = _kernel_arithmetic(one, (accumulators[None] << 8) + start, scaling.zero_point)[0]
        scaled = multiply_by_quantized_multiplier(accumulators, scaling.mantissas[c], scaling.shifts[c])
        meant = np.clip(scaled + scaling.zero_point, scaling.low, scaling.high)
        np.testing.assert_array_equal(np.clip(actual, scaling.low, scaling.high), meant)


@pytest.mark.parametrize("real", [0.6, 1.0, 3.7, 200.0])
def test_large_multipliers_are_exact_or_refused(real: float) -> None:
    rng = np.random.default_rng(3)
    sums = Sums.of(rng.integers(-127, 128, (2, 3)), rng.integers(-900, 900, 2))
    scaling = Scaling(*np.array([quantize_multiplier(real)] * 2, np.int64).T, 0, -128, 127)
    assert requantize_exactly(sums, scaling) is None


def _dsp_sources() -> list[Path]:
    folders = [PRIMITIVES, find_operator("conv_2d").folder, find_operator("fully_connected").folder]
    return [path for folder in folders for path in sorted(folder.glob("*__arm_dsp.c"))]


@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O2"])
def test_clang_compiles_every_file_for_thumb_without_a_warning(optimize: str) -> None:
    clang = shutil.which("clang") or pytest.skip("clang is not installed")
    toolchain_headers = (
        Path(find_operator("relu").folder).parents[1] / "engines" / "firmware" / "freestanding"
    )
    flags = [
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Wshadow",
        "-pedantic",
        "-Werror",
        "-ffreestanding",
    ]
    includes = [
        f"-I{folder}"
        for folder in (PRIMITIVES, RUNTIME / "include", *{path.parent for path in _dsp_sources()})
    ]
    for source in _dsp_sources():
        command = [clang, "--target=thumbv7em-none-eabihf", "-mcpu=cortex-m4", *flags, *includes, optimize]
        command += ["-isystem", str(toolchain_headers), "-c", str(source), "-o", os.devnull]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if "No available targets" in result.stderr or "unable to create target" in result.stderr:
            pytest.skip("this clang has no Arm backend")
        assert result.returncode == 0, result.stderr


def test_zig_builds_the_same_kernels(tmp_path: Path) -> None:
    graphs = [g for operator in RANDOM for g in accepted(operator, 6, 300)]
    try:
        device = Device(graphs, tmp_path, prefer="zig")
    except SmeltError as error:
        pytest.skip(str(error))
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            device.run(index, data)[0], _meaning(graph, data), err_msg=f"case {index}"
        )


@pytest.mark.parametrize(
    ("operator", "shape", "weights", "attributes", "most"),
    [
        ("conv_2d", (1, 6, 6, 64), (64, 1, 1, 64), {}, 1.25),
        ("conv_2d", (1, 8, 8, 32), (32, 3, 3, 32), {"padding": (1, 1, 1, 1)}, 1.25),
        ("fully_connected", (1, 128), (128, 128), {}, 1.31),
        ("depthwise_conv_2d", (1, 24, 24, 8), (1, 3, 3, 8), {"padding": (1, 1, 1, 1)}, 3.5),
    ],
)
def test_cycles_a_mac_stay_low(
    operator: str,
    shape: Sequence[int],
    weights: Sequence[int],
    attributes: dict[str, object],
    most: float,
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(1)
    output = Quantization.per_tensor(0.02, -128)
    axis = 3 if operator == "depthwise_conv_2d" else 0
    field = int(np.prod(weights)) // weights[axis]
    scale = 60.0 / (np.sqrt(field) * 74 * 73)
    tensors = (quantized(shape, 0.02, -128), _weights(rng, weights, axis, scale), _bias(rng, weights[axis]))
    graph = Case("case", operator, tensors, {"activation": "relu", **attributes}, output).graph()  # type: ignore[arg-type]
    device = Device([graph], tmp_path)
    _, result = device.run(0, _inputs(graph, 0), count=True)
    call, _ = chosen(graph)
    assert result.estimated_cycles is not None
    assert result.stack_bytes is not None
    assert result.estimated_cycles <= most * find_operator(operator).cost(call).macs
    assert result.stack_bytes < 400


def test_cases_use_the_kernels_under_test() -> None:
    names = {chosen(g)[1].name for operator in RANDOM for g in accepted(operator, 60)}
    assert names == {
        "smelt_conv_2d_s8__arm_dsp",
        "smelt_fully_connected_pairs_s8__arm_dsp",
        "smelt_depthwise_conv_2d_s8__arm_dsp",
        "smelt_depthwise_conv_2d_3x3_s8__arm_dsp",
        "smelt_depthwise_conv_2d_row_s8__arm_dsp",
        "smelt_depthwise_conv_2d_fours_s8__arm_dsp",
        "smelt_depthwise_conv_2d_taps_s8__arm_dsp",
        "smelt_fully_connected_s8__arm_dsp",
    }
    assert Cases(accepted("conv_2d", 3)).target is DSP
