"""Networks, naive Bayes, support vectors, clusters and transformers against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'smelt[sklearn]'")
from agreement import answers, assert_agrees, assert_alike, data, fitted, run_rows
from sklearn import (
    cluster,
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

import smelt
from smelt.errors import UnsupportedError

CASES = {
    "mlp_two": (neural_network.MLPClassifier(max_iter=30, random_state=0), "moons"),
    "mlp_ten": (neural_network.MLPClassifier((20, 15), "tanh", max_iter=20, random_state=0), "digits"),
    "mlp_logistic": (
        neural_network.MLPClassifier(activation="logistic", max_iter=30, random_state=0),
        "iris",
    ),
    "mlp_regressor": (neural_network.MLPRegressor(max_iter=30, random_state=0), "diabetes"),
    "mlp_several": (
        neural_network.MLPRegressor(activation="identity", max_iter=30, random_state=0),
        "linnerud",
    ),
    "gaussian_nb": (naive_bayes.GaussianNB(), "iris"),
    "gaussian_nb_ten": (naive_bayes.GaussianNB(), "digits"),
    "gaussian_nb_unscaled": (naive_bayes.GaussianNB(), "breast_cancer"),
    "multinomial_nb": (naive_bayes.MultinomialNB(), "digits"),
    "complement_nb": (naive_bayes.ComplementNB(), "digits"),
    "bernoulli_nb": (naive_bayes.BernoulliNB(binarize=8.0), "digits"),
    "lda": (discriminant_analysis.LinearDiscriminantAnalysis(), "iris"),
    "svc": (svm.SVC(), "iris"),
    "svc_two": (svm.SVC(), "moons"),
    "svc_ten": (svm.SVC(), "digits"),
    "svc_linear": (svm.SVC(kernel="linear"), "iris"),
    "svc_poly": (svm.SVC(kernel="poly"), "iris"),
    "svc_poly_two": (svm.SVC(kernel="poly", degree=2, coef0=1), "moons"),
    "svc_sigmoid": (svm.SVC(kernel="sigmoid"), "iris"),
    "svc_unscaled": (svm.SVC(), "breast_cancer"),
    "svc_break_ties": (svm.SVC(break_ties=True), "digits"),
    "nu_svc": (svm.NuSVC(nu=0.2), "iris"),
    "svr": (svm.SVR(C=100), "diabetes"),
    "svr_linear": (svm.SVR(kernel="linear"), "diabetes"),
    "nu_svr": (svm.NuSVR(C=100), "diabetes"),
    "one_class": (svm.OneClassSVM(), "iris"),
    "k_means": (cluster.KMeans(10, random_state=0), "digits"),
    "k_means_batches": (cluster.MiniBatchKMeans(3, random_state=0), "iris"),
    "neighbors": (neighbors.KNeighborsClassifier(), "moons"),
    "neighbors_weighted": (neighbors.KNeighborsClassifier(7, weights="distance"), "breast_cancer"),
    "neighbors_manhattan": (neighbors.KNeighborsClassifier(4, p=1, algorithm="kd_tree"), "breast_cancer"),
    "neighbors_ten": (neighbors.KNeighborsClassifier(3, algorithm="brute"), "digits"),
    "neighbors_regressor": (neighbors.KNeighborsRegressor(), "diabetes"),
    "neighbors_regressor_weighted": (neighbors.KNeighborsRegressor(3, weights="distance"), "diabetes"),
    "neighbors_several": (neighbors.KNeighborsRegressor(3), "linnerud"),
    "grid": (model_selection.GridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [2, 4]}), "iris"),
}
SLOW_TO_PLAN = ("svc_ten", "svc_break_ties")
TRANSFORMERS = {
    "standard": preprocessing.StandardScaler(),
    "standard_spread": preprocessing.StandardScaler(with_mean=False),
    "min_max": preprocessing.MinMaxScaler(),
    "min_max_clip": preprocessing.MinMaxScaler((-1, 2), clip=True),
    "max_abs": preprocessing.MaxAbsScaler(),
    "robust": preprocessing.RobustScaler(),
    "normalizer": preprocessing.Normalizer(),
    "normalizer_l1": preprocessing.Normalizer("l1"),
    "normalizer_max": preprocessing.Normalizer("max"),
    "binarizer": preprocessing.Binarizer(threshold=2.0),
    "pca": decomposition.PCA(3),
    "pca_whiten": decomposition.PCA(3, whiten=True),
    "svd": decomposition.TruncatedSVD(3),
    "polynomial": preprocessing.PolynomialFeatures(2),
    "polynomial_cubic": preprocessing.PolynomialFeatures(3, interaction_only=True, include_bias=False),
    "k_best": feature_selection.SelectKBest(k=2),
    "variance": feature_selection.VarianceThreshold(0.3),
    "columns": compose.ColumnTransformer(
        [
            ("scaled", preprocessing.StandardScaler(), [2, 0]),
            ("kept", "passthrough", slice(3, 4)),
            ("masked", preprocessing.MinMaxScaler(), [False, True, False, False]),
        ]
    ),
    "columns_rest": compose.ColumnTransformer(
        [("a", preprocessing.RobustScaler(), [1]), ("b", "drop", [0])], remainder="passthrough"
    ),
    "union": pipeline.FeatureUnion(
        [("a", preprocessing.StandardScaler()), ("b", decomposition.PCA(2))], transformer_weights={"a": 3}
    ),
}
PIPELINES = {
    "scaler_pca_mlp": (
        pipeline.make_pipeline(
            preprocessing.StandardScaler(),
            decomposition.PCA(20),
            neural_network.MLPClassifier(max_iter=20, random_state=0),
        ),
        "digits",
    ),
    "scaler_svc": (pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()), "breast_cancer"),
    "polynomial_logistic": (
        pipeline.make_pipeline(
            preprocessing.PolynomialFeatures(2),
            preprocessing.StandardScaler(),
            linear_model.LogisticRegression(max_iter=500),
        ),
        "iris",
    ),
    "scaler_forest": (
        pipeline.make_pipeline(
            preprocessing.StandardScaler(), "passthrough", ensemble.RandomForestClassifier(10, random_state=0)
        ),
        "breast_cancer",
    ),
    "scaler_k_means": (
        pipeline.make_pipeline(preprocessing.StandardScaler(), cluster.KMeans(3, random_state=0)),
        "iris",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_estimator_predicts_what_scikit_learn_does(name: str) -> None:
    estimator, source = CASES[name]
    model: Any = fitted(estimator, source)
    rows = data(source)[0]
    # ten classes of support vectors are many nodes, which take long to plan
    assert_agrees(model, rows[:: max(len(rows) // 300, 1)], in_c=0 if name in SLOW_TO_PLAN else 10)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformer_transforms_as_scikit_learn_does(name: str) -> None:
    model: Any = fitted(TRANSFORMERS[name], "iris")
    assert_agrees(model, data("iris")[0] * np.float32(1.25))


@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_predicts_what_scikit_learn_does(name: str) -> None:
    estimator, source = PIPELINES[name]
    model: Any = fitted(estimator, source)
    rows = data(source)[0]
    assert_agrees(model, rows[:: max(len(rows) // 600, 1)])


@pytest.mark.parametrize("marker", [np.nan, -1.0])
def test_imputer_fills_what_is_missing(marker: float) -> None:
    x, y = data("iris")
    holes = np.where(np.random.default_rng(0).random(x.shape) < 0.2, np.float32(marker), x)
    model = pipeline.make_pipeline(
        impute.SimpleImputer(missing_values=marker, strategy="median"),
        linear_model.LogisticRegression(max_iter=500),
    ).fit(holes, y)
    assert_agrees(model, holes)


def test_one_hot_encoder() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (100, 3)).astype(np.float32)
    for drop in (None, "first"):
        model = preprocessing.OneHotEncoder(drop=drop).fit(x)
        graph = smelt.from_sklearn(model)
        assert_alike(run_rows(graph, x), {"transformed": model.transform(x).toarray()})


def test_support_vectors_vote_in_pairs() -> None:
    """The case in which votes and sums of scores differ, so that a graph by arg_max of scores would be wrong."""
    x, y = data("digits")
    noisy = x + np.random.default_rng(0).normal(size=x.shape).astype(np.float32) * 10
    model = svm.SVC().fit(noisy, y)
    by_sums = svm.SVC(break_ties=True).fit(noisy, y)
    rows = noisy[:300]
    assert (model.predict(rows) != by_sums.predict(rows)).any()
    for estimator in (model, by_sums):
        assert_alike(run_rows(smelt.from_sklearn(estimator), rows), answers(estimator, rows))


def test_neighbors_that_are_training_points_alone_count_where_weights_are_by_distance() -> None:
    x, y = data("moons")
    model = neighbors.KNeighborsClassifier(5, weights="distance").fit(x, y)
    between = (x[:-1] + x[1:]) / 2
    assert_agrees(model, np.concatenate([x[:50], between[:50]]))


def test_votes_of_neighbors_that_tie_go_to_the_first_class() -> None:
    x = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    model = neighbors.KNeighborsClassifier(2).fit(x, [2, 1, 2, 0])
    rows = np.array([[0.4], [0.6], [1.4], [2.6]], np.float32)
    assert_agrees(model, rows)


def test_metrics_without_a_meaning_are_refused() -> None:
    x, y = data("moons")
    for settings, words in (
        ({"metric": "chebyshev"}, "chebyshev"),
        ({"p": 3}, "p=3"),
        ({"weights": len}, "own"),
    ):
        model = neighbors.KNeighborsClassifier(**settings).fit(x, y)
        with pytest.raises(UnsupportedError, match=words):
            smelt.from_sklearn(model)


@pytest.mark.filterwarnings("ignore:The `probability` parameter")
def test_support_vector_probabilities_are_the_sigmoid_that_was_fitted() -> None:
    x, y = data("moons")
    model = svm.SVC(probability=True, random_state=0).fit(x, y)
    got = run_rows(smelt.from_sklearn(model), x)
    sigmoid = 1 / (1 + np.exp(model.decision_function(x) * model._probA - model._probB))
    np.testing.assert_array_equal(got["label"], model.predict(x))
    assert np.abs(got["probabilities"][:, 1] - sigmoid).max() <= 1e-5
    assert (
        np.abs(got["probabilities"] - model.predict_proba(x)).max() <= 5e-3
    )  # libsvm stops iterating at 0.0025
    several = svm.SVC(probability=True, random_state=0).fit(*data("iris"))
    with pytest.warns(UserWarning, match="more than two classes are left out"):
        graph = smelt.from_sklearn(several)
    assert graph.outputs == ("label",)


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_support_vectors_and_clusters_on_emulated_cores(core: str) -> None:
    rows = data("iris")[0][::30]
    for model in (svm.SVC().fit(*data("iris")), cluster.KMeans(3, random_state=0).fit(data("iris")[0])):
        assert_alike(run_rows(smelt.from_sklearn(model), rows, "emulated", core), answers(model, rows))
