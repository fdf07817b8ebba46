"""A graph made of an estimator against the estimator: in numpy on all rows, in C on some."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

import smelt
from smelt.engines import open_engine
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph

Data = tuple[NDArray[Any], NDArray[Any]]


@functools.cache
def data(name: str) -> Data:
    """A data set of scikit-learn; features are float32 numbers."""
    if name == "moons":
        x, y = datasets.make_moons(300, noise=0.3, random_state=0)
    elif name == "linnerud":
        x, y = datasets.load_linnerud(return_X_y=True)
    else:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return x.astype(np.float32), y


def fitted(estimator: Any, source: str) -> Any:
    """The estimator, fitted on a data set, without the warnings of a short training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(*data(source))


def run_rows(
    graph: Graph, rows: Array, engine: str | None = None, target: str | None = None
) -> dict[str, Array]:
    """The graph's outputs for each row; by its meaning, or on an engine."""
    if engine is None:
        results = [evaluate_graph(graph, {"x": row[None]}) for row in rows]
    else:
        with open_engine(engine, graph, target=target) as compiled:
            results = [compiled.run({"x": row[None]}) for row in rows]
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]}


def answers(estimator: Any, rows: Array) -> dict[str, Array]:
    """What scikit-learn says, under the names of the graph's outputs."""
    if not hasattr(estimator, "predict"):
        return {"transformed": estimator.transform(rows)}
    predicted = np.asarray(estimator.predict(rows))
    if not hasattr(estimator, "classes_"):
        return {"label" if predicted.dtype.kind in "iu" else "prediction": predicted}
    result = {"label": predicted}
    if hasattr(estimator, "predict_proba"):
        result["probabilities"] = estimator.predict_proba(rows)
    return result


def assert_alike(got: Mapping[str, Array], meant: Mapping[str, Array], tolerance: float = 1e-5) -> None:
    """Labels equal; real numbers within the tolerance of the largest."""
    assert got.keys() == meant.keys()
    for name, array in meant.items():
        if name == "label":
            np.testing.assert_array_equal(got[name], array)
        else:
            assert got[name].shape == array.shape
            largest = np.abs(array).max()
            assert np.abs(got[name] - array).max() <= tolerance * largest, name


def assert_agrees(estimator: Any, rows: Array, *, tolerance: float = 1e-5, in_c: int = 10) -> Graph:
    """All rows by the meaning, some as compiled for this computer; returns the graph."""
    graph = smelt.from_sklearn(estimator)
    assert_alike(run_rows(graph, rows), answers(estimator, rows), tolerance)
    if in_c:
        some = rows[:: max(len(rows) // in_c, 1)]
        assert_alike(run_rows(graph, some, "native"), answers(estimator, some), tolerance)
    return graph
