"""One entry for every scheme; what has no quantized form stays in float32, and is named."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.ir.equality import graphs_equal
from smelt.operators import call_of, choose_kernel
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import CALIBRATORS, IMPROVEMENTS, SCHEMES
from smelt.quantize.narrow_weights import LAYERS
from smelt.quantize.noise import decibels, noise_ratio, wanted_numbers
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input
from smelt.targets import find_target


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
    plain = smelt.quantize_graph(graph, "int8", samples, calibrator="min-max", improve=())
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


@pytest.mark.parametrize(
    ("scheme", "weights"),
    [
        ("dynamic", DType.S8),
        ("dynamic-int4", DType.S4),
        ("weight-only-int8", DType.S8),
        ("weight-only-int4", DType.S4),
        ("float16", DType.F16),
    ],
)
def test_schemes_that_calibrate_nothing(scheme: str, weights: DType) -> None:
    graph = small_float()
    result = smelt.quantize_graph(graph, scheme)
    types = {result.values[n.inputs[1] or ""].dtype for n in result.nodes if n.operator == "conv_2d"}
    assert types == {weights}
    samples = list(smelt.samples_for(graph, {"x": small_samples()}))
    ratio = decibels(noise_ratio(result, samples, wanted_numbers(graph, samples)))
    assert ratio > {"float16": 60, "weight-only-int4": 12, "dynamic-int4": 12}.get(scheme, 30)
    with pytest.raises(UsageError, match=f"{scheme} has inputs and outputs of type float32, not int8"):
        smelt.quantize_graph(graph, scheme, input_type="int8")


def test_integer_activations_need_samples() -> None:
    with pytest.raises(UsageError, match="scheme int4 has integer activations: give samples"):
        smelt.quantize_graph(small_float(), "int4")


FOR_C_ONLY = ("ternary", "binary")


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name not in FOR_C_ONLY])
def test_every_scheme_runs_in_c_and_in_a_file(scheme: str, tmp_path: Path) -> None:
    """The compiled network and the file read back give what the graph means."""
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples()}))
    result = smelt.quantize_graph(graph, scheme, samples)
    smelt.save(result, tmp_path / "m.tflite")
    again = smelt.load(tmp_path / "m.tflite")
    given = {
        n: to_input(result.values[n], a) for n, a in zip(result.inputs, samples[0].values(), strict=True)
    }
    wanted = evaluate_graph(result, given)[result.outputs[0]]
    found = evaluate_graph(again, dict(zip(again.inputs, given.values(), strict=True)))[again.outputs[0]]
    with smelt.open_engine("native", result) as engine:
        compiled = next(iter(engine.run(given).values()))
    tolerance = 1e-5 if wanted.dtype.kind == "f" else 0
    for other in (found, compiled):
        np.testing.assert_allclose(other.astype(float), wanted.astype(float), rtol=0, atol=tolerance)


def test_the_documentation_names_all_there_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "quantizing.md").read_text(encoding="utf-8")
    for name in (*SCHEMES, *CALIBRATORS, *IMPROVEMENTS):
        assert f"`{name}`" in text


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_documentation_names_the_kernels(scheme: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "quantizing.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{scheme}` |") and "`_" in line]
    endings = re.findall(r"`(_\w+)`", row)
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples(4)}))
    result = smelt.quantize_graph(graph, scheme, samples, improve=(), tell=lambda text: None)
    for node in result.nodes:
        if node.operator in LAYERS:
            kernel = choose_kernel(call_of(result, node), find_target("rv32imc"))
            name = kernel.name.partition("__")[0].removeprefix(f"smelt_{node.operator}")
            assert name in endings
