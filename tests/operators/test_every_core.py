"""Every int8 operator over random shapes and scales on every core: each kernel that takes a call gives the meaning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, Cases, Device, run_on_host
from arm_mve_firmware import M55, run_on_m55
from random_operators import MAKERS, random_call, random_data
from test_arm_dsp import RANDOM
from test_arm_dsp_rows import RowCases

from smelt.errors import UnsupportedError
from smelt.ir import Array, Graph
from smelt.operators import all_operators, call_of, candidate_kernels
from smelt.operators.case import Case, quantized
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Kernel
from smelt.targets import Target, find_target

EMULATED = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "rv32imc")
ALL = (*MAKERS, *RANDOM)
Use = tuple[Graph, Kernel]


def expected(graph: Graph, data: Array) -> Array:
    """The meaning."""
    return evaluate_graph(graph, {graph.inputs[0]: data})[graph.outputs[0]]


@cache
def calls(count: int, first_seed: int, operators: tuple[str, ...] = ALL) -> tuple[Graph, ...]:
    """Random calls of each operator that have a meaning."""
    graphs = []
    for seed in range(first_seed, first_seed + count):
        for operator in operators:
            graph = random_call(operator, seed) if operator in MAKERS else RANDOM[operator](seed)
            try:
                expected(graph, random_data(graph, 0))
            except UnsupportedError:  # a sum whose output is too fine for TFLite's method
                continue
            graphs.append(graph)
    assert len(graphs) >= 0.95 * count * len(operators)
    return tuple(graphs)


def uses(graphs: Sequence[Graph], target: Target) -> tuple[list[Graph], list[Kernel]]:
    """Each graph with each kernel that can compute it."""
    found = [(g, kernel) for g in graphs for kernel in candidate_kernels(call_of(g, g.nodes[0]), target)]
    return [graph for graph, _ in found], [kernel for _, kernel in found]


def assert_outputs(
    graphs: Sequence[Graph], kernels: Sequence[Kernel], data: Sequence[Array], outputs: Sequence[Array]
) -> None:
    """Each output is the meaning's."""
    for index, (graph, array) in enumerate(zip(graphs, data, strict=True)):
        label = f"case {index}: {kernels[index].label}"
        np.testing.assert_array_equal(outputs[index], expected(graph, array), err_msg=label)


def run_on(
    graphs: Sequence[Graph], kernels: Sequence[Kernel], target: Target, folder: Path, optimize: str = "-O2"
) -> None:
    """All cases at addresses of every alignment."""
    cases = Cases(graphs, target, kernels=kernels)
    device = Device(graphs, folder, target, optimize, cases=cases)
    data = [random_data(graph, index) for index, graph in enumerate(graphs)]
    outputs = [device.run(index, array, misalign=index % 4)[0] for index, array in enumerate(data)]
    assert_outputs(graphs, kernels, data, outputs)


def test_every_int8_operator_is_among_them() -> None:
    """All that have a kernel from an int8 input to an int8 output.

    Those left out give another type or bare bytes, or keep a state: test_cases.py runs these.
    """
    with_kernels = {
        name
        for name, operator in all_operators().items()
        if any(kernel.name.partition("__")[0].endswith("_s8") for kernel in operator.kernels)
    }
    others = {"dequantize", "arg_max", "arg_min", "cast", "svdf", "quantized_lstm"}
    assert with_kernels - others <= set(ALL)


def test_every_kernel_for_dsp_of_these_operators_is_among_them() -> None:
    _, kernels = uses(calls(60, 0, tuple(MAKERS)), DSP)
    all_of_them = {k.name for name in MAKERS for k in all_operators()[name].kernels if "__arm_dsp" in k.name}
    assert all_of_them <= {kernel.name for kernel in kernels}


@pytest.mark.parametrize("core", EMULATED)
def test_random_calls_are_exact_on_emulated_cores(core: str, tmp_path: Path) -> None:
    target = find_target(core)
    run_on(*uses(calls(8, 0), target), target, tmp_path)


