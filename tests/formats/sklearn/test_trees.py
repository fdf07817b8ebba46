"""Decision trees and forests: exact against scikit-learn, at every threshold and beside it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'smelt[sklearn]'")
from agreement import answers, assert_agrees, assert_alike, data, fitted, run_rows
from numpy.typing import NDArray
from sklearn import ensemble, linear_model, pipeline, preprocessing, tree

import smelt
from smelt.errors import UsageError

CASES = {
    "tree": (tree.DecisionTreeClassifier(random_state=0), "iris"),
    "tree_two": (tree.DecisionTreeClassifier(random_state=0, max_depth=3), "moons"),
    "tree_best_first": (tree.DecisionTreeClassifier(random_state=0, max_leaf_nodes=30), "digits"),
    "tree_weighted": (
        tree.DecisionTreeClassifier(random_state=0, class_weight="balanced", max_depth=5),
        "digits",
    ),
    "tree_one_leaf": (tree.DecisionTreeClassifier(max_depth=1, min_samples_leaf=100), "iris"),
    "extra_tree": (tree.ExtraTreeClassifier(random_state=0), "iris"),
    "tree_regressor": (tree.DecisionTreeRegressor(random_state=0), "diabetes"),
    "tree_several": (tree.DecisionTreeRegressor(random_state=0), "linnerud"),
    "forest": (ensemble.RandomForestClassifier(30, random_state=0), "digits"),
    "forest_two": (ensemble.RandomForestClassifier(100, random_state=0, max_depth=5), "breast_cancer"),
    "forest_leaves": (ensemble.RandomForestClassifier(20, random_state=0, min_samples_leaf=5), "iris"),
    "extra_trees": (ensemble.ExtraTreesClassifier(20, random_state=0), "iris"),
    "forest_regressor": (ensemble.RandomForestRegressor(20, random_state=0), "diabetes"),
    "forest_several": (ensemble.RandomForestRegressor(20, random_state=0), "linnerud"),
    "extra_trees_regressor": (ensemble.ExtraTreesRegressor(10, random_state=0), "diabetes"),
}


def edges(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The float32 numbers nearest to thresholds, the next ones on both sides, zeros and huge numbers."""
    nearest = thresholds.astype(np.float32)
    infinity = np.float32(np.inf)
    more = np.array([0.0, -0.0, 1e30, -1e30], np.float32)
    return np.concatenate([nearest, np.nextafter(nearest, infinity), np.nextafter(nearest, -infinity), more])


def adversarial(fitted_trees: list[Any], features: int, count: int) -> NDArray[np.float32]:
    """Rows in which every feature is at one of the thresholds that it is compared with, or beside it."""
    rng = np.random.default_rng(0)
    columns = []
    for feature in range(features):
        met = [t.tree_.threshold[t.tree_.feature == feature] for t in fitted_trees]
        columns.append(rng.choice(edges(np.concatenate(met)), count))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", CASES)
def test_trees_predict_what_scikit_learn_does(name: str) -> None:
    estimator, source = CASES[name]
    model = fitted(estimator, source)
    rows = data(source)[0]
    assert_agrees(model, rows)
    hard = adversarial(getattr(model, "estimators_", [model]), rows.shape[1], 400)
    graph = smelt.from_sklearn(model)
    assert_alike(run_rows(graph, hard), answers(model, hard))
    assert_alike(run_rows(graph, hard[:100], "native"), answers(model, hard[:100]))


def test_rounding_thresholds_to_nearest_would_be_wrong() -> None:
    """The adversarial rows tell: with thresholds rounded to nearest, some leaf would be another."""
    model = fitted(tree.DecisionTreeRegressor(random_state=0), "diabetes")
    hard = adversarial([model], 10, 400)
    graph = smelt.from_sklearn(model)
    name = graph.nodes[0].inputs[2] or ""
    splits = model.tree_.threshold[model.tree_.feature >= 0].astype(np.float32)
    nearest = graph.replaced(constants={name: splits})
    assert (graph.constants[name] != splits).any()
    meant = answers(model, hard)["prediction"]
    assert (np.abs(run_rows(nearest, hard)["prediction"] - meant) > 1e-3).any()


@pytest.mark.parametrize("seen", [True, False])
def test_missing_values_take_the_way_that_training_chose(seen: bool) -> None:
    x, y = data("iris")
    rng = np.random.default_rng(0)
    holes = np.where(rng.random(x.shape) < 0.2, np.float32(np.nan), x)
    model = ensemble.RandomForestClassifier(10, random_state=0).fit(holes if seen else x, y)
    graph = smelt.from_sklearn(model)
    assert_alike(run_rows(graph, holes), answers(model, holes))
    assert_alike(run_rows(graph, holes, "native"), answers(model, holes))


def test_thresholds_are_rounded_where_asked_and_what_it_changes_is_said() -> None:
    x, y = data("breast_cancer")
    model = ensemble.RandomForestClassifier(20, random_state=0).fit(x[::2], y[::2])
    exact = smelt.from_sklearn(model)
    with pytest.warns(UserWarning, match="thresholds of 16 bits change") as caught:
        short = smelt.from_sklearn(model, x, threshold_dtype="s16")
    loss = json.loads(short.metadata["threshold_loss"])
    got, meant = run_rows(short, x), run_rows(exact, x)
    assert loss["samples"] == len(x)
    assert loss["differing"]["label"] == (got["label"] != meant["label"]).sum()
    assert (
        0
        < loss["differing"]["probabilities"]
        == (got["probabilities"] != meant["probabilities"]).any(1).sum()
    )
    assert f"label of {loss['differing']['label']}" in str(caught[0].message)
    assert_alike(run_rows(short, x[:40], "native"), run_rows(short, x[:40]), 1e-6)
    splits = len(exact.constants[exact.nodes[0].inputs[2] or ""])
    sizes = [
        smelt.profile(graph, smelt.find_target("cortex-m4")).layers[0].table_bytes for graph in (exact, short)
    ]
    assert sizes[0] - sizes[1] == 2 * splits


