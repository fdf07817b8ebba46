"""The kernels for Armv6-M cores: exact on an emulated Cortex-M0+ and, as portable twins, on this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import RUNTIME, Cases, Device, chosen, run_on_host
from test_arm_dsp_rows import RowCases

from smelt.errors import SmeltError
from smelt.formats.tflite import read_tflite
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import call_of, find_operator
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.convolution.arm_dsp_requantization import Scaling, Sums
from smelt.operators.convolution.arm_v6m_packing import segment_length
from smelt.operators.convolution.arm_v6m_requantization import Requantization, requantize
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.fixed_point import Int64, quantize_multiplier
from smelt.targets import find_target

M0 = find_target("cortex-m0plus")
ACTIVATIONS = ("none", "relu", "relu6")
EXTREMES = np.array([-128, 127], np.int8)


def _graph(
    rng: np.random.Generator,
    operator: str,
    shape: Sequence[int],
    weights: Sequence[int],
    *,
    weight_values: Array | None = None,
    **attributes: object,
) -> Graph:
    """One layer, weights from -128, one scale in a quarter of all cases, sums over about the output's range."""
    axis = 3 if operator == "depthwise_conv_2d" else 0
    channels, field = weights[axis], int(np.prod(weights)) // weights[axis]
    array = rng.integers(-128, 127, tuple(weights), endpoint=True, dtype=np.int8)
    if weight_values is not None:
        array = rng.choice(weight_values, tuple(weights))
    if rng.random() < 0.3:
        np.moveaxis(array, axis, 0)[int(rng.integers(channels))] = 0
    scale = 60.0 / (np.sqrt(field) * 74 * 73)
    scales = tuple(float(np.float32(scale * 2.0**e)) for e in rng.uniform(-1.5, 1.5, channels))
    quantization = Quantization(scales, (0,) * channels, axis)
    if rng.random() < 0.25:
        quantization = Quantization.per_tensor(scales[0])
    bias = rng.integers(-9000, 9000, channels, dtype=np.int32)
    tensors = (
        quantized(shape, 0.02, int(rng.integers(-128, 128))),
        Tensor(DType.S8, tuple(weights), quantization, array),
        Tensor(DType.S32, bias.shape, Quantization.per_tensor(1.0), bias),
    )
    activation = str(rng.choice(ACTIVATIONS))
    zero_point = -128 if activation != "none" and rng.random() < 0.7 else int(rng.integers(-100, 100))
    output = Quantization.per_tensor(float(rng.choice([0.02, 0.05])), zero_point)
    named = {"activation": activation, **attributes}
    return Case("case", operator, tensors, named, output).graph()  # type: ignore[arg-type]


