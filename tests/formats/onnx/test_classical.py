"""The domain ai.onnx.ml against ONNX Runtime."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import smelt
from smelt.engines import open_engine
from smelt.errors import FormatError, SmeltError, UnsupportedError
from smelt.ir import Array
from smelt.operators.evaluate import evaluate_graph

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'smelt[onnx]'")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'smelt[compare]'")
helper, TensorProto = onnx.helper, onnx.TensorProto
ML = "ai.onnx.ml"
F32, S64 = TensorProto.FLOAT, TensorProto.INT64
RNG = np.random.default_rng(0)
NAN = float("nan")


def model(
    operator: str,
    attributes: dict[str, Any],
    inputs: Sequence[tuple[int, list[int]]] = ((F32, [1, 4]),),
    outputs: Sequence[int] = (F32,),
    version: int = 3,
) -> bytes:
    """One operator; inputs are x, x1, ..., outputs y, y1, ..."""
    names = ["x", *(f"x{k}" for k in range(1, len(inputs)))]
    results = ["y", *(f"y{k}" for k in range(1, len(outputs)))]
    node = helper.make_node(operator, names, results, domain=ML, **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info(n, kind, shape)
            for n, (kind, shape) in zip(names, inputs, strict=True)
        ],
        [helper.make_tensor_value_info(n, kind, None) for n, kind in zip(results, outputs, strict=True)],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(ML, version)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    data: bytes = made.SerializeToString()
    return data


def assert_as_onnxruntime(
    data: bytes, samples: Sequence[dict[str, Array]], *, tolerance: float = 1e-5
) -> None:
    """By the meaning on all samples, as compiled on some; integers equal.

    What ONNX Runtime does otherwise than ONNX's reference is not tested here: it leaves base values out of targets
    that no leaf of a sample has, and chooses the second of two classes whenever its score is above 0.
    """
    session = ort.InferenceSession(data)
    names = [output.name for output in session.get_outputs()]
    meant = {name: [] for name in names}
    for sample in samples:
        for name, array in zip(names, session.run(None, sample), strict=True):
            meant[name].append(np.asarray(array))
    graph = smelt.load(data)
    with open_engine("native", graph) as native:
        by_meaning = [evaluate_graph(graph, sample) for sample in samples]
        compiled = [native.run(sample) for sample in samples[:20]]
    for runs in (by_meaning, compiled):
        for name in names:
            got = np.stack([run[name].ravel() for run in runs])
            wanted = np.stack([array.ravel() for array in meant[name][: len(runs)]])
            if wanted.dtype.kind == "f":
                np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
                largest = np.nanmax(np.abs(wanted), initial=0)
                assert np.nanmax(np.abs(got - wanted), initial=0) <= tolerance * largest
            else:
                np.testing.assert_array_equal(got, wanted)


def rows(count: int = 100, width: int = 4) -> list[dict[str, Array]]:
    """Random float32 rows."""
    return [{"x": RNG.normal(size=(1, width)).astype(np.float32)} for _ in range(count)]


def trees(count: int, depth: int, modes: Sequence[str], missing: bool = False) -> dict[str, Any]:
    """The nodes of full random trees, spelled as before version 5; `leaves` are (tree, node)."""
    result: dict[str, list[Any]] = {
        f"nodes_{key}": []
        for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
    }
    tracks: list[int] = []
    for tree in range(count):
        for node in range(2 ** (depth + 1) - 1):
            leaf = node >= 2**depth - 1
            entry = (
                tree, node, 0 if leaf else int(RNG.integers(4)),
                0.0 if leaf else float(np.float32(RNG.choice([-0.5, 0.0, 0.25, 0.7]))),
                "LEAF" if leaf else str(RNG.choice(list(modes))),
                0 if leaf else 2 * node + 1, 0 if leaf else 2 * node + 2,
            )  # fmt: skip
            for key, item in zip(result, entry, strict=True):
                result[key].append(item)
            tracks.append(int(RNG.integers(2)))
    if missing:
        result["nodes_missing_value_tracks_true"] = tracks
    return dict(result)


def leaves(
    nodes: dict[str, Any], outputs: int, prefix: str, low: float = -1.0, each: bool = False
) -> dict[str, Any]:
    """Weights of all leaves, each for one output, or each for `each`."""
    result: dict[str, list[Any]] = {f"{prefix}_{key}": [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree, node, mode in zip(
        nodes["nodes_treeids"], nodes["nodes_nodeids"], nodes["nodes_modes"], strict=True
    ):
        for output in range(outputs) if each else [int(RNG.integers(outputs))]:
            if mode == "LEAF":
                entry = (tree, node, output, float(np.float32(RNG.uniform(low, 1))))
                for key, item in zip(result, entry, strict=True):
                    result[key].append(item)
    return dict(result)


def at_thresholds(count: int = 150, missing: bool = False) -> list[dict[str, Array]]:
    """Rows of thresholds, the numbers beside them, and NaN."""
    base = np.array([-0.5, 0.0, 0.25, 0.7], np.float32)
    near = [base, *(np.nextafter(base, np.float32(to)) for to in (9, -9))]
    numbers = np.concatenate([*near, np.array([NAN] * 3 if missing else [2.0], np.float32)])
    return [{"x": RNG.choice(numbers, (1, 4)).astype(np.float32)} for _ in range(count)]


ALL_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT")


@pytest.mark.parametrize("modes", [*[(m,) for m in ALL_MODES], ALL_MODES])
@pytest.mark.parametrize("missing", [False, True])
def test_tree_modes_at_thresholds(modes: Sequence[str], missing: bool) -> None:
    nodes = trees(5, 3, modes, missing)
    attributes = {
        **nodes,
        **leaves(nodes, 2, "target", each=True),
        "n_targets": 2,
        "base_values": [0.5, -1.0],
    }
    assert_as_onnxruntime(model("TreeEnsembleRegressor", attributes), at_thresholds(missing=missing))


def test_tree_regressor_averages() -> None:
    nodes = trees(4, 2, ("BRANCH_LEQ",))
    attributes = {**nodes, **leaves(nodes, 1, "target"), "n_targets": 1, "aggregate_function": "AVERAGE"}
    assert_as_onnxruntime(model("TreeEnsembleRegressor", attributes), at_thresholds(50))
    attributes["aggregate_function"] = "MAX"
    with pytest.raises(UnsupportedError, match="aggregate function MAX"):
        smelt.load(model("TreeEnsembleRegressor", attributes))


@pytest.mark.parametrize("post", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
def test_tree_classifier_of_three_classes(post: str) -> None:
    nodes = trees(6, 3, ("BRANCH_LEQ",))
    weights = leaves(nodes, 3, "class", each=True)
    attributes = {**nodes, **weights, "classlabels_int64s": [4, -1, 7], "post_transform": post}
    assert_as_onnxruntime(model("TreeEnsembleClassifier", attributes, outputs=(S64, F32)), at_thresholds(60))


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("post", ["NONE", "LOGISTIC"])
def test_tree_classifier_with_the_scores_of_one_class(low: float, post: str) -> None:
    nodes = trees(3, 3, ("BRANCH_LEQ",))
    attributes = {
        **nodes,
        **leaves(nodes, 1, "class", low),
        "classlabels_int64s": [0, 1],
        "post_transform": post,
    }
    assert_as_onnxruntime(model("TreeEnsembleClassifier", attributes, outputs=(S64, F32)), at_thresholds(80))


def test_tree_classifier_with_the_scores_of_both_classes() -> None:
    nodes = trees(1, 3, ("BRANCH_LEQ",))
    attributes = {**nodes, **leaves(nodes, 2, "class", 0.0, each=True), "classlabels_int64s": [0, 1]}
    data = model("TreeEnsembleClassifier", attributes, outputs=(S64, F32))
    reference = importlib.import_module("onnx.reference")
    graph, judge = smelt.load(data), reference.ReferenceEvaluator(onnx.load_model_from_string(data))
    for sample in at_thresholds(80):
        label, scores = judge.run(None, sample)
        got = evaluate_graph(graph, sample)
        np.testing.assert_array_equal(got["y"], label)
        assert np.abs(got["y1"] - scores).max() <= 1e-6


def test_tree_of_leaves_for_several_outputs() -> None:
    """Leaves of one tree for different outputs, beside trees of one output."""
    nodes = trees(2, 2, ("BRANCH_LEQ",))
    given = leaves(nodes, 2, "target", each=True)
    attributes = {**nodes, **given, "n_targets": 2}
    assert_as_onnxruntime(model("TreeEnsembleRegressor", attributes), at_thresholds(30))
    attributes["target_weights"] = [
        0.0 if tree == 0 and index == 0 else weight
        for tree, index, weight in zip(
            given["target_treeids"], given["target_ids"], given["target_weights"], strict=True
        )
    ]
    assert_as_onnxruntime(model("TreeEnsembleRegressor", attributes), at_thresholds(30))


def tensor(name: str, kind: int, numbers: Sequence[float]) -> Any:
    """An attribute's tensor."""
    return helper.make_tensor(name, kind, [len(numbers)], numbers)


