"""Functions of TensorFlow that Keras 2 keeps as layers, in a file made here."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.errors import UnsupportedError
from smelt.operators.evaluate import evaluate_graph

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install 'smelt[keras]'")
EVERYTHING = {"start": None, "stop": None, "step": None}


def _lambda(name: str, function: str, *node: Any, kind: str = "TFOpLambda") -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": [list(node)]}


def _file(*layers: dict[str, Any]) -> bytes:
    shape = [None, 4, 6]
    inputs = [
        {"class_name": "InputLayer", "config": {"name": name, "batch_input_shape": shape, "dtype": "float32"},
         "name": name, "inbound_nodes": []}
        for name in ("x", "y")
    ]  # fmt: skip
    config = {
        "name": "m", "layers": [*inputs, *layers], "input_layers": [["x", 0, 0], ["y", 0, 0]],
        "output_layers": [[layers[-1]["name"], 0, 0]],
    }  # fmt: skip
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        file.create_group("model_weights")
    return stream.getvalue()


def _exp(x: Any, y: Any) -> Any:
    return np.exp(x)


CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "constant": (_lambda("f", "__operators__.add", "x", 0, 0, {"y": 3.0, "name": None}), lambda x, y: x + 3),
    "constant_first": (
        _lambda("f", "math.subtract", "_CONSTANT_VALUE", -1, 2.0, {"y": ["x", 0, 0], "name": None}), lambda x, y: 2 - x
    ),
    "two": (_lambda("f", "math.multiply", "x", 0, 0, {"y": ["y", 0, 0], "name": None}), lambda x, y: x * y),
    "unary": (_lambda("f", "math.exp", "x", 0, 0, {}), _exp),
    "mean": (
        _lambda("f", "math.reduce_mean", "x", 0, 0, {"axis": 1, "keepdims": True}),
        lambda x, y: x.mean(1, keepdims=True),
    ),
    "concat": (
        _lambda("f", "concat", ["x", 0, 0, {"axis": 1}], ["y", 0, 0, {"axis": 1}]),
        lambda x, y: np.concatenate([x, y], 1),
    ),
    "slice": (
        _lambda("f", "__operators__.getitem", "x", 0, 0,
                {"slice_spec": [EVERYTHING, {"start": 1, "stop": 3, "step": None}, 0]}, kind="SlicingOpLambda"),
        lambda x, y: x[:, 1:3, 0],
    ),
    "reshape": (_lambda("f", "reshape", "x", 0, 0, {"shape": [-1, 24]}), lambda x, y: x.reshape(-1, 24)),
    "matmul": (
        _lambda("f", "linalg.matmul", "x", 0, 0, {"b": ["t", 0, 0]}), lambda x, y: x @ y.transpose(0, 2, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_function_of_tensorflow(name: str) -> None:
    layer, compute = CASES[name]
    how = {"perm": [0, 2, 1], "name": "transpose", "conjugate": False}
    turned = _lambda("t", "compat.v1.transpose", "y", 0, 0, how)
    graph = smelt.load(_file(turned, layer))
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(1, 4, 6)).astype(np.float32) for _ in range(2))
    (got,) = evaluate_graph(graph, {"x": x, "y": y}).values()
    meant = compute(x, y)
    assert got.shape == meant.shape
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()


def test_a_function_that_is_not_known_is_named() -> None:
    with pytest.raises(UnsupportedError, match="TFOpLambda 'f'"):
        smelt.load(_file(_lambda("f", "math.cumsum", "x", 0, 0, {"axis": 1})))


def test_an_argument_that_nothing_reads_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="transpose_b=True"):
        smelt.load(_file(_lambda("f", "linalg.matmul", "x", 0, 0, {"b": ["y", 0, 0], "transpose_b": True})))
