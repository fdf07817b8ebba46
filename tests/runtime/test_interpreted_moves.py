"""The interpreter's operators that move elements: as their meaning, TensorFlow Lite Micro and LiteRT have them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import pytest
from case_graphs import random_inputs
from small_moves import BILINEAR, MOVES, Move

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.litert import LiteRTEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError
from smelt.formats.tflite import read_tflite
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import find_target

KINDS = ("float32", "int8", "int16", "int32", "int64", "uint8", "bool")
NOWHERE = {
    *(
        (code, "bool")
        for code in ("PACK", "SPLIT", "SPLIT_V", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "ZEROS_LIKE")
    ),
    *((code, "int16") for code in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "ZEROS_LIKE")),
    *((code, "int64") for code in ("UNPACK", "RESIZE_NEAREST_NEIGHBOR")),
    ("ZEROS_LIKE", "uint8"),
}
"""What neither TensorFlow Lite Micro nor LiteRT has: operator, and type of the data."""
OTHERWISE = {"SPACE_TO_BATCH_ND"}
"""What TensorFlow Lite Micro pads with what its memory holds, and LiteRT with the zero point."""


def others(model: bytes, graph: Graph, inputs: Mapping[str, Array], *, tflm: bool) -> list[list[Array]]:
    """What TensorFlow Lite Micro, where it is wanted, and LiteRT compute, as far as they do."""
    found = []
    if tflm:
        with suppress(EngineError), TflmEngine(model, graph) as micro:
            found.append(list(micro.run(inputs).values()))
    with suppress(EngineError), LiteRTEngine(model) as litert:
        names = [value.name for value in litert.inputs]
        found.append(list(litert.run(dict(zip(names, inputs.values(), strict=True))).values()))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MOVES)
def test_moves(name: str, kind: str) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    run(MOVES[name], kind)


@pytest.mark.parametrize(("kind", "relative"), [("int8", 0.0), ("float32", 2e-6)])
@pytest.mark.parametrize("name", BILINEAR)
def test_bilinear(name: str, kind: str, relative: float) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    run(BILINEAR[name], kind, relative)


def run(move: Move, kind: str, relative: float = 0.0) -> None:
    """Equal numbers; within `relative` times the largest one."""
    model = move.model(kind)
    graph = read_tflite(model)
    inputs = random_inputs(graph, 1)
    expected = evaluate_graph(graph, inputs)
    with InterpretedEngine(model, graph) as engine:
        actual = engine.run(inputs)
    tflm = move.code not in OTHERWISE
    results = [list(expected.values()), *others(model, graph, inputs, tflm=tflm)]
    assert len(results) > 1 or (move.code, kind) in NOWHERE
    for result in results:
        for array, other in zip(actual.values(), result, strict=True):
            largest = np.abs(other.astype(np.float64)).max()
            np.testing.assert_allclose(array, other, rtol=0, atol=relative * largest)


@pytest.mark.parametrize("name", ["gather_nd", "space_to_batch_nd", "resize_nearest_larger_half"])
def test_moves_on_an_emulated_core(name: str) -> None:
    pytest.importorskip("unicorn", reason="emulates cores")
    model = MOVES[name].model("int64" if name == "gather_nd" else "int16")
    graph = read_tflite(model)
    inputs = random_inputs(graph, 2)
    with InterpretedEngine(model, graph, find_target("cortex-m0plus")) as engine:
        for output, array in engine.run(inputs).items():
            np.testing.assert_array_equal(array, evaluate_graph(graph, inputs)[output])
