"""conv_2d of the Arm DSP kernels a few rows at a time, through rings of input rows, equals the whole layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, Cases, Device, chosen, run_on_host
from test_arm_dsp import _case, _inputs, _meaning, random_conv

from smelt.ir import Graph
from smelt.operators import accepted_kernels, call_of, find_operator
from smelt.operators.operator import Kernel

ACTIVATIONS = ("none", "relu", "relu6")


def random_sixteens(seed: int) -> Graph:
    """Input channels in sixteens: what the ring kernel takes; odd and even widths, strides, pads."""
    rng = np.random.default_rng(seed)
    kernel = [(3, 3), (1, 3), (5, 2), (3, 3)][seed % 4]
    stride = tuple(int(rng.integers(1, min(k, 3) + 1)) for k in kernel)
    padding = tuple(int(rng.integers(0, kernel[k // 2])) for k in range(4))
    size = (int(rng.integers(5, 9)), int(rng.integers(5, 40)))
    channels, outputs = int(rng.choice([16, 32, 48])), int(rng.choice([4, 8, 12]))
    attributes = {"stride": stride, "padding": padding}
    shape = (int(rng.integers(1, 3)), *size, channels)
    return _case(rng, "conv_2d", shape, (outputs, *kernel, channels), ACTIVATIONS[seed % 3], **attributes)


@dataclass
class RowCases(Cases):
    """Calls `row_function` for a few rows at a time; the input goes through the smallest ring of rows that serves."""

    step: int = field(default=1, kw_only=True)

    def _rows(self, index: int, function: str, arguments: Sequence[str]) -> None:
        call, _ = chosen(self.graphs[index], self.target)
        needs = find_operator(call.node.operator).traits.needs(call, 0)
        assert needs is not None
        source, result = call.input(0), call.output
        row_bytes, output_bytes = source.bytes // source.shape[1], result.bytes // result.shape[1]
        groups = [needs[r : r + self.step] for r in range(0, len(needs), self.step)]
        bounds = [
            (min((low for low, high in g if high >= low), default=0), max(high for _, high in g))
            for g in groups
        ]
        # dilated fields at the edges may need a row before one that was needed already
        newest = np.maximum.accumulate([high for _, high in bounds])
        ring = max(1, *(int(high) - low + 1 for high, (low, _) in zip(newest, bounds, strict=True)))
        ring_bytes = ring * row_bytes + 7 & -8
        body = ["int8_t *const ring = scratch;"]
        self.scratch_bytes[index] += ring_bytes
        loaded = 0
        for group, (_, high) in enumerate(bounds):
            for row in range(loaded, high + 1):
                to, start = row % ring * row_bytes, row * row_bytes
                body.append(f"for (int i = 0; i < {row_bytes}; i++) ring[{to} + i] = input[{start} + i];")
            loaded = max(loaded, high + 1)
            first = group * self.step
            changed = {
                "output": f"output + {first * output_bytes}",
                "input": "ring",
                "scratch": f"ring + {ring_bytes}",
            }
            passed = [*(changed.get(a, a) for a in arguments), first, len(groups[group]), ring]
            body.append(f"{function}({', '.join(map(str, passed))});")
        prototype = self.lines.pop().partition("{")[0]
        self.lines.append("\n".join([f"{prototype}{{", *body, "}"]))


def _one_image(graph: Graph) -> bool:
    return graph.values[graph.inputs[0]].shape[0] == 1


def _graphs(seed: int, count: int) -> list[Graph]:
    found = [make(s) for s in range(seed, seed + count) for make in (random_conv, random_sixteens)]
    return [g for g in found if chosen(g)[1].name.endswith("s8__arm_dsp") and _one_image(g)]


def test_sixteens_use_the_ring_kernel() -> None:
    names = [chosen(random_sixteens(seed))[1].name for seed in range(24)]
    assert names.count("smelt_conv_2d_ring_s8__arm_dsp") >= 12


def test_ring_kernel_is_exact_on_an_emulated_cortex_m4(tmp_path: Path) -> None:
    graphs = [random_sixteens(seed) for seed in range(24)]
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, _ = device.run(index, data, misalign=index % 4)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


def test_twin_of_the_ring_kernel_is_exact_under_sanitizers(tmp_path: Path) -> None:
    graphs = [random_sixteens(seed) for seed in range(100, 124)]
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


@pytest.mark.parametrize("step", [1, 3])
def test_rows_through_a_ring_are_exact_on_an_emulated_cortex_m4(step: int, tmp_path: Path) -> None:
    graphs = _graphs(300, 24)
    device = Device(graphs, tmp_path, cases=RowCases(graphs, DSP, step=step))
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(
            device.run(index, data)[0], _meaning(graph, data), err_msg=f"case {index}"
        )


def test_rows_through_a_ring_are_exact_under_sanitizers(tmp_path: Path) -> None:
    graphs = _graphs(400, 24)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_host(graphs, data, tmp_path, cases=RowCases(graphs, step=2))
    for index, output in enumerate(outputs):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def _taps(graphs: Sequence[Graph]) -> tuple[list[Graph], list[Kernel]]:
    """The graphs that the kernel of little workspace takes, which no call chooses by itself."""
    found = [
        (graph, kernel)
        for graph in graphs
        for kernel in accepted_kernels(call_of(graph, graph.nodes[0]), DSP)
        if kernel.name == "smelt_conv_2d_taps_s8__arm_dsp"
    ]
    assert len(found) > len(graphs) / 4
    return [graph for graph, _ in found], [kernel for _, kernel in found]


def random_fours(seed: int) -> Graph:
    """Input channels in fours, few or many pixels a row, pads, strides, dilations."""
    rng = np.random.default_rng(seed)
    kernel = [(1, 1), (3, 3), (2, 3), (1, 1), (5, 1)][seed % 5]
    dilation = (1 + int(seed % 5 == 1 and rng.random() < 0.3), 1)
    stride = tuple(int(n) for n in rng.integers(1, 4, 2))
    padding = tuple(int(rng.integers(0, kernel[k // 2])) for k in range(4))
    size = (int(rng.integers(6, 10)), int(rng.integers(3, 12)))
    channels, outputs = int(rng.choice([4, 8, 20, 64])), int(rng.integers(1, 20))
    attributes = {"stride": stride, "padding": padding, "dilation": dilation}
    shape = (1, *size, channels)
    return _case(rng, "conv_2d", shape, (outputs, *kernel, channels), ACTIVATIONS[seed % 3], **attributes)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_taps_are_exact_on_an_emulated_cortex_m4(step: int, tmp_path: Path) -> None:
    """Whole, and a row or two at a time through a ring."""
    graphs, kernels = _taps([random_fours(seed) for seed in range(30)])
    cases = RowCases(graphs, DSP, kernels=kernels, step=step) if step else Cases(graphs, DSP, kernels=kernels)
    device = Device(graphs, tmp_path, cases=cases)
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, _ = device.run(index, data, misalign=index % 4)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize("step", [0, 1])
def test_twin_of_taps_is_exact_under_sanitizers(step: int, tmp_path: Path) -> None:
    graphs, kernels = _taps([random_fours(seed) for seed in range(100, 130)])
    cases = RowCases(graphs, kernels=kernels, step=step) if step else Cases(graphs, kernels=kernels)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, cases=cases)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def test_pixels_may_be_written_over_their_inputs(tmp_path: Path) -> None:
    """1 x 1, stride 1, as many channels out as in, an odd number of pixels: what `in_place` promises."""
    rng = np.random.default_rng(5)
    graphs = [_case(rng, "conv_2d", (1, 3, 5, c), (c, 1, 1, c), "relu") for c in (4, 6, 16, 20)]
    device = Device(graphs, tmp_path)
    for index, graph in enumerate(graphs):
        call, kernel = chosen(graph)
        assert kernel.in_place(call) == (0,)
        data = _inputs(graph, index)
        base, _ = device.machine.symbol("memory")
        device.machine.write(base, data.tobytes())
        device.machine.call(f"case_{index}", base, base, base + 1024)
        output = np.frombuffer(device.machine.read(base, data.nbytes), np.int8).reshape(data.shape)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")
