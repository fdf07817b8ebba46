"""Decision trees and forests of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads
from smelt.formats.sklearn.monotone import thresholds_before
from smelt.operators.trees.ensemble import Tree, add_trees, round_down


def tree_of(_: Estimator, fitted: Any, values: Reals | None = None, target: int = 0) -> Tree:
    """A fitted tree of scikit-learn (its `tree_`); `values` [nodes, columns] instead of its own."""
    tree = fitted.tree_
    own = np.asarray(tree.value, np.float64)
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return Tree(
        feature=tree.feature,
        threshold=thresholds(_, tree.feature, tree.threshold, tree.children_left >= 0),
        left=tree.children_left,
        right=tree.children_right,
        values=own.reshape(len(own), -1) if values is None else values,
        missing_left=np.asarray(missing).astype(np.bool_),
        target=target,
    )


def thresholds(
    _: Estimator, feature: NDArray[Any], threshold: NDArray[Any], is_split: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The thresholds of splits as float32, for what the scalers before the trees are given; 0 at leaves."""
    result = np.where(is_split, round_down(threshold), np.float32(0))
    if _.scalers and is_split.any():
        features = int(_.scalers[0].n_features_in_)
        result[is_split] = thresholds_before(_.scalers, feature[is_split], result[is_split], features)
    return result


def class_shares(_: Estimator, fitted: Any) -> Reals:
    """The share of each class in each node: releases before 1.3 hold counts."""
    if fitted.n_outputs_ != 1:
        raise _.unsupported("predicting several outputs at once")
    values = np.asarray(fitted.tree_.value, np.float64)[:, 0, :]
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def scaled(_: Estimator, sums: str, factor: Reals) -> str:
    """Integer sums as float32: each times what 1 is worth."""
    factor = factor[:1] if (factor == factor[0]).all() else factor
    return _.with_constant("mul", _.emit("cast", (sums,), {"to": "f32"}), factor, "worth")


@reads("DecisionTreeClassifier", "ExtraTreeClassifier")
def _tree_classifier(_: Estimator, x: str) -> Result:
    return _average_of_classes(_, x, [_.fitted])


@reads("RandomForestClassifier", "ExtraTreesClassifier")
def _forest_classifier(_: Estimator, x: str) -> Result:
    return _average_of_classes(_, x, _.setting("estimators_"))


def _average_of_classes(_: Estimator, x: str, fitted: Sequence[Any]) -> Result:
    trees = [tree_of(_, one, class_shares(_, one)) for one in fitted]
    sums, worth = add_trees(_.builder, x, trees, trees[0].values.shape[1], _.name)
    return Result("classes", _.index_of_largest(sums), scaled(_, sums, worth / len(trees)))


@reads("DecisionTreeRegressor", "ExtraTreeRegressor")
def _tree_regressor(_: Estimator, x: str) -> Result:
    return _average(_, x, [_.fitted])


@reads("RandomForestRegressor", "ExtraTreesRegressor")
def _forest_regressor(_: Estimator, x: str) -> Result:
    return _average(_, x, _.setting("estimators_"))


def _average(_: Estimator, x: str, fitted: Sequence[Any]) -> Result:
    trees = [tree_of(_, one) for one in fitted]
    outputs = trees[0].values.shape[1]
    sums, worth = add_trees(_.builder, x, trees, outputs, _.name, alike=False)
    value = scaled(_, sums, worth / len(trees))
    return Result("prediction", value if outputs > 1 else _.column(value))
