"""The interpreter's operators with weights or states, of integers: the bytes of TensorFlow Lite Micro."""

from __future__ import annotations

import re
from operator import attrgetter

import pytest
from case_graphs import random_inputs
from test_interpreter import assert_equal, interpreted_cases, refusal

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.tflm import TflmEngine
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType
from smelt.operators.case import Case

OPERATORS = ("batch_matmul", "conv_2d", "depthwise_conv_2d", "fully_connected", "transpose_conv")


LACKING = re.compile(
    r"transpose_conv_clamped_.*|transpose_conv_no_bias_s16|dense_narrow_(?!per_tensor).*s8_s4"
)
"""TensorFlow Lite Micro ignores the activation of an integer transpose_conv, needs its bias with int16 data, and has no
scales of channels for int4 weights of fully_connected."""


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
    plain = case.operator not in ("batch_matmul", "transpose_conv")
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
