"""Quantized models: as ONNX Runtime computes them, and as int8 operators after the passes.

ONNX rounds x / scale to the nearest integer, ties to even; smelt's int8 meaning is TensorFlow Lite's: ties away from
zero, and fixed-point multipliers that round twice.  So single elements differ by one step; the tests say how many.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import check, from_smelt, model, operators, parsed, single, to_smelt, weights
from quantized_models import network, quantized, sized

from smelt.engines.native import NativeEngine
from smelt.errors import FormatError
from smelt.formats.onnx import read_onnx
from smelt.ir import Array, DType, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.passes.pipeline import optimize

SHAPE = (1, 8, 6, 5)


def make(operator: str, *inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], **attributes)


PLAIN: dict[str, tuple[list[Any], dict[str, Array], str, float]] = {
    "convolution": ([make("Conv", "x", "w")], {"w": sized(4, 8, 3, 3)}, "conv_2d", 0.01),
    "convolution with relu": (
        [make("Conv", "x", "w", output="c"), make("Relu", "c")], {"w": sized(4, 8, 3, 3)}, "conv_2d", 0.01),
    "depthwise convolution": ([make("Conv", "x", "w", group=8)], {"w": sized(8, 1, 3, 3)}, "depthwise_conv_2d", 0.01),
    "sum": ([make("Add", "x", "z")], {"z": weights(*SHAPE)}, "add", 0.01),
    "product": ([make("Mul", "x", "z")], {"z": weights(*SHAPE)}, "mul", 0.02),
    "averages of all": ([make("GlobalAveragePool", "x")], {}, "mean", 0.35),
    "leaky relu": ([make("LeakyRelu", "x", alpha=0.1)], {}, "leaky_relu", 0.07),
    "matrix product": ([make("MatMul", "x", "w")], {"w": sized(7, 5).T.copy()}, "fully_connected", 0.01),
    "padding": ([make("Pad", "x", "p")], {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}, "pad", 0.0),
    "concatenation": (
        [make("Relu", "x", output="r"), make("Concat", "x", "r", axis=1)], {}, "concatenation", 0.2),
    "sigmoid": ([make("Sigmoid", "x")], {}, "logistic", 0.35),
    "softmax": ([make("Softmax", "x", axis=-1)], {}, "softmax", 0.25),
}  # fmt: skip
"""Name → nodes, constants, the int8 operator, and the most elements (as a share) that may differ by one step."""


def runtime(data: bytes) -> Any:
    """ONNX Runtime without its own fusing, which rounds otherwise."""
    module = pytest.importorskip("onnxruntime")
    options = module.SessionOptions()
    options.graph_optimization_level = module.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return module.InferenceSession(data, options)


def steps(data: bytes, graph: Graph, output: str, scale: float, count: int, shape: Any = SHAPE) -> Array:
    """By how many steps of the output's scale each element differs from ONNX Runtime's, over some inputs."""
    session, rng = runtime(data), np.random.default_rng(9)
    found = []
    for _ in range(count):
        x = rng.normal(size=shape).astype(np.float32)
        (expected,) = session.run([output], {"x": x})
        result = from_smelt(graph, output, evaluate_graph(graph, {"x": to_smelt(graph, "x", x)})[output])
        found.append(np.rint(np.abs(result - expected) / scale).reshape(-1))
    return np.concatenate(found)


def scale_of(graph: Graph, output: str) -> float:
    """The step of an output that is dequantized last."""
    source = graph.values[str(graph.producers()[output].inputs[0])]
    assert source.quantization is not None
    return source.quantization.scale


@pytest.mark.parametrize("written", ["pairs", "operators"])
@pytest.mark.parametrize("name", PLAIN)
def test_operators_become_int8(tmp_path: Path, name: str, written: str) -> None:
    nodes, constants, operator, most = PLAIN[name]
    data = quantized(
        model(nodes, {"x": SHAPE}, constants=constants),
        tmp_path,
        operators=written == "operators",
        shape=SHAPE,
    )
    read = read_onnx(data)
    if read.producers()["y"].operator != "dequantize":
        pytest.skip("ONNX Runtime's quantizer leaves this operator alone")
    as_written = steps(data, read, "y", scale_of(read, "y"), 10)
    assert as_written.max() <= 1
    assert (as_written > 0).mean() <= 0.01
    graph = optimize(read)
    (made,) = (node for node in graph.nodes if node.operator == operator)
    assert graph.values[made.outputs[0]].dtype is DType.S8
    fused = steps(data, graph, "y", scale_of(graph, "y"), 10)
    assert fused.max() <= 1
    assert (fused > 0).mean() <= most


def test_averages_in_finer_steps_are_not_rounded_twice(tmp_path: Path) -> None:
    data = quantized(single("AveragePool", SHAPE, kernel_shape=[2, 2]), tmp_path, operators=True, shape=SHAPE)
    graph = optimize(read_onnx(data))
    assert operators(graph) == ["quantize", "depthwise_conv_2d", "dequantize"]
    assert steps(data, graph, "y", scale_of(graph, "y"), 10).max() == 0


SIZE = (1, 3, 12, 10)


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("written", ["pairs", "operators"])
def test_networks_become_int8(tmp_path: Path, written: str, per_channel: bool, unsigned: bool) -> None:
    """Random weights, so that a step early on is several later; a trained network's steps do not grow so."""
    data = quantized(
        network(), tmp_path, operators=written == "operators", unsigned=unsigned, per_channel=per_channel,
        extra_options={"WeightSymmetric": True},
    )  # fmt: skip
    read = read_onnx(data)
    graph = optimize(read)
    inside = [node for node in graph.nodes if node.operator not in ("quantize", "dequantize")]
    assert len(inside) == 15
    assert all(graph.values[node.outputs[0]].dtype is DType.S8 for node in inside)
    scale = scale_of(graph, "e")
    # An average of four is a tie in one of four: those round otherwise here than in ONNX Runtime.
    assert steps(data, read, "e", scale, 20, SIZE).mean() < 0.6
    fused = steps(data, graph, "e", scale, 20, SIZE)
    assert fused.max() <= 8
    assert fused.mean() < 1


