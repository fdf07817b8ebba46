"""Live Keras models go the way of their files."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.operators.evaluate import evaluate_graph

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
layers = keras.layers


def _model() -> Any:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [layers.Input((6, 3), name="x"), layers.GRU(4, return_sequences=True), layers.Conv1D(2, 3)],
        name="live",
    )


@pytest.mark.parametrize("convert", [smelt.from_keras, smelt.load])
def test_a_live_model(convert: Any) -> None:
    model = _model()
    model.compile("adam", "mse")
    graph = convert(model)
    assert (graph.name, graph.inputs) == ("live", ("x",))
    x = np.random.default_rng(1).normal(size=(1, 6, 3)).astype(np.float32)
    (got,) = evaluate_graph(graph, {"x": x}).values()
    meant = keras.ops.convert_to_numpy(model(x))
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()


def test_a_live_model_with_open_sizes() -> None:
    model = keras.Sequential([layers.Input((None, 3), name="x"), layers.LSTM(4)])
    assert smelt.from_keras(model, shapes={"x": (1, 7, 3)}).values["x"].shape == (1, 7, 3)


class Custom(keras.Model):  # type: ignore[misc,name-defined]
    """A model whose computation only Python knows."""

    def call(self, x: Any) -> Any:
        return x + 1


def test_a_model_of_python_code_is_refused_with_advice() -> None:
    model = Custom()
    model(np.zeros((1, 2), np.float32))
    with pytest.raises(UnsupportedError, match=r"keras\.Model\(inputs, outputs\)"):
        smelt.from_keras(model)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(UsageError, match="given a dict"):
        smelt.from_keras({})
