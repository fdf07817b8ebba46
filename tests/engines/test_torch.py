"""The engine torch: PyTorch's files, and graphs as modules."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float

import smelt
from smelt.engines.torch import TorchEngine
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
    with TorchEngine(graph, path.read_bytes()) as engine:
        (result,) = engine.run(feed).values()
        with pytest.raises(EngineError, match="does not show"):
            engine.run_all(feed)
    assert np.abs(result - wanted).max() <= 1e-5 * np.abs(wanted).max()


class Hostile:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_that_is_pickled_in_a_file_runs(tmp_path: Path) -> None:
    from small_torch import file_of, network

    module, inputs = network("cnn")
    hostile = io.BytesIO()
    torch.save(Hostile(tmp_path / "was_run"), hostile)
    path = tmp_path / "model.pt2"
    with (
        zipfile.ZipFile(io.BytesIO(file_of(module, inputs, "exported"))) as archive,
        zipfile.ZipFile(path, "w") as changed,
    ):
        for name in archive.namelist():
            changed.writestr(name, hostile.getvalue() if "sample_inputs" in name else archive.read(name))
    graph = smelt.load(path)
    feed = {graph.inputs[0]: np.moveaxis(inputs[0].numpy(), 1, -1)}
    with smelt.open_engine("torch", graph, path=path, optimized=True) as engine:
        assert engine.run(feed)
    assert not (tmp_path / "was_run").exists()
    torch.load(io.BytesIO(hostile.getvalue()), weights_only=False)
    assert (tmp_path / "was_run").exists()
