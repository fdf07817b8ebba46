"""Small ONNX models for the tests, and running them in ONNX Runtime and by smelt's meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from smelt.formats.onnx import read_onnx
from smelt.ir import Array, DType, Graph, Value
from smelt.operators.evaluate import evaluate_graph


def weights(*shape: int, seed: int = 0) -> Array:
    """Reproducible float32 constants."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[int | str | None] | tuple[Any, Sequence[int | str | None]]],
    outputs: Sequence[str] = ("y",),
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
    **graph: Any,
) -> bytes:
    """A serialized model; nodes by helper.make_node; an input is a shape (float32) or (dtype, shape).

    Types and shapes of the outputs are left open, and so inferred by ONNX Runtime.
    """
    made = helper.make_graph(
        list(nodes),
        "small",
        [_described(name, kind) for name, kind in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
        **graph,
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.example", 1)]
    result = helper.make_model(made, opset_imports=opsets)
    result.ir_version = 8
    data: bytes = result.SerializeToString()
    return data


def _described(name: str, kind: Any) -> Any:
    dtype, shape = kind if len(kind) == 2 and isinstance(kind[1], list | tuple) else (np.float32, kind)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def single(operator: str, shape: Any, *constants: Array | None, opset: int = 17, **attributes: Any) -> bytes:
    """A model of one operator on an input x of that shape (or (dtype, shape)), followed by its constants."""
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


def check(data: bytes, tolerance: float = 1e-5, *, optimized: bool = True, **read: Any) -> Graph:
    """Read a model and compare all its outputs with ONNX Runtime's; returns the graph.

    Names, shapes (in the file's layout) and values within `tolerance` times the largest output have to agree.
    `optimized`: whether ONNX Runtime may replace operators, which can cost it precision.
    """
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not optimized:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    graph = read_onnx(data, **read)
    given = {}
    for index, item in enumerate(session.get_inputs()):
        value = graph.values[item.name]
        given[item.name] = from_smelt(graph, item.name, _sample(value, index))
    names = [item.name for item in session.get_outputs()]
    expected = dict(zip(names, session.run(names, given), strict=True))
    found = evaluate_graph(graph, {name: to_smelt(graph, name, array) for name, array in given.items()})
    assert list(found) == names
    for name, array in expected.items():
        result = from_smelt(graph, name, found[name])
        assert result.shape == array.shape
        assert result.dtype == array.dtype
        if array.dtype.kind != "f":
            assert np.array_equal(result, array)
        elif array.size:
            assert np.array_equal(np.isfinite(result), np.isfinite(array))
            whole = np.isfinite(array)
            largest = np.abs(array[whole]).max(initial=0)
            assert np.abs(result[whole] - array[whole]).max(initial=0) <= tolerance * largest
    return graph


def _sample(value: Value, seed: int) -> Array:
    """Reproducible data: normal for floats, small integers with their sign, booleans."""
    rng = np.random.default_rng(seed)
    if value.dtype.is_float:
        return rng.normal(size=value.shape).astype(value.dtype.numpy)
    if value.dtype is DType.BOOL:
        return rng.integers(0, 2, value.shape).astype(np.bool_)
    low, high = value.dtype.integer_range
    return rng.integers(max(low, -9), min(high, 9), value.shape, endpoint=True).astype(value.dtype.numpy)


def parsed(data: bytes) -> Any:
    """The ModelProto of a file, to be changed."""
    return onnx.load_model_from_string(data)
