"""Real data that meet int8 weights in the interpreter, as LiteRT has them."""

from __future__ import annotations

import pytest
from case_graphs import random_inputs
from shared_files import shared_folder
from test_interpreter import ROUNDING, assert_equal

from smelt.engines.interpreted import InterpretedEngine
from smelt.formats.tflite import read_tflite
from smelt.operators.evaluate import evaluate_graph


@pytest.mark.skipif(shared_folder() is None, reason="the real models are not here")
def test_a_file_of_dynamic_range() -> None:
    folder = shared_folder()
    assert folder is not None
    model = (folder / "models/tf_converter/kws_dynamic_range.tflite").read_bytes()
    graph = read_tflite(model)
    inputs = random_inputs(graph, 1)
    with InterpretedEngine(model, graph) as engine:
        assert_equal(engine.run(inputs), evaluate_graph(graph, inputs), ROUNDING)
