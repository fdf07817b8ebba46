"""Linear models against scikit-learn."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'smelt[sklearn]'")
import warnings

import numpy as np
from agreement import answers, assert_agrees, assert_alike, data, fitted, run_rows
from sklearn import linear_model, svm

import smelt
from smelt.formats.sklearn.linear import CLASSIFIERS, REGRESSORS

CASES = {
    "linear": (linear_model.LinearRegression(), "diabetes"),
    "linear_no_intercept": (linear_model.LinearRegression(fit_intercept=False), "diabetes"),
    "linear_several": (linear_model.LinearRegression(), "linnerud"),
    "ridge": (linear_model.Ridge(), "diabetes"),
    "lasso": (linear_model.Lasso(), "diabetes"),
    "elastic_net": (linear_model.ElasticNet(), "diabetes"),
    "sgd_regressor": (linear_model.SGDRegressor(random_state=0), "diabetes"),
    "huber": (linear_model.HuberRegressor(), "diabetes"),
    "poisson": (linear_model.PoissonRegressor(), "diabetes"),
    "linear_svr": (svm.LinearSVR(random_state=0), "diabetes"),
    "logistic": (linear_model.LogisticRegression(max_iter=1000), "iris"),
    "logistic_two": (linear_model.LogisticRegression(max_iter=1000), "moons"),
    "logistic_unscaled": (linear_model.LogisticRegression(max_iter=5000), "breast_cancer"),
    "logistic_ten": (linear_model.LogisticRegression(max_iter=50), "digits"),
    "sgd_hinge": (linear_model.SGDClassifier(random_state=0), "digits"),
    "sgd_log": (linear_model.SGDClassifier(loss="log_loss", random_state=0), "iris"),
    "sgd_log_two": (linear_model.SGDClassifier(loss="log_loss", random_state=0), "moons"),
    "sgd_huber": (linear_model.SGDClassifier(loss="modified_huber", random_state=0), "iris"),
    "sgd_huber_two": (linear_model.SGDClassifier(loss="modified_huber", random_state=0), "moons"),
    "linear_svc": (svm.LinearSVC(random_state=0), "iris"),
    "linear_svc_two": (svm.LinearSVC(random_state=0), "moons"),
    "perceptron": (linear_model.Perceptron(random_state=0), "digits"),
    "ridge_classifier": (linear_model.RidgeClassifier(), "iris"),
}


@pytest.mark.parametrize("name", CASES)
def test_linear_model_predicts_what_scikit_learn_does(name: str) -> None:
    estimator, source = CASES[name]
    model: Any = fitted(estimator, source)
    assert_agrees(model, data(source)[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [*REGRESSORS, *CLASSIFIERS])
def test_every_linear_model_is_the_weights_that_it_learned(kind: str) -> None:
    made = getattr(linear_model, kind, None) or getattr(svm, kind)
    x, y = data("diabetes" if kind in REGRESSORS else "moons")
    rows, targets = x[:150], y[:150].astype(np.float64)
    model = made().fit(rows, np.stack([targets, -targets], axis=1) if "MultiTask" in kind else targets)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = smelt.from_sklearn(model, rows)
    assert_alike(run_rows(graph, rows[:40]), answers(model, rows[:40]))