def test_random_calls_are_exact_on_a_cortex_m55(tmp_path: Path) -> None:
    graphs, kernels = uses(calls(6, 100), M55)
    data = [random_data(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_m55(graphs, data, tmp_path, cases=Cases(graphs, M55, kernels=kernels))
    assert_outputs(graphs, kernels, data, outputs)


@pytest.mark.parametrize("core", ["host", "cortex-m4"])
def test_random_calls_are_exact_under_sanitizers(core: str, tmp_path: Path) -> None:
    """Portable kernels, and the portable twins of those for Arm cores with DSP."""
    target = find_target(core)
    graphs, kernels = uses(calls(6, 200), target)
    data = [random_data(graph, index) for index, graph in enumerate(graphs)]
    outputs = run_on_host(graphs, data, tmp_path, Cases(graphs, target, kernels=kernels))
    assert_outputs(graphs, kernels, data, outputs)


@pytest.mark.parametrize("optimize", ["-Os", "-O0"])
def test_other_levels_are_exact(optimize: str, tmp_path: Path) -> None:
    run_on(*uses(calls(4, 300, tuple(MAKERS)), DSP), DSP, tmp_path, optimize)


# Scales and zero points of a, b, output: ties that roundings of b break this way and that, which no affine form can.
NOT_AFFINE = (
    ((15.0, -128), (19.0, -42), (24.0, 25)),
    ((25.0, 95), (24.0, 94), (26.0, -107)),
    ((4.0, -52), (7.0, -34), (8.0, -65)),
)


@pytest.mark.parametrize(("a", "b", "output"), NOT_AFFINE)
def test_sums_without_an_affine_form_take_the_kernel_that_rounds_thrice(
    a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]
) -> None:
    tensors = (quantized((1, 8), *a), quantized((1, 8), *b))
    graph = Case("case", "add", tensors, {}, quantized((1, 8), *output).quantization).graph()
    for core in ("host", "cortex-m0plus", "cortex-m4"):
        (kernel,) = candidate_kernels(call_of(graph, graph.nodes[0]), find_target(core))[:1]
        assert kernel.name == "smelt_add_s8"


def test_pools_by_rows_through_a_ring_are_exact(tmp_path: Path) -> None:
    found = [
        (graph, kernel)
        for graph, kernel in zip(*uses(calls(20, 500, ("average_pool_2d", "max_pool_2d")), DSP), strict=True)
        if kernel.row_function and not kernel.accumulates and graph.values[graph.inputs[0]].shape[0] == 1
    ]
    graphs, kernels = [graph for graph, _ in found], [kernel for _, kernel in found]
    assert sum(kernel.name.endswith("__arm_dsp") for kernel in kernels) >= 10
    data = [random_data(graph, index) for index, graph in enumerate(graphs)]
    device = Device(graphs, tmp_path, cases=RowCases(graphs, DSP, kernels=kernels, step=1))
    outputs = [device.run(index, array)[0] for index, array in enumerate(data)]
    assert_outputs(graphs, kernels, data, outputs)
    rows = RowCases(graphs, DSP, kernels=kernels, step=2)
    assert_outputs(graphs, kernels, data, run_on_host(graphs, data, tmp_path, rows))


def test_outputs_may_lie_over_an_input(tmp_path: Path) -> None:
    """What `in_place` promises."""
    graphs, kernels = [], []
    for graph, kernel in zip(*uses(calls(20, 600, tuple(MAKERS)), DSP), strict=True):
        if any(
            graph.nodes[0].inputs[k] in graph.inputs for k in kernel.in_place(call_of(graph, graph.nodes[0]))
        ):
            graphs.append(graph)
            kernels.append(kernel)
    assert len(graphs) >= 100
    device = Device(graphs, tmp_path, cases=Cases(graphs, DSP, kernels=kernels))
    base, _ = device.machine.symbol("memory")
    data = [random_data(graph, index) for index, graph in enumerate(graphs)]
    outputs = []
    for index, array in enumerate(data):
        device.machine.write(base, array.tobytes())
        device.machine.call(f"case_{index}", base, base, base)
        outputs.append(np.frombuffer(device.machine.read(base, array.nbytes), np.int8).reshape(array.shape))
    assert_outputs(graphs, kernels, data, outputs)
