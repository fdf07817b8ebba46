"""unidirectional_sequence_lstm of integers, interpreted: the bytes of its meaning and of TensorFlow Lite Micro."""

from __future__ import annotations

import re
from operator import attrgetter
from pathlib import Path

import pytest
from case_graphs import random_inputs
from test_interpreter import CASES, assert_equal

import smelt
from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.tflm import TflmEngine
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.operators.activation.wide import sigmoid_table
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph

INTEGERS = [case for case in CASES.values() if case.operator == "quantized_lstm"]


@pytest.mark.parametrize("case", INTEGERS, ids=attrgetter("name"))
def test_the_bytes_of_its_meaning(case: Case) -> None:
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine:
        for seed in range(3):
            inputs = random_inputs(graph, seed)
            assert_equal(engine.run(inputs), evaluate_graph(graph, inputs))


@pytest.mark.parametrize("case", INTEGERS, ids=attrgetter("name"))
def test_state_and_cell_go_from_call_to_call(case: Case) -> None:
    """What TensorFlow Lite Micro gives in the same order, and after a reset."""
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        other, results = tflm._interpreter, []
        for step in range(8):
            (data,) = random_inputs(graph, step).values()
            other.set_input(data, 0)
            other.invoke()
            found = engine.step({graph.inputs[0]: data})
            assert_equal(found, {graph.outputs[0]: other.get_output(0)})
            results.append(found[graph.outputs[0]])
        (data,) = random_inputs(graph, 0).values()
        assert_equal(engine.run({graph.inputs[0]: data}), {graph.outputs[0]: results[0]})
        found = engine.step({graph.inputs[0]: data})
        assert not (found[graph.outputs[0]] == results[0]).all()


def test_the_table_in_c_is_that_of_the_meaning() -> None:
    text = Path(smelt.__file__).with_name("runtime") / "primitives" / "smelt_sigmoid_table.c"
    numbers = re.findall(r"\d+", text.read_text().split("{")[1])
    assert [int(number) for number in numbers] == sigmoid_table().tolist()
