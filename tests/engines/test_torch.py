"""The engine torch: PyTorch's files, and graphs as modules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_models import small_float

import smelt
from smelt.errors import EngineError
from smelt.operators.evaluate import sample_inputs

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_graph_runs_as_a_module_and_shows_its_tensors() -> None:
    graph = small_float()
    inputs = sample_inputs(graph)
    wanted = smelt.open_engine("reference", graph).run_all(inputs)
    with smelt.open_engine("torch", graph) as engine:
        shown = engine.run_all(inputs)
        again = engine.run(inputs)
    assert shown.keys() == wanted.keys()
    for name, array in shown.items():
        np.testing.assert_allclose(array, wanted[name], rtol=1e-4, atol=1e-5 * np.abs(wanted[name]).max())
    assert again.keys() == set(graph.outputs)


@pytest.mark.parametrize("suffix", [".pt", ".ptl", ".pt2"])
def test_files_run_as_they_are(tmp_path: Path, suffix: str) -> None:
    from small_torch import file_of, network

    module, inputs = network("cnn")
    route = {".pt": "traced", ".ptl": "traced_lite", ".pt2": "exported"}[suffix]
    path = tmp_path / f"model{suffix}"
    path.write_bytes(file_of(module, inputs, route))
    graph = smelt.load(path)
    feed = {graph.inputs[0]: np.moveaxis(inputs[0].numpy(), 1, -1)}
    (wanted,) = smelt.open_engine("reference", graph).run(feed).values()
    with smelt.open_engine("torch", graph, path=path) as engine:
        (result,) = engine.run(feed).values()
        with pytest.raises(EngineError, match="does not show"):
            engine.run_all(feed)
    assert np.abs(result - wanted).max() <= 1e-5 * np.abs(wanted).max()
