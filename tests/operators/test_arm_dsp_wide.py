"""Int16 layers with DSP instructions: portable twins on this computer, and when sums would not fit 32 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kernel_runner import run_kernels

from smelt.ir import DType, Graph, Quantization
from smelt.operators import call_of, choose_kernel
from smelt.operators.case import Case, Tensor, quantized, random_weights
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import find_target

SIZES = {
    "conv_2d": [
        ((1, 5, 4, 8), (7, 1, 1, 8), {}),
        ((2, 5, 5, 3), (4, 2, 3, 3), {"stride": (2, 1), "padding": (1, 0, 1, 1)}),
        ((1, 6, 5, 2), (3, 3, 3, 2), {"dilation": (2, 1), "padding": (2, 2, 1, 1)}),
        ((1, 3, 3, 5), (2, 1, 1, 5), {"activation": "relu"}),
    ],
    "depthwise_conv_2d": [
        ((1, 5, 6, 4), (1, 3, 3, 4), {"padding": (1, 1, 1, 1)}),
        ((2, 6, 5, 2), (1, 2, 2, 2), {"stride": (2, 2), "activation": "relu6"}),
    ],
    "fully_connected": [((3, 16), (5, 16), {}), ((2, 9), (4, 9), {"activation": "relu"})],
}
ALL = [(operator, index) for operator, sizes in SIZES.items() for index in range(len(sizes))]


def layer(operator: str, index: int, bias: int = 100_000) -> Graph:
    data, weights, attributes = SIZES[operator][index]
    axis = 3 if operator == "depthwise_conv_2d" else 0
    channels = weights[axis]
    numbers = np.random.default_rng(index).integers(-bias, bias, channels, dtype=np.int64)
    scales = Quantization.per_tensor(1.0)
    inputs = (
        quantized(data, 0.001, 0, DType.S16),
        random_weights(weights, axis, seed=index),
        Tensor(DType.S64, (channels,), scales, numbers),
    )
    output = Quantization.per_tensor(0.0003 * float(np.prod(weights)) / channels)
    return Case("layer", operator, inputs, attributes, output).graph()


def kernel(graph: Graph, target: str = "cortex-m4") -> str:
    return choose_kernel(call_of(graph, graph.nodes[0]), find_target(target)).name


@pytest.mark.parametrize(("operator", "index"), ALL)
def test_twins_compute_the_meaning(operator: str, index: int, tmp_path: Path) -> None:
    graph = layer(operator, index)
    assert kernel(graph) == f"smelt_{operator}_s16__arm_dsp"
    (name,) = graph.inputs
    rng = np.random.default_rng(7)
    data = rng.integers(-32768, 32767, graph.values[name].shape, dtype=np.int16, endpoint=True)
    expected = evaluate_graph(graph, {name: data})[graph.outputs[0]]
    (got,) = run_kernels([(graph, {name: data})], tmp_path, target="cortex-m4")
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("operator", SIZES)
def test_sums_that_may_not_fit_32_bits_are_left_to_portable_code(operator: str) -> None:
    assert kernel(layer(operator, 0, bias=2**33)) == f"smelt_{operator}_s16"
    assert kernel(layer(operator, 0), "cortex-m0plus") == f"smelt_{operator}_s16"
