"""Narrow weights that a layer uses often are kept packed, and unpacked for the kernels of int8 weights."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.codegen.nibbles import with_packed_nibbles
from smelt.codegen.options import BALANCED, Optimize, Options
from smelt.codegen.program import Program, build_program
from smelt.codegen.tables import collect
from smelt.engines import open_engine
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.profile import profile
from smelt.ir import DType, Graph, Quantization
from smelt.operators import call_of
from smelt.operators.case import Case, quantized, random_few_bits, random_nibbles
from smelt.operators.convolution.cases import quantized_bias
from smelt.operators.cycles import estimated_cycles
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.targets import find_target


def layer() -> Graph:
    """A convolution of 30 pixels with 16 * 24 * 4 weights."""
    data = quantized((1, 6, 5, 24), 0.05, -3)
    weights = random_nibbles((16, 2, 2, 24), 0, seed=1)
    bias = quantized_bias(data, weights, 16, seed=2)
    attributes = {"padding": (0, 1, 0, 1)}
    return Case(
        "layer", "conv_2d", (data, weights, bias), attributes, Quantization.per_tensor(0.3, 4)
    ).graph()


@pytest.mark.parametrize(
    ("engine", "target"), [("native", None), ("emulated", "cortex-m4"), ("emulated", "cortex-m0plus")]
)
def test_unpacked_weights_compute_the_meaning(engine: str, target: str | None) -> None:
    graph = layer()
    inputs = sample_inputs(graph)
    expected = evaluate_graph(graph, inputs)
    with open_engine(engine, graph, target=target) as compiled:
        for name, array in compiled.run(inputs).items():
            np.testing.assert_array_equal(array, expected[name])


def test_flash_holds_no_more_than_two_weights_to_a_byte() -> None:
    graph = layer()
    target = find_target("cortex-m4")
    program = build_program(graph, target)
    (kernel,) = [layer.kernel for layer in program.layers]
    assert kernel is not None
    assert kernel.name == "smelt_conv_2d_s8__arm_dsp"
    store, _ = collect(program)
    weights = graph.values[str(graph.nodes[0].inputs[1])]
    outputs = 16 * (4 + 4 + 1)  # a bias, a multiplier and a shift each
    assert sum(table.bytes for table in store.tables) <= weights.bytes + outputs + 80


def test_layers_that_use_a_weight_once_stay_as_they_are() -> None:
    dense = Case(
        "dense",
        "fully_connected",
        (quantized((1, 64), 0.05, 0), random_nibbles((32, 64), 0, seed=3)),
        {},
        Quantization.per_tensor(0.3),
    ).graph()
    same, options = with_packed_nibbles(dense, find_target("cortex-m4"), BALANCED)
    assert same is dense
    assert options is BALANCED


FEW_BITS = pytest.mark.parametrize("dtype", [DType.S1, DType.S2], ids=lambda dtype: dtype.value)


def few_bits_layer(dtype: DType) -> Graph:
    """A convolution of 144 pixels with 16 * 9 * 32 weights."""
    data = quantized((1, 12, 12, 32), 0.05, -3)
    inputs = (data, random_few_bits((16, 3, 3, 32), dtype, 0, seed=1))
    attributes = {"padding": (1, 1, 1, 1)}
    return Case("layer", "conv_2d", inputs, attributes, Quantization.per_tensor(0.8, 4)).graph()


def table_bytes(program: Program) -> int:
    return sum(table.bytes for table in collect(program)[0].tables)


@FEW_BITS
@pytest.mark.parametrize(("target", "optimize"), [("cortex-m4", "balanced"), ("cortex-m0plus", "size")])
def test_weights_of_few_bits_take_so_many_in_flash(dtype: DType, target: str, optimize: Optimize) -> None:
    """Unpacked for the kernel of int8 weights where that is faster, else in planes; as few bits both ways."""
    graph = few_bits_layer(dtype)
    program = build_program(graph, find_target(target), options=Options(optimize))
    (kernel,) = [layer.kernel for layer in program.layers]
    assert kernel is not None
    assert kernel.name.endswith("_s8__arm_dsp" if optimize == "balanced" else "_planes_s8")
    weights = graph.values[str(graph.nodes[0].inputs[1])]
    assert weights.bytes == 16 * 9 * 32 * dtype.bits // 8
    outputs = 16 * (4 + 4 + 1)
    assert weights.bytes * 0.75 <= table_bytes(program) - outputs <= weights.bytes + 80


@FEW_BITS
@pytest.mark.parametrize("optimize", ["balanced", "size", "ram"])
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
def test_both_ways_compute_the_meaning(dtype: DType, optimize: Optimize, target: str) -> None:
    graph = few_bits_layer(dtype)
    inputs = sample_inputs(graph)
    wanted = evaluate_graph(graph, inputs)["output"]
    with EmulatedEngine(graph, find_target(target), options=Options(optimize)) as compiled:
        np.testing.assert_array_equal(compiled.run(inputs)["output"], wanted)


@FEW_BITS
@pytest.mark.parametrize("rows", [1, 3])
def test_dense_layers_look_weights_up(dtype: DType, rows: int) -> None:
    weights = random_few_bits((24, 100), dtype, 0, seed=3)
    inputs = (quantized((rows, 100), 0.05, 0), weights)
    dense = Case("dense", "fully_connected", inputs, {}, Quantization.per_tensor(0.3)).graph()
    (layer,) = build_program(dense, find_target("cortex-m4")).layers
    assert layer.kernel is not None
    assert layer.kernel.name == "smelt_fully_connected_planes_s8"
    call = call_of(dense, dense.nodes[0])
    counted = profile(dense, find_target("cortex-m4")).totals.estimated_cycles
    assert counted is not None
    assert 0.8 <= estimated_cycles(call, layer.kernel) / counted <= 1.25
