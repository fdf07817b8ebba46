"""Labels, the check against samples, and what is refused."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'smelt[sklearn]'")
from agreement import assert_agrees, assert_alike, data, fitted, run_rows
from sklearn import (
    ensemble,
    gaussian_process,
    linear_model,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import DType

NUMBERS = {
    "negative": np.array([-7, 0, 9]),
    "gaps": np.array([3, 100, 5]),
    "huge": np.array([1, 2**40, -(2**40)]),
    "whole": np.array([1.0, 2.0, 4.0]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_labels_that_are_other_numbers_are_given_out(name: str) -> None:
    x, y = data("iris")
    model = tree.DecisionTreeClassifier(random_state=0).fit(x, NUMBERS[name][y])
    graph = assert_agrees(model, x)
    kind = DType.S64 if name == "huge" else DType.S32
    assert graph.values["label"].dtype is kind


def test_names_of_classes_are_metadata() -> None:
    x, y = data("iris")
    names = np.array(["rose", "iris", "lily"])[y]
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(
        x, names
    )
    graph = smelt.from_sklearn(model, x)
    classes = json.loads(graph.metadata["classes"])
    assert classes == ["iris", "lily", "rose"]
    got = run_rows(graph, x)["label"]
    assert [classes[index] for index in got] == list(model.predict(x))


def test_labels_of_two_classes_without_zero() -> None:
    x, y = data("moons")
    for model in (
        linear_model.LogisticRegression(),
        svm.SVC(),
        ensemble.GradientBoostingClassifier(n_estimators=5),
    ):
        assert_agrees(model.fit(x, np.where(y > 0, 5, -5)), x)


def test_true_and_false_are_one_and_zero() -> None:
    x, y = data("moons")
    model = linear_model.LogisticRegression().fit(x, y > 0)
    assert_alike(
        run_rows(smelt.from_sklearn(model, x), x),
        {"label": model.predict(x).astype(np.int32), "probabilities": model.predict_proba(x)},
    )


def test_samples_are_compared_with_the_estimator() -> None:
    x, y = data("iris")
    model: Any = fitted(linear_model.LogisticRegression(max_iter=500), "iris")
    graph = smelt.from_sklearn(model, x.astype(np.float64), name="flowers")
    assert graph.name == "flowers"

    class Liar(type(model)):  # type: ignore[misc]
        def predict(self, rows: Any) -> Any:
            return 2 - super().predict(rows)

        def predict_proba(self, rows: Any) -> Any:
            return super().predict_proba(rows)[:, ::-1]

    Liar.__module__, Liar.__name__ = "sklearn.linear_model", "LogisticRegression"
    liar = Liar(max_iter=500).fit(x, y)
    differing = int((liar.predict(x) != model.predict(x)).sum())
    with (
        pytest.warns(UserWarning, match="probabilities differ by"),
        pytest.warns(UserWarning, match=f"{differing} of 150 labels differ"),
    ):
        smelt.from_sklearn(liar, x)


def test_samples_of_another_shape_are_refused() -> None:
    model = fitted(tree.DecisionTreeClassifier(), "iris")
    for wrong in (np.zeros((3, 5)), np.zeros(4), np.zeros((0, 4))):
        with pytest.raises(UsageError, match="needed are"):
            smelt.from_sklearn(model, wrong)


def test_sparse_samples_and_estimators_are_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    x, y = data("iris")
    with pytest.raises(UsageError, match="dense"):
        smelt.from_sklearn(fitted(tree.DecisionTreeClassifier(), "iris"), sparse.csr_matrix(x))
    with pytest.raises(UnsupportedError, match="sparse"):
        smelt.from_sklearn(svm.SVC().fit(sparse.csr_matrix(x), y))


def test_what_is_not_fitted_or_no_estimator_is_refused() -> None:
    with pytest.raises(UsageError, match="call fit"):
        smelt.from_sklearn(ensemble.RandomForestClassifier())
    with pytest.raises(UsageError, match="not fitted"):
        smelt.from_sklearn(
            pipeline.make_pipeline(preprocessing.StandardScaler(), tree.DecisionTreeClassifier())
        )
    for wrong in (3, "model.pkl", tree.DecisionTreeClassifier):
        with pytest.raises(UsageError, match="reads fitted estimators"):
            smelt.from_sklearn(wrong)


def test_estimators_without_a_reader_name_those_that_have_one() -> None:
    x, y = data("moons")
    model = gaussian_process.GaussianProcessClassifier().fit(x[:50], y[:50])
    with pytest.raises(
        UnsupportedError, match=r"GaussianProcessClassifier is not among .*RandomForestClassifier"
    ):
        smelt.from_sklearn(model)

    class Own(tree.DecisionTreeClassifier):  # type: ignore[misc]
        pass

    with pytest.raises(UnsupportedError, match="Own is not among"):
        smelt.from_sklearn(Own().fit(x, y))


def test_several_labels_at_once_are_refused() -> None:
    x, y = data("moons")
    both = np.stack([y, 1 - y], axis=1)
    for model in (tree.DecisionTreeClassifier(), neural_network.MLPClassifier(max_iter=5)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, both)
        with pytest.raises(UnsupportedError, match="at once"):
            smelt.from_sklearn(model)


def test_weights_that_are_not_finite_are_refused() -> None:
    model: Any = fitted(linear_model.LinearRegression(), "diabetes")
    model.coef_[0] = np.nan
    with pytest.raises(UsageError, match="'coef_' holds numbers that are not finite"):
        smelt.from_sklearn(model)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.bin"])
def test_pickles_are_not_run(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    content = pickle.dumps(fitted(tree.DecisionTreeClassifier(), "iris"))
    path.write_bytes(content)
    with pytest.raises(UnsupportedError, match="from_sklearn"):
        smelt.load(path)
    assert path.read_bytes() == content
