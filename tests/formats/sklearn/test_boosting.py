"""Boosted trees against scikit-learn, also at every threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'smelt[sklearn]'")
from agreement import answers, assert_agrees, assert_alike, data, fitted, run_rows
from sklearn import ensemble, linear_model
from sklearn.base import clone

import smelt
from smelt.errors import UnsupportedError

OLD = ensemble.AdaBoostClassifier().get_params().get("algorithm") == "SAMME.R"  # before 1.6
ADA = ensemble.AdaBoostClassifier(random_state=0, **({"algorithm": "SAMME"} if OLD else {}))
CASES = {
    "two": (ensemble.GradientBoostingClassifier(random_state=0), "breast_cancer"),
    "three": (ensemble.GradientBoostingClassifier(n_estimators=30, random_state=0), "iris"),
    "ten": (ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0), "digits"),
    "exponential": (ensemble.GradientBoostingClassifier(loss="exponential", random_state=0), "moons"),
    "regression": (ensemble.GradientBoostingRegressor(random_state=0), "diabetes"),
    "from_zero": (ensemble.GradientBoostingRegressor(init="zero", loss="huber", random_state=0), "diabetes"),
    "ada_three": (ADA, "iris"),
    "ada_two": (clone(ADA), "breast_cancer"),
    "hist_two": (ensemble.HistGradientBoostingClassifier(max_iter=20), "breast_cancer"),
    "hist_three": (ensemble.HistGradientBoostingClassifier(max_iter=20), "iris"),
    "hist_regression": (ensemble.HistGradientBoostingRegressor(max_iter=20), "diabetes"),
    "hist_poisson": (ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=20), "diabetes"),
}


def _thresholds(model: Any, feature: int) -> list[float]:
    if hasattr(model, "_predictors"):
        nodes = [tree.nodes for stage in model._predictors for tree in stage]
        return [
            t for n in nodes for t in n["num_threshold"][(n["feature_idx"] == feature) & (n["is_leaf"] == 0)]
        ]
    trees = [tree.tree_ for tree in np.ravel(model.estimators_)]
    return [t for tree in trees for t in tree.threshold[tree.feature == feature]]


@pytest.mark.parametrize("name", CASES)
def test_boosting_predicts_what_scikit_learn_does(name: str) -> None:
    estimator, source = CASES[name]
    model: Any = fitted(estimator, source)
    rows = data(source)[0]
    assert_agrees(model, rows)
    rng = np.random.default_rng(0)
    columns = []
    for feature in range(rows.shape[1]):
        nearest = np.array(_thresholds(model, feature) or [0.0]).astype(np.float32)
        near = [nearest, *(np.nextafter(nearest, np.float32(to)) for to in (np.inf, -np.inf))]
        columns.append(rng.choice(np.concatenate(near), 200))
    hard = np.stack(columns, axis=1)
    graph = smelt.from_sklearn(model)
    assert_alike(run_rows(graph, hard), answers(model, hard))
    assert_alike(run_rows(graph, hard[:50], "native"), answers(model, hard[:50]))


def test_missing_values_in_histograms() -> None:
    x, y = data("iris")
    holes = np.where(np.random.default_rng(0).random(x.shape) < 0.2, np.float32(np.nan), x)
    model = ensemble.HistGradientBoostingClassifier(max_iter=10).fit(holes, y)
    graph = smelt.from_sklearn(model)
    assert_alike(run_rows(graph, holes), answers(model, holes))
    assert_alike(run_rows(graph, holes, "native"), answers(model, holes))


def test_what_boosting_can_begin_with() -> None:
    x, y = data("diabetes")
    model = ensemble.GradientBoostingRegressor(init=linear_model.LinearRegression(), n_estimators=2).fit(x, y)
    with pytest.raises(UnsupportedError, match="beginning with LinearRegression"):
        smelt.from_sklearn(model)


def test_splits_by_categories_are_refused() -> None:
    x = np.arange(200, dtype=np.float32)[:, None] % 7
    model = ensemble.HistGradientBoostingRegressor(max_iter=2, categorical_features=[0], min_samples_leaf=5)
    with pytest.raises(UnsupportedError, match="categories"):
        smelt.from_sklearn(model.fit(x, np.sin(x[:, 0] * 9)))
