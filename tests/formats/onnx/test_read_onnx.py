"""What read_onnx makes of whole files: layouts, names, shapes; the same results as ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_models import check, model, operators, parsed, single, weights

from smelt.errors import FormatError, UnsupportedError, UsageError
from smelt.formats.onnx import read_onnx
from smelt.ir.equality import graphs_equal

RESIDUAL_NODES = [
    helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], strides=[2, 2]),
    helper.make_node("BatchNormalization", ["c1", "gamma", "beta", "mean", "variance"], ["n1"]),
    helper.make_node("Relu", ["n1"], ["r1"]),
    helper.make_node("Conv", ["r1", "w2"], ["c2"], auto_pad="SAME_UPPER"),
    helper.make_node("Add", ["c2", "r1"], ["sum"]),
    helper.make_node("MaxPool", ["sum"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
    helper.make_node("Flatten", ["p"], ["f"]),
    helper.make_node("Gemm", ["f", "w3", "b3"], ["g"], transB=1),
    helper.make_node("Softmax", ["g"], ["y"]),
]
RESIDUAL_CONSTANTS = {
    "w1": weights(6, 3, 3, 3), "b1": weights(6), "gamma": weights(6, seed=1), "beta": weights(6, seed=2),
    "mean": weights(6, seed=3), "variance": np.abs(weights(6, seed=4)) + 0.5, "w2": weights(6, 6, 3, 3),
    "w3": weights(5, 6 * 2 * 3), "b3": weights(5),
}  # fmt: skip


def residual(batch: int | str | None = 1, channels: int | str = 3) -> bytes:
    """A CNN with batch normalization, a skip connection, and a dense layer over a flattened image."""
    return model(RESIDUAL_NODES, {"x": [batch, channels, 8, 12]}, constants=RESIDUAL_CONSTANTS)


def test_plain_cnn_becomes_nhwc_without_transposes() -> None:
    graph = check(residual())
    assert operators(graph) == [
        "conv_2d", "mul", "add", "relu", "conv_2d", "add", "max_pool_2d", "reshape", "fully_connected", "softmax",
    ]  # fmt: skip
    assert graph.values["x"].shape == (1, 8, 12, 3)
    assert dict(graph.metadata) == {"layout:x": b"NCHW"}


def test_reading_is_repeatable() -> None:
    assert graphs_equal(read_onnx(residual()), read_onnx(residual()))


@pytest.mark.parametrize("batch", ["batch", None])
def test_symbolic_batch_is_one(batch: str | None) -> None:
    assert graphs_equal(read_onnx(residual(batch)), read_onnx(residual(1)))


def test_shapes_fix_what_is_symbolic() -> None:
    graph = check(residual("batch", "channels"), shapes={"x": (2, 3, 8, 12)})
    assert graph.values["y"].shape == (2, 5)


def test_other_symbolic_dimensions_ask_for_a_shape() -> None:
    with pytest.raises(UnsupportedError, match=r"'channels'.*--shape x=1,channels,8,12"):
        read_onnx(residual("batch", "channels"))


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"x": (1, 3, 8, 13)}, "does not fit"),
        ({"x": (1, 3, 8)}, "does not fit"),
        ({"x": (0, 3, 8, 12)}, "does not fit"),
        ({"z": (1, 3, 8, 12)}, "inputs are: x"),
    ],
)
def test_shapes_that_do_not_fit(shapes: dict[str, tuple[int, ...]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_onnx(residual("batch"), shapes=shapes)


def test_input_without_a_shape() -> None:
    file = parsed(single("Relu", (1, 2)))
    file.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UnsupportedError, match="--shape x="):
        read_onnx(file.SerializeToString())
    assert read_onnx(file.SerializeToString(), shapes={"x": (3, 2)}).values["y"].shape == (3, 2)


def test_channels_last_file_loses_its_transposes() -> None:
    """What tf2onnx writes: NHWC input, transposed before and after a convolution."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
    ]
    graph = check(model(nodes, {"x": [1, 5, 6, 3]}, constants={"w": weights(4, 3, 2, 2)}))
    assert operators(graph) == ["conv_2d"]
    assert graph.values["x"].shape == (1, 5, 6, 3)
    assert not graph.metadata


def test_signal_with_channels_last_loses_its_transposes() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 1]),
    ]
    graph = check(model(nodes, {"x": [1, 9, 3]}, constants={"w": weights(4, 3, 2)}))
    assert operators(graph) == ["reshape", "conv_2d", "reshape"]


