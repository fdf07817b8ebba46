"""Small layers take kernels whose code is there."""

from __future__ import annotations

import numpy as np

import smelt
from smelt.codegen import Options, build_program
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder

M4 = smelt.find_target("cortex-m4")
Q = smelt.Quantization.per_tensor(0.05, 3)
DENSE, PAIRS = "smelt_fully_connected_s8__arm_dsp", "smelt_fully_connected_pairs_s8__arm_dsp"


def _weights(build: GraphBuilder, *shape: int) -> str:
    rng = np.random.default_rng(sum(shape))
    array = rng.integers(-127, 128, shape, dtype=np.int8)
    return build.constant("w", array, smelt.Quantization.per_tensor(0.001, 0), DType.S8)


def _network(size: int, hidden: int) -> Graph:
    """A convolution, then dense layers with `hidden` (0: none) and four outputs."""
    build = GraphBuilder("network")
    x = build.input("x", DType.S8, (1, size, size, 16), Q)
    padding = (1, 1, 1, 1)
    y = build.add("conv_2d", [x, _weights(build, 16, 3, 3, 16)], {"padding": padding}, quantization=Q)
    y = build.add("mean", [y], {"axes": (1, 2)}, quantization=Q)
    for outputs, inputs in ((hidden, 16), (4, hidden)) if hidden else ((4, 16),):
        y = build.add("fully_connected", [y, _weights(build, outputs, inputs)], quantization=Q)
    return build.build([y])


def _dense(graph: Graph, options: Options | None = None) -> list[str]:
    program = build_program(graph, M4, options=options or Options())
    return [layer.kernel.name for layer in program.layers if layer.kernel and layer.macs and layer.index > 2]


def test_a_small_layer_takes_the_code_of_convolutions() -> None:
    assert _dense(_network(16, 0)) == [PAIRS]


def test_a_layer_that_takes_time_has_its_own_code_and_others_share_it() -> None:
    assert _dense(_network(4, 128)) == [DENSE, DENSE]


def test_measured_prices_are_kept() -> None:
    graph = _network(16, 0)
    prices = {graph.outputs[0]: {DENSE: 100, PAIRS: 200}}
    assert _dense(graph, Options(prices=prices)) == [DENSE]