def version_5(**changes: Any) -> bytes:
    """Two trees: one of two splits, one of a single leaf."""
    attributes: dict[str, Any] = {
        "n_targets": 2, "aggregate_function": 1, "post_transform": 0, "tree_roots": [0, 2],
        "nodes_featureids": [0, 2, 0], "nodes_modes": tensor("m", TensorProto.UINT8, [0, 1, 0]),
        "nodes_splits": tensor("s", F32, [0.25, -0.5, 0.0]), "nodes_truenodeids": [1, 0, 3],
        "nodes_trueleafs": [0, 1, 1], "nodes_falsenodeids": [2, 1, 3], "nodes_falseleafs": [1, 1, 1],
        "leaf_targetids": [0, 1, 0, 1], "leaf_weights": tensor("w", F32, [1.5, -2.0, 0.5, 0.125]),
    }  # fmt: skip
    return model("TreeEnsemble", attributes | changes, version=5)


def test_tree_ensemble_of_version_5() -> None:
    assert_as_onnxruntime(version_5(), at_thresholds(60))


def test_tree_ensembles_that_are_no_trees_are_refused() -> None:
    nodes = trees(2, 2, ("BRANCH_LEQ",))
    whole = {**nodes, **leaves(nodes, 1, "target"), "n_targets": 1}
    for key, index, item, words in (
        ("nodes_truenodeids", 0, 0, "not those of trees"),
        ("nodes_falsenodeids", 1, 1, "not those of trees"),
        ("nodes_truenodeids", 0, 77, "not those of trees"),
        ("nodes_nodeids", 1, 0, "twice"),
        ("nodes_featureids", 0, 9, "has not"),
        ("nodes_modes", 0, "BRANCH_EQ", "BRANCH_EQ"),
        ("target_nodeids", 0, 99, "not there"),
        ("target_ids", 0, 3, "output 3"),
        ("nodes_values", 0, NAN, "not finite"),
    ):
        damaged = {**whole, key: [*whole[key][:index], item, *whole[key][index + 1 :]]}
        with pytest.raises(SmeltError, match=words):
            smelt.load(model("TreeEnsembleRegressor", damaged))
    for key in ("nodes_modes", "nodes_values", "target_ids", "nodes_nodeids"):
        with pytest.raises(FormatError):
            smelt.load(model("TreeEnsembleRegressor", {**whole, key: whole[key][:-1]}))
    for changes in (
        {"tree_roots": [0, 9]},
        {"nodes_truenodeids": [0, 0, 3]},
        {"leaf_targetids": [0, 1, 5, 0]},
    ):
        with pytest.raises(FormatError):
            smelt.load(version_5(**changes))


