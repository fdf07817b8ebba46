"""Naive Bayes, and linear discriminants: scores are log likelihoods of the classes."""

from __future__ import annotations

import numpy as np

from smelt.errors import UsageError
from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads
from smelt.formats.sklearn.linear import index_of, linear, logistic_probabilities


def _likeliest(_: Estimator, scores: str) -> Result:
    return Result("classes", _.index_of_largest(scores), _.emit("softmax", (scores,)))


def _dense(_: Estimator, x: str, weights: Reals, bias: Reals) -> Result:
    """Scores less their mean over the classes, which changes no probability and keeps float32 sums short."""
    if not np.isfinite(weights).all() or not np.isfinite(bias).all():
        raise UsageError(f"{_.label}: some feature has probability 0 in some class; fit it with alpha > 0")
    return _likeliest(_, _.dense(x, weights - weights.mean(axis=0), bias - bias.mean()))


@reads("GaussianNB")
def _gaussian(_: Estimator, x: str) -> Result:
    """log p - sum(log(2 pi v)) / 2 - sum((x - m)^2 / v) / 2, less that of the largest class's constants."""
    means = _.reals("theta_")
    variances = _.reals("var_" if hasattr(_.fitted, "var_") else "sigma_")
    rows, features = _.shape(x)
    constants = np.log(_.reals("class_prior_")) - 0.5 * np.log(2 * np.pi * variances).sum(axis=1)
    wide = _.emit("reshape", (x,), {"shape": (rows, 1, features)})
    scaled = _.with_constant("mul", _.with_constant("sub", wide, means), np.sqrt(0.5 / variances), "spread")
    distance = _.emit("sum", (_.emit("square", (scaled,)),), {"axes": (2,)})
    return _likeliest(_, _.emit("sub", (_.constant("constants", constants - constants.max()), distance)))


@reads("MultinomialNB")
def _multinomial(_: Estimator, x: str) -> Result:
    return _dense(_, x, _.setting("feature_log_prob_"), _.setting("class_log_prior_"))


@reads("ComplementNB")
def _complement(_: Estimator, x: str) -> Result:
    weights = np.asarray(_.setting("feature_log_prob_"), np.float64)
    return _dense(_, x, weights, np.zeros(len(weights)))


@reads("BernoulliNB")
def _bernoulli(_: Estimator, x: str) -> Result:
    if _.setting("binarize") is not None:
        x = _.emit("cast", (_.with_constant("greater", x, float(_.fitted.binarize)),), {"to": "f32"})
    present = np.asarray(_.setting("feature_log_prob_"), np.float64)
    absent = np.log1p(-np.exp(present))
    return _dense(_, x, present - absent, _.setting("class_log_prior_") + absent.sum(axis=1))


@reads("LinearDiscriminantAnalysis")
def _discriminant(_: Estimator, x: str) -> Result:
    scores = linear(_, x)
    if _.shape(scores)[1] == 1:
        return Result("classes", index_of(_, scores), logistic_probabilities(_, scores))
    return _likeliest(_, scores)
