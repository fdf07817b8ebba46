"""The interpreter's operators that move elements: as their meaning, TensorFlow Lite Micro and LiteRT have them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from case_graphs import random_inputs
from small_moves import MOVES

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.litert import LiteRTEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError
from smelt.formats.tflite import read_tflite
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph

KINDS = ("float32", "int8", "int16", "int32", "int64", "uint8", "bool")
NOWHERE = {
    *((code, "bool") for code in ("PACK", "SPLIT", "SPLIT_V")),
    ("UNPACK", "int64"),
}
"""What neither TensorFlow Lite Micro nor LiteRT has: operator, and its type."""


def others(model: bytes, graph: Graph, inputs: Mapping[str, Array]) -> list[list[Array]]:
    """What TensorFlow Lite Micro and LiteRT compute, as far as they do."""
    found = []
    try:
        with TflmEngine(model, graph) as tflm:
            found.append(list(tflm.run(inputs).values()))
    except EngineError:
        pass
    try:
        with LiteRTEngine(model) as litert:
            names = [value.name for value in litert.inputs]
            found.append(list(litert.run(dict(zip(names, inputs.values(), strict=True))).values()))
    except EngineError:
        pass
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MOVES)
def test_moves(name: str, kind: str) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    model = MOVES[name].model(kind)
    graph = read_tflite(model)
    inputs = random_inputs(graph, 1)
    expected = evaluate_graph(graph, inputs)
    with InterpretedEngine(model, graph) as engine:
        actual = engine.run(inputs)
    results = [list(expected.values()), *others(model, graph, inputs)]
    assert len(results) > 1 or (MOVES[name].code, kind) in NOWHERE
    for result in results:
        for array, other in zip(actual.values(), result, strict=True):
            np.testing.assert_array_equal(array, other)
