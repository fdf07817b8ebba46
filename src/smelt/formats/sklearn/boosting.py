"""Boosted decision trees: sums of leaves, to which the prediction that boosting began with is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads
from smelt.formats.sklearn.linear import above, logistic_probabilities
from smelt.formats.sklearn.trees import class_shares, scaled, thresholds, tree_of
from smelt.operators.trees.ensemble import Tree, add_trees


def _begun(trees: Sequence[Tree], start: Reals) -> list[Tree]:
    """The trees with `start` [outputs] in the leaves of the first one of each output."""
    result = list(trees)
    for output, number in enumerate(start):
        index = next(i for i, tree in enumerate(result) if tree.target == output)
        result[index] = replace(result[index], values=result[index].values + number)
    return result


def _sums(_: Estimator, x: str, trees: Sequence[Tree], start: Reals) -> tuple[str, str]:
    """The raw predictions, as integers and as float32."""
    sums, worth = add_trees(_.builder, x, _begun(trees, start), len(start), _.name)
    return sums, scaled(_, sums, worth)


def _gradient_boosting(_: Estimator, x: str) -> tuple[str, str]:
    if not isinstance(_.setting("init_"), str) and not type(_.fitted.init_).__name__.startswith("Dummy"):
        raise _.unsupported(f"beginning with {type(_.fitted.init_).__name__}")
    rate = float(_.setting("learning_rate"))
    trees = [
        tree_of(_, one, np.asarray(one.tree_.value, np.float64)[:, :, 0] * rate, target)
        for stage in _.setting("estimators_")
        for target, one in enumerate(stage)
    ]
    start = _.setting("_raw_predict_init")(np.zeros((1, _.shape(x)[1]), np.float32))
    return _sums(_, x, trees, np.asarray(start, np.float64)[0])


@reads("GradientBoostingRegressor")
def _regressor(_: Estimator, x: str) -> Result:
    return Result("prediction", _.column(_gradient_boosting(_, x)[1]))


@reads("GradientBoostingClassifier")
def _classifier(_: Estimator, x: str) -> Result:
    sums, scores = _gradient_boosting(_, x)
    if _.shape(sums)[1] > 1:
        return Result("classes", _.index_of_largest(sums), _.emit("softmax", (scores,)))
    if _.setting("loss") == "exponential":
        scores = _.with_constant("mul", scores, 2.0)
    return Result("classes", above(_, sums, "greater_equal"), logistic_probabilities(_, scores))


def _hist_tree(_: Estimator, nodes: Any, target: int) -> Tree:
    if nodes["is_categorical"].any():
        raise _.unsupported("a split by categories")
    leaf = nodes["is_leaf"].astype(np.bool_)
    return Tree(
        feature=nodes["feature_idx"],
        threshold=thresholds(_, nodes["feature_idx"], nodes["num_threshold"], ~leaf),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        values=nodes["value"].astype(np.float64)[:, None],
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        target=target,
    )


def _hist_gradient_boosting(_: Estimator, x: str) -> tuple[str, str]:
    trees = [
        _hist_tree(_, predictor.nodes, target)
        for stage in _.setting("_predictors")
        for target, predictor in enumerate(stage)
    ]
    return _sums(_, x, trees, np.ravel(_.reals("_baseline_prediction")))


@reads("HistGradientBoostingRegressor")
def _hist_regressor(_: Estimator, x: str) -> Result:
    link = type(_.setting("_loss").link).__name__
    if link not in ("IdentityLink", "LogLink"):
        raise _.unsupported(f"the link {link}")
    scores = _hist_gradient_boosting(_, x)[1]
    return Result("prediction", _.column(_.emit("exp", (scores,)) if link == "LogLink" else scores))


@reads("HistGradientBoostingClassifier")
def _hist_classifier(_: Estimator, x: str) -> Result:
    sums, scores = _hist_gradient_boosting(_, x)
    if _.shape(sums)[1] > 1:
        return Result("classes", _.index_of_largest(sums), _.emit("softmax", (scores,)))
    return Result("classes", above(_, sums, "greater"), logistic_probabilities(_, scores))


@reads("AdaBoostClassifier")
def _ada_boost(_: Estimator, x: str) -> Result:
    """Each tree votes with its weight for the class of the leaf, and against the others."""
    if getattr(_.fitted, "algorithm", "SAMME") == "SAMME.R":
        raise _.unsupported("the algorithm SAMME.R")
    weights = np.asarray(_.setting("estimator_weights_"), np.float64) / _.reals("estimator_weights_").sum()
    classes = len(_.setting("classes_"))
    trees = []
    for one, weight in zip(_.setting("estimators_"), weights, strict=False):
        if not hasattr(one, "tree_"):
            raise _.unsupported(f"boosting {type(one).__name__}")
        shares = class_shares(_, one)
        own = np.asarray(one.classes_, np.int64) if len(one.classes_) < classes else np.arange(classes)
        chosen = own[shares.argmax(axis=1)][:, None] == np.arange(classes)
        trees.append(tree_of(_, one, np.where(chosen, weight, -weight / (classes - 1))))
    sums, worth = add_trees(_.builder, x, trees, classes, _.name)
    scores = scaled(_, sums, worth / (classes - 1))
    return Result("classes", _.index_of_largest(sums), _.emit("softmax", (scores,)))
