"""Winograd's form of 3 x 3 convolutions: exact on emulated cores, on this computer, and in whole programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, Cases, Device, chosen, run_on_host
from test_arm_dsp import ACTIVATIONS, _case, _inputs, _meaning

from smelt.codegen import Options
from smelt.codegen.program import build_program
from smelt.engines.emulated import EmulatedEngine
from smelt.ir import Graph
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import find_target

KERNEL = "smelt_conv_2d_winograd_s8__arm_dsp"


def _graph(seed: int) -> Graph:
    """Odd and even sizes, any padding of a 3 x 3 kernel, several rounds of channels, batches, weights of -128."""
    rng = np.random.default_rng(seed)
    padding = tuple(int(pad) for pad in rng.integers(0, 3, 4))
    height, width = int(rng.integers(3, 8)), int(rng.choice([4, 6, 7, 8, 11]))
    shape = (int(rng.integers(1, 3)), height, width, 16 * int(rng.integers(1, 4)))
    weights = (4 * int(rng.integers(1, 6)), 3, 3, shape[3])
    return _case(rng, "conv_2d", shape, weights, ACTIVATIONS[seed % 3], padding=padding)


def _accepted(count: int, first_seed: int) -> list[Graph]:
    graphs = (_graph(seed) for seed in range(first_seed, first_seed + 3 * count))
    return [graph for graph in graphs if chosen(graph, form="large")[1].name == KERNEL][:count]


@pytest.mark.parametrize(
    ("core", "optimize"), [("cortex-m4", "-O2"), ("cortex-m7", "-O3"), ("cortex-m4-nofpu", "-Os")]
)
def test_random_shapes_are_exact_on_emulated_cores(core: str, optimize: str, tmp_path: Path) -> None:
    graphs = _accepted(24 if core == "cortex-m4" else 6, 0)
    device = Device(graphs, tmp_path, find_target(core), optimize, form="large")
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        output, result = device.run(index, data, misalign=index % 4, count=index == 0)
        np.testing.assert_array_equal(output, _meaning(graph, data), err_msg=f"case {index}")
        assert result.stack_bytes is None or result.stack_bytes < 400


def test_portable_twin_is_exact_under_sanitizers(tmp_path: Path) -> None:
    graphs = _accepted(24, 500)
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_host(graphs, data, tmp_path, Cases(graphs, form="large"))
    for index, output in enumerate(outputs):
        np.testing.assert_array_equal(output, _meaning(graphs[index], data[index]), err_msg=f"case {index}")


def test_it_is_for_speed_alone_and_refuses_other_kernels() -> None:
    graph = _accepted(4, 0)[0]
    assert chosen(graph)[1].name != KERNEL
    rng = np.random.default_rng(0)
    for shape, weights, attributes in [
        ((1, 8, 8, 8), (8, 3, 3, 8), {}),
        ((1, 8, 8, 16), (6, 3, 3, 16), {}),
        ((1, 8, 8, 16), (8, 5, 5, 16), {}),
        ((1, 9, 9, 16), (8, 3, 3, 16), {"stride": (2, 2)}),
        ((1, 9, 9, 16), (8, 3, 3, 16), {"dilation": (2, 2)}),
        ((1, 3, 5, 16), (8, 3, 3, 16), {}),
    ]:
        other = _case(rng, "conv_2d", shape, weights, "relu", **attributes)
        assert chosen(other, form="large")[1].name != KERNEL


def test_fewer_cycles_than_products(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    graph = _case(rng, "conv_2d", (1, 16, 16, 32), (32, 3, 3, 32), "relu", padding=(1, 1, 1, 1))
    _, result = Device([graph], tmp_path, form="large").run(0, _inputs(graph, 0), count=True)
    assert result.estimated_cycles is not None
    assert result.estimated_cycles < 0.7 * 16 * 16 * 32 * 9 * 32


@pytest.mark.parametrize("seed", range(3))
def test_programs_that_lay_outputs_over_inputs_are_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = _case(rng, "conv_2d", (1, 9 - seed, 12, 16), (16, 3, 3, 16), "none", padding=(1, 1, 1, 1))
    program = build_program(layer, DSP, options=Options("speed"))
    assert program.plan.arena_bytes < program.live_peak_bytes
    engine = EmulatedEngine(layer, DSP, options=Options("speed"))
    try:
        data = {name: random_array(layer.values[name], seed) for name in layer.inputs}
        found, meant = engine.run(data), evaluate_graph(layer, data)
    finally:
        engine.close()
    for name, array in meant.items():
        np.testing.assert_array_equal(found[name], array)
