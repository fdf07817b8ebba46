"""int4 weights of dense layers with a scale for each block of a row: better, in files and in C, or refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import Array, DType, Graph, Quantization
from smelt.ir.text import from_text, to_text
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import SCHEMES, Mixed
from smelt.quantize.blocks import block_obstacle, in_blocks
from smelt.quantize.noise import decibels, noise_ratio, wanted_numbers
from smelt.quantize.samples import Sample, to_input

INT4 = [name for name, scheme in SCHEMES.items() if scheme.int4]
each_scheme = pytest.mark.parametrize("scheme", INT4)


def uneven(rows: int, columns: int) -> Array:
    """Weights whose reach differs from block to block of 32."""
    rng = np.random.default_rng(rows)
    reach = np.repeat(rng.choice([0.02, 0.2], (rows, columns // 32)), 32, axis=1)
    return np.asarray(rng.normal(size=(rows, columns)) * reach, np.float32)


def dense(inputs: int = 64) -> Graph:
    """Two dense layers."""
    build = GraphBuilder("dense")
    x = build.input("x", DType.F32, (1, inputs))
    bias = build.constant("b1", np.linspace(-1, 1, 32, dtype=np.float32))
    first = [x, build.constant("w1", uneven(32, inputs)), bias]
    hidden = build.add("fully_connected", first, {"activation": "relu"}, name="hidden")
    return build.build(
        [build.add("fully_connected", [hidden, build.constant("w2", uneven(6, 32))], name="y")]
    )


def samples(count: int = 24, inputs: int = 64) -> list[Sample]:
    x = np.random.default_rng(3).normal(size=(count, 1, inputs)).astype(np.float32)
    return [{"x": each} for each in x]


def weights_of(graph: Graph, result: str) -> tuple[DType, Quantization]:
    value = graph.values[str(graph.producers()[result].inputs[1])]
    assert value.quantization is not None
    return value.dtype, value.quantization


@each_scheme
def test_blocks_are_nearer_to_float_than_channels(scheme: str) -> None:
    graph, ratios = dense(), []
    for block in (0, 32):
        result = smelt.quantize_graph(graph, scheme, samples(), block=block, improve=())
        for name in ("hidden", "y"):
            dtype, quantization = weights_of(result, name)
            assert (dtype, quantization.block) == (DType.S4, block)
        assert from_text(to_text(result)).values == result.values
        ratios.append(decibels(noise_ratio(result, samples(), wanted_numbers(graph, samples()))))
    assert ratios[1] > ratios[0] + 0.5


@each_scheme
def test_compiled_networks_with_blocks(scheme: str) -> None:
    graph = smelt.quantize_graph(dense(), scheme, samples(), block=16)
    with smelt.open_engine("native", graph) as engine:
        for sample in samples(4):
            given = {"x": to_input(graph.values["x"], sample["x"])}
            (wanted,) = evaluate_graph(graph, given).values()
            (found,) = engine.run(given).values()
            np.testing.assert_allclose(found.astype(float), wanted.astype(float), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scheme", ["int4", "dynamic-int4"])
def test_litert_runs_files_with_blocks(scheme: str, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    graph = smelt.quantize_graph(dense(), scheme, samples(), block=32)
    smelt.save(graph, tmp_path / "m.tflite")
    again = smelt.load(tmp_path / "m.tflite")
    dense_layers = [node.outputs[0] for node in again.nodes if node.operator == "fully_connected"]
    assert [weights_of(again, name)[1].block for name in dense_layers] == [32, 32]
    with smelt.open_engine("litert", again, path=tmp_path / "m.tflite") as engine:
        for sample in samples(8):
            given = {again.inputs[0]: to_input(again.values[again.inputs[0]], sample["x"])}
            wanted = evaluate_graph(again, given)[again.outputs[0]].astype(float)
            found = engine.run(given)[again.outputs[0]].astype(float)
            # a step of the integers; LiteRT's one kernel rounds data and scales in its own way
            tolerance = 1 if scheme == "int4" else 5e-3 * np.abs(wanted).max()
            np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def test_onnx_holds_float_layers_with_blocks(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    graph = smelt.quantize_graph(dense(), "weight-only-int4", block=16)
    smelt.save(graph, tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"))
    (sample,) = samples(1)
    wanted = evaluate_graph(graph, sample)["y"]
    np.testing.assert_allclose(session.run(None, dict(sample))[0], wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("scheme", "block", "says"),
    [("weight-only-int4", 32, "asymmetric"), ("dynamic-int4", 16, "multiple of 32")],
)
def test_files_that_tflite_cannot_say(scheme: str, block: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=says):
        smelt.save(smelt.quantize_graph(dense(), scheme, block=block), tmp_path / "m.tflite")
    assert not (tmp_path / "m.tflite").exists()


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name not in INT4])
def test_schemes_without_int4_weights(scheme: str) -> None:
    with pytest.raises(UsageError, match=f"blocks of 32 with {scheme}: .* dynamic-int4"):
        smelt.quantize_graph(dense(), scheme, samples(), block=32)


@each_scheme
def test_rows_that_blocks_do_not_divide_are_named(scheme: str) -> None:
    told: list[str] = []
    result = smelt.quantize_graph(dense(), scheme, samples(), block=64, tell=told.append)
    assert told == [
        "fully_connected 'y' has a scale for each output: blocks of 64 do not divide its rows of 32"
    ]
    assert [weights_of(result, name)[1].block for name in ("hidden", "y")] == [64, 0]


def test_layers_beside_blocks() -> None:
    """What is assigned by hand or under a budget is so beside layers in blocks."""
    mixed = Mixed({"y": "int8"}, budget={"size": 10_000})
    pytest.importorskip("ortools", reason="OR-tools (extra solver) is not installed")
    result = smelt.quantize_graph(dense(), "int4", samples(), block=32, mixed=mixed, tell=lambda text: None)
    assert weights_of(result, "hidden")[1].block == 32
    assert weights_of(result, "y")[0] is DType.S8


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_scales_beyond_half_precision(factor: float) -> None:
    weights = uneven(4, 64)
    assert block_obstacle(weights, 32) is None
    weights[1] *= factor
    assert "half precision" in (block_obstacle(weights, 32) or "")


def test_scales_of_blocks_are_halves_of_the_least_error() -> None:
    weights = uneven(8, 64)
    weights[3] = 0
    value, integers = in_blocks("w", weights, 32)
    assert value.quantization is not None
    scales = np.array(value.quantization.scales, np.float32)
    np.testing.assert_array_equal(scales, scales.astype(np.float16))
    found = integers * np.repeat(scales.reshape(8, 2), 32, axis=1)
    blocks = weights.reshape(-1, 32)
    plain = np.abs(blocks).max(axis=1, keepdims=True) / 7
    plain[plain == 0] = 1
    rounded = np.round(blocks / plain) * plain
    assert ((found - weights) ** 2).sum() < ((rounded.reshape(8, 64) - weights) ** 2).sum()
    assert not integers[3].any()
