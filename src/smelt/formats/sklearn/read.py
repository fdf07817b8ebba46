"""from_sklearn: a fitted estimator as a graph, compared with the estimator's own predictions."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError, UnsupportedError, UsageError, require
from smelt.formats.sklearn import (
    bayes,
    boosting,
    clusters,
    composition,
    linear,
    neighbors,
    neural,
    svm,
    transformers,
    trees,
)
from smelt.formats.sklearn.estimators import Estimator, Result, integer_table, read
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.trees.packing import THRESHOLDS, shortened

MODULES = (bayes, boosting, clusters, composition, linear, neighbors, neural, svm, transformers, trees)
"""What registers the functions that read estimators."""

TOLERANCE = 1e-5
"""Of the largest magnitude: how far real outputs may be from scikit-learn's without a warning."""


def from_sklearn(
    estimator: Any,
    samples: Any = None,
    *,
    name: str | None = None,
    threshold_dtype: Literal["f32", "s16"] = "f32",
) -> Graph:
    """The graph of a fitted scikit-learn estimator or pipeline, for one row of features, f32[1, features] named `x`.

    Outputs: a classifier's `label` (the class; its index where classes are no numbers, with the names in
    `metadata["classes"]`, JSON) and `probabilities` where it has `predict_proba`; a regressor's `prediction`; a
    clusterer's `label`; a transformer's `transformed`.

    With `samples` [n, features] the graph's outputs are compared with the estimator's; a UserWarning says how many
    labels differ, and by how much real outputs do where it is over 1e-5 of the largest.

    `threshold_dtype` "s16" rounds the thresholds of trees up to 16 bits, 8 of them a float's significant digits, which
    takes a third off a split's bytes and changes nothing for features of up to 8 such digits, as integers to 256
    are.  What it does change on the samples, which it needs, is said in
    `metadata["threshold_loss"]` (JSON: samples, and for each output how many differ) and by a UserWarning.

    Raises UsageError for an estimator that is not fitted, UnsupportedError for one that smelt does not read;
    MissingExtraError without scikit-learn.
    """
    require("sklearn", "sklearn", "reading scikit-learn estimators", package="scikit-learn")
    _check(estimator)
    name = name or type(estimator).__name__.lower()
    graph = _graph(estimator, name, 1)
    if threshold_dtype not in ("f32", "s16"):
        raise UsageError(f"threshold_dtype is f32 or s16, not {threshold_dtype!r}")
    if samples is not None:
        rows = _rows(estimator, samples)
        _compare(estimator, name, rows)
    if threshold_dtype == "s16":
        if samples is None:
            raise UsageError("rounding thresholds needs samples, to say what it changes")
        graph = _with_short_thresholds(estimator, graph, rows)
    return graph


def _check(estimator: Any) -> None:
    """Raise UsageError for what is no fitted estimator."""
    from_utils = require(
        "sklearn.utils.validation", "sklearn", "reading scikit-learn estimators", "scikit-learn"
    )
    exceptions = require("sklearn.exceptions", "sklearn", "reading scikit-learn estimators", "scikit-learn")
    kind = type(estimator).__name__
    try:
        from_utils.check_is_fitted(estimator)
    except exceptions.NotFittedError as error:
        raise UsageError(f"{kind} is not fitted: call fit() before from_sklearn()") from error
    except TypeError as error:
        raise UsageError(f"from_sklearn reads fitted estimators of scikit-learn, not {kind}") from error


def _features(estimator: Any) -> int:
    try:
        return int(estimator.n_features_in_)
    except AttributeError:
        raise UnsupportedError(
            f"{type(estimator).__name__} does not know its number of features (n_features_in_); "
            f"smelt reads what was fitted on arrays of numbers"
        ) from None


def _graph(estimator: Any, name: str, rows: int) -> Graph:
    builder = GraphBuilder(name)
    x = builder.input("x", DType.F32, (rows, _features(estimator)))
    top = Estimator(builder, estimator)
    try:
        outputs = _outputs(top, read(top, x))
        return builder.build(outputs)
    except GraphError as error:
        raise UnsupportedError(f"{top.label}: its attributes contradict each other: {error}") from error


def _outputs(top: Estimator, result: Result) -> list[str]:
    """The graph's outputs under their names."""
    if result.kind != "classes":
        name = {"prediction": "prediction", "cluster": "label"}.get(result.kind, "transformed")
        return [_named(top, result.value, name)]
    outputs = [_named(top, _labels(top, result.value), "label")]
    if result.probabilities is not None:
        outputs.append(_named(top, result.probabilities, "probabilities"))
    return outputs


