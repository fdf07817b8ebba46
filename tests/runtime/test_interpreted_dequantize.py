"""dequantize in the interpreter: the numbers of TensorFlow Lite Micro and LiteRT, and files of float16 weights."""

from __future__ import annotations

from operator import attrgetter

import pytest
from case_graphs import random_inputs
from shared_files import shared_folder
from test_interpreter import CASES, ROUNDING, assert_equal, others

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.litert import LiteRTEngine
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType, Graph, Node, Quantization, Value
from smelt.operators.case import Case

ALONE = [case for case in CASES.values() if case.operator == "dequantize"]


@pytest.mark.parametrize("case", ALONE, ids=attrgetter("name"))
def test_the_numbers_of_others(case: Case) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    inputs = random_inputs(graph, 3)
    expected = dict(zip(graph.outputs, others(model, graph, inputs), strict=True))
    with InterpretedEngine(model, graph) as engine:
        assert_equal(engine.run(inputs), expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_scale_a_channel(axis: int) -> None:
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    shape = (3, 4, 5)
    count = shape[axis]
    known = Quantization(tuple(0.01 * (k + 1) for k in range(count)), (0,) * count, axis)
    values = {"x": Value("x", DType.S8, shape, known), "y": Value("y", DType.F32, shape)}
    graph = Graph("channels", values, (Node("dequantize", ("x",), ("y",), {}, "y"),), ("x",), ("y",))
    model = write_tflite(graph)
    inputs = random_inputs(graph, 1)
    with InterpretedEngine(model, graph) as engine, LiteRTEngine(model) as litert:
        assert_equal(engine.run(inputs), litert.run(inputs))


@pytest.mark.skipif(shared_folder() is None, reason="the real models are not here")
def test_a_file_of_float16_weights() -> None:
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    folder = shared_folder()
    assert folder is not None
    model = (folder / "models/tf_converter/kws_float16.tflite").read_bytes()
    graph = read_tflite(model)
    inputs = random_inputs(graph, 1)
    with InterpretedEngine(model, graph) as engine, LiteRTEngine(model) as litert:
        named = dict(zip((value.name for value in litert.inputs), inputs.values(), strict=True))
        expected = dict(zip(graph.outputs, litert.run(named).values(), strict=True))
        assert_equal(engine.run(inputs), expected, ROUNDING)