def test_input_that_only_elementwise_operators_read_keeps_its_layout() -> None:
    graph = check(model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 2, 3, 4]}))
    assert graph.values["x"].shape == (1, 2, 3, 4)
    assert not graph.metadata


def test_names_are_kept() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    graph = check(
        model(nodes, {"x": [1, 3, 5, 5]}, ["y", "a"], {"w": weights(4, 3, 3, 3), "b": weights(4)}), name="net"
    )
    assert graph.name == "net"
    assert graph.inputs == ("x",)
    assert graph.outputs == ("y", "a")
    assert [node.name for node in graph.nodes] == ["first", "y"]
    assert graph.nodes[0].inputs == ("x", "w", "b")


def test_outputs_that_are_inputs_constants_or_each_other() -> None:
    nodes = [
        helper.make_node("Identity", ["x"], ["y"]),
        helper.make_node("Identity", ["c"], ["z"]),
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Identity", ["r"], ["s"]),
    ]
    graph = check(model(nodes, {"x": [2, 3]}, ["y", "z", "s", "r"], {"c": weights(2, 2)}))
    assert graph.outputs == ("y", "z", "s", "r")


def test_outputs_keep_names_that_the_reader_gave_away() -> None:
    """The transpose before the flattened output would be called as the second output is."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Flatten", ["c"], ["f"]),
        helper.make_node("Concat", ["f", "f"], ["y"], axis=1),
        helper.make_node("Relu", ["c"], ["f/channels_first"]),
    ]
    graph = check(model(nodes, {"x": [1, 3, 5, 5]}, ["y", "f/channels_first"], {"w": weights(2, 3, 2, 2)}))
    assert graph.producers()["f/channels_first"].operator == "relu"
    assert operators(graph).count("transpose") == 1


def test_shared_constants_are_stored_once() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    graph = check(model(nodes, {"x": [1, 3, 5, 5]}, constants={"w": weights(3, 3, 3, 3)}))
    assert len(graph.constants) == 1


@pytest.mark.parametrize(("opset", "says"), [(5, "opset 5"), (1, "opset 1;"), (99, "opset 99")])
def test_other_opsets_are_refused(opset: int, says: str) -> None:
    with pytest.raises(UnsupportedError, match=says):
        read_onnx(single("Relu", (1, 2), opset=opset))


def test_every_supported_opset_is_read() -> None:
    for opset in range(6, 29):
        assert operators(read_onnx(single("Relu", (1, 2), opset=opset))) == ["relu"]


def test_all_unsupported_operators_are_listed_with_their_names() -> None:
    nodes = [
        helper.make_node("RoiAlign", ["x", "x", "x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Swish", ["b"], ["c"], domain="com.example"),
        helper.make_node("Multinomial", ["c"], ["y"]),
    ]
    with pytest.raises(
        UnsupportedError, match=r"RoiAlign 'first', com\.example\.Swish 'c', Multinomial 'y'$"
    ):
        read_onnx(model(nodes, {"x": [2, 2]}))


def test_nodes_out_of_order_are_refused() -> None:
    nodes = [helper.make_node("Relu", ["a"], ["y"]), helper.make_node("Relu", ["x"], ["a"])]
    with pytest.raises(FormatError, match="Relu 'y': reads 'a' before anything computes it"):
        read_onnx(model(nodes, {"x": [1, 2]}))


def test_names_given_twice_are_refused() -> None:
    relu = helper.make_node("Relu", ["x"], ["y"])
    with pytest.raises(FormatError, match="computes 'y', which is there already"):
        read_onnx(model([relu, relu], {"x": [1, 2]}))
    with pytest.raises(FormatError, match="output 'y' is there twice"):
        read_onnx(model([relu], {"x": [1, 2]}, ["y", "y"]))
    file = parsed(residual())
    file.graph.initializer.append(file.graph.initializer[0])
    with pytest.raises(FormatError, match="initializer 'w1' is there twice"):
        read_onnx(file.SerializeToString())


def test_initializers_listed_as_inputs_are_constants() -> None:
    file = parsed(residual())
    for tensor in file.graph.initializer:
        file.graph.input.append(helper.make_tensor_value_info(tensor.name, 1, tensor.dims))
    assert graphs_equal(read_onnx(file.SerializeToString()), read_onnx(residual()))


def test_typed_data_is_read_like_raw_data() -> None:
    file = parsed(residual())
    for tensor in file.graph.initializer:
        numbers = np.frombuffer(tensor.raw_data, np.float32)
        tensor.ClearField("raw_data")
        tensor.float_data.extend(numbers.tolist())
    assert graphs_equal(read_onnx(file.SerializeToString()), read_onnx(residual()))
