"""What TensorFlow writes in several operators: recurrent loops, dilated convolutions, normalized rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_saved_models import FLOAT, Model, Type, function, node

import smelt
from smelt.errors import FormatError, UnsupportedError
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize

TIME, FEATURES, UNITS = 5, 3, 4


def _integers(name: str, *numbers: int) -> bytes:
    return node(name, "Const", value=np.array(numbers, np.int32))


def _number(name: str, number: int) -> bytes:
    return node(name, "Const", value=np.array(number, np.int32))


def _loop(last: str, extra: list[bytes]) -> tuple[Model, dict[str, Any]]:
    """h = tanh(x W + h R + b) over rows of time, in a loop; `last` is what the list and the state get."""
    rng = np.random.default_rng(1)
    shapes = {"w": (FEATURES, UNITS), "r": (UNITS, UNITS), "b": (UNITS,)}
    arrays = {name: rng.normal(size=size).astype(np.float32) for name, size in shapes.items()}
    body = [
        node("row", "TensorListGetItem", "rows", "i", "size", element_dtype=Type(FLOAT)),
        _integers("size", 1, FEATURES),
        node("from_row", "MatMul", "row:item:0", "w"),
        node("from_state", "MatMul", "h", "r"),
        node("sum", "AddV2", "from_row:product:0", "from_state:product:0"),
        node("biased", "BiasAdd", "sum:z:0", "b"),
        node("tanh", "Tanh", "biased:output:0"),
        *extra,
        node("list", "TensorListSetItem", "made", "i", last, element_dtype=Type(FLOAT)),
        _number("one", 1),
        node("next", "AddV2", "i", "one:output:0"),
    ]
    arguments = ["i", "made", "h", "rows", "w", "r", "b"]
    results = {
        "i": "next:z:0",
        "made": "list:output_handle:0",
        "h": last,
        "rows": "rows",
        "w": "w",
        "r": "r",
        "b": "b",
    }
    cond = [_number("end", TIME), node("goes_on", "Less", "i", "end:output:0")]
    nodes = [
        node("in", "Placeholder"),
        _integers("order", 1, 0, 2),
        node("in_time", "Transpose", "in", "order"),
        _integers("row_size", 1, FEATURES),
        node("rows", "TensorListFromTensor", "in_time", "row_size", element_dtype=Type(FLOAT)),
        _integers("state_size", 1, UNITS),
        _number("steps", TIME),
        node("made", "TensorListReserve", "state_size", "steps", element_dtype=Type(FLOAT)),
        node("start", "Const", value=np.zeros((1, UNITS), np.float32)),
        _number("zero", 0),
        *(node(name, "Const", value=array) for name, array in arrays.items()),
        node("loop", "StatelessWhile", "zero", "made", "start", "rows", "w", "r", "b", cond="function cond",
             body="function body"),
        node("stack", "TensorListStack", "loop:1", "state_size", element_dtype=Type(FLOAT)),
        node("out", "Transpose", "stack", "order"),
    ]  # fmt: skip
    functions = [
        function("body", arguments, results, body), function("cond", arguments, {"r": "goes_on:z:0"}, cond)
    ]  # fmt: skip
    model = Model(nodes, {"x": ("in:0", FLOAT, (1, TIME, FEATURES))}, {"y": "out:0"}, functions)
    return model, arrays


def _steps(x: Any, arrays: dict[str, Any], factor: float) -> Any:
    h, rows = np.zeros((1, UNITS), np.float32), []
    for time in range(TIME):
        h = np.tanh(x[:, time] @ arrays["w"] + h @ arrays["r"] + arrays["b"]) * np.float32(factor)
        rows.append(h)
    return np.stack(rows, 1)


def _check(model: Model, meant: Any, x: Any, folder: Path) -> list[str]:
    graph = smelt.load(model.write(folder / "model"))
    for some in (graph, optimize(graph)):
        (got,) = evaluate_graph(some, {"x": x}).values()
        assert got.shape == meant.shape
        assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()
    return [n.operator for n in optimize(graph).nodes]


def _signal() -> Any:
    return np.random.default_rng(2).normal(size=(1, TIME, FEATURES)).astype(np.float32)


def test_a_recurrent_loop_becomes_its_layer(tmp_path: Path) -> None:
    model, arrays = _loop("tanh:y:0", [])
    assert _check(model, _steps(_signal(), arrays, 1.0), _signal(), tmp_path) == ["rnn"]


def test_a_loop_that_computes_something_else_is_run_step_by_step(tmp_path: Path) -> None:
    half = [
        node("half", "Const", value=np.array(0.5, np.float32)),
        node("less", "Mul", "tanh:y:0", "half:output:0"),
    ]
    model, arrays = _loop("less:z:0", half)
    operators = _check(model, _steps(_signal(), arrays, 0.5), _signal(), tmp_path)
    assert "rnn" not in operators
    assert operators.count("tanh") == TIME


def test_a_bounded_activation_is_not_taken_for_another(tmp_path: Path) -> None:
    """Random numbers alone would not tell relu from relu6."""
    model, _arrays = _loop("six:activations:0", [node("six", "Relu6", "biased:output:0")])
    operators = [n.operator for n in optimize(smelt.load(model.write(tmp_path / "model"))).nodes]
    assert "rnn" not in operators


def test_a_loop_without_end_is_refused(tmp_path: Path) -> None:
    model, _arrays = _loop("tanh:y:0", [])
    cond = [_number("end", -1), node("goes_on", "Greater", "i", "end:output:0")]
    arguments = ["i", "made", "h", "rows", "w", "r", "b"]
    model.functions[1] = function("cond", arguments, {"r": "goes_on:z:0"}, cond)
    with pytest.raises(FormatError, match="a list of 5"):
        smelt.load(model.write(tmp_path / "model"))


@pytest.mark.parametrize("size", [12, 13])
def test_a_convolution_of_blocks_is_a_dilated_one(size: int, tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(size=(3, 3, 2, 4)).astype(np.float32)
    inputs = {"x": ("in:0", FLOAT, (1, size, size, 2))}
    kernel = node("w", "Const", value=weights)
    more = (size + 4) % 2
    blocks = [
        node("in", "Placeholder"), kernel, _integers("block", 2, 2),
        node("paddings", "Const", value=np.array([[2, 2 + more]] * 2, np.int32)),
        node("crops", "Const", value=np.array([[0, more]] * 2, np.int32)),
        node("cut", "SpaceToBatchND", "in", "block", "paddings"),
        node("conv", "Conv2D", "cut", "w", strides=(1, 1, 1, 1), padding="VALID"),
        node("out", "BatchToSpaceND", "conv", "block", "crops"),
    ]  # fmt: skip
    dilated = [
        node("in", "Placeholder"), kernel,
        node("out", "Conv2D", "in", "w", strides=(1, 1, 1, 1), padding="SAME", dilations=(1, 2, 2, 1)),
    ]  # fmt: skip
    x = np.random.default_rng(2).normal(size=(1, size, size, 2)).astype(np.float32)
    graph = smelt.load(Model(dilated, inputs, {"y": "out:0"}).write(tmp_path / "dilated"))
    (meant,) = evaluate_graph(graph, {"x": x}).values()
    assert _check(Model(blocks, inputs, {"y": "out:0"}), meant, x, tmp_path) == ["conv_2d"]


def test_blocks_that_something_else_reads_are_refused(tmp_path: Path) -> None:
    nodes = [
        node("in", "Placeholder"), _integers("block", 2, 2),
        node("paddings", "Const", value=np.zeros((2, 2), np.int32)),
        node("cut", "SpaceToBatchND", "in", "block", "paddings"), node("out", "Relu", "cut"),
    ]  # fmt: skip
    model = Model(nodes, {"x": ("in:0", FLOAT, (1, 4, 4, 1))}, {"y": "out:0"})
    with pytest.raises(UnsupportedError, match="only a convolution"):
        smelt.load(model.write(tmp_path / "model"))


def test_rows_normalized_as_channels_of_an_image(tmp_path: Path) -> None:
    """Keras 2's layer normalization: batch normalization in training mode, of rows that are called channels."""
    nodes = [
        node("in", "Placeholder"), _integers("wide", 1, 6, 8, 1), _integers("back", 1, 6, 8),
        node("ones", "Const", value=np.ones(6, np.float32)), node("zeros", "Const", value=np.zeros(6, np.float32)),
        node("nothing", "Const", value=np.zeros(0, np.float32)), node("image", "Reshape", "in", "wide"),
        node("norm", "FusedBatchNormV3", "image", "ones", "zeros", "nothing", "nothing", data_format="NCHW",
             epsilon=0.001),
        node("out", "Reshape", "norm", "back"),
    ]  # fmt: skip
    x = np.random.default_rng(2).normal(size=(1, 6, 8)).astype(np.float32)
    meant = (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 1e-3)
    model = Model(nodes, {"x": ("in:0", FLOAT, (1, 6, 8))}, {"y": "out:0"})
    assert "mean" in _check(model, meant, x, tmp_path)


