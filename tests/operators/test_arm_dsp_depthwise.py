"""What the depthwise kernels for Arm cores with DSP promise to the memory planner, on an emulated Cortex-M4."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, GUARD, Cases, Device, chosen, run_on_host
from test_arm_dsp import ACTIVATIONS, Pair, _case, _inputs, _meaning, random_depthwise
from test_arm_dsp_rows import RowCases

from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import accepted_kernels, call_of, find_operator
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.convolution.meaning import needs
from smelt.operators.operator import Kernel

THREE_BY_THREE = "smelt_depthwise_conv_2d_3x3_s8__arm_dsp"
PIXELS = "smelt_depthwise_conv_2d_s8__arm_dsp"
COLUMNS = "smelt_depthwise_conv_2d_columns_s8__arm_dsp"
LINES = tuple(f"smelt_depthwise_conv_2d_{way}_s8__arm_dsp" for way in ("row", "fours", "taps"))


def random_3x3(seed: int) -> Graph:
    """3 x 3 of either orientation, strides to 3, padding as usual, on one side only, none, or wide."""
    rng = np.random.default_rng(seed)
    size = tuple(int(s) for s in rng.integers(3, 14, 2))
    stride = [(1, 1), (2, 2), (1, 2), (2, 1), (3, 1), (1, 1)][seed % 6]
    paddings = [(1, 1, 1, 1), (0, 1, 0, 1), (1, 0, 1, 0), (0, 0, 0, 0), (2, 2, 2, 2), (1, 1, 1, 1)]
    channels = int(rng.choice([4, 8, 12, 4, 8, 7, 11]))
    padding = paddings[int(rng.integers(len(paddings)))]
    shape = (int(rng.integers(1, 3)) if seed % 5 == 0 else 1, *size, channels)
    activation = ACTIVATIONS[seed % 3]
    weights = (1, 3, 3, channels)
    return _case(rng, "depthwise_conv_2d", shape, weights, activation, stride=stride, padding=padding)


def random_block(seed: int) -> Graph:
    """Images of more rows than one block has, of kernels, strides and dilations that need lines."""
    rng = np.random.default_rng(seed)
    kernel = [(5, 5), (3, 3), (1, 5), (5, 1), (2, 4)][seed % 5]
    stride = [(1, 1), (2, 2), (1, 1), (2, 1)][seed % 4]
    dilation = (int(rng.integers(1, 4)), int(rng.integers(1, 3))) if stride == (1, 1) else (1, 1)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    size = tuple(int(rng.integers(r, r + 16)) for r in reach)
    same = [(r - 1) // 2 for r in reach] if seed % 3 else [0, 0]
    padding = (same[0], same[0], same[1], same[1])
    channels = int(rng.choice([1, 3, 4, 7, 8]))
    attributes = {"stride": stride, "dilation": dilation, "padding": padding}
    weights, activation = (1, *kernel, channels), ACTIVATIONS[seed % 3]
    return _case(rng, "depthwise_conv_2d", (1, *size, channels), weights, activation, **attributes)


def _may_be_in_place(graph: Graph) -> bool:
    call, kernel = chosen(graph)
    return kernel.name in (THREE_BY_THREE, *LINES) and kernel.in_place(call) == (0,)


def _run_in_place(device: Device, index: int, data: Array) -> Array:
    """The output where the input was; the bytes around must stay."""
    value = device.cases.graphs[index].values[device.cases.graphs[index].outputs[0]]
    base, _ = device.machine.symbol("memory")
    address = base + GUARD
    scratch = address + data.nbytes + GUARD + 7 & -8
    end = scratch + device.cases.scratch_bytes[index] + GUARD
    device.machine.write(base, bytes([0x5A]) * (end - base))
    device.machine.write(address, data.tobytes())
    device.machine.call(f"case_{index}", address, address, scratch)
    after = device.machine.read(base, end - base)
    assert after[:GUARD] == after[-GUARD:] == bytes([0x5A]) * GUARD
    assert after[GUARD + value.bytes : GUARD + data.nbytes] == data.tobytes()[value.bytes :]
    assert set(after[GUARD + data.nbytes : scratch - base]) == {0x5A}
    return np.frombuffer(after[GUARD : GUARD + value.bytes], np.int8).reshape(value.shape)


def test_3x3_is_exact_in_place_where_it_says_so(tmp_path: Path) -> None:
    graphs = [graph for seed in range(260) if _may_be_in_place(graph := random_3x3(seed))]
    strides = {graph.nodes[0].attributes["stride"] for graph in graphs}
    assert len(graphs) >= 30
    assert {(1, 1), (2, 2)} <= strides
    assert {graph.values[graph.outputs[0]].shape[3] % 4 for graph in graphs} == {0, 3}
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            _run_in_place(device, index, data), _meaning(graph, data), err_msg=f"case {index}"
        )


def test_lines_are_exact_in_place_where_they_say_so(tmp_path: Path) -> None:
    graphs = [graph for seed in range(80) if _may_be_in_place(graph := random_block(seed))]
    assert {chosen(graph)[1].name for graph in graphs} >= set(LINES)
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            _run_in_place(device, index, data), _meaning(graph, data), err_msg=f"case {index}"
        )


def _run_rows(device: Device, index: int, data: Array, rows: int) -> Array:
    """The output made `rows` rows at a time from a ring that holds only the input rows that these need."""
    graph = device.cases.graphs[index]
    call, _ = chosen(graph)
    wanted = needs(call, 0)
    assert wanted is not None
    value, machine = call.output, device.machine
    height, row_bytes = data.shape[1], data[0, 0].nbytes
    output_rows, output_bytes = value.shape[1], value.bytes // value.shape[1]
    runs = [range(first, min(first + rows, output_rows)) for first in range(0, output_rows, rows)]
    spans = [
        (min(low for low, _ in part), max(high for _, high in part))
        for part in ([wanted[r] for r in run if wanted[r][1] >= wanted[r][0]] or [(0, -1)] for run in runs)
    ]
    ring = max(1, *(high - low + 1 for low, high in spans))
    base, _ = machine.symbol("memory")
    source = base + GUARD
    target = source + ring * row_bytes + GUARD
    scratch = target + output_bytes * rows + GUARD + 7 & -8
    end = scratch + device.cases.scratch_bytes[index] + GUARD
    result = []
    for run, (low, high) in zip(runs, spans, strict=True):
        machine.write(base, bytes([0x5A]) * (end - base))
        for r in range(low, min(high, height - 1) + 1):
            machine.write(source + r % ring * row_bytes, data[0, r].tobytes())
        before = machine.read(base, end - base)
        machine.call(f"rows_{index}", target, source, scratch, run.start, len(run), ring)
        after = machine.read(base, end - base)
        at, size = target - base, output_bytes * len(run)
        assert after[:at] == before[:at]
        assert after[at + size : scratch - base] == before[at + size : scratch - base]
        assert after[-GUARD:] == before[-GUARD:]
        result.append(after[at : at + size])
    return np.frombuffer(b"".join(result), np.int8).reshape(value.shape)


@pytest.mark.parametrize(
    ("make", "kernels"),
    [(random_3x3, {THREE_BY_THREE}), (random_depthwise, {PIXELS}), (random_block, set(LINES))],
)
def test_rows_from_a_ring_are_exact(make: object, kernels: set[str], tmp_path: Path) -> None:
    assert callable(make)
    graphs = [make(seed) for seed in range(180)]
    graphs = [graph for graph in graphs if graph.values[graph.inputs[0]].shape[0] == 1]
    graphs = [g for g in graphs if chosen(g)[1].name in kernels and chosen(g)[1].row_function]
    assert len(graphs) >= 12
    assert {chosen(graph)[1].name for graph in graphs} == kernels
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            _run_rows(device, index, data, 1 + index % 3), _meaning(graph, data), err_msg=f"case {index}"
        )


def test_twins_of_lines_are_exact_in_blocks_under_sanitizers(tmp_path: Path) -> None:
    graphs = [random_block(seed) for seed in range(200, 240)]
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def _by_columns(seeds: range) -> tuple[list[Graph], list[Kernel]]:
    """Graphs that the kernel for short rows takes, which no call chooses by itself."""
    found = [
        (graph, kernel)
        for graph in map(random_3x3, seeds)
        if graph.values[graph.inputs[0]].shape[0] == 1
        for kernel in accepted_kernels(call_of(graph, graph.nodes[0]), DSP)
        if kernel.name == COLUMNS
    ]
    graphs = [graph for graph, _ in found]
    assert {graph.values[graph.outputs[0]].shape[2] % 2 for graph in graphs} == {0, 1}
    assert len({graph.nodes[0].attributes["padding"] for graph in graphs}) >= 4
    return graphs, [kernel for _, kernel in found]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_columns_are_exact_whole_and_from_a_ring(rows: int, tmp_path: Path) -> None:
    graphs, kernels = _by_columns(range(300, 400))
    device = Device(graphs, tmp_path, cases=Cases(graphs, DSP, kernels=kernels))
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output = (
            _run_rows(device, index, data, rows) if rows else device.run(index, data, misalign=index % 4)[0]
        )
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize("step", [0, 1])
def test_twin_of_columns_is_exact_under_sanitizers(step: int, tmp_path: Path) -> None:
    graphs, kernels = _by_columns(range(400, 500))
    cases = RowCases(graphs, kernels=kernels, step=step) if step else Cases(graphs, kernels=kernels)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, cases=cases)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def _layer(size: Pair, channels: int, kernel: Pair, padding: tuple[int, ...], stride: Pair = (1, 1)) -> Graph:
    """A layer with ReLU whose requantization rounds once."""
    rng = np.random.default_rng(1)
    field = kernel[0] * kernel[1]
    array = rng.integers(-127, 128, (1, *kernel, channels), dtype=np.int8)
    scale = 60.0 / (np.sqrt(field) * 74 * 73)
    weights = Tensor(DType.S8, array.shape, Quantization((scale,) * channels, (0,) * channels, 3), array)
    bias = Tensor(DType.S32, (channels,), Quantization.per_tensor(1.0), np.zeros(channels, np.int32))
    tensors = (quantized((1, *size, channels), 0.02, -128), weights, bias)
    attributes = {"activation": "relu", "padding": padding, "stride": stride}
    output = Quantization.per_tensor(0.02, -128)
    return Case("layer", "depthwise_conv_2d", tensors, attributes, output).graph()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "channels", "kernel", "padding", "stride", "most"),
    [
        ((25, 5), 64, (3, 3), (1, 1, 1, 1), (1, 1), 2.4),
        ((48, 48), 8, (3, 3), (1, 1, 1, 1), (1, 1), 2.1),
        ((12, 12), 32, (3, 3), (1, 1, 1, 1), (1, 1), 2.9),
        ((48, 48), 16, (3, 3), (0, 1, 0, 1), (2, 2), 3.4),
        ((12, 12), 32, (5, 5), (2, 2, 2, 2), (1, 1), 3.5),
        ((12, 12), 3, (5, 5), (2, 2, 2, 2), (1, 1), 4.9),
        ((13, 13), 32, (5, 5), (2, 2, 2, 2), (2, 2), 5.0),
        ((24, 1), 128, (10, 1), (0, 0, 0, 0), (1, 1), 3.8),
        ((1, 1), 128, (15, 1), (7, 7, 0, 0), (1, 1), 5.4),
    ],
)
def test_cycles_a_mac_stay_low(
    size: Pair,
    channels: int,
    kernel: Pair,
    padding: tuple[int, ...],
    stride: Pair,
    most: float,
    tmp_path: Path,
) -> None:
    graph = _layer(size, channels, kernel, padding, stride)
    _, result = Device([graph], tmp_path).run(0, _inputs(graph, 0), count=True)
    call, _ = chosen(graph)
    assert result.estimated_cycles is not None
    assert result.estimated_cycles <= most * find_operator("depthwise_conv_2d").cost(call).macs


def test_a_channel_that_no_input_changes_may_have_any_scale(tmp_path: Path) -> None:
    """Sums from 2**24 on, which neither form of requantization reaches."""
    graph = _layer((5, 5), 8, (3, 3), (1, 1, 1, 1))
    names = graph.nodes[0].inputs
    values, constants = dict(graph.values), dict(graph.constants)
    weights, bias = values[str(names[1])], constants[str(names[2])].copy()
    assert weights.quantization is not None
    bias[3] = 1 << 24
    scales = (*weights.quantization.scales[:3], 2.0**-30, *weights.quantization.scales[4:])
    values[weights.name] = replace(weights, quantization=replace(weights.quantization, scales=scales))
    constants[str(names[2])] = bias
    graph = replace(graph, values=values, constants=constants)
    assert chosen(graph)[1].name == THREE_BY_THREE
    data = _inputs(graph, 0)
    output, _ = Device([graph], tmp_path).run(0, data)
    np.testing.assert_array_equal(output, _meaning(graph, data))