@pytest.mark.parametrize("written", ["pairs", "operators"])
def test_the_same_integers_from_c(tmp_path: Path, written: str) -> None:
    """The optimized graph in compiled C gives bit for bit what its meaning gives."""
    data = quantized(network(), tmp_path, operators=written == "operators", unsigned=True)
    graph = optimize(read_onnx(data))
    assert "reduce_max" not in operators(graph)
    x = to_smelt(graph, "x", np.random.default_rng(0).normal(size=SIZE).astype(np.float32))
    expected = evaluate_graph(graph, {"x": x})
    found = NativeEngine(graph).run({"x": x})
    assert np.array_equal(found["e"], expected["e"])


def test_weights_with_a_zero_point_stay_real_and_right(tmp_path: Path) -> None:
    data = quantized(
        model([make("Conv", "x", "w")], {"x": SHAPE}, constants={"w": sized(4, 8, 3, 3) + 0.1}), tmp_path,
        unsigned=True, unsigned_weights=True, per_channel=False, shape=SHAPE,
        extra_options={"WeightSymmetric": False},
    )  # fmt: skip
    graph = optimize(read_onnx(data))
    assert operators(graph) == ["quantize", "dequantize", "conv_2d", "quantize", "dequantize"]
    assert steps(data, graph, "y", scale_of(graph, "y"), 5).max() <= 1


def scaled(shape: Any, dtype: Any, scale: Any, point: Any, opset: int = 21, **attributes: Any) -> bytes:
    """QuantizeLinear of an input, and DequantizeLinear again; both are outputs."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "p"], ["q"], **attributes),
        helper.make_node("DequantizeLinear", ["q", "s", "p"], ["y"], **attributes),
    ]
    constants = {"s": np.array(scale, np.float32), "p": np.array(point, dtype)}
    return model(nodes, {"x": shape}, ["q", "y"], constants, opset)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_one_scale(dtype: Any) -> None:
    """The file's own type at the outputs; 1/512 is no tie of any normal number here."""
    graph = check(scaled((3, 4), dtype, 0.0123, 7))
    assert graph.values["q"].dtype is DType.of(np.empty(0, dtype))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_a_scale_for_each_channel(dtype: Any) -> None:
    check(scaled((3, 4, 2), dtype, [0.01, 0.02, 0.03, 0.04], [1, 2, 3, 4], axis=1))


def test_a_scale_for_each_block() -> None:
    check(scaled((2, 5), np.uint8, weights(2, 3) ** 2 + 0.1, [[1, 2, 3], [4, 5, 6]], axis=1, block_size=2))


def test_scales_that_are_computed() -> None:
    nodes = [
        make("DynamicQuantizeLinear", "x", output="q"), make("MatMulInteger", "q", "w", "p", output="m"),
        make("Cast", "m", output="f", to=TensorProto.FLOAT), make("Mul", "f", "s"),
    ]  # fmt: skip
    nodes[0].output.extend(["s", "p"])
    constants = {"w": np.random.default_rng(0).integers(-100, 100, (6, 3), np.int8)}
    check(model(nodes, {"x": [2, 6]}, ["y", "q"], constants))


def test_integer_convolution() -> None:
    constants = {
        "w": np.random.default_rng(0).integers(0, 255, (4, 3, 3, 3), np.uint8), "z": np.array(7, np.uint8),
        "v": np.array(99, np.uint8),
    }  # fmt: skip
    check(
        model([make("ConvInteger", "x", "w", "z", "v")], {"x": (np.uint8, [1, 3, 5, 5])}, constants=constants)
    )


