"""Post-training quantization per the TensorFlow Lite int8 specification."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.errors import QuantizationError, UnsupportedError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input


def quantized(graph: Graph, *inputs: Array, **options: object) -> Graph:
    """Calibrated on samples stacked along a new first axis, one array an input."""
    samples = [dict(zip(graph.inputs, arrays, strict=True)) for arrays in zip(*inputs, strict=True)]
    return smelt.quantize_int8(graph, samples, **options)  # type: ignore[arg-type]


def parameters(graph: Graph, name: str) -> Quantization:
    result = graph.values[name].quantization
    assert result is not None
    return result


def normal(*shape: int, scale: float = 1.0, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(scale=scale, size=shape).astype(np.float32)


def dense(weights: Array, bias: Array | None = None) -> Graph:
    build = GraphBuilder("dense")
    x = build.input("x", DType.F32, (1, weights.shape[1]))
    operands = [x, build.constant("w", weights), *([] if bias is None else [build.constant("b", bias)])]
    return build.build([build.add("fully_connected", operands, name="y")])


@pytest.mark.parametrize(
    ("operator", "scale", "zero_point"),
    [("softmax", 1 / 256, -128), ("logistic", 1 / 256, -128), ("tanh", 1 / 128, 0)],
)
def test_fixed_outputs(operator: str, scale: float, zero_point: int) -> None:
    build = GraphBuilder("fixed")
    graph = build.build([build.add(operator, [build.input("x", DType.F32, (1, 4))], name="y")])
    result = quantized(graph, normal(5, 1, 4, scale=9))
    assert parameters(result, "y") == Quantization.per_tensor(scale, zero_point)


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("max_pool_2d", {"filter": (2, 2), "stride": (2, 2)}),
        ("average_pool_2d", {"filter": (2, 2), "stride": (2, 2)}),
        ("reshape", {"shape": (1, 32)}),
        ("transpose", {"permutation": (0, 2, 1, 3)}),
        ("pad", {"paddings": (0, 0, 1, 1, 1, 1, 0, 0)}),
    ],
)
def test_matched_scales(operator: str, attributes: dict[str, tuple[int, ...]]) -> None:
    build = GraphBuilder("matched")
    graph = build.build(
        [build.add(operator, [build.input("x", DType.F32, (1, 4, 4, 2))], attributes, name="y")]
    )
    result = quantized(graph, normal(5, 1, 4, 4, 2))
    assert parameters(result, "x") == parameters(result, "y")
    assert [node.operator for node in result.nodes] == [operator]


def test_concatenation_takes_the_range_of_all_its_inputs() -> None:
    build = GraphBuilder("joined")
    a, b = build.input("a", DType.F32, (1, 4)), build.input("b", DType.F32, (1, 4))
    graph = build.build([build.add("concatenation", [a, b], {"axis": 1}, name="y")])
    result = quantized(graph, np.full((1, 1, 4), 10, np.float32), np.full((1, 1, 4), -5, np.float32))
    assert parameters(result, "a") == parameters(result, "b") == parameters(result, "y")
    assert parameters(result, "y").scale == pytest.approx(15 / 255)


def test_concatenation_of_fixed_outputs_requantizes() -> None:
    build = GraphBuilder("joined")
    x = build.input("x", DType.F32, (1, 4))
    parts = [build.add("logistic", [x], name="sigmoid"), build.add("tanh", [x], name="tanh")]
    graph = build.build([build.add("concatenation", parts, {"axis": 1}, name="y")])
    data = normal(20, 1, 4)
    result = quantized(graph, data)
    assert parameters(result, "sigmoid") == Quantization.per_tensor(1 / 256, -128)
    assert parameters(result, "tanh") == Quantization.per_tensor(1 / 128, 0)
    # a step of the input is up to three steps of the output
    close(graph, result, data, steps=3)


def close(graph: Graph, result: Graph, data: Array, steps: float) -> None:
    """The int8 graph's real outputs are within `steps` quantization steps of the float ones."""
    for sample in data:
        inputs = {graph.inputs[0]: sample}
        converted = {result.inputs[0]: to_input(result.values[result.inputs[0]], sample)}
        expected, found = evaluate_graph(graph, inputs), evaluate_graph(result, converted)
        for a, b in zip(graph.outputs, result.outputs, strict=True):
            value = result.values[b]
            step = value.quantization.scale if value.quantization else 0.0
            assert np.abs(expected[a] - real(value, found[b])).max() <= steps * step + 1e-6


