"""Schemes ternary and binary: weights of a sign and a scale a channel, for C only."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.ir.equality import graphs_equal
from smelt.ir.text import from_text, to_text
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import Mixed
from smelt.quantize.coarse_weights import coarse_scales
from smelt.quantize.parameters import real
from smelt.quantize.precision import BINARY, TERNARY, Precision
from smelt.quantize.samples import to_input

SCHEMES = {"ternary": DType.S2, "binary": DType.S1}
each_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def network() -> Graph:
    """Two convolutions, a depthwise one, and two dense layers."""
    build, rng = GraphBuilder("signs"), np.random.default_rng(2)

    def weights(name: str, *shape: int) -> str:
        size = np.sqrt(np.prod(shape[1:]))
        return build.constant(name, (rng.normal(size=shape) / size).astype(np.float32))

    same = {"padding": (1, 1, 1, 1), "activation": "relu"}
    x = build.input("x", DType.F32, (1, 6, 6, 2))
    bias = build.constant("b1", rng.normal(size=8).astype(np.float32))
    first = build.add("conv_2d", [x, weights("w1", 8, 3, 3, 2), bias], same, name="first")
    depthwise = build.add("depthwise_conv_2d", [first, weights("w2", 1, 3, 3, 8)], same, name="depthwise")
    middle = build.add("conv_2d", [depthwise, weights("w3", 12, 3, 3, 8)], same, name="middle")
    flat = build.add("reshape", [middle], {"shape": (1, 432)}, name="flat")
    hidden = build.add(
        "fully_connected", [flat, weights("w4", 10, 432)], {"activation": "relu"}, name="hidden"
    )
    return build.build([build.add("fully_connected", [hidden, weights("w5", 4, 10)], name="last")])


def samples() -> list[dict[str, Array]]:
    return [{"x": x} for x in np.random.default_rng(1).normal(size=(24, 1, 6, 6, 2)).astype(np.float32)]


def quantized(scheme: str, layers: dict[str, str] | None = None, told: list[str] | None = None) -> Graph:
    tell = (lambda text: None) if told is None else told.append
    return smelt.quantize_graph(network(), scheme, samples(), mixed=Mixed(layers or {}), tell=tell)


@cache
def plain(scheme: str) -> Graph:
    return quantized(scheme)


def weight_types(graph: Graph) -> dict[str, DType]:
    return {
        node.outputs[0]: graph.values[str(node.inputs[1])].dtype
        for node in graph.nodes
        if len(node.inputs) > 1 and node.inputs[1] in graph.constants and node.operator != "reshape"
    }


@each_scheme
def test_the_first_the_last_and_depthwise_layers_stay_int8(scheme: str) -> None:
    told = list[str]()
    result = quantized(scheme, told=told)
    few = SCHEMES[scheme]
    assert weight_types(result) == {
        "first": DType.S8,
        "depthwise": DType.S8,
        "middle": few,
        "hidden": few,
        "last": DType.S8,
    }
    assert told[0] == (
        f"not {scheme} but int8 are the weights of 'first' (the first layer), 'depthwise' (depthwise_conv_2d), "
        "'last' (the last layer)"
    )
    assert not any("float32" in text for text in told)


@each_scheme
def test_layers_by_hand_and_c_compute_the_meaning(scheme: str) -> None:
    result = quantized(scheme, {"*": scheme})
    assert set(weight_types(result).values()) == {SCHEMES[scheme]}
    given = {result.inputs[0]: to_input(result.values[result.inputs[0]], samples()[0]["x"])}
    wanted = evaluate_graph(result, given)[result.outputs[0]]
    for engine, target in (("native", None), ("emulated", "cortex-m4"), ("emulated", "cortex-m0plus")):
        with smelt.open_engine(engine, result, target=target) as compiled:
            np.testing.assert_array_equal(compiled.run(given)[result.outputs[0]], wanted)


@each_scheme
def test_one_layer_of_an_int8_network(scheme: str) -> None:
    result = smelt.quantize_graph(network(), "int8", samples(), mixed=Mixed({"middle": scheme}))
    assert weight_types(result)["middle"] is SCHEMES[scheme]
    assert weight_types(result)["hidden"] is DType.S8


@each_scheme
def test_text_comes_back(scheme: str) -> None:
    result = plain(scheme)
    assert graphs_equal(from_text(to_text(result)), result)


@each_scheme
@pytest.mark.parametrize("improve", [(), ("gptq", "learned", "scales", "bias")])
def test_weights_have_no_other_values(scheme: str, improve: tuple[str, ...]) -> None:
    result = smelt.quantize_graph(network(), scheme, samples(), improve=improve, tell=lambda text: None)
    found = {
        int(w)
        for name in ("middle", "hidden")
        for w in np.unique(result.constants[str(result.producers()[name].inputs[1])])
    }
    assert found == ({-1, 1} if scheme == "binary" else {-1, 0, 1})


@pytest.mark.parametrize("precision", [TERNARY, BINARY], ids=lambda p: p.name)
def test_scales_leave_the_least_squared_error(precision: Precision) -> None:
    """No scale of many is better, whatever integers are nearest to it."""
    weights = np.random.default_rng(7).laplace(size=(5, 3, 3, 4))
    scales = coarse_scales(weights, 0, np.zeros(5), precision)

    def error(channel: np.ndarray, scale: float) -> float:
        magnitudes = np.abs(channel)
        near = np.abs(magnitudes - scale)
        return float((np.minimum(magnitudes, near) if precision is TERNARY else near).__pow__(2).sum())

    for channel, scale in zip(weights, scales, strict=True):
        least = min(error(channel, float(tried)) for tried in np.linspace(0.01, 4, 2000))
        assert error(channel, float(scale)) <= least + 1e-6


@each_scheme
def test_dead_channels_give_their_bias(scheme: str) -> None:
    build = GraphBuilder("dead")
    x = build.input("x", DType.F32, (1, 8))
    weights = np.random.default_rng(3).normal(size=(3, 8)).astype(np.float32)
    weights[:2] = 0
    bias = np.array([0.5, 0.0, 0.25], np.float32)
    names = [build.constant("w", weights), build.constant("b", bias)]
    graph = build.build([build.add("fully_connected", [x, *names], name="y")])
    seen = [{"x": x} for x in np.random.default_rng(4).normal(size=(16, 1, 8)).astype(np.float32)]
    result = smelt.quantize_graph(graph, scheme, seen, mixed=Mixed({"y": scheme}), tell=lambda text: None)
    value = result.values["y"]
    assert value.quantization is not None
    given = {"x": to_input(result.values["x"], seen[0]["x"])}
    found = real(value, evaluate_graph(result, given)["y"])[0, :2]
    np.testing.assert_allclose(found, bias[:2], rtol=0, atol=value.quantization.scale)


@each_scheme
@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".keras", ".h", ".ptl"])
def test_no_file_holds_them(scheme: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{suffix}"
    with pytest.raises(
        UnsupportedError, match=rf"'middle': its {scheme} weights .* for C only.*--quantize {scheme}"
    ):
        smelt.save(plain(scheme), path)
    assert not path.exists()


def test_layers_without_a_form_are_refused_by_name() -> None:
    build = GraphBuilder("up")
    x = build.input("x", DType.F32, (1, 4, 4, 2))
    w = build.constant("w", np.ones((3, 2, 2, 2), np.float32))
    y = build.add("transpose_conv", [x, w], {"stride": (2, 2), "size": (8, 8)}, name="y")
    graph = build.build([y])
    seen = [{"x": np.ones((1, 4, 4, 2), np.float32)}]
    with pytest.raises(UsageError, match="'y' cannot be ternary: transpose_conv has no ternary form"):
        smelt.quantize_graph(graph, "int8", seen, mixed=Mixed({"y": "ternary"}))
    result = smelt.quantize_graph(graph, "ternary", seen, tell=lambda text: None)
    assert weight_types(result) == {"y": DType.S8}
