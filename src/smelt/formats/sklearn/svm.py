"""Support vector machines with kernels."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads
from smelt.formats.sklearn.linear import above, linear, two_columns


def _vectors(_: Estimator) -> Reals:
    if getattr(_.fitted, "_sparse", False):
        raise _.unsupported("being fitted on a sparse matrix (fit it on x.toarray())")
    return _.reals("support_vectors_")


def _power(_: Estimator, x: str, exponent: int) -> str:
    """x multiplied by itself, by squaring."""
    result: str | None = None
    while exponent:
        if exponent & 1:
            result = x if result is None else _.emit("mul", (result, x))
        exponent >>= 1
        if exponent:
            x = _.emit("square", (x,))
    return result or _.constant("ones", np.ones(_.shape(x), np.float32))


def _kernel(_: Estimator, x: str, vectors: Reals) -> str:
    """The kernel function of x and each of some support vectors, [rows, vectors]."""
    kind = _.setting("kernel")
    if kind == "rbf":
        distance = _.emit("distance", (x, _.constant("vectors", vectors)))
        return _.emit("exp", (_.with_constant("mul", distance, -float(_.setting("_gamma")), "gamma"),))
    if kind not in ("poly", "sigmoid"):
        raise _.unsupported(f"the kernel {kind if isinstance(kind, str) else 'of its own'!r}")
    gamma, offset = float(_.setting("_gamma")), float(_.setting("coef0"))
    product = _.dense(x, gamma * vectors, np.full(len(vectors), offset) if offset else None)
    return _.emit("tanh", (product,)) if kind == "sigmoid" else _power(_, product, int(_.setting("degree")))


def _score(_: Estimator, x: str) -> str:
    """The decision function of one output, [rows, 1]."""
    if _.setting("kernel") == "linear":
        return linear(_, x)
    return _.dense(_kernel(_, x, _vectors(_)), _.reals("dual_coef_"), np.ravel(_.reals("intercept_")))


def _pair_scores(_: Estimator, x: str, pairs: list[tuple[int, int]]) -> str:
    """The decision function of each pair of classes; above 0 speaks for the first.

    A class's support vectors have a weight for each other class, so every class is multiplied by itself.
    """
    if _.setting("kernel") == "linear":
        return linear(_, x)
    vectors, weights, counts = _vectors(_), _.reals("dual_coef_"), _.setting("n_support_")
    ends = np.cumsum(counts)
    parts = [
        _.dense(_kernel(_, x, vectors[end - count : end]), weights[:, end - count : end], None)
        for count, end in zip(counts, ends, strict=True)
    ]
    joined, width = _.joined(parts), len(weights)
    of_first = _.constant("of_first", np.array([i * width + j - 1 for i, j in pairs], np.int32))
    of_second = _.constant("of_second", np.array([j * width + i for i, j in pairs], np.int32))
    sums = [_.emit("gather", (joined, index), {"axis": 1}) for index in (of_first, of_second)]
    return _.with_constant("add", _.emit("add", sums), _.reals("intercept_"), "intercept")


def _votes(_: Estimator, scores: str, pairs: list[tuple[int, int]], classes: int) -> str:
    """How many pairs speak for each class: libsvm gives a score of 0 to the second."""
    for_first = _.emit("cast", (_.with_constant("greater", scores, 0.0),), {"to": "f32"})
    signs = _signs(pairs, classes)
    return _.dense(for_first, signs, -np.minimum(signs, 0).sum(axis=1))


def _signs(pairs: list[tuple[int, int]], classes: int) -> Reals:
    """[classes, pairs]: 1 where a class is a pair's first, -1 where it is its second."""
    signs = np.zeros((classes, len(pairs)))
    for column, (first, second) in enumerate(pairs):
        signs[first, column], signs[second, column] = 1, -1
    return signs


def _confident_votes(_: Estimator, scores: str, pairs: list[tuple[int, int]], classes: int) -> str:
    """Votes, and less than half a vote by the sum of scores, as break_ties has it."""
    sums = _.dense(scores, _signs(pairs, classes), None)
    around = _.with_constant("mul", _.with_constant("add", _.emit("abs", (sums,)), 1.0), 3.0)
    return _.emit("add", (_votes(_, scores, pairs, classes), _.emit("div", (sums, around))))


@reads("SVC", "NuSVC")
def _classifier(_: Estimator, x: str) -> Result:
    classes = len(_.setting("classes_"))
    if classes == 2:
        score = _score(_, x)
        return Result("classes", above(_, score, "greater_equal"), _probabilities(_, score))
    pairs = list(combinations(range(classes), 2))
    scores = _pair_scores(_, x, pairs)
    break_ties = _.setting("break_ties") and _.setting("decision_function_shape") == "ovr"
    if len(np.ravel(getattr(_.fitted, "_probA", ()))):
        warnings.warn(
            f"{_.label}: probabilities of more than two classes are left out, since libsvm iterates for them; "
            f"label is what predict() gives, by votes",
            stacklevel=2,
        )
    votes = (_confident_votes if break_ties else _votes)(_, scores, pairs, classes)
    return Result("classes", _.index_of_largest(votes))


def _probabilities(_: Estimator, score: str) -> str | None:
    """Platt's sigmoid, where it was fitted."""
    slope = np.ravel(np.asarray(getattr(_.fitted, "_probA", ()), np.float64))
    if not len(slope):
        return None
    offset = np.ravel(np.asarray(_.setting("_probB"), np.float64))
    line = _.with_constant("add", _.with_constant("mul", score, -slope[0], "slope"), offset[0], "offset")
    return two_columns(_, _.emit("logistic", (line,)))


@reads("SVR", "NuSVR")
def _regressor(_: Estimator, x: str) -> Result:
    return Result("prediction", _.column(_score(_, x)))


@reads("OneClassSVM")
def _one_class(_: Estimator, x: str) -> Result:
    return Result("cluster", _inlier(_, above(_, _score(_, x), "greater")))


def _inlier(_: Estimator, index: str) -> str:
    signs: Any = np.array([-1, 1], np.int32)
    return _.emit("gather", (_.constant("labels", signs), index))
