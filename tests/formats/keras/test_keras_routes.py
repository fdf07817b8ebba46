"""The same small networks through every way from Keras into smelt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
from small_keras_networks import CONVOLUTIONAL, NAMES, expected, network


def _loaded(model: Any, route: str, folder: Path) -> Any:
    if route == "live":
        return smelt.from_keras(model)
    model.save(folder / f"model.{route}")
    return smelt.load(folder / f"model.{route}")


@pytest.mark.parametrize("name", NAMES)
def test_every_route_gives_the_same(name: str, tmp_path: Path) -> None:
    model, arrays = network(name)
    meant = expected(model, arrays)
    counts = set()
    for route in ("keras", "h5", "live"):
        graph = optimize(_loaded(model, route, tmp_path))
        (got,) = evaluate_graph(graph, {"x": arrays[0]}).values()
        assert got.shape == meant.shape
        assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()
        counts.add(len(graph.nodes))
        if name in CONVOLUTIONAL:
            assert not {"transpose", "cast"} & {node.operator for node in graph.nodes}
    assert len(counts) == 1