LINEAR = {"coefficients": RNG.normal(size=12).astype(np.float32).tolist(), "intercepts": [0.5, -0.25, 0.0]}
PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "linear_regressor": ("LinearRegressor", {**LINEAR, "targets": 3}),
    "linear_regressor_one": ("LinearRegressor", {"coefficients": [1.0, 2.0, -0.5, 0.25]}),
    "scaler": ("Scaler", {"offset": [1.0, -2.0, 0.5, 0.0], "scale": [2.0, 0.5, 1.0, 3.0]}),
    "scaler_one": ("Scaler", {"offset": [1.0], "scale": [2.0]}),
    "normalizer_max": ("Normalizer", {"norm": "MAX"}),
    "normalizer_l1": ("Normalizer", {"norm": "L1"}),
    "normalizer_l2": ("Normalizer", {"norm": "L2"}),
    "binarizer": ("Binarizer", {"threshold": 0.25}),
    "svr_rbf": ("SVMRegressor", {"kernel_type": "RBF", "kernel_params": [0.5, 0.0, 3.0]}),
    "svr_poly": ("SVMRegressor", {"kernel_type": "POLY", "kernel_params": [0.5, 1.0, 2.0]}),
    "svr_sigmoid": ("SVMRegressor", {"kernel_type": "SIGMOID", "kernel_params": [0.5, 0.25, 3.0]}),
    "svr_linear": ("SVMRegressor", {"kernel_type": "LINEAR", "kernel_params": [0.5, 0.0, 3.0]}),
    "one_class": ("SVMRegressor", {"kernel_type": "RBF", "kernel_params": [0.5, 0.0, 3.0], "one_class": 1}),
}
VECTORS = {
    "n_supports": 5, "rho": [0.125], "coefficients": [1.0, -0.5, 0.25, -1.0, 0.3],
    "support_vectors": RNG.normal(size=20).astype(np.float32).tolist(),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_operators_of_one_result(name: str) -> None:
    operator, attributes = PLAIN[name]
    extra = VECTORS if operator == "SVMRegressor" else {}
    assert_as_onnxruntime(model(operator, {**extra, **attributes}), rows(30))


@pytest.mark.parametrize("post", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"])
def test_linear_classifier(post: str) -> None:
    small = {
        **LINEAR,
        "coefficients": [c / 20 for c in LINEAR["coefficients"]],
        "intercepts": [0.5, 0.4, 0.3],
    }
    attributes = {**small, "classlabels_ints": [3, 1, 2], "post_transform": post}
    assert_as_onnxruntime(model("LinearClassifier", attributes, outputs=(S64, F32)), rows(30), tolerance=2e-5)


@pytest.mark.parametrize("marker", [NAN, -1.0])
def test_imputer(marker: float) -> None:
    data = model("Imputer", {"imputed_value_floats": [1.0, 2.0, 3.0, 4.0], "replaced_value_float": marker})
    holes = [{"x": np.where(RNG.random((1, 4)) < 0.5, marker, 0.5).astype(np.float32)} for _ in range(10)]
    assert_as_onnxruntime(data, holes)


def test_one_hot_encoder() -> None:
    data = model("OneHotEncoder", {"cats_int64s": [5, 1, 3], "zeros": 1}, ((S64, [1, 4]),))
    assert_as_onnxruntime(data, [{"x": RNG.integers(0, 6, (1, 4))} for _ in range(10)])


def test_label_encoder() -> None:
    to_real = {"keys_int64s": [5, 1, 3], "values_floats": [0.5, 2.0, -1.0], "default_float": 9.0}
    data = model("LabelEncoder", to_real, ((S64, [1, 4]),))
    assert_as_onnxruntime(data, [{"x": RNG.integers(0, 6, (1, 4))} for _ in range(10)])
    to_whole = {"keys_floats": [0.5, 2.0], "values_int64s": [7, 8]}
    data = model("LabelEncoder", to_whole, outputs=(S64,))
    numbers = np.array([0.5, 2.0, 3.0], np.float32)
    assert_as_onnxruntime(data, [{"x": RNG.choice(numbers, (1, 4))} for _ in range(10)])
    with pytest.raises(UnsupportedError, match="numbers"):
        smelt.load(model("LabelEncoder", {"keys_strings": ["a"], "values_int64s": [1]}, outputs=(S64,)))


def test_features_are_picked_and_joined() -> None:
    data = model("ArrayFeatureExtractor", {}, ((F32, [1, 4]), (S64, [2])))
    indices: NDArray[np.int64] = np.array([3, 0])
    graph, session = smelt.load(data, constants={"x1": indices}), ort.InferenceSession(data)
    for row in rows(3):
        np.testing.assert_array_equal(
            evaluate_graph(graph, row)["y"], session.run(None, {**row, "x1": indices})[0]
        )
    data = model("FeatureVectorizer", {"inputdimensions": [4, 2]}, ((F32, [1, 4]), (F32, [1, 2])))
    assert_as_onnxruntime(data, [{**row, "x1": np.ones((1, 2), np.float32)} for row in rows(3)])


@pytest.mark.parametrize("classes", [2, 3])
def test_support_vector_classifier(classes: int) -> None:
    pairs = classes * (classes - 1) // 2
    attributes = {
        "classlabels_ints": list(range(classes)), "kernel_type": "RBF", "kernel_params": [0.3, 0.0, 3.0],
        "vectors_per_class": [2] * classes, "rho": RNG.normal(size=pairs).astype(np.float32).tolist(),
        "support_vectors": RNG.normal(size=8 * classes).astype(np.float32).tolist(),
        "coefficients": RNG.normal(size=2 * classes * (classes - 1)).astype(np.float32).tolist(),
    }  # fmt: skip
    assert_as_onnxruntime(model("SVMClassifier", attributes, outputs=(S64, F32)), rows(40), tolerance=2e-5)


def test_maps_are_dropped_with_a_note_and_names_of_classes_kept() -> None:
    names = ["iris", "lily", "rose"]
    nodes = [
        helper.make_node(
            "LinearClassifier", ["x"], ["label", "p"], domain=ML, classlabels_strings=names,
            post_transform="SOFTMAX", **LINEAR,
        ),
        helper.make_node("ZipMap", ["p"], ["probabilities"], domain=ML, classlabels_strings=names),
    ]  # fmt: skip
    x = helper.make_tensor_value_info("x", F32, [1, 4])
    outputs = [
        helper.make_tensor_value_info(n, k, None) for n, k in (("label", TensorProto.STRING), ("p", F32))
    ]
    mapped = onnx.ValueInfoProto(name="probabilities")
    graph = helper.make_graph(nodes, "g", [x], [outputs[0], mapped])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
    read = smelt.load(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    assert json.loads(read.metadata["classes"]) == names
    assert b"rose" in read.metadata["zipmap:probabilities"]
    plain = helper.make_graph(nodes[:1], "g", [x], outputs)
    session = ort.InferenceSession(
        helper.make_model(plain, opset_imports=opsets, ir_version=9).SerializeToString()
    )
    for sample in rows(10):
        label, shares = session.run(None, sample)
        got = evaluate_graph(read, sample)
        assert names[got["label"][0]] == label[0]
        assert np.abs(got["probabilities"] - shares).max() <= 1e-5


@pytest.mark.filterwarnings("ignore")
def test_what_skl2onnx_exports() -> None:
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from sklearn import datasets, ensemble, linear_model, pipeline, preprocessing, svm

    x, y = datasets.load_iris(return_X_y=True)
    x = x.astype(np.float32)
    for estimator in (
        ensemble.RandomForestClassifier(10, random_state=0),
        ensemble.GradientBoostingClassifier(n_estimators=5),
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        svm.SVC(),
    ):
        made = skl2onnx.to_onnx(estimator.fit(x, y), x[:1], options={"zipmap": False})
        samples = [{"X": row[None]} for row in x[::10]]
        assert_as_onnxruntime(made.SerializeToString(), samples)
