"""gather, select and cast: what the generated cases do not show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kernel_runner import run_kernels

from smelt.errors import EngineError, GraphError
from smelt.ir import DType, Graph
from smelt.operators.case import Case, Tensor
from smelt.operators.evaluate import evaluate_graph

EDGES = np.array(
    [
        -3e38,
        -2147483648,
        -129.7,
        -128.2,
        -0.9,
        -0.0,
        0.9,
        127.6,
        255.9,
        256.5,
        2147483648,
        3e9,
        1e19,
        np.inf,
        np.nan,
    ],
    np.float32,
)


def _gather(indices: np.ndarray) -> Graph:
    dtype = DType.of(indices)
    return Case("gather", "gather", (Tensor(DType.F32, (5, 2)), Tensor(dtype, indices.shape)), {}).graph()


@pytest.mark.parametrize("dtype", [DType.S32, DType.S64, DType.S8, DType.U8], ids=lambda d: d.value)
def test_real_numbers_are_cast_towards_zero_and_saturate(dtype: DType, tmp_path: Path) -> None:
    graph = Case("cast", "cast", (Tensor(DType.F32, EDGES.shape),), {"to": dtype.value}).graph()
    inputs = {graph.inputs[0]: EDGES}
    meant = evaluate_graph(graph, inputs)[graph.outputs[0]]
    low, high = dtype.integer_range
    for number, got in zip(EDGES, meant.tolist(), strict=True):
        if np.isfinite(number):
            assert got == min(max(int(number), low), high)
        else:
            assert got == (0 if np.isnan(number) else high)
    np.testing.assert_array_equal(run_kernels([(graph, inputs)], tmp_path)[0], meant)


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_negative_indices_count_from_the_end(kind: type[np.integer], tmp_path: Path) -> None:
    indices = np.array([-1, 0, -5, 4], kind)
    graph = _gather(indices)
    data = np.arange(10, dtype=np.float32).reshape(5, 2)
    inputs = dict(zip(graph.inputs, (data, indices), strict=True))
    np.testing.assert_array_equal(evaluate_graph(graph, inputs)[graph.outputs[0]], data[indices])
    np.testing.assert_array_equal(run_kernels([(graph, inputs)], tmp_path)[0], data[indices])


def test_an_index_beyond_the_end_never_leaves_the_data(tmp_path: Path) -> None:
    indices = np.array([7, -9, 2**40, -(2**40)], np.int64)
    graph = _gather(indices)
    data = np.arange(10, dtype=np.float32).reshape(5, 2)
    inputs = dict(zip(graph.inputs, (data, indices), strict=True))
    with pytest.raises(EngineError, match="outside 0"):
        evaluate_graph(graph, inputs)
    np.testing.assert_array_equal(run_kernels([(graph, inputs)], tmp_path)[0], data[[4, 0, 4, 0]])


def test_inputs_that_do_not_fit_are_refused() -> None:
    inputs = (Tensor(DType.BOOL, (2,)), Tensor(DType.F32, (3,)), Tensor(DType.F32, ()))
    with pytest.raises(GraphError, match="do not broadcast"):
        Case("select", "select", inputs, {}).graph()
    with pytest.raises(GraphError, match="no type 'f8'"):
        Case("cast", "cast", (Tensor(DType.F32, (2,)),), {"to": "f8"}).graph()
    with pytest.raises(GraphError, match="axis 2"):
        Case("gather", "gather", (Tensor(DType.F32, (2, 2)), Tensor(DType.S32, (1,))), {"axis": 2}).graph()
