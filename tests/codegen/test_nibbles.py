"""int4 weights that a layer uses often are kept packed, and unpacked for the kernels of int8 weights."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.codegen.nibbles import with_packed_nibbles
from smelt.codegen.options import BALANCED
from smelt.codegen.program import build_program
from smelt.codegen.tables import collect
from smelt.engines import open_engine
from smelt.ir import Graph, Quantization
from smelt.operators.case import Case, quantized, random_nibbles
from smelt.operators.convolution.cases import quantized_bias
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
