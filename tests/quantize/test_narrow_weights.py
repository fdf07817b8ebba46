"""Narrow weights of float layers: accuracy on keywords, the files that hold them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_models import small_float

from smelt.engines import open_engine
from smelt.engines.litert import LiteRTEngine
from smelt.errors import QuantizationError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import Array, DType, Graph
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes import optimize
from smelt.quantize.narrow_weights import LAYERS, narrow_weights

KINDS = {
    "float16": (DType.F16, False),
    "weight-only int8": (DType.S8, False),
    "weight-only int4": (DType.S4, False),
    "dynamic": (DType.S8, True),
}
EVALUATED = slice(100, 160)  # a part of what is not for calibration: LiteRT has no say here, numpy is slow
# Of every 100 keywords, how many get the same answer as in float32.
SAME_ANSWERS = {"float16": 98, "weight-only int8": 98, "weight-only int4": 85, "dynamic": 96}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def keywords(shared: Path) -> tuple[Graph, Array]:
    graph = read_tflite((shared / "models" / "mlperf_tiny" / "kws_float32.tflite").read_bytes())
    with np.load(shared / "data" / "kws_test.npz") as file:
        real = (file["x"][EVALUATED].astype(np.float32) - 83) * np.float32(0.5847029)
    return graph, real.reshape(-1, *graph.values[graph.inputs[0]].shape)


def answers(graph: Graph, samples: Array) -> Array:
    with open_engine("native", graph) as engine:
        rows = [next(iter(engine.run({graph.inputs[0]: x}).values())) for x in samples]
    return np.concatenate(rows).argmax(axis=1)


@each_kind
def test_keywords_are_recognized_as_before(keywords: tuple[Graph, Array], kind: str) -> None:
    graph, samples = keywords
    narrow = narrow_weights(optimize(graph), KINDS[kind][0], dynamic=KINDS[kind][1])
    same = (answers(narrow, samples) == answers(graph, samples)).mean() * 100
    assert same >= SAME_ANSWERS[kind]


@each_kind
def test_every_layer_reads_narrow_weights(kind: str) -> None:
    dtype, dynamic = KINDS[kind]
    graph = narrow_weights(small_float(), dtype, dynamic=dynamic)
    found = [node for node in graph.nodes if node.operator in LAYERS]
    assert found
    for node in found:
        assert graph.values[str(node.inputs[1])].dtype is dtype
        assert (node.attributes.get("quantize_input", "none") != "none") == dynamic


@each_kind
def test_litert_runs_the_written_file_alike(kind: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    graph = narrow_weights(small_float(), KINDS[kind][0], dynamic=KINDS[kind][1])
    engine = LiteRTEngine(write_tflite(graph), reference_kernels=True)
    inputs = sample_inputs(graph)
    for name, expected in evaluate_graph(graph, inputs).items():
        np.testing.assert_allclose(
            engine.run(inputs)[name], expected, rtol=0, atol=1e-5 * np.abs(expected).max()
        )


def test_rounding_is_to_the_nearest_step_of_each_channel() -> None:
    graph = small_float()
    narrow = narrow_weights(graph, DType.S8)
    for before, after in zip(graph.nodes, narrow.nodes, strict=True):
        if before.operator in LAYERS:
            value = narrow.values[str(after.inputs[1])]
            assert value.quantization is not None
            shape = [1] * len(value.shape)
            shape[value.quantization.axis or 0] = -1
            scales = np.array(value.quantization.scales).reshape(shape)
            error = narrow.constants[value.name] * scales - graph.constants[str(before.inputs[1])]
            assert np.abs(error / scales).max() <= 0.5 + 1e-4


def test_depthwise_layers_meet_int8_where_int4_has_no_dynamic_form() -> None:
    graph = narrow_weights(small_float(), DType.S4, dynamic=True)
    for node in graph.nodes:
        if node.operator in LAYERS:
            wanted = DType.S8 if node.operator == "depthwise_conv_2d" else DType.S4
            assert graph.values[str(node.inputs[1])].dtype is wanted


def test_weights_that_do_not_fit_are_refused() -> None:
    graph = small_float()
    layer = next(node for node in graph.nodes if node.operator in LAYERS)
    name = str(layer.inputs[1])
    for number, dtype in ((np.nan, DType.S8), (1e6, DType.F16)):
        weights = graph.constants[name].copy()
        weights.flat[0] = number
        with pytest.raises(QuantizationError, match="beyond"):
            narrow_weights(graph.replaced(constants={name: weights}), dtype)
