"""The interpreter's operators with weights or states, of integers: the bytes of TensorFlow Lite Micro."""

from __future__ import annotations

import re
from operator import attrgetter

import pytest
from case_graphs import random_inputs
from test_interpreter import CASES, ROUNDING, assert_equal, interpreted_cases, refusal

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.tflm import TflmEngine
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph

OPERATORS = ("batch_matmul", "conv_2d", "depthwise_conv_2d", "fully_connected", "svdf", "transpose_conv")


LACKING = re.compile(r"dense_narrow_(?!per_tensor).*s8_s4")
"""TensorFlow Lite Micro has no scales of channels for int4 weights of fully_connected."""


def integer_cases() -> list[Case]:
    """Those that run, but for int8 convolutions, which are compared elsewhere."""
    return [
        case
        for case in interpreted_cases()
        if case.operator in OPERATORS
        and not refusal(case)
        and not LACKING.fullmatch(case.name)
        and is_new(case)
    ]


def is_new(case: Case) -> bool:
    data, weights = case.inputs[:2]
    assert data is not None
    assert weights is not None
    plain = case.operator not in ("batch_matmul", "svdf", "transpose_conv")
    return data.dtype is DType.S16 or (data.dtype is DType.S8 and not (plain and weights.dtype is DType.S8))


@pytest.mark.parametrize("case", integer_cases(), ids=attrgetter("name"))
def test_the_bytes_of_tflm(case: Case) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        for seed in range(3):
            inputs = random_inputs(graph, seed)
            assert_equal(engine.run(inputs), tflm.run(inputs))


@pytest.mark.parametrize(
    "name", ["svdf_plain_s8_s8", "svdf_rank_s8_s16", "svdf_rank_f32", "lstm_sequence_f32"]
)
def test_a_state_goes_from_call_to_call(name: str) -> None:
    """More steps than the memory has, then a reset: what TensorFlow Lite Micro gives in the same order."""
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    model = write_tflite(CASES[name].graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        other, results = tflm._interpreter, []
        for step in range(8):
            (data,) = random_inputs(graph, step).values()
            other.set_input(data, 0)
            other.invoke()
            found = engine.step({graph.inputs[0]: data})
            assert_equal(found, {graph.outputs[0]: other.get_output(0)}, ROUNDING)
            results.append(found[graph.outputs[0]])
        (data,) = random_inputs(graph, 0).values()
        assert_equal(engine.run({graph.inputs[0]: data}), {graph.outputs[0]: results[0]})
        assert not (results[0] == results[-1]).all()


def test_an_lstm_computes_its_meaning() -> None:
    graph = CASES["lstm_sequence_f32"].graph()
    model = write_tflite(graph)
    with InterpretedEngine(model, read_tflite(model)) as engine:
        inputs = random_inputs(graph, 1)
        assert_equal(engine.run(inputs), evaluate_graph(graph, inputs), ROUNDING)
