"""One entry for every scheme; what has no quantized form stays in float32, and is named."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.ir.equality import graphs_equal
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.noise import noise_ratio, wanted_numbers
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input


def with_an_island() -> Graph:
    """exp, which has no int8 form, between two dense layers."""
    build, rng = GraphBuilder("island"), np.random.default_rng(5)
    x = build.input("x", DType.F32, (1, 8))
    w = [build.constant(n, rng.normal(size=(8, 8)).astype(np.float32) / 4) for n in ("w1", "w2")]
    hidden = build.add("fully_connected", [x, w[0]], name="hidden")
    wave = build.add("exp", [hidden], name="wave")
    return build.build([build.add("fully_connected", [wave, w[1]], name="y")])


def island_samples() -> list[dict[str, np.ndarray]]:
    return [{"x": x} for x in np.random.default_rng(1).normal(size=(40, 1, 8)).astype(np.float32)]


def test_int8_without_improvements_is_quantize_int8() -> None:
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples()}))
    plain = smelt.quantize_graph(graph, "int8", samples, improve=())
    assert graphs_equal(plain, smelt.quantize_int8(graph, samples))


def test_int16x8() -> None:
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples()}))
    wide, narrow = (smelt.quantize_graph(graph, name, samples) for name in ("int16x8", "int8"))
    types = {wide.values[n.outputs[0]].dtype for n in wide.nodes}
    assert types == {DType.S16}
    assert {
        wide.constants[n.inputs[2]].dtype for n in wide.nodes if n.operator == "conv_2d" and n.inputs[2]
    } == {np.dtype(np.int64)}
    wanted = wanted_numbers(graph, samples)
    assert noise_ratio(wide, samples, wanted) < noise_ratio(narrow, samples, wanted) / 2
    mixed = smelt.quantize_graph(graph, "int16x8", samples, input_type="float32", output_type="float32")
    assert {mixed.values[n].dtype for n in (*mixed.inputs, *mixed.outputs)} == {DType.F32}


def test_what_has_no_int8_form_stays_in_float_and_is_named() -> None:
    graph, told = with_an_island(), list[str]()
    result = smelt.quantize_graph(graph, "int8", island_samples(), tell=told.append)
    assert told == ["exp 'wave' stays in float32: exp has no int8 form in smelt"]
    operators = [node.operator for node in result.nodes]
    assert operators == ["fully_connected", "dequantize", "exp", "quantize", "fully_connected"]
    for sample in island_samples():
        converted = {"x": to_input(result.values["x"], sample["x"])}
        found, wanted = evaluate_graph(result, converted)["y"], evaluate_graph(graph, sample)["y"]
        step = result.values["y"].quantization
        assert step is not None
        assert np.abs(real(result.values["y"], found) - wanted).max() <= 6 * step.scale


def test_float_layers_warn_and_strict_refuses() -> None:
    with pytest.warns(UserWarning, match="exp 'wave' stays in float32"):
        smelt.quantize_graph(with_an_island(), "int8", island_samples())
    with pytest.raises(UnsupportedError, match="'wave': exp has no int8 form"):
        smelt.quantize_graph(with_an_island(), "int8", island_samples(), strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smelt.quantize_graph(small_float(), "int8", {"x": small_samples()})


def test_float_layers_at_the_ends() -> None:
    build = GraphBuilder("ends")
    x = build.input("x", DType.F32, (1, 4))
    y = build.add("exp", [build.add("relu", [build.add("exp", [x])])], name="y")
    graph = build.build([y, x])
    samples = [{"x": np.linspace(-1, 1, 4, dtype=np.float32)[None]}]
    inside = smelt.quantize_graph(graph, "int8", samples, tell=lambda text: None)
    assert [inside.values[n].dtype for n in (*inside.inputs, *inside.outputs)] == [DType.S8] * 3
    outside = smelt.quantize_graph(
        graph, "int8", samples, input_type="float32", output_type="float32", tell=lambda text: None
    )
    assert [outside.values[n].dtype for n in (*outside.inputs, *outside.outputs)] == [DType.F32] * 3
    assert {n.operator for n in outside.nodes} == {"exp", "relu", "quantize", "dequantize"}


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match="no quantization scheme is called 'int9'"):
        smelt.quantize_graph(small_float(), "int9", [])
    with pytest.raises(UsageError, match="int8 or float32, not int16"):
        smelt.quantize_graph(small_float(), "int8", {"x": small_samples()}, input_type="int16")