def test_thresholds_that_fit_16_bits_change_nothing() -> None:
    x, _ = data("digits")
    model = fitted(ensemble.RandomForestClassifier(5, random_state=0), "digits")
    short = smelt.from_sklearn(model, x, threshold_dtype="s16")
    assert json.loads(short.metadata["threshold_loss"])["differing"] == {"label": 0, "probabilities": 0}
    assert_alike(run_rows(short, x[:50], "native"), answers(model, x[:50]))


def test_rounding_thresholds_needs_trees_and_samples() -> None:
    model = fitted(tree.DecisionTreeClassifier(), "iris")
    with pytest.raises(UsageError, match="needs samples"):
        smelt.from_sklearn(model, threshold_dtype="s16")
    with pytest.raises(UsageError, match="f32 or s16"):
        smelt.from_sklearn(model, threshold_dtype="s8")  # type: ignore[arg-type]
    other = fitted(linear_model.LinearRegression(), "diabetes")
    with pytest.raises(UsageError, match="has no trees"):
        smelt.from_sklearn(other, data("diabetes")[0], threshold_dtype="s16")


@pytest.mark.parametrize("source", ["iris", "digits", "breast_cancer", "wine"])
def test_labels_of_unseen_rows_are_those_of_scikit_learn(source: str) -> None:
    """Ties included: there are some, and they go to the first class."""
    x, y = data(source)
    order = np.random.default_rng(0).permutation(len(x))
    seen, unseen = order[::2], order[1::2][:300]
    for forest in (
        ensemble.RandomForestClassifier(20, random_state=0),
        ensemble.RandomForestClassifier(20, random_state=0, min_samples_leaf=3),
        ensemble.ExtraTreesClassifier(30, random_state=0, max_depth=4),
    ):
        model = forest.fit(x[seen], y[seen])
        assert_alike(run_rows(smelt.from_sklearn(model), x[unseen]), answers(model, x[unseen]))


SCALERS = {
    "standard": preprocessing.StandardScaler(),
    "min_max": preprocessing.MinMaxScaler((-1, 3), clip=True),
    "max_abs": preprocessing.MaxAbsScaler(),
    "robust": preprocessing.RobustScaler(),
}


@pytest.mark.parametrize("name", SCALERS)
def test_scalers_before_trees_move_thresholds_exactly(name: str) -> None:
    """No node scales anything; rows at the moved thresholds and beside them go where scikit-learn's go."""
    forest = ensemble.ExtraTreesRegressor(5, random_state=0)
    model = pipeline.make_pipeline(SCALERS[name], preprocessing.RobustScaler(), forest).fit(*data("diabetes"))
    graph = smelt.from_sklearn(model)
    assert [node.operator for node in graph.nodes] == ["tree_ensemble", "cast", "mul", "reshape"]
    features, moved = (graph.constants[graph.nodes[0].inputs[k] or ""] for k in (1, 2))
    rng = np.random.default_rng(0)
    columns = [rng.choice(edges(moved[features == k].astype(np.float64)), 300) for k in range(10)]
    rows = np.stack(columns, axis=1)
    assert_alike(run_rows(graph, rows), answers(model, rows))
    assert_alike(run_rows(graph, data("diabetes")[0]), answers(model, data("diabetes")[0]))


def test_scalers_before_other_trees() -> None:
    for estimator in (
        ensemble.HistGradientBoostingClassifier(max_iter=5),
        ensemble.GradientBoostingClassifier(n_estimators=5),
    ):
        model = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator).fit(*data("iris"))
        assert_alike(run_rows(smelt.from_sklearn(model), data("iris")[0]), answers(model, data("iris")[0]))


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_a_forest_on_emulated_cores(core: str) -> None:
    model = fitted(ensemble.RandomForestClassifier(10, random_state=0), "digits")
    rows = data("digits")[0][::300]
    assert_alike(run_rows(smelt.from_sklearn(model), rows, "emulated", core), answers(model, rows))


def test_ties_go_to_the_first_class() -> None:
    """Two pure trees that disagree: half for each of two classes."""
    x = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    model = ensemble.RandomForestClassifier(2, random_state=1, bootstrap=True).fit(x, [0, 1, 2, 1])
    rows = np.linspace(-1, 4, 101, dtype=np.float32)[:, None]
    shares = model.predict_proba(rows)
    assert (np.sort(shares, axis=1)[:, -1] == np.sort(shares, axis=1)[:, -2]).any()
    assert_agrees(model, rows)


def test_leaves_of_pure_classes_take_a_byte() -> None:
    """The tables of a forest that was grown to the end: 6 bytes a split, 1 a leaf, and a row for each class."""
    model = fitted(ensemble.RandomForestClassifier(10, random_state=0), "digits")
    graph = smelt.from_sklearn(model)
    values = graph.constants[graph.nodes[0].inputs[6] or ""]
    np.testing.assert_array_equal(values, np.eye(10, dtype=np.int32)[::-1] * values.max())
