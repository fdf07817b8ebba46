"""fully_connected on Arm cores with DSP: blocks, fifth rows, rows by themselves; both kernels on any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import DSP, Cases, Device, chosen, run_on_host
from test_arm_dsp import _inputs, _meaning

from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import accepted_kernels
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.operator import Call, Kernel, Parameters
from smelt.targets import find_target

VECTORS = "smelt_fully_connected_s8__arm_dsp"
PAIRS = "smelt_fully_connected_pairs_s8__arm_dsp"


@dataclass
class OneKernel(Cases):
    """Cases of one kernel, whichever would be chosen."""

    name: str = field(default=VECTORS, kw_only=True)

    def chosen(self, graph: Graph) -> tuple[Call, Kernel]:
        call, _ = chosen(graph, self.target)
        found = [kernel for kernel in accepted_kernels(call, self.target) if kernel.name == self.name]
        return call, found[0]


def _layer(
    weights: Array, activation: str = "none", *, rows: int = 1, per_channel: bool = True, zero_point: int = 4
) -> Graph:
    """A dense layer whose outputs spread over about the range of int8."""
    outputs, inputs = weights.shape
    rng = np.random.default_rng(outputs * 1000 + inputs)
    scale = 60.0 / (np.sqrt(inputs) * 74 * 73)
    scales = (scale,)
    if per_channel:
        scales = tuple(float(np.float32(scale * 2.0**e)) for e in rng.uniform(-1.5, 1.5, outputs))
    quantization = Quantization(scales, (0,) * len(scales), 0 if per_channel else None)
    bias = rng.integers(-9000, 9000, outputs, dtype=np.int32)
    tensors = (
        quantized((rows, inputs), 0.02, int(rng.integers(-128, 128))),
        Tensor(DType.S8, weights.shape, quantization, weights),
        Tensor(DType.S32, bias.shape, Quantization.per_tensor(1.0), bias),
    )
    output = Quantization.per_tensor(0.02, zero_point)
    return Case("dense", "fully_connected", tensors, {"activation": activation}, output).graph()


def _random_weights(rng: np.random.Generator, outputs: int, inputs: int, low: int = -127) -> Array:
    weights = rng.integers(low, 128, (outputs, inputs), dtype=np.int8)
    weights[int(rng.integers(outputs))] *= rng.integers(0, 2, dtype=np.int8)
    return weights


def _random_layer(seed: int, outputs: int, rows: int = 1, low: int = -127) -> Graph:
    """Inputs from four on, one scale in a third of all cases, every activation, zero points that clamp inside."""
    rng = np.random.default_rng(seed)
    inputs = int(rng.choice([4, 5, 6, 7, 8, 12, 17, 20, 32, 33, 35, 36, 37, 68, 100, 131]))
    return _layer(
        _random_weights(rng, outputs, inputs, low),
        ("none", "relu", "relu6")[seed % 3],
        rows=rows,
        per_channel=bool(rng.integers(3)),
        zero_point=int(rng.choice([-128, -128, -20, 4])),
    )


def _assert_exact(cases: OneKernel, graphs: Sequence[Graph], folder: Path, *, misalign: bool = True) -> None:
    """On an emulated core and, as portable twins, on this computer."""
    data = [_inputs(graph, index) for index, graph in enumerate(graphs)]
    device = Device(graphs, folder, cases.target, cases=cases)
    twins = run_on_host(graphs, data, folder, type(cases)(graphs, cases.target, name=cases.name))
    for index, graph in enumerate(graphs):
        meant = _meaning(graph, data[index])
        output, _ = device.run(index, data[index], misalign=index % 4 if misalign else 0)
        np.testing.assert_array_equal(output, meant, err_msg=f"case {index}")
        np.testing.assert_array_equal(twins[index], meant, err_msg=f"twin of case {index}")


@pytest.mark.parametrize("part", range(3))
def test_every_number_of_outputs_is_exact(part: int, tmp_path: Path) -> None:
    graphs = [_random_layer(3 * outputs + part, outputs) for outputs in range(1, 29)]
    assert {chosen(graph)[1].name for graph in graphs} == {VECTORS}
    _assert_exact(OneKernel(graphs), graphs, tmp_path)


@pytest.mark.parametrize("name", [VECTORS, PAIRS])
def test_both_kernels_take_any_number_of_vectors(name: str, tmp_path: Path) -> None:
    graphs = [_random_layer(seed, 1 + seed % 11, rows=1 + seed % 4) for seed in range(100, 124)]
    _assert_exact(OneKernel(graphs, name=name), graphs, tmp_path)


def test_weights_of_minus_128_are_exact_in_pairs_and_where_no_pair_holds_them(tmp_path: Path) -> None:
    weights = np.full((4, 8), 5, np.int8)
    weights[0, 0] = -128  # low byte of a pair: exact
    weights[1, 1] = -128  # high byte above a positive low byte: exact
    fits = _layer(weights)
    weights = weights.copy()
    weights[0, 1] = -1  # 256 * -128 - 1 is no int16
    graphs = [fits, _layer(weights), *(_random_layer(seed, seed - 199, low=-128) for seed in range(200, 212))]
    graphs.append(_layer(np.full((9, 40), -128, np.int8), "relu"))
    blocks = [_fields(graph)["dense.block_bytes"] for graph in graphs]
    assert blocks[0] != 0
    assert blocks[1] == blocks[-1] == 0
    _assert_exact(OneKernel(graphs), graphs, tmp_path)


def _fields(graph: Graph) -> dict[str, object]:
    call, kernel = OneKernel([]).chosen(graph)
    (parameters,) = (a for a in kernel.lower(call, DSP).arguments if isinstance(a, Parameters))
    return dict(parameters.fields)


@pytest.mark.parametrize("activation", ["none", "relu"])
def test_one_multiplier_serves_layers_of_one_scale(activation: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    shapes = [(40, 64), (33, 36), (9, 130), (130, 31), (3, 9)]
    graphs = [
        _layer(rng.integers(-127, 128, shape, dtype=np.int8), activation, per_channel=False)
        for shape in shapes
    ]
    assert all(_fields(graph)["dense.form"] in (0, 2) for graph in graphs)
    _assert_exact(OneKernel(graphs), graphs, tmp_path)


@pytest.mark.parametrize("core", ["cortex-m4-nofpu", "cortex-m7", "cortex-m33"])
def test_other_cores_are_exact(core: str, tmp_path: Path) -> None:
    graphs = [_random_layer(300 + outputs, outputs) for outputs in range(1, 16)]
    target = find_target(core)
    device = Device(graphs, tmp_path, target, "-O0", cases=OneKernel(graphs, target))
    for index, graph in enumerate(graphs):
        data = _inputs(graph, index)
        np.testing.assert_array_equal(device.run(index, data)[0], _meaning(graph, data))


def test_nothing_is_expanded_in_memory() -> None:
    call, kernel = chosen(_random_layer(1, 8))
    assert kernel.scratch_bytes(call, DSP) == 0


def test_few_inputs_targets_without_dsp_and_sums_that_are_too_large_are_refused() -> None:
    graph = _layer(np.full((4, 8), 5, np.int8))
    assert not chosen(graph, find_target("cortex-m3"))[1].name.endswith("__arm_dsp")
    assert not chosen(_layer(np.full((4, 600), 127, np.int8)))[1].name.endswith("__arm_dsp")
    assert chosen(_layer(np.full((4, 3), 5, np.int8)))[1].name == PAIRS


@pytest.mark.parametrize(
    ("outputs", "inputs", "activation", "most"),
    [
        (128, 640, "relu", 1.22),
        (128, 128, "none", 1.30),
        (126, 128, "relu", 1.35),
        (16, 256, "relu", 1.30),
        (9, 256, "none", 1.42),
        (5, 640, "relu", 1.42),
        (4, 640, "none", 1.45),
    ],
)
def test_cycles_a_mac_stay_low(
    outputs: int, inputs: int, activation: str, most: float, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    graph = _layer(_random_weights(rng, outputs, inputs), activation, zero_point=-128)
    _, result = Device([graph], tmp_path).run(0, _inputs(graph, 0), count=True)
    assert result.estimated_cycles is not None
    assert result.estimated_cycles <= most * outputs * inputs