def test_a_transposed_convolution_spreads_its_input(tmp_path: Path) -> None:
    kernel = np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1)
    nodes = [
        node("in", "Placeholder"), node("w", "Const", value=kernel), _integers("size", 1, 4, 6, 2),
        node("out", "Conv2DBackpropInput", "size", "w", "in", strides=(1, 2, 2, 1), padding="SAME"),
    ]  # fmt: skip
    x = np.random.default_rng(2).normal(size=(1, 2, 3, 1)).astype(np.float32)
    meant = np.einsum("bhwi,pqoi->bhpwqo", x, kernel).reshape(1, 4, 6, 2)
    _check(Model(nodes, {"x": ("in:0", FLOAT, (1, 2, 3, 1))}, {"y": "out:0"}), meant, x, tmp_path)


@pytest.mark.parametrize(("settings", "places"), [
    ({}, [0, 0, 1, 2, 2]), ({"half_pixel_centers": True}, [0, 0, 1, 2, 2]), ({"align_corners": True}, [0, 1, 1, 2, 2])
])  # fmt: skip
def test_a_resize_by_nearest_neighbours(settings: dict[str, Any], places: list[int], tmp_path: Path) -> None:
    nodes = [
        node("in", "Placeholder"), _integers("size", 5, 1),
        node("out", "ResizeNearestNeighbor", "in", "size", **settings),
    ]  # fmt: skip
    x = np.arange(3, dtype=np.float32).reshape(1, 3, 1, 1) + 1
    graph = smelt.load(
        Model(nodes, {"x": ("in:0", FLOAT, (1, 3, 1, 1))}, {"y": "out:0"}).write(tmp_path / "m")
    )
    (got,) = evaluate_graph(graph, {"x": x}).values()
    if not settings:
        places = [0, 0, 1, 1, 2]
    assert got.reshape(-1).tolist() == [place + 1 for place in places]