def test_weights_per_channel_and_bias() -> None:
    weights, bias = normal(3, 8), normal(3, seed=1)
    weights[2] *= 1000
    data = normal(50, 1, 8, seed=2)
    graph = dense(weights, bias)
    result = quantized(graph, data)
    w, b, x = (parameters(result, name) for name in ("w", "b", "x"))
    assert result.constants["w"].dtype == np.int8
    assert np.abs(result.constants["w"]).max(axis=1).tolist() == [127, 127, 127]
    assert w.zero_points == (0, 0, 0)
    np.testing.assert_allclose(w.scales, np.abs(weights).max(axis=1) / 127, rtol=1e-6)
    np.testing.assert_allclose(b.scales, np.array(w.scales) * x.scale, rtol=1e-6)
    assert (np.abs(result.constants["b"] * np.array(b.scales) - bias) <= 0.51 * np.array(b.scales)).all()
    close(graph, result, data, steps=3)


def test_dead_channel() -> None:
    """Weights of zero with a bias: the channel is its bias, whatever the scale of the others."""
    weights, bias = normal(3, 8), np.array([0.1, 100.0, -3.0], np.float32)
    weights[1] = 0
    data = normal(20, 1, 8, seed=2)
    close(dense(weights, bias), quantized(dense(weights, bias), data), data, steps=1.5)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e-6, 1e6, 1e12])
def test_extreme_scales(scale: float) -> None:
    """Tiny or huge activations keep their relative precision, and nothing overflows on the way."""
    weights = normal(3, 8)
    data = normal(20, 1, 8, scale=scale, seed=2)
    for bias in (None, normal(3, scale=scale, seed=3)):
        close(dense(weights, bias), quantized(dense(weights, bias), data), data, steps=3)


@pytest.mark.parametrize("value", [0.0, 1e-45, 5.0, -5.0])
def test_constant_input(value: float) -> None:
    data = np.full((3, 1, 8), value, np.float32)
    graph = dense(normal(3, 8), normal(3, seed=1))
    close(graph, quantized(graph, data), data, steps=3)


def test_float_inputs_and_outputs() -> None:
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples()}))
    inside = smelt.quantize_int8(graph, samples)
    outside = smelt.quantize_int8(graph, samples, input_type="float32", output_type="float32")
    for name in (*outside.inputs, *outside.outputs):
        assert outside.values[name].dtype is DType.F32
    x, y = inside.inputs[0], inside.outputs[0]
    expected = evaluate_graph(inside, {x: to_input(inside.values[x], samples[0][x])})[y]
    found = evaluate_graph(outside, {outside.inputs[0]: samples[0][x]})[outside.outputs[0]]
    np.testing.assert_allclose(found, real(inside.values[y], expected), rtol=1e-6)


def test_a_constant_that_is_weights_and_operand() -> None:
    weights = np.diag([1.0, 100.0]).astype(np.float32)
    build = GraphBuilder("both")
    x, w = build.input("x", DType.F32, (2, 2)), build.constant("w", weights)
    graph = build.build([build.add("add", [build.add("fully_connected", [x, w], name="y"), w], name="z"), w])
    data = normal(10, 2, 2)
    result = quantized(graph, data)
    assert parameters(result, result.outputs[1]).axis is None
    close(graph, result, data, steps=3)


def test_a_computed_bias_is_refused() -> None:
    build = GraphBuilder("computed")
    x, b = build.input("x", DType.F32, (1, 8)), build.input("b", DType.F32, (3,))
    graph = build.build([build.add("fully_connected", [x, build.constant("w", normal(3, 8)), b], name="y")])
    with pytest.raises(UnsupportedError, match=r"'y'.*constant bias"):
        quantized(graph, normal(2, 1, 8), normal(2, 3))


def test_what_cannot_be_quantized() -> None:
    graph = small_float()
    result = smelt.quantize_int8(graph, smelt.samples_for(graph, {"x": small_samples()}))
    with pytest.raises(QuantizationError, match="already"):
        smelt.quantize_int8(result, [])
    with pytest.raises(QuantizationError, match="empty"):
        smelt.quantize_int8(graph, [])
    with pytest.raises(QuantizationError, match="NaN"):
        quantized(dense(normal(3, 8)), np.full((1, 1, 8), np.nan, np.float32))
    poisoned = normal(3, 8)
    poisoned[1, 1] = np.nan
    with pytest.raises(QuantizationError, match=r"'w'|'y'"):
        quantized(dense(poisoned), normal(1, 1, 8))
