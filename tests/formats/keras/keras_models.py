"""Randomizing Keras models, and comparing graphs with what Keras computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.ir import Graph
from smelt.operators.evaluate import evaluate_graph


def randomized(model: Any) -> Any:
    """Statistics and offsets that are not 0 or 1, so that a mix-up shows."""
    rng = np.random.default_rng(3)
    for variable in model.variables:
        if variable.dtype == "float32":
            drawn = rng.normal(0, 0.5, variable.shape)
            positive = any(word in variable.path for word in ("variance", "gamma"))
            variable.assign((np.abs(drawn) + 0.2 if positive else drawn).astype(np.float32))
    return model


def largest_difference(graph: Graph, model: Any, arrays: list[Any] | None = None) -> float:
    """Of all outputs, relative to the largest value of each; a difference in type or shape fails."""
    import keras

    rng = np.random.default_rng(5)
    if arrays is None:
        arrays = [rng.normal(size=graph.values[name].shape).astype(np.float32) for name in graph.inputs]
    meant = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    results = evaluate_graph(graph, dict(zip(graph.inputs, arrays, strict=True)))
    worst = 0.0
    for got, expected in zip(
        results.values(), meant if isinstance(meant, list | tuple) else [meant], strict=True
    ):
        wanted = keras.ops.convert_to_numpy(expected)
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        largest = max(float(np.abs(wanted).max()), 1e-6)
        worst = max(worst, float(np.abs(got.astype(np.float64) - wanted).max()) / largest)
    return worst