@pytest.mark.parametrize("size", [258, 259, 1000])
def test_long_sums_of_integers_are_exact(size: int) -> None:
    """All products as large as they can be: beyond 2**24, where float32 has no odd numbers."""
    constants = {"w": np.full((size, 3), -127, np.int8), "p": np.array(255, np.uint8)}
    constants["w"][0] = [-126, 1, 2]
    nodes = [make("Mul", "x", "z", output="t"), make("MatMulInteger", "t", "w", "p")]
    check(model(nodes, {"x": (np.uint8, [2, size])}, constants={**constants, "z": np.array(0, np.uint8)}))


def test_long_sums_of_integer_convolutions() -> None:
    rng = np.random.default_rng(0)
    constants = {"w": rng.integers(0, 255, (2, 70, 3, 3), np.uint8), "z": np.array(7, np.uint8)}
    check(model([make("ConvInteger", "x", "w", "z")], {"x": (np.uint8, [1, 70, 5, 5])}, constants=constants))


def test_dynamically_quantized_models(tmp_path: Path) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization", reason="quantizes the model")
    nodes = [
        make("Gemm", "x", "w", "b", output="h", transB=1), make("Relu", "h", output="r"), make("MatMul", "r", "v"),
    ]  # fmt: skip
    constants = {"w": sized(40, 300), "b": weights(40), "v": sized(7, 40).T.copy()}
    onnx.save_model(parsed(model(nodes, {"x": [2, 300]}, constants=constants)), tmp_path / "float.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantization.quantize_dynamic(tmp_path / "float.onnx", tmp_path / "dynamic.onnx")
    # A tie that rounds otherwise is a step of the computed scale.
    check((tmp_path / "dynamic.onnx").read_bytes(), 0.01)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_integers_as_input_and_output(dtype: Any) -> None:
    nodes = [
        make("DequantizeLinear", "x", "s", "p", output="r"), make("Relu", "r", output="t"),
        make("QuantizeLinear", "t", "s", "p"),
    ]  # fmt: skip
    constants = {"s": np.array(0.5, np.float32), "p": np.array(3, dtype)}
    data = model(nodes, {"x": (dtype, [2, 9])}, constants=constants)
    graph = check(data)
    fused = optimize(graph)
    assert "relu" in operators(fused)
    assert all(value.dtype is not DType.F32 for value in fused.values.values())
    x = np.arange(18).reshape(2, 9).astype(dtype)
    assert np.array_equal(runtime(data).run(["y"], {"x": x})[0], evaluate_graph(fused, {"x": x})["y"])


def test_quantized_integers_read_as_plain_ones() -> None:
    nodes = [make("QuantizeLinear", "x", "s", "p", output="q"), make("Cast", "q", to=TensorProto.FLOAT)]
    constants = {"s": np.array(0.013, np.float32), "p": np.array(130, np.uint8)}
    check(model(nodes, {"x": [3, 4]}, constants=constants))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_integers_that_only_move(dtype: Any) -> None:
    """Between a pair, by operators that are read on bytes as smelt has them, and by some that are not."""
    for moved, shape in (
        (helper.make_node("Split", ["q"], ["m", "n"], axis=1), (1, 2, 6, 5)),
        (make("MaxPool", "q", output="m", kernel_shape=[2, 2], pads=[1, 1, 0, 0]), (1, 4, 6, 5)),
        (make("Transpose", "q", output="m", perm=[0, 2, 3, 1]), (1, 6, 5, 4)),
        (make("Gather", "q", "i", output="m", axis=1), (1, 3, 6, 5)),
        (make("Where", "b", "q", "p", output="m"), (1, 4, 6, 5)),
    ):
        nodes = [
            make("QuantizeLinear", "x", "s", "p", output="q"), moved, make("DequantizeLinear", "m", "s", "p"),
        ]  # fmt: skip
        constants = {
            "s": np.array(0.0123, np.float32), "p": np.array(110, dtype), "i": np.array([2, 0, 1]),
            "b": np.array([True, False, True, True, False]),
        }  # fmt: skip
        if moved.op_type == "Split":
            constants.pop("i")
        graph = check(model(nodes, {"x": [1, 4, 6, 5]}, constants=constants))
        assert from_smelt(graph, "y", np.empty(graph.values["y"].shape)).shape == shape


@pytest.mark.parametrize(
    ("scale", "point", "words"),
    [
        (0.0, 0, "not a positive number"),
        (-1.0, 0, "not a positive number"),
        (np.nan, 0, "not a positive number"),
    ],
)
def test_scales_that_make_no_sense(scale: float, point: int, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_onnx(scaled((3, 4), np.int8, scale, point))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [False, True])
def test_weights_that_are_quantized_in_the_file(dtype: Any, per_channel: bool) -> None:
    """What exporters of quantization-aware training write: real weights through a pair of their own, a real bias."""
    middle = 128 if dtype is np.uint8 else 0
    scales = np.array([0.01, 0.02, 0.015, 0.012] if per_channel else 0.02, np.float32)
    constants = {
        "s": np.array(0.03, np.float32), "p": np.array(middle, dtype), "ws": scales, "b": weights(4),
        "wp": np.full(scales.shape, middle, dtype), "w": sized(4, 8, 3, 3), "t": np.array(0.05, np.float32),
    }  # fmt: skip
    nodes = [
        make("QuantizeLinear", "x", "s", "p", output="q"), make("DequantizeLinear", "q", "s", "p", output="r"),
        make("QuantizeLinear", "w", "ws", "wp", output="wq", axis=0),
        make("DequantizeLinear", "wq", "ws", "wp", output="wr", axis=0),
        make("Conv", "r", "wr", "b", output="c"), make("Relu", "c", output="a"),
        make("QuantizeLinear", "a", "t", "p", output="o"), make("DequantizeLinear", "o", "t", "p"),
    ]  # fmt: skip
    data = model(nodes, {"x": SHAPE}, constants=constants)
    graph = optimize(read_onnx(data))
    assert operators(graph) == ["quantize", "conv_2d", "dequantize"]
    found = steps(data, graph, "y", 0.05, 10)
    assert found.max() <= 1
    assert (found > 0).mean() < 0.01


@pytest.mark.parametrize("kind", [TensorProto.INT4, TensorProto.UINT4])
@pytest.mark.parametrize("blocks", [0, 16])
def test_weights_of_four_bits(kind: int, blocks: int) -> None:
    """Matrix products as weight-only quantizers write them: a scale a column, or one a block of a column."""
    low, high = (-8, 7) if kind == TensorProto.INT4 else (0, 15)
    rng = np.random.default_rng(0)
    shape = (2, 5) if blocks else (5,)
    integers = [rng.integers(low, high, size, endpoint=True) for size in ((32, 5), shape)]
    file = onnx.load_model_from_string(
        model(
            [make("DequantizeLinear", "w", "s", "p", output="r", axis=0 if blocks else 1, block_size=blocks),
             make("MatMul", "x", "r")],
            {"x": [3, 32]}, constants={"s": np.abs(weights(*shape)) + 0.1}, opset=21,
        )
    )  # fmt: skip
    for name, array in zip("wp", integers, strict=True):
        file.graph.initializer.append(helper.make_tensor(name, kind, array.shape, array.reshape(-1)))
    file.ir_version = 10
    graph = check(file.SerializeToString(), optimized=False)
    assert operators(optimize(graph)) == ["fully_connected"]


def test_weights_of_half_precision_stay_so() -> None:
    nodes = [make("Cast", "w", output="r", to=TensorProto.FLOAT), make("Conv", "x", "r")]
    graph = check(model(nodes, {"x": SHAPE}, constants={"w": sized(4, 8, 3, 3).astype(np.float16)}))
    result = optimize(graph)
    assert operators(result) == ["conv_2d"]
    assert result.values[str(result.nodes[0].inputs[1])].dtype is DType.F16


def test_networks_of_half_precision() -> None:
    """What has no meaning in half precision is computed in float32, as in ONNX Runtime; weights stay narrow."""
    nodes = [
        make("Conv", "x", "w", "b", output="c"), make("BatchNormalization", "c", "b", "b", "b", "v", output="n"),
        make("Relu", "n", output="r"), make("GlobalAveragePool", "r", output="g"), make("Flatten", "g", output="f"),
        make("Gemm", "f", "m"),
    ]  # fmt: skip
    constants = {"w": sized(4, 8, 3, 3), "b": weights(4), "v": np.abs(weights(4)) + 0.5, "m": sized(3, 4).T}
    halves = {name: array.astype(np.float16) for name, array in constants.items()}
    graph = check(model(nodes, {"x": (np.float16, SHAPE)}, constants=halves), 2e-3)
    result = optimize(graph)
    layers = [node for node in result.nodes if node.operator in ("conv_2d", "fully_connected")]
    assert [result.values[str(node.inputs[1])].dtype for node in layers] == [DType.F16, DType.F16]


def test_an_unsigned_model_says_so_in_the_file(tmp_path: Path) -> None:
    """What the tests above mean by unsigned: the file has no signed activations."""
    file = onnx.load_model_from_string(quantized(network(), tmp_path, unsigned=True, operators=True))
    points = {node.input[7] for node in file.graph.node if node.op_type == "QLinearConv"}
    kinds = {tensor.data_type for tensor in file.graph.initializer if tensor.name in points}
    assert kinds == {TensorProto.UINT8}