def _window(
    rng: np.random.Generator, kernel: Sequence[int], largest: int, dilation: Sequence[int]
) -> tuple[list[int], dict[str, object]]:
    """An input size up to `largest` above the kernel's reach, and stride, dilation and padding."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(int(rng.integers(0, reach[k // 2])) for k in range(4))
    size = [int(r + rng.integers(2, largest)) for r in reach]
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    return size, {"stride": stride, "dilation": tuple(dilation), "padding": padding}


def random_conv(seed: int) -> Graph:
    """Any kernel up to 5 x 5, odd channel counts, batches."""
    rng = np.random.default_rng(seed)
    kernel = (1, 1) if seed % 3 == 0 else (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    size, attributes = _window(rng, kernel, 7, [int(d) for d in rng.integers(1, 3, 2)])
    channels, outputs = int(rng.choice([1, 3, 4, 5, 8, 12, 20])), int(rng.choice([1, 2, 3, 4, 7, 8, 13, 16]))
    shape = (int(rng.integers(1, 3)), *size, channels)
    return _graph(rng, "conv_2d", shape, (outputs, *kernel, channels), **attributes)


def random_depthwise(seed: int) -> Graph:
    """3 x 3 as often as any other kernel, long in either direction, multipliers, batches."""
    rng = np.random.default_rng(seed)
    kernel = (3, 3) if seed % 2 else (int(rng.integers(1, 8)), int(rng.integers(1, 8)))
    dilation = (int(rng.integers(1, 3)), 1) if seed % 4 else (1, 1)
    size, attributes = _window(rng, kernel, 9, dilation)
    size[1 if dilation[0] > 1 else int(rng.integers(2))] += 26
    channels, multiplier = int(rng.integers(1, 8)), int(rng.choice([1, 1, 1, 2, 3]))
    shape, weights = (int(rng.integers(1, 3)), *size, channels), (1, *kernel, channels * multiplier)
    return _graph(rng, "depthwise_conv_2d", shape, weights, multiplier=multiplier, **attributes)


def random_dense(seed: int) -> Graph:
    """Any number of inputs and outputs, batches."""
    rng = np.random.default_rng(seed)
    inputs, outputs = int(rng.integers(1, 150)), int(rng.integers(1, 20))
    return _graph(rng, "fully_connected", (int(rng.integers(1, 4)), inputs), (outputs, inputs))


RANDOM = {"conv_2d": random_conv, "depthwise_conv_2d": random_depthwise, "fully_connected": random_dense}


def _is_tested(graph: Graph) -> bool:
    return chosen(graph, M0)[1].name.endswith("__arm_v6m")


def accepted(operator: str, count: int, first_seed: int = 0) -> list[Graph]:
    """Random graphs whose kernel is one of those under test; nearly all must be."""
    graphs = [RANDOM[operator](seed) for seed in range(first_seed, first_seed + count)]
    found = [graph for graph in graphs if _is_tested(graph)]
    assert len(found) >= 0.9 * count
    return found


def _inputs(graph: Graph, seed: int) -> Array:
    """Full-range data, every third case at the extremes, which saturates."""
    rng = np.random.default_rng(seed)
    value = graph.values[graph.inputs[0]]
    if seed % 3 == 2:
        return rng.choice(EXTREMES, value.shape)
    return rng.integers(-128, 127, value.shape, endpoint=True, dtype=np.int8)


def _meaning(graph: Graph, data: Array) -> Array:
    return evaluate_graph(graph, {graph.inputs[0]: data})[graph.outputs[0]]


def _assert_exact(device: Device, graphs: Sequence[Graph]) -> None:
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        # dense layers read words, and tensors begin at words
        misalign = 0 if graph.nodes[0].operator == "fully_connected" else index % 4
        output, _ = device.run(index, data, misalign=misalign)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize("operator", RANDOM)
def test_random_shapes_are_exact_on_an_emulated_cortex_m0plus(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 60)
    _assert_exact(Device(graphs, tmp_path, M0), graphs)


@pytest.mark.parametrize(("optimize", "compiler"), [("-O0", ""), ("-Os", ""), ("-O3", ""), ("-Os", "zig")])
def test_other_levels_and_compilers_are_exact(optimize: str, compiler: str, tmp_path: Path) -> None:
    graphs = [graph for operator in RANDOM for graph in accepted(operator, 10, 100)]
    try:
        device = Device(graphs, tmp_path, M0, optimize, compiler)
    except SmeltError as error:
        pytest.skip(str(error))
    _assert_exact(device, graphs)


@pytest.mark.parametrize("operator", RANDOM)
def test_portable_twins_are_exact_under_sanitizers(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 40, 200)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, Cases(graphs, M0))):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


@pytest.mark.parametrize("name", ["cortex-m3", "rv32imc"])
def test_convolutions_are_exact_on_other_cores_that_only_multiply(name: str, tmp_path: Path) -> None:
    target = find_target(name)
    graphs = accepted("conv_2d", 30, 500)
    assert all(chosen(graph, target)[1].name.endswith("__arm_v6m") for graph in graphs)
    _assert_exact(Device(graphs, tmp_path, target), graphs)


def _of_one_image(count: int, first_seed: int) -> list[Graph]:
    graphs = accepted("conv_2d", count, first_seed)
    return [graph for graph in graphs if graph.values[graph.inputs[0]].shape[0] == 1]


@pytest.mark.parametrize("step", [1, 2])
def test_rows_through_a_ring_are_exact_on_an_emulated_cortex_m0plus(step: int, tmp_path: Path) -> None:
    graphs = _of_one_image(50, 500)
    _assert_exact(Device(graphs, tmp_path, M0, cases=RowCases(graphs, M0, step=step)), graphs)


def test_twins_of_rows_are_exact_under_sanitizers(tmp_path: Path) -> None:
    graphs = _of_one_image(50, 600)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, RowCases(graphs, M0))):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def test_depthwise_in_shorter_lines_is_exact(tmp_path: Path) -> None:
    """The variant that only tuning takes, on the emulated core and as its portable twin."""
    graphs = [random_depthwise(seed) for seed in range(300, 400)]
    graphs = [graph for graph in graphs if chosen(graph, M0, "measured")[1].form == "measured"]
    assert len(graphs) >= 20
    _assert_exact(Device(graphs, tmp_path, M0, form="measured"), graphs)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, Cases(graphs, M0, "measured"))):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def _large_sums(seed: int) -> Graph:
    """Sums that fill the range in which they can be told apart, and more: weights of nothing but extremes."""
    rng = np.random.default_rng(seed)
    if seed % 3 == 0:
        weights = (int(rng.integers(1, 7)), int(rng.integers(240, 257)))
        return _graph(rng, "fully_connected", (1, weights[1]), weights, weight_values=EXTREMES)
    channels = int(rng.integers(60, 90))
    kernel = (1, 1) if seed % 3 == 1 else (3, 2)
    shape = (1, 4, int(rng.integers(2, 6)), channels)
    return _graph(rng, "conv_2d", shape, (5, *kernel, channels), weight_values=EXTREMES)


def test_large_sums_are_told_apart(tmp_path: Path) -> None:
    graphs = [graph for graph in map(_large_sums, range(30)) if _is_tested(graph)]
    assert len(graphs) >= 25
    device = Device(graphs, tmp_path, M0)
    for index, graph in enumerate(graphs):
        weights = graph.constants[graph.nodes[0].inputs[1] or ""]
        # Inputs that agree with one channel's weights in every sign make its sum the largest possible.
        field = weights[index % len(weights)]
        data = np.resize(np.where(field < 0, -128, 127), graph.values[graph.inputs[0]].shape).astype(np.int8)
        for inputs in (data, ~data):
            np.testing.assert_array_equal(device.run(index, inputs)[0], _meaning(graph, inputs))


def test_segments_end_before_sums_can_be_too_large() -> None:
    assert segment_length(np.full((1, 64), 127)) == 64  # 64 * 127 * 128 is 8128 below 2**20
    assert segment_length(np.full((1, 64), -128)) == 32  # 64 * 128 * 128 is 2**20
    weights = np.zeros((3, 128), np.int64)
    weights[2, :100] = -128
    assert segment_length(weights) == 44
    assert segment_length(np.zeros((3, 4000), np.int64)) == 4000


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "ad", "sww"])
def test_layers_of_mlperf_tiny_are_exact(name: str, shared: Path, tmp_path: Path) -> None:
    graph = read_tflite((shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite").read_bytes(), name)
    layers = [_layer(graph, index) for index, node in enumerate(graph.nodes) if node.operator in RANDOM]
    layers = [layer for layer in layers if _is_tested(layer)]
    assert len(layers) >= 6
    _assert_exact(Device(layers, tmp_path, M0), layers)


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


def test_depthwise_may_be_computed_in_place(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    cases = [((1, 9, 7, 5), (3, 3), (1, 1, 1, 1)), ((2, 12, 4, 3), (5, 1), (3, 1, 0, 0))]
    cases.append(((1, 6, 8, 2), (3, 2), (2, 0, 0, 1)))
    graphs = [_graph(rng, "depthwise_conv_2d", s, (1, *k, s[3]), padding=p) for s, k, p in cases]
    device = Device(graphs, tmp_path, M0)
    base, _ = device.machine.symbol("memory")
    for index, graph in enumerate(graphs):
        call, kernel = chosen(graph, M0)
        assert kernel.in_place(call) == (0,)
        data = _inputs(graph, index)
        device.machine.write(base, data.tobytes())
        device.machine.call(f"case_{index}", base, base, base + (data.nbytes + 7 & -8))
        output = np.frombuffer(device.machine.read(base, data.nbytes), np.int8).reshape(data.shape)
        np.testing.assert_array_equal(output, _meaning(graph, data))


@pytest.mark.parametrize("attributes", [{"stride": (2, 1)}, {"multiplier": 2}, {"padding": (0, 0, 1, 1)}])
def test_other_depthwise_is_not_computed_in_place(attributes: dict[str, object]) -> None:
    channels = 3 * int(attributes.get("multiplier", 1))  # type: ignore[call-overload]
    rng = np.random.default_rng(1)
    graph = _graph(rng, "depthwise_conv_2d", (1, 20, 20, 3), (1, 3, 3, channels), **attributes)
    call, kernel = chosen(graph, M0)
    assert kernel.name.endswith("__arm_v6m")
    assert kernel.in_place(call) == ()


def _scaling(rng: np.random.Generator, channels: int, real: float, zero_point: int, low: int) -> Scaling:
    pairs = [quantize_multiplier(real * 2.0**e) for e in rng.uniform(-1.5, 1.5, channels)]
    mantissas, shifts = np.array(pairs, np.int64).T
    return Scaling(mantissas, shifts, zero_point, low, 127)


def _kernel_outputs(found: Requantization, accumulators: Int64, bias: Int64) -> Int64:
    """The outputs of accumulators [channels, ...] as the device computes them, in 32 bits."""
    starts, spans, multipliers, offsets, zeros, down, biases = (
        part[:, None]
        for part in (
            found.starts,
            found.spans,
            found.multipliers,
            found.offsets,
            found.zeros,
            found.steps_down,
            bias,
        )
    )
    a = np.clip(accumulators - biases + starts, 0, spans)
    assert multipliers.max() < (2**32 if found.shift else 2**52)
    scaled = np.zeros_like(a)
    # Parts of the multiplier from the lowest: each product, with what is left of the one before, fits 32 bits.
    parts = (found.shift,) if found.shift else (10, 10)
    rest = multipliers
    for bits in parts:
        scaled = a * (rest & (2**bits - 1)) + scaled
        assert scaled.max() < 2**32
        scaled, rest = scaled >> bits, rest >> bits
    total = a * rest + scaled + offsets + np.where(a < zeros, down, 0)
    return ((total & 0xFFFFFFFF) >> 24 ^ 128) - 128


def _assert_requantizes(seed: int, real: float) -> bool:
    """Every reachable sum of a random layer has TFLite Micro's output; False where no form was found."""
    rng = np.random.default_rng(seed)
    channels = 6
    weights = rng.integers(-128, 128, (channels, int(rng.integers(1, 40))))
    weights[0] = 0
    sums = Sums.of(weights, rng.integers(-20000, 20000, channels))
    relu = seed % 2 == 0
    zero_point = -128 if seed % 4 == 0 else int(rng.integers(-100, 100))
    scaling = _scaling(rng, channels, real, zero_point, zero_point if relu else -128)
    found = requantize(sums, scaling)
    if found is None:
        return False
    for c in range(channels):
        accumulators = np.arange(sums.low[c], sums.high[c] + 1)
        everywhere = np.broadcast_to(accumulators, (channels, len(accumulators)))
        meant = np.clip(scaling.apply(everywhere), scaling.low, scaling.high)[c]
        np.testing.assert_array_equal(_kernel_outputs(found, everywhere, sums.bias)[c], meant)
    return True


