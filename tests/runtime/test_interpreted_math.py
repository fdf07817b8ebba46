"""The interpreter's arithmetic on integers: the bytes of TensorFlow Lite Micro, or of LiteRT where it has them not."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest
from case_graphs import all_cases, random_inputs

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.litert import LiteRTEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError, UnsupportedError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import Array, DType, Graph
from smelt.operators.case import Case
from smelt.operators.interpreted import find_interpreted

FAMILIES = ("elementwise", "binary", "unary", "activation", "reduction", "pooling", "softmax", "conversion")
A_FEW = 5


def chosen() -> list[Case]:
    """Up to so many cases of each operator, integer type and type to convert to."""
    found: dict[tuple[object, ...], list[Case]] = {}
    for family in FAMILIES:
        for case in all_cases()[family]:
            data = case.inputs[0]
            if data is None or not find_interpreted(case.operator, data.dtype):
                continue
            if data.dtype is DType.F32 and case.operator != "quantize":
                continue
            some = found.setdefault((case.operator, data.dtype, case.attributes.get("dtype")), [])
            if len(some) < A_FEW and is_written(case):
                some.append(case)
    return [case for cases in found.values() for case in cases]


def is_written(case: Case) -> bool:
    try:
        return bool(write_tflite(case.graph()))
    except UnsupportedError:
        return False


def others(model: bytes, graph: Graph, inputs: dict[str, Array]) -> list[Array] | None:
    try:
        with TflmEngine(model, graph) as tflm:
            return list(tflm.run(inputs).values())
    except EngineError:
        pass
    try:
        with LiteRTEngine(model) as litert:
            names = [value.name for value in litert.inputs]
            return list(litert.run(dict(zip(names, inputs.values(), strict=True))).values())
    except EngineError:
        return None


@pytest.mark.parametrize("case", chosen(), ids=attrgetter("name"))
def test_integers_as_others_have_them(case: Case) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    inputs = dict(random_inputs(graph, 5))
    expected = others(model, graph, inputs)
    if expected is None:
        pytest.skip("neither TensorFlow Lite Micro nor LiteRT has this operator of this type")
    with InterpretedEngine(model, graph) as engine:
        for actual, other in zip(engine.run(inputs).values(), expected, strict=True):
            np.testing.assert_array_equal(actual, other)
