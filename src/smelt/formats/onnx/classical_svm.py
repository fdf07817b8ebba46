"""Support vector machines of the domain ai.onnx.ml."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.terms import Term, computed, result, term
from smelt.formats.channels_first.translation import Result, Results, Surroundings
from smelt.formats.onnx.classical import (
    Labels,
    Noting,
    class_labels,
    dense,
    emitted,
    features,
    matrix,
    transformed,
)
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads support vector machines."""

Matrix = NDArray[np.float32]


def _kernel(_: Surroundings, x: Term, vectors: Matrix, kind: str, parameters: Sequence[float] | None) -> Term:
    """The kernel function of x and each vector, [rows, vectors]."""
    gamma, offset, degree = (*(parameters or ()), 0.0, 0.0, 3.0)[:3] if parameters else (0.0, 0.0, 3.0)
    if vectors.shape[1] != _.shape(computed(_, x))[1]:
        raise FormatError(f"{_.label}: its support vectors have {vectors.shape[1]} features")
    if kind == "RBF":
        return term("exp", term("distance", x, vectors) * -float(gamma))
    if kind == "LINEAR":
        return dense(_, x, vectors, None)
    if kind not in ("POLY", "SIGMOID"):
        raise FormatError(f"{_.label}: there is no kernel '{kind}'")
    product = dense(_, x, (vectors * np.float32(gamma)).astype(np.float32), None) + float(offset)
    if kind == "SIGMOID":
        return term("tanh", product)
    power = emitted(_, product)
    if degree != int(degree) or not 1 <= degree <= 16:
        raise UnsupportedError(f"{_.label}: a polynomial of degree {degree} is not supported")
    for _unused in range(int(degree) - 1):
        product = product * power
    return product


@ROWS.reads("ai.onnx.ml.SVMRegressor")
def _regressor(
    _: Surroundings, x: str, *,
    coefficients: Sequence[float], kernel_params: Sequence[float] | None = None, kernel_type: str = "LINEAR",
    n_supports: int = 0, one_class: int = 0, post_transform: str = "NONE", rho: Sequence[float],
    support_vectors: Sequence[float] | None = None,
) -> Result:  # fmt: skip
    data = features(_, x)
    if n_supports:
        vectors = matrix(_, support_vectors or (), n_supports)
        data = _kernel(_, data, vectors, kernel_type, kernel_params)
    elif kernel_type != "LINEAR":
        raise FormatError(f"{_.label}: has the kernel {kernel_type}, but no support vectors")
    if len(rho) != 1:
        raise FormatError(f"{_.label}: has {len(rho)} rho, needs 1")
    score = dense(_, data, matrix(_, coefficients, 1), np.array(rho, np.float32))
    if one_class:
        inside = term("cast", term("greater", score, 0.0), to="f32")
        return result(_, inside * 2.0 - 1.0)
    return result(_, transformed(_, score, post_transform))


@ROWS.reads("ai.onnx.ml.SVMClassifier")
def _classifier(
    _: Noting, x: str, *,
    classlabels_ints: Sequence[int] | None = None, classlabels_strings: Sequence[str] | None = None,
    coefficients: Sequence[float], kernel_params: Sequence[float] | None = None, kernel_type: str = "LINEAR",
    post_transform: str = "NONE", prob_a: Sequence[float] | None = None, prob_b: Sequence[float] | None = None,
    rho: Sequence[float], support_vectors: Sequence[float] | None = None,
    vectors_per_class: Sequence[int] | None = None,
) -> Results:  # fmt: skip
    """Votes of pairs of classes; the scores are those of the pairs, of one pair both signs."""
    labels = class_labels(_, classlabels_ints, classlabels_strings)
    counts = vectors_per_class or ()
    pairs = list(combinations(range(len(labels)), 2))
    if len(counts) != len(labels) or min(counts) < 1:
        raise UnsupportedError(f"{_.label}: only machines with support vectors for every class are supported")
    if len(rho) != len(pairs):
        raise FormatError(f"{_.label}: has {len(rho)} rho for {len(pairs)} pairs of classes")
    vectors = matrix(_, support_vectors or (), sum(counts))
    weights = matrix(_, coefficients, len(labels) - 1)
    if weights.shape[1] != len(vectors):
        raise FormatError(f"{_.label}: has {weights.shape[1]} coefficients for {len(vectors)} vectors")
    kernel = _kernel(_, features(_, x), vectors, kernel_type, kernel_params)
    scores = dense(_, kernel, _pair_weights(weights, counts, pairs), np.array(rho, np.float32))
    label = _label(_, scores, pairs, labels)
    if prob_a:
        return label, result(_, _probability(_, scores, prob_a, prob_b or ()))
    if len(pairs) > 1:
        return label, result(_, transformed(_, scores, post_transform))
    return label, result(_, transformed(_, term("concatenation", -scores, scores, axis=1), post_transform))


def _pair_weights(weights: Matrix, counts: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Matrix:
    """[pairs, vectors]: a class's vectors have a row of weights for each other class."""
    ends = np.cumsum(counts)
    rows = np.zeros((len(pairs), weights.shape[1]), np.float32)
    for row, (first, second) in zip(rows, pairs, strict=True):
        of_first = slice(ends[first] - counts[first], ends[first])
        of_second = slice(ends[second] - counts[second], ends[second])
        row[of_first], row[of_second] = weights[second - 1, of_first], weights[first, of_second]
    return rows


def _label(_: Surroundings, scores: Term, pairs: Sequence[tuple[int, int]], labels: Labels) -> Result:
    """The class that most pairs speak for: the first of a pair where its score is above 0."""
    signs = np.zeros((len(labels), len(pairs)), np.float32)
    for column, (first, second) in enumerate(pairs):
        signs[first, column], signs[second, column] = 1, -1
    for_first = term("cast", term("greater", scores, 0.0), to="f32")
    votes = dense(_, emitted(_, for_first), signs, -np.minimum(signs, 0).sum(axis=1))
    index = term("arg_max", votes, axis=1)
    if np.array_equal(labels, np.arange(len(labels))):
        return result(_, term("cast", index, to="s64"))
    return result(_, term("gather", labels, index))


def _probability(_: Surroundings, score: Term, slopes: Sequence[float], offsets: Sequence[float]) -> Term:
    """Platt's sigmoid of two classes."""
    if len(slopes) != 1 or len(offsets) != 1:
        raise UnsupportedError(
            f"{_.label}: probabilities of more than two classes, which are iterated for, are not supported; export "
            f"the model without them"
        )
    line = emitted(_, score * float(slopes[0]) + float(offsets[0]))
    return term("logistic", term("concatenation", -line, line, axis=1))
