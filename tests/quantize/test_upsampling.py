"""A network that makes images larger, in int8: every layer has an int8 form, and TFLite Micro computes the same."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.formats.tflite import write_tflite
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import quantize_int8

SHAPE = (1, 8, 8, 3)


def _normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(scale=0.3, size=shape).astype(np.float32)


def _network() -> Graph:
    """Down by a convolution, up by a transposed one and by resizing, then the largest of each channel."""
    build = GraphBuilder("upsampling")
    image = build.input("x", DType.F32, SHAPE)
    down = {"stride": (2, 2), "padding": (0, 1, 0, 1), "activation": "relu"}
    tensor = build.add("conv_2d", [image, build.constant("w", _normal(1, 4, 3, 3, 3))], down)
    weights, bias = build.constant("up", _normal(2, 5, 2, 2, 4)), build.constant("bias", _normal(3, 5))
    tensor = build.add("transpose_conv", [tensor, weights, bias], {"size": (8, 8), "stride": (2, 2)})
    tensor = build.add("hard_swish", [tensor])
    tensor = build.add("resize_bilinear", [tensor], {"size": (16, 16), "half_pixel_centers": True})
    tensor = build.add("maximum", [tensor, build.constant("least", np.array(0.1, np.float32))])
    return build.build([build.add("reduce_max", [tensor], {"axes": (1, 2)})])


def test_every_layer_becomes_int8() -> None:
    graph = _network()
    samples = [{"x": _normal(k, *SHAPE)} for k in range(8)]
    quantized = quantize_int8(graph, samples)
    assert all(quantized.values[node.outputs[0]].dtype is DType.S8 for node in quantized.nodes)
    source, result = (quantized.values[names[0]] for names in (quantized.inputs, quantized.outputs))
    assert source.quantization is not None
    assert result.quantization is not None
    real = samples[0]["x"]
    bytes_in = np.round(real / source.quantization.scale) + source.quantization.zero_point
    inputs = {quantized.inputs[0]: np.clip(bytes_in, -128, 127).astype(np.int8)}
    (meant,) = evaluate_graph(graph, {"x": real}).values()
    (got,) = evaluate_graph(quantized, inputs).values()
    rescaled = (got.astype(np.float32) - result.quantization.zero_point) * result.quantization.scale
    assert np.abs(rescaled - meant).max() < 0.05 * np.abs(meant).max()
    tflm = pytest.importorskip("smelt.engines.tflm")
    pytest.importorskip("tflite_micro", reason="the extra compare is not installed")
    (theirs,) = tflm.TflmEngine(write_tflite(quantized), quantized).run(inputs).values()
    np.testing.assert_array_equal(theirs, got)
