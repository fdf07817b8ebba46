"""Small ONNX models for the tests, and running them in ONNX Runtime and by smelt's meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from smelt.formats.onnx import read_onnx
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph


def weights(*shape: int, seed: int = 0) -> Array:
    """Reproducible float32 constants."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Sequence[str] = ("y",),
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
    **graph: Any,
) -> bytes:
    """A serialized model; nodes by helper.make_node, shapes of the outputs are left open."""
    made = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
        **graph,
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.example", 1)]
    result = helper.make_model(made, opset_imports=opsets)
    result.ir_version = 8
    data: bytes = result.SerializeToString()
    return data


def single(
    operator: str, shape: Sequence[int], *constants: Array | None, opset: int = 17, **attributes: Any
) -> bytes:
    """A model of one operator on an input x of that shape, followed by its constants."""
    names = ["" if array is None else f"c{i}" for i, array in enumerate(constants)]
    given = {f"c{i}": array for i, array in enumerate(constants) if array is not None}
    node = helper.make_node(operator, ["x", *names], ["y"], **attributes)
    return model([node], {"x": shape}, constants=given, opset=opset)


def operators(graph: Graph) -> list[str]:
    """The operators of a graph in order."""
    return [node.operator for node in graph.nodes]


def to_smelt(graph: Graph, name: str, array: Array) -> Array:
    """An array of the file in the layout that the graph has."""
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if f"layout:{name}" in graph.metadata else array


def from_smelt(graph: Graph, name: str, array: Array) -> Array:
    """An array of the graph in the file's layout."""
    return np.moveaxis(array, -1, 1) if f"layout:{name}" in graph.metadata else array


def check(data: bytes, tolerance: float = 1e-5, **read: Any) -> Graph:
    """Read a model and compare all its outputs with ONNX Runtime's; returns the graph.

    Names, shapes (in the file's layout) and values within `tolerance` times the largest output have to agree.
    """
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    graph = read_onnx(data, **read)
    rng = np.random.default_rng(1)
    given = {}
    for item in session.get_inputs():
        held = graph.values[item.name].shape
        shape = (held[0], held[-1], *held[1:-1]) if f"layout:{item.name}" in graph.metadata else held
        given[item.name] = rng.normal(size=shape).astype(np.float32)
    names = [item.name for item in session.get_outputs()]
    expected = dict(zip(names, session.run(names, given), strict=True))
    found = evaluate_graph(graph, {name: to_smelt(graph, name, array) for name, array in given.items()})
    assert list(found) == names
    for name, array in expected.items():
        result = from_smelt(graph, name, found[name])
        assert result.shape == array.shape
        assert np.abs(result - array).max() <= tolerance * np.abs(array).max()
    return graph


def parsed(data: bytes) -> Any:
    """The ModelProto of a file, to be changed."""
    return onnx.load_model_from_string(data)
