"""Pointwise convolutions of 8, 16 or 32 inputs, unrolled: exact whole and by rows, and quicker than the usual form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, Cases, Device, chosen, run_on_host
from test_arm_dsp import ACTIVATIONS, _case, _inputs, _meaning
from test_arm_dsp_rows import RowCases

from smelt.ir import Graph
from smelt.operators.operator import Kernel
from smelt.targets import find_target

KERNEL = "smelt_conv_2d_short_s8__arm_dsp"


def _graph(seed: int, batches: int = 1) -> Graph:
    """Odd and even numbers of pixels, one pixel among them, weights of -128."""
    rng = np.random.default_rng(seed)
    size = [(1, 1), (1, 2), (3, 3), (int(rng.integers(2, 6)), int(rng.integers(2, 9)))][seed % 4]
    channels = (8, 16, 32)[seed % 3]
    outputs = 4 * int(rng.integers(1, 6))
    shape = (batches, *size, channels)
    return _case(rng, "conv_2d", shape, (outputs, 1, 1, channels), ACTIVATIONS[seed // 3 % 3])


def _accepted(first_seed: int, batches: int = 1) -> tuple[list[Graph], list[Kernel]]:
    """Graphs that the kernel takes: those that round once."""
    found = [(g, chosen(g, form="large")[1]) for g in (_graph(first_seed + k, batches) for k in range(48))]
    taken = [(graph, kernel) for graph, kernel in found if kernel.name == KERNEL]
    assert len(taken) >= 12
    return [graph for graph, _ in taken], [kernel for _, kernel in taken]


@pytest.mark.parametrize(
    ("core", "optimize", "batches"),
    [("cortex-m4", "-O2", 1), ("cortex-m7", "-O3", 2), ("cortex-m4-nofpu", "-Os", 3)],
)
def test_random_pixels_are_exact_on_emulated_cores(
    core: str, optimize: str, batches: int, tmp_path: Path
) -> None:
    graphs, _ = _accepted(0, batches)
    device = Device(graphs, tmp_path, find_target(core), optimize, form="large")
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, result = device.run(index, data, misalign=index % 4, count=index == 0)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")
        assert result.stack_bytes is None or result.stack_bytes < 400


@pytest.mark.parametrize("step", [1, 2])
def test_rows_through_a_ring_are_exact_on_an_emulated_cortex_m4(step: int, tmp_path: Path) -> None:
    graphs, kernels = _accepted(100)
    device = Device(graphs, tmp_path, cases=RowCases(graphs, DSP, kernels=kernels, step=step))
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, _ = device.run(index, data)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")


@pytest.mark.parametrize("step", [0, 2])
def test_portable_twin_is_exact_under_sanitizers(step: int, tmp_path: Path) -> None:
    graphs, kernels = _accepted(200, 1 if step else 2)
    cases = RowCases(graphs, kernels=kernels, step=step) if step else Cases(graphs, kernels=kernels)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    for index, output in enumerate(run_on_host(graphs, data, tmp_path, cases=cases)):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def test_pixels_may_be_written_over_their_inputs(tmp_path: Path) -> None:
    graphs, kernels = _accepted(300)
    square = [
        k for k, g in enumerate(graphs) if chosen(g)[0].output.shape[3] == chosen(g)[0].input(0).shape[3]
    ]
    assert square
    device = Device(graphs, tmp_path, cases=Cases(graphs, DSP, kernels=kernels))
    for index in square:
        assert kernels[index].in_place(chosen(graphs[index])[0]) == (0,)
        data = _inputs(graphs[index], index)
        base, _ = device.machine.symbol("memory")
        device.machine.write(base, data.tobytes())
        device.machine.call(f"case_{index}", base, base, base + (data.nbytes + 7 & -8))
        output = np.frombuffer(device.machine.read(base, data.nbytes), np.int8).reshape(data.shape)
        np.testing.assert_array_equal(output, _meaning(graphs[index], data), err_msg=f"case {index}")


def test_it_is_for_speed_alone_and_refuses_other_kernels() -> None:
    assert chosen(_accepted(0)[0][0])[1].name != KERNEL
    rng = np.random.default_rng(0)
    for shape, weights, attributes in [
        ((1, 8, 8, 24), (8, 1, 1, 24), {}),
        ((1, 8, 8, 8), (6, 1, 1, 8), {}),
        ((1, 8, 8, 8), (8, 1, 2, 8), {}),
        ((1, 8, 8, 8), (8, 1, 1, 8), {"stride": (2, 1)}),
        ((1, 8, 8, 8), (8, 1, 1, 8), {"padding": (0, 1, 0, 0)}),
    ]:
        other = _case(rng, "conv_2d", shape, weights, "relu", **attributes)
        assert chosen(other, form="large")[1].name != KERNEL


def test_fewer_cycles_than_the_usual_form(tmp_path: Path) -> None:
    graphs = [g for g in _accepted(0)[0] if chosen(g)[0].output.shape[1:3] not in ((1, 1), (1, 2))]
    cycles = []
    for form in ("usual", "large"):
        folder = tmp_path / form
        folder.mkdir()
        device = Device(graphs, folder, form=form)  # type: ignore[arg-type]
        runs = [device.run(k, _inputs(graph, k), count=True)[1] for k, graph in enumerate(graphs)]
        cycles.append([run.estimated_cycles or 0 for run in runs])
    assert all(0 < large < usual for usual, large in zip(*cycles, strict=True))
