"""Linear models."""

from __future__ import annotations

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads

REGRESSORS = (
    "ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV", "Lasso",
    "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "LinearRegression", "LinearSVR", "MultiTaskElasticNet",
    "MultiTaskLasso", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "PassiveAggressiveRegressor",
    "QuantileRegressor", "Ridge", "RidgeCV", "SGDRegressor", "TheilSenRegressor",
)  # fmt: skip
CLASSIFIERS = (
    "LinearSVC",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "RidgeClassifier",
    "RidgeClassifierCV",
)


def linear(_: Estimator, x: str) -> str:
    """The decision function [rows, outputs]."""
    weights = np.atleast_2d(_.reals("coef_"))
    bias = np.broadcast_to(np.ravel(_.reals("intercept_")), len(weights))
    return _.dense(x, weights, np.array(bias))


def index_of(_: Estimator, scores: str) -> str:
    """The class that linear classifiers choose: of two the second where the score is above 0."""
    if _.shape(scores)[1] > 1:
        return _.index_of_largest(scores)
    return above(_, scores, "greater")


def above(_: Estimator, scores: str, comparison: str) -> str:
    """[rows, 1] of numbers as s32[rows]: 1 where they are `greater` (or `greater_equal`) than 0."""
    zero = _.constant("zero", np.zeros((), _.builder.values[scores].dtype.numpy))
    return _.column(_.emit("cast", (_.emit(comparison, (scores, zero)),), {"to": "s32"}))


def two_columns(_: Estimator, second: str) -> str:
    """The probabilities of both classes [rows, 2] from that of the second [rows, 1]."""
    first = _.emit("sub", (_.constant("one", np.float32(1)), second))
    return _.emit("concatenation", (first, second), {"axis": 1})


def logistic_probabilities(_: Estimator, scores: str) -> str:
    """[rows, 2] of the logistic of one score; 1 - p is the logistic of its negation."""
    pair: Reals = np.array([-1.0, 1.0])
    return _.emit("logistic", (_.with_constant("mul", scores, pair, "signs"),))


def normalized(_: Estimator, numbers: str) -> str:
    """Each row divided by its sum, or all alike where that is 0."""
    total = _.emit("sum", (numbers,), {"axes": (1,), "keep_dims": True})
    zero = _.emit("equal", (total, _.constant("zero", np.float32(0))))
    filled = _.emit("select", (zero, _.constant("one", np.float32(1)), numbers))
    count = _.constant("count", np.float32(_.shape(numbers)[1]))
    return _.emit("div", (filled, _.emit("select", (zero, count, total))))


def _one_against_rest(_: Estimator, scores: str) -> str:
    if _.shape(scores)[1] == 1:
        return logistic_probabilities(_, scores)
    return normalized(_, _.emit("logistic", (scores,)))


@reads(*REGRESSORS)
def _regressor(_: Estimator, x: str) -> Result:
    several = np.ndim(_.setting("coef_")) > 1
    value = linear(_, x)
    return Result("prediction", value if several and _.shape(value)[1] > 1 else _.column(value))


@reads("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
def _generalized(_: Estimator, x: str) -> Result:
    link = type(_.fitted._base_loss.link if hasattr(_.fitted, "_base_loss") else None).__name__
    if link not in ("LogLink", "IdentityLink"):
        raise _.unsupported(f"the link {link}")
    value = linear(_, x)
    return Result("prediction", _.column(_.emit("exp", (value,)) if link == "LogLink" else value))


@reads(*CLASSIFIERS)
def _classifier(_: Estimator, x: str) -> Result:
    return Result("classes", index_of(_, linear(_, x)))


@reads("LogisticRegression", "LogisticRegressionCV")
def _logistic_regression(_: Estimator, x: str) -> Result:
    scores = linear(_, x)
    several = _.shape(scores)[1] > 1
    by_rest = several and (
        getattr(_.fitted, "multi_class", "auto") == "ovr" or _.setting("solver") == "liblinear"
    )
    if several and not by_rest:
        return Result("classes", index_of(_, scores), _.emit("softmax", (scores,)))
    return Result("classes", index_of(_, scores), _one_against_rest(_, scores))


@reads("SGDClassifier")
def _sgd(_: Estimator, x: str) -> Result:
    scores, loss = linear(_, x), _.setting("loss")
    index = index_of(_, scores)
    if loss in ("log_loss", "log"):
        return Result("classes", index, _one_against_rest(_, scores))
    if loss != "modified_huber":
        return Result("classes", index)
    clipped = _.emit("relu_n1_to_1", (scores,))
    half = _.with_constant("add", _.with_constant("mul", clipped, 0.5), 0.5)
    several = _.shape(scores)[1] > 1
    return Result("classes", index, normalized(_, half) if several else two_columns(_, half))
