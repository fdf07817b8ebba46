"""Signatures, metadata, several subgraphs, variables and sparse tensors of .tflite files."""

from __future__ import annotations

import numpy as np
import pytest
from small_tflite_files import (
    SmallFile,
    calling,
    sparse_dense_layer,
    unary,
    with_two_signatures,
    with_variable,
)

import smelt
from smelt.engines.litert import LiteRTEngine
from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.flatbuffer import read_flatbuffer
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph


def run(graph: Graph, *inputs: Array) -> Array:
    return evaluate_graph(graph, dict(zip(graph.inputs, inputs, strict=True)))[graph.outputs[0]]


def in_litert(data: bytes, x: Array) -> Array:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    engine = LiteRTEngine(data, reference_kernels=True)
    return next(iter(engine.run({engine.inputs[0].name: x}).values()))


X = np.array([[1.5, -2.0, 0.25]], np.float32)
CALLS = {
    "IF, true": (
        BuiltinOperator.IF,
        TFLITE.record("IfOptions", then_subgraph_index=1, else_subgraph_index=2),
        True,
    ),
    "IF, false": (
        BuiltinOperator.IF,
        TFLITE.record("IfOptions", then_subgraph_index=1, else_subgraph_index=2),
        False,
    ),
    "CALL": (BuiltinOperator.CALL, TFLITE.record("CallOptions", subgraph=2), None),
    "COMPOSITE": (
        BuiltinOperator.STABLEHLO_COMPOSITE,
        TFLITE.record("StableHLOCompositeOptions", name="odml.thing", decomposition_subgraph_index=1),
        None,
    ),
}


@pytest.mark.parametrize("kind", CALLS)
def test_called_subgraphs_are_read_in_place(kind: str) -> None:
    code, options, condition = CALLS[kind]
    data = calling(code, options, condition).model()
    graph = read_tflite(data)
    inner = "exp" if kind in ("IF, false", "CALL") else "abs"
    assert [node.operator for node in graph.nodes] == ["neg", inner, "square"]
    expected = np.square(np.exp(-X) if inner == "exp" else np.abs(-X))
    np.testing.assert_allclose(run(graph, X), expected, rtol=1e-6)
    if kind.startswith("IF"):
        np.testing.assert_allclose(in_litert(data, X), expected, rtol=1e-6)


def test_a_computed_condition_is_refused() -> None:
    file = calling(*CALLS["IF, true"])
    main = file.subgraphs[0]
    main.inputs = ["x", "asked"]
    file.tensor(main, "asked", (1,), "bool")
    code, inputs, outputs, options = main.operators[-1]
    main.operators[-1] = (code, ["asked", *inputs[1:]], outputs, options)
    with pytest.raises(UnsupportedError, match="IF: the condition 'asked' is computed"):
        read_tflite(file.model())


def test_loops_are_refused_by_name() -> None:
    options = TFLITE.record("WhileOptions", cond_subgraph_index=1, body_subgraph_index=2)
    with pytest.raises(UnsupportedError, match="does not support: WHILE"):
        read_tflite(calling(BuiltinOperator.WHILE, options).model())


def test_subgraphs_that_call_themselves_are_refused() -> None:
    options = TFLITE.record("CallOptions", subgraph=0)
    with pytest.raises(FormatError, match="call one another without end"):
        read_tflite(calling(BuiltinOperator.CALL, options).model())


def test_variables_that_are_set_once_are_constants() -> None:
    data = with_variable(assigned_by_main=False).model()
    graph = read_tflite(data)
    x = np.array([1, 2], np.float32)
    assert [node.operator for node in graph.nodes] == ["add"]
    np.testing.assert_array_equal(run(graph, x), x + np.array([3, 4], np.float32))
    np.testing.assert_array_equal(in_litert(data, x), run(graph, x))


def test_variables_that_are_kept_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="ASSIGN_VARIABLE: the variable '/v' keeps what is computed"):
        read_tflite(with_variable(assigned_by_main=True).model())


