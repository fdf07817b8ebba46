"""The kernels in little code for Arm cores with DSP: exact on emulated cores and, as portable twins, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, GUARD, Cases, Device, chosen, run_on_host
from test_arm_dsp import ACTIVATIONS, RANDOM, _case, _inputs, _layer, _meaning
from test_arm_dsp_depthwise import random_3x3

from smelt.formats.tflite import read_tflite
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import find_operator
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.convolution.meaning import needs
from smelt.operators.operator import Parameters
from smelt.targets import find_target

CONVOLUTION = "smelt_convolution_compact_s8__arm_dsp"
KERNELS = {
    CONVOLUTION,
    "smelt_fully_connected_compact_s8__arm_dsp",
    "smelt_fully_connected_short_s8__arm_dsp",
}


def _compact(graph: Graph) -> bool:
    return chosen(graph, form="compact")[1].name in KERNELS


def accepted(operator: str, count: int, first_seed: int = 0) -> list[Graph]:
    """Random graphs whose kernel is one of those under test; other depthwise ones have few channels or multipliers."""
    graphs = [RANDOM[operator](seed) for seed in range(first_seed, first_seed + count)]
    found = [graph for graph in graphs if _compact(graph)]
    assert len(found) >= (0.3 if operator == "depthwise_conv_2d" else 0.85) * count
    return found


def _rounds_twice(graph: Graph) -> bool:
    call, kernel = chosen(graph, form="compact")
    (parameters,) = (a for a in kernel.lower(call, DSP).arguments if isinstance(a, Parameters))
    return bool(parameters.fields["gemm.signed_rounding"])


def _device(
    graphs: Sequence[Graph], folder: Path, target: str = "cortex-m4", optimize: str = "-Os"
) -> Device:
    core = find_target(target)
    return Device(graphs, folder, core, optimize, cases=Cases(graphs, core, "compact"))


def _assert_exact(device: Device, graphs: Sequence[Graph]) -> None:
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, _ = device.run(index, data, misalign=index % 4)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize("operator", RANDOM)
def test_random_shapes_are_exact_on_an_emulated_cortex_m4(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 60)
    _assert_exact(_device(graphs, tmp_path), graphs)


@pytest.mark.parametrize(
    ("core", "optimize"), [("cortex-m4-nofpu", "-O2"), ("cortex-m7", "-O3"), ("cortex-m33", "-O0")]
)
def test_other_cores_and_levels_are_exact(core: str, optimize: str, tmp_path: Path) -> None:
    graphs = [graph for operator in RANDOM for graph in accepted(operator, 10, 100)]
    _assert_exact(_device(graphs, tmp_path, core, optimize), graphs)


@pytest.mark.parametrize("operator", RANDOM)
def test_portable_twins_are_exact_under_sanitizers(operator: str, tmp_path: Path) -> None:
    graphs = accepted(operator, 40, 200)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_host(graphs, data, tmp_path, cases=Cases(graphs, DSP, "compact"))
    for index, output in enumerate(outputs):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def test_cases_use_all_kernels_in_both_forms_of_requantization() -> None:
    graphs = [graph for operator in RANDOM for graph in accepted(operator, 60)]
    found = {(chosen(graph, form="compact")[1].name, _rounds_twice(graph)) for graph in graphs}
    assert found == {(name, twice) for name in KERNELS for twice in (False, True)}


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "ad", "sww"])
def test_layers_of_mlperf_tiny_are_exact(name: str, shared: Path, tmp_path: Path) -> None:
    graph = read_tflite((shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite").read_bytes(), name)
    layers = [_layer(graph, index) for index, node in enumerate(graph.nodes) if node.operator in RANDOM]
    assert sum(map(_compact, layers)) >= 0.9 * len(layers)
    _assert_exact(_device(layers, tmp_path), layers)


def random_same_padded(seed: int) -> Graph:
    """A depthwise convolution whose output is as large as its input, odd channel counts, dilated now and then."""
    rng = np.random.default_rng(seed)
    kernel = [(3, 3), (5, 3), (1, 3), (3, 1)][seed % 4]
    dilation = (int(rng.integers(1, 3)), int(rng.integers(1, 3))) if seed % 3 == 0 else (1, 1)
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    padding = (reach[0] // 2, reach[0] - reach[0] // 2, reach[1] // 2, reach[1] - reach[1] // 2)
    size, channels = tuple(int(s) for s in rng.integers(1, 12, 2)), int(rng.choice([4, 7, 8, 9]))
    attributes = {"dilation": dilation, "padding": padding}
    shape, weights = (1, *size, channels), (1, *kernel, channels)
    return _case(rng, "depthwise_conv_2d", shape, weights, ACTIVATIONS[seed % 3], **attributes)


def _pointwise(channels: int) -> Graph:
    rng = np.random.default_rng(channels)
    return _case(rng, "conv_2d", (1, 3, 5, channels), (channels, 1, 1, channels), "relu")


def _in_place(graph: Graph) -> bool:
    """Whether the output may lie where the input is: input rows are kept, or a pixel reads only itself."""
    call, kernel = chosen(graph, form="compact")
    return kernel.name == CONVOLUTION and (kernel.keeps_rows or kernel.in_place(call) == (0,))


def test_outputs_may_be_written_over_inputs_where_the_kernels_say_so(tmp_path: Path) -> None:
    shapes = [_pointwise(channels) for channels in (4, 6, 16, 21)] + [
        random_same_padded(seed) for seed in range(24)
    ]
    graphs = [graph for graph in shapes if _in_place(graph)]
    assert len(graphs) >= 24
    device = _device(graphs, tmp_path)
    base, _ = device.machine.symbol("memory")
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        place, scratch = base + GUARD, base + GUARD + (data.nbytes + GUARD + 7 & -8)
        end = scratch + device.cases.scratch_bytes[index]
        device.machine.write(base, bytes([0x5A]) * (end + GUARD - base))
        device.machine.write(place, data.tobytes())
        device.machine.call(f"case_{index}", place, place, scratch)
        output = np.frombuffer(device.machine.read(place, data.nbytes), np.int8).reshape(data.shape)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")
        for guard in (base, place + data.nbytes, end):
            assert set(device.machine.read(guard, GUARD)) == {0x5A}


def _run_rows(device: Device, index: int, data: Array, rows: int) -> Array:
    """The output made `rows` rows at a time from a ring of input rows, scratch kept from one call to the next.

    The ring has no more rows than the next outputs need, with `keeps_rows` no more than are new to them.
    """
    graph, machine = device.cases.graphs[index], device.machine
    call, kernel = chosen(graph, form="compact")
    wanted = needs(call, 0)
    assert wanted is not None
    height, row_bytes = data.shape[1], data[0, 0].nbytes
    output_rows, output_bytes = call.output.shape[1], call.output.bytes // call.output.shape[1]
    runs = [range(first, min(first + rows, output_rows)) for first in range(0, output_rows, rows)]
    spans, seen = [], 0
    for run in runs:
        inside = [wanted[r] for r in run if wanted[r][1] >= wanted[r][0]] or [(0, -1)]
        low, high = min(low for low, _ in inside), max(high for _, high in inside)
        spans.append((max(low, seen) if kernel.keeps_rows else low, high))
        seen = max(seen, high + 1)
    ring = max(1, *(high - low + 1 for low, high in spans))
    base, _ = machine.symbol("memory")
    source = base + GUARD
    target = source + ring * row_bytes + GUARD
    scratch = target + output_bytes * rows + GUARD + 7 & -8
    result = []
    for run, (low, high) in zip(runs, spans, strict=True):
        machine.write(source, bytes([0x5A]) * (ring * row_bytes))
        for r in range(low, min(high, height - 1) + 1):
            machine.write(source + r % ring * row_bytes, data[0, r].tobytes())
        machine.call(f"rows_{index}", target, source, scratch, run.start, len(run), ring)
        result.append(machine.read(target, output_bytes * len(run)))
    return np.frombuffer(b"".join(result), np.int8).reshape(call.output.shape)


def test_rows_from_a_ring_are_exact(tmp_path: Path) -> None:
    makers = (RANDOM["conv_2d"], RANDOM["depthwise_conv_2d"], random_3x3, random_same_padded)
    graphs = [graph for seed in range(300, 320) for make in makers if _compact(graph := make(seed))]
    graphs = [graph for graph in graphs if graph.values[graph.inputs[0]].shape[0] == 1]
    kept = [chosen(graph, form="compact")[1].keeps_rows for graph in graphs]
    assert kept.count(False) >= 20
    assert kept.count(True) >= 12
    device = _device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            _run_rows(device, index, data, 1 + index % 3), _meaning(graph, data), err_msg=f"case {index}"
        )


def _rounded_once(operator: str, shape: Sequence[int], weights: Sequence[int], padding: int) -> Graph:
    """A layer with ReLU, one scale and no bias."""
    rng = np.random.default_rng(1)
    axis = 3 if operator == "depthwise_conv_2d" else 0
    scale = 60.0 / (np.sqrt(np.prod(weights) / weights[axis]) * 74 * 73)
    array = rng.integers(-127, 128, tuple(weights), dtype=np.int8)
    quantization = Quantization((scale,) * weights[axis], (0,) * weights[axis], axis)
    tensors = (quantized(shape, 0.02, -128), Tensor(DType.S8, tuple(weights), quantization, array))
    attributes: dict[str, object] = {"activation": "relu"} | ({"padding": (padding,) * 4} if padding else {})
    output = Quantization.per_tensor(0.02, -128)
    graph = Case("case", operator, tensors, attributes, output).graph()  # type: ignore[arg-type]
    assert not _rounds_twice(graph)
    return graph


@pytest.mark.parametrize(
    ("operator", "shape", "weights", "padding", "most"),
    [
        ("conv_2d", (1, 6, 6, 64), (64, 1, 1, 64), 0, 1.4),
        ("conv_2d", (1, 8, 8, 32), (32, 3, 3, 32), 1, 1.4),
        ("fully_connected", (1, 128), (128, 128), 0, 1.65),
        ("depthwise_conv_2d", (1, 24, 24, 8), (1, 3, 3, 8), 1, 6.4),
    ],
)
def test_cycles_a_mac_stay_low(
    operator: str, shape: Sequence[int], weights: Sequence[int], padding: int, most: float, tmp_path: Path
) -> None:
    graph = _rounded_once(operator, shape, weights, padding)
    _, result = _device([graph], tmp_path).run(0, _inputs(graph, 0), count=True)
    call, kernel = chosen(graph, form="compact")
    assert kernel.name in KERNELS
    assert result.estimated_cycles is not None
    assert result.stack_bytes is not None
    assert result.estimated_cycles <= most * find_operator(operator).cost(call).macs
    assert result.stack_bytes < 300