@pytest.mark.parametrize("seed", range(40))
def test_requantization_equals_tflite_micro_for_every_reachable_sum(seed: int) -> None:
    real = float(2.0 ** np.random.default_rng(seed).uniform(-14, -3))
    assert _assert_requantizes(seed, real)


def test_multipliers_of_about_one_are_exact_or_refused() -> None:
    reals = [float(2.0**e) for e in np.linspace(-2, 4, 40)]
    found = [_assert_requantizes(seed, real) for seed, real in enumerate(reals)]
    assert any(found)
    assert not all(found)


def test_negative_values_have_their_own_rounding_where_no_activation_clamps_them() -> None:
    rng = np.random.default_rng(0)
    sums = Sums.of(rng.integers(-127, 128, (8, 30)), np.zeros(8, np.int64))
    clamped, free = (requantize(sums, _scaling(rng, 8, 2.0**-8, 3, low)) for low in (3, -128))
    assert clamped is not None
    assert clamped.shift > 0
    assert free is not None
    assert free.shift == 0
    assert (free.steps_down < 0).all()


def test_sums_that_wrap_are_refused() -> None:
    for bias, real in ((2**31 - 100, 2.0**-20), (2**26, 200.0)):
        sums = Sums.of(np.full((1, 9), 127), np.array([bias]))
        assert requantize(sums, Scaling(*np.array([quantize_multiplier(real)]).T, 0, -128, 127)) is None


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m4", "rv32imc", "host"])
def test_other_targets_are_refused(target: str) -> None:
    for operator, random in RANDOM.items():
        if operator == "conv_2d" and target in ("cortex-m3", "rv32imc"):
            continue  # test_convolutions_are_exact_on_other_cores_that_only_multiply
        call = call_of(graph := random(1), graph.nodes[0])
        tested = [k for k in find_operator(operator).kernels if k.name.endswith("__arm_v6m")]
        assert tested
        assert not any(kernel.accepts(call, find_target(target)) for kernel in tested)


