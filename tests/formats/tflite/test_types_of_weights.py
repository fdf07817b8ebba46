"""Files whose weights or activations are not float32 or int8: as LiteRT and TensorFlow Lite Micro compute them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smelt.engines import open_engine
from smelt.engines.litert import LiteRTEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import Array, DType, Graph, Value
from smelt.operators.dense.cases import CASES
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes import optimize

SAMPLES = 4
# The greatest difference from LiteRT's plain kernels, as a part of the greatest magnitude.
FILES = {
    "tf_converter/kws_float16": 1e-6,
    "tf_converter/kws_weight_only_int4": 2e-6,
    # an input on the border of two integers, whose scale LiteRT computes in double
    "tf_converter/kws_dynamic_range": 2e-4,
    "mlperf_tiny/kws_dynamic_range_int8_weights": 2e-4,
    "tf_converter/kws_int16x8": 0.0,
    "tf_converter/kws_int8_float_io": 0.0,
    # its depthwise layers are float, sums of which LiteRT rounds in another order before they are quantized
    "tf_converter/kws_int4_weights_int8": 0.05,
}
IN_TFLM = ("tf_converter/kws_int16x8", "tf_converter/kws_int8_float_io")

each_file = pytest.mark.parametrize("name", FILES)


def model(shared: Path, name: str) -> bytes:
    return (shared / "models" / f"{name}.tflite").read_bytes()


def keyword_inputs(shared: Path, value: Value) -> list[Array]:
    """Recorded keywords as the model takes them."""
    with np.load(shared / "data" / "kws_test.npz") as file:
        real = (file["x"][:SAMPLES].astype(np.float32) - 83) * np.float32(0.5847029)
    if value.quantization is None:
        return [x.reshape(value.shape) for x in real]
    steps = np.round(real / value.quantization.scale) + value.quantization.zero_point
    return list(
        np.clip(steps, *value.dtype.integer_range).astype(value.dtype.numpy).reshape(-1, *value.shape)
    )


def outputs(shared: Path, graph: Graph) -> list[tuple[dict[str, Array], Array]]:
    """Inputs, and what they come to by the meaning."""
    (name,), (output,) = graph.inputs, graph.outputs
    inputs = [{name: x} for x in keyword_inputs(shared, graph.values[name])]
    return [(given, evaluate_graph(graph, given)[output]) for given in inputs]


def assert_near(got: Array, expected: Array, part: float) -> None:
    largest = float(np.abs(expected.astype(np.float64)).max())
    np.testing.assert_allclose(got.astype(np.float64), expected, rtol=0, atol=part * largest)


@each_file
def test_the_meaning_is_litert(shared: Path, name: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    data = model(shared, name)
    graph = read_tflite(data)
    engine = LiteRTEngine(data, reference_kernels=True)
    for inputs, expected in outputs(shared, graph):
        assert_near(engine.run(inputs)[graph.outputs[0]], expected, FILES[name])


@each_file
def test_tensorflow_lite_micro_gives_the_same_or_refuses(shared: Path, name: str) -> None:
    pytest.importorskip("tflite_micro", reason="tflite-micro is not installed")
    data = model(shared, name)
    graph = read_tflite(data)
    if name not in IN_TFLM:
        with pytest.raises(EngineError):
            TflmEngine(data, graph)
        return
    engine = TflmEngine(data, graph)
    for inputs, expected in outputs(shared, graph):
        np.testing.assert_array_equal(engine.run(inputs)[graph.outputs[0]], expected)


@each_file
def test_compiled_code_computes_the_meaning(shared: Path, name: str) -> None:
    graph = optimize(read_tflite(model(shared, name)))
    with open_engine("native", graph) as engine:
        for inputs, expected in outputs(shared, graph):
            assert_near(
                engine.run(inputs)[graph.outputs[0]], expected, 2e-6 if expected.dtype.kind == "f" else 0
            )


@each_file
def test_written_files_give_the_same(shared: Path, name: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    data = model(shared, name)
    graph = read_tflite(data)
    written = write_tflite(graph)
    assert write_tflite(read_tflite(written)) == written
    engines = [LiteRTEngine(x, reference_kernels=True) for x in (data, written)]
    for inputs, _ in outputs(shared, graph):
        before, after = (engine.run(inputs)[graph.outputs[0]] for engine in engines)
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("name", "bits"), [("kws_float16", 16), ("kws_weight_only_int4", 4), ("kws_int4_weights_int8", 4)]
)
def test_flash_holds_no_wider_copy_of_weights(shared: Path, name: str, bits: int) -> None:
    """Biases and depthwise weights of the int4 files, which are float there, may be wider."""
    graph = optimize(read_tflite(model(shared, f"tf_converter/{name}")))
    layers = [node for node in graph.nodes if node.operator in ("conv_2d", "fully_connected")]
    assert len(layers) == 6
    for node in layers:
        assert graph.values[str(node.inputs[1])].dtype.bits == bits
    assert not [n for n in graph.nodes if n.operator == "dequantize" and n.inputs[0] in graph.constants]


def test_dynamic_range_quantizes_inputs_as_litert_chooses(shared: Path) -> None:
    graph = read_tflite(model(shared, "tf_converter/kws_dynamic_range"))
    kinds = {
        node.attributes["quantize_input"]
        for node in graph.nodes
        if node.operator == "conv_2d" and graph.values[str(node.inputs[1])].dtype is DType.S8
    }
    assert kinds == {"asymmetric"}


def test_scales_of_blocks_are_those_that_xnnpack_computes_with() -> None:
    """LiteRT's delegate rounds the data and their scale in its own way: a part in 200 is allowed."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed")
    (case,) = [case for case in CASES if case.name == "dense_blocks_dynamic"]
    graph = case.graph()
    data = write_tflite(graph)
    interpreter = litert.Interpreter(model_content=data)
    interpreter.allocate_tensors()
    inputs = sample_inputs(graph)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs[graph.inputs[0]])
    interpreter.invoke()
    expected = evaluate_graph(graph, inputs)[graph.outputs[0]]
    assert_near(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), expected, 5e-3)
    back = read_tflite(data)
    assert back.values[str(back.nodes[0].inputs[1])].quantization == case.inputs[1].quantization  # type: ignore[union-attr]
