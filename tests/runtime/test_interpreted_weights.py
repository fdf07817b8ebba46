"""The interpreter's operators with weights or states, of integers: the bytes of TensorFlow Lite Micro."""

from __future__ import annotations

from operator import attrgetter

import pytest
from case_graphs import random_inputs
from test_interpreter import assert_equal, interpreted_cases, refusal

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.tflm import TflmEngine
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType
from smelt.operators.case import Case

OPERATORS = ("conv_2d", "depthwise_conv_2d", "fully_connected")


def integer_cases() -> list[Case]:
    """Those that run, of types of data that TensorFlow Lite Micro has."""
    chosen = [case for case in interpreted_cases() if case.operator in OPERATORS and not refusal(case)]
    return [case for case in chosen if case.inputs[0] is not None and case.inputs[0].dtype is DType.S16]


@pytest.mark.parametrize("case", integer_cases(), ids=attrgetter("name"))
def test_the_bytes_of_tflm(case: Case) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        for seed in range(3):
            inputs = random_inputs(graph, seed)
            assert_equal(engine.run(inputs), tflm.run(inputs))