def test_what_a_kernel_cannot_tell_apart_is_refused() -> None:
    rng = np.random.default_rng(0)
    assert _is_tested(_graph(rng, "fully_connected", (1, 256), (4, 256), weight_values=EXTREMES))
    assert not _is_tested(_graph(rng, "fully_connected", (1, 300), (4, 300), weight_values=EXTREMES))
    assert not _is_tested(
        _graph(rng, "depthwise_conv_2d", (1, 30, 30, 2), (1, 9, 9, 2), weight_values=EXTREMES)
    )


def _sources() -> list[Path]:
    folders = [
        RUNTIME / "primitives",
        *(find_operator(name).folder for name in ("conv_2d", "fully_connected")),
    ]
    return [path for folder in folders for path in sorted(folder.glob("*__arm_v6m.c"))]


@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O2"])
def test_clang_compiles_every_file_without_a_warning(optimize: str) -> None:
    clang = shutil.which("clang") or pytest.skip("clang is not installed")
    includes = [f"-I{folder}" for folder in (RUNTIME / "include", *sorted({p.parent for p in _sources()}))]
    headers = RUNTIME.parent / "engines" / "firmware" / "freestanding"
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
    assert len(_sources()) >= 7
    for source in _sources():
        command = [clang, "--target=thumbv6m-none-eabi", "-mcpu=cortex-m0plus", *flags, *includes, optimize]
        command += ["-isystem", str(headers), "-c", str(source), "-o", os.devnull]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if "No available targets" in result.stderr or "unable to create target" in result.stderr:
            pytest.skip("this clang has no Arm backend")
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("operator", "shape", "weights", "attributes", "most"),
    [
        ("conv_2d", (1, 12, 5, 64), (64, 1, 1, 64), {}, 3.5),
        ("conv_2d", (1, 9, 8, 32), (32, 3, 3, 32), {"padding": (1, 1, 1, 1)}, 3.3),
        ("fully_connected", (1, 128), (128, 128), {}, 4.2),
        ("depthwise_conv_2d", (1, 48, 24, 8), (1, 3, 3, 8), {"padding": (1, 1, 1, 1)}, 10.5),
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
    graph = _graph(np.random.default_rng(1), operator, shape, weights, **attributes)
    _, result = Device([graph], tmp_path, M0).run(0, _inputs(graph, 0), count=True)
    assert result.estimated_cycles is not None
    assert result.stack_bytes is not None
    assert result.estimated_cycles <= most * find_operator(operator).cost(chosen(graph, M0)[0]).macs
    assert result.stack_bytes < 400