def _labels(top: Estimator, index: str) -> str:
    """Class indices as the classes themselves, where these are numbers other than 0, 1, 2, ..."""
    classes = np.asarray(top.setting("classes_"))
    top.builder.metadata["classes"] = json.dumps(classes.tolist(), default=str).encode()
    if classes.dtype.kind not in "iuf" or np.array_equal(classes, np.arange(len(classes))):
        return index
    whole = classes.dtype.kind != "f" or np.array_equal(classes, np.rint(classes))
    table = integer_table(classes.astype(np.int64)) if whole else classes.astype(np.float32)
    return top.emit("gather", (top.constant("classes", table), index))


def _named(top: Estimator, value: str, name: str) -> str:
    """The value under another name, by renaming the node's output where it is not used yet."""
    builder = top.builder
    if value in builder.inputs or value in builder.constants:
        value = builder.add("reshape", (value,), {"shape": top.shape(value)}, name=name)
    return rename(builder, value, name)


def rename(builder: GraphBuilder, old: str, new: str) -> str:
    """Give a computed value another name everywhere."""
    if old == new:
        return new
    builder.values = {
        (new if key == old else key): replace(value, name=new) if key == old else value
        for key, value in builder.values.items()
    }
    builder.nodes = [
        replace(
            node,
            inputs=tuple(new if i == old else i for i in node.inputs),
            outputs=tuple(new if o == old else o for o in node.outputs),
        )
        for node in builder.nodes
    ]
    return new


def _rows(estimator: Any, samples: Any) -> NDArray[np.float32]:
    """The samples as the graph takes them; UsageError where they do not fit."""
    if hasattr(samples, "toarray"):
        raise UsageError("samples are a sparse matrix: give a dense array, samples.toarray()")
    rows = np.asarray(samples, np.float32)
    if rows.ndim != 2 or rows.shape[1] != _features(estimator) or not len(rows):
        raise UsageError(f"samples are {list(rows.shape)}, needed are [any, {_features(estimator)}]")
    return rows


def _compare(estimator: Any, name: str, rows: NDArray[np.float32]) -> None:
    """Warn where the graph and the estimator differ on samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of features, and what reading said before
        got = evaluate_graph(_graph(estimator, name, len(rows)), {"x": rows})
        answers = expected(estimator, rows)
    for key, meant in answers.items():
        if key in got:
            _compare_output(estimator, key, got[key], meant)


def _with_short_thresholds(estimator: Any, graph: Graph, rows: NDArray[np.float32]) -> Graph:
    """The graph with rounded thresholds, and what they change noted."""
    short = _shortened(graph)
    if short is graph:
        raise UsageError(f"{type(estimator).__name__} has no trees whose thresholds could be rounded")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said before
        exact = _graph(estimator, graph.name, len(rows))
    before, after = (evaluate_graph(each, {"x": rows}) for each in (exact, _shortened(exact)))
    differing = {
        name: int((before[name] != after[name]).reshape(len(rows), -1).any(axis=1).sum()) for name in before
    }
    if any(differing.values()):
        told = ", ".join(f"{name} of {count}" for name, count in differing.items())
        warnings.warn(
            f"{type(estimator).__name__}: thresholds of 16 bits change {told} among {len(rows)} samples",
            stacklevel=3,
        )
    loss = json.dumps({"samples": len(rows), "differing": differing}).encode()
    return replace(short, metadata={**short.metadata, "threshold_loss": loss})


def _shortened(graph: Graph) -> Graph:
    names = [node.inputs[THRESHOLDS] for node in graph.nodes if node.operator == "tree_ensemble"]
    rounded = {name: shortened(graph.constants[name]) for name in names if name is not None}
    return graph.replaced(constants=rounded) if rounded else graph


def expected(estimator: Any, samples: Array) -> dict[str, Array]:
    """What the estimator itself computes, under the graph's names of outputs; class indices where names are text."""
    if not hasattr(estimator, "predict"):
        return {"transformed": np.asarray(estimator.transform(samples))}
    predicted = np.asarray(estimator.predict(samples))
    if not hasattr(estimator, "classes_"):
        return {"label" if predicted.dtype.kind in "iu" else "prediction": predicted}
    if predicted.dtype.kind not in "iuf":
        predicted = np.searchsorted(np.asarray(estimator.classes_), predicted)
    result = {"label": predicted}
    if hasattr(estimator, "predict_proba"):
        result["probabilities"] = np.asarray(estimator.predict_proba(samples))
    return result


def _compare_output(estimator: Any, key: str, got: Array, meant: Array) -> None:
    kind = type(estimator).__name__
    if key == "label":
        differing = int((got != meant).sum())
        if differing:
            warnings.warn(f"{kind}: {differing} of {len(meant)} labels differ from predict()", stacklevel=4)
        return
    wide = np.asarray(meant, np.float64).reshape(got.shape)
    largest = float(np.abs(wide).max(initial=0.0))
    difference = float(np.abs(got.astype(np.float64) - wide).max(initial=0.0))
    if not difference <= TOLERANCE * largest:
        warnings.warn(f"{kind}: {key} differ by {difference:.3g}, the largest is {largest:.3g}", stacklevel=4)