def test_the_signature_chooses_the_subgraph_and_comes_back() -> None:
    data = with_two_signatures().model()
    x = np.array([3, -2], np.float32)
    np.testing.assert_array_equal(run(read_tflite(data), x), -x)
    square = read_tflite(data, signature="square")
    np.testing.assert_array_equal(run(square, x), x * x)
    (kept,) = read_flatbuffer(write_tflite(square), TFLITE).signature_defs
    assert kept.signature_key == "square"
    assert [item.name for item in (*kept.inputs, *kept.outputs)] == ["number", "squared"]
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=write_tflite(square)).get_signature_runner("square")
    np.testing.assert_array_equal(runner(number=x)["squared"], x * x)


def test_a_signature_that_is_not_there_is_an_error_that_lists_what_is(tmp_path: object) -> None:
    data = with_two_signatures().model()
    with pytest.raises(UnsupportedError, match="no signature 'cube'; it has: negate, square"):
        read_tflite(data, signature="cube")
    assert smelt.load(data, signature="square").nodes[0].operator == "square"


def test_metadata_come_back() -> None:
    file = SmallFile()
    main = file.subgraph("main", ["x"], ["y"])
    file.tensor(main, "x", (2,))
    unary(file, main, BuiltinOperator.ABS, "x", "y")
    content = b"written by hand"
    file.buffers.append(TFLITE.record("Buffer", data=np.frombuffer(content, np.uint8)))
    file.metadata.append(TFLITE.record("Metadata", name="note", buffer=len(file.buffers) - 1))
    back = read_tflite(write_tflite(read_tflite(file.model())))
    assert back.metadata == {"note": content}


@pytest.mark.parametrize("blocks", [False, True])
def test_sparse_weights_are_made_dense(blocks: bool) -> None:
    file, matrix = sparse_dense_layer(blocks=blocks)
    with pytest.warns(UserWarning, match="tensor 'w' is sparse in the file"):
        graph = read_tflite(file.model())
    np.testing.assert_array_equal(graph.constants["w"], matrix)
    x = np.arange(8, dtype=np.float32)[None]
    np.testing.assert_allclose(run(graph, x), x @ matrix.T, rtol=1e-6)
    if blocks:
        np.testing.assert_allclose(in_litert(file.model(), x), x @ matrix.T, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"traversal_order": [0, 0, 2]}, "traversal order"),
        ({"block_map": [5]}, "does not name dimensions|do not fit"),
        ({"dim_metadata": []}, "traversal order"),
    ],
)
def test_sparse_parts_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    file, _ = sparse_dense_layer(blocks=True)
    tensor = file.subgraphs[0].tensors["w"]
    old = tensor.sparsity
    parts = {name: getattr(old, name) for name in ("traversal_order", "block_map", "dim_metadata")}
    sparsity = TFLITE.record("SparsityParameters", **{**parts, **change})
    file.subgraphs[0].tensors["w"] = TFLITE.record(
        "Tensor",
        name="w",
        shape=[4, 8],
        type=tensor.type,
        buffer=tensor.buffer,
        has_rank=True,
        sparsity=sparsity,
    )
    with pytest.raises(FormatError, match=message):
        read_tflite(file.model())


def test_axes_that_are_no_integers_are_refused() -> None:
    file = SmallFile()
    main = file.subgraph("main", ["x"], ["y"])
    file.tensor(main, "x", (2, 3))
    file.constant(main, "axes", np.array([1.5], np.float32))
    file.tensor(main, "y", (2,))
    options = {"builtin_options": TFLITE.record("ReducerOptions")}
    main.operators.append((BuiltinOperator.MEAN, ["x", "axes"], ["y"], options))
    with pytest.raises(FormatError, match="MEAN 'y': 'axes' must hold integers, it is float32"):
        read_tflite(file.model())
