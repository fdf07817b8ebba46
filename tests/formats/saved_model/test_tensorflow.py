"""What TensorFlow saves, and its live objects, compute what they compute there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed: pip install 'smelt[tensorflow]'")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
keras = pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)
layers = keras.layers


def _worst(graph: Graph, arrays: list[Any], meant: list[Any]) -> float:
    results = evaluate_graph(graph, dict(zip(graph.inputs, arrays, strict=True)))
    worst = 0.0
    for got, expected in zip(results.values(), meant, strict=True):
        wanted = np.asarray(expected)
        assert got.shape == wanted.shape
        worst = max(worst, float(np.abs(got - wanted).max() / np.abs(wanted).max()))
    return worst


def _check(graph: Graph, arrays: list[Any], meant: list[Any]) -> None:
    assert _worst(graph, arrays, meant) <= 1e-5
    assert _worst(optimize(graph), arrays, meant) <= 1e-5


def _mlp() -> Any:
    return [
        layers.Dense(8, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(5, activation="softmax"),
    ]


def _cnn() -> Any:
    x = inputs = layers.Input((9, 9, 3))
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x))
    y = skip = layers.ReLU()(x)
    y = layers.ReLU(6.0)(layers.Add()([layers.Conv2D(8, 3, padding="same")(y), skip]))
    y = layers.AveragePooling2D(2, padding="same")(
        layers.DepthwiseConv2D(3, dilation_rate=2, padding="same")(y)
    )
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(y)))


def _signal() -> Any:
    return [
        layers.Conv1D(6, 5, padding="causal", dilation_rate=2, activation="elu"), layers.MaxPooling1D(2),
        layers.SeparableConv1D(5, 3, padding="same", activation="swish"), layers.PReLU(shared_axes=[1]),
        layers.Cropping1D((1, 2)), layers.Flatten(), layers.Dense(3),
    ]  # fmt: skip


def _transformer() -> Any:
    x = inputs = layers.Input((6, 8))
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(num_heads=2, key_dim=4)(y, y)])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(inputs, layers.GlobalMaxPooling1D()(layers.Add()([x, layers.Dense(8)(y)])))


def _arithmetic() -> Any:
    a, b = layers.Input((4, 3), name="a"), layers.Input((4, 3), name="b")
    parts = [
        layers.Multiply()([a, b]),
        layers.Maximum()([a, b]),
        layers.Average()([a, b]),
        a + 3.0,
        b / a,
        -a,
    ]
    x = layers.Permute((2, 1))(layers.Concatenate(axis=1)(parts))
    halves = keras.ops.split(a, [1, 2], axis=1)
    return keras.Model([b, a], [layers.Reshape((-1, 4))(x), layers.Dot(axes=2)([a, b]), halves[1]])


RECURRENT: dict[str, Callable[[], list[Any]]] = {
    "lstm": lambda: [layers.LSTM(5, return_sequences=True), layers.LSTM(3)],
    "gru": lambda: [layers.GRU(5, return_sequences=True), layers.GRU(3)],
    "gru_reset_before": lambda: [layers.GRU(5, reset_after=False), layers.Dense(2)],
    "gru_without_bias": lambda: [layers.GRU(5, use_bias=False), layers.Dense(2)],
    "rnn": lambda: [layers.SimpleRNN(5, return_sequences=True, activation="relu"), layers.SimpleRNN(3)],
    "bidirectional": lambda: [
        layers.Bidirectional(layers.LSTM(5, return_sequences=True)), layers.Bidirectional(layers.GRU(3))
    ],
}  # fmt: skip
MODELS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "mlp": (_mlp, (10,)),
    "cnn": (_cnn, (9, 9, 3)),
    "signal": (_signal, (32, 4)),
    "transformer": (_transformer, (6, 8)),
    "arithmetic": (_arithmetic, (4, 3)),
    **{name: (build, (7, 4)) for name, build in RECURRENT.items()},
}


def _built(name: str) -> Any:
    keras.utils.set_random_seed(1)
    build, shape = MODELS[name]
    made = build()
    model = keras.Sequential([layers.Input(shape), *made]) if isinstance(made, list) else made
    rng = np.random.default_rng(3)
    for variable in model.variables:
        if variable.dtype == "float32":
            drawn = rng.normal(0, 0.5, variable.shape)
            positive = any(word in variable.path for word in ("variance", "gamma"))
            variable.assign((np.abs(drawn) + 0.2 if positive else drawn).astype(np.float32))
    return model


def _results(model: Any) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(5)
    arrays = [rng.normal(size=(1, *given.shape[1:])).astype(np.float32) for given in model.inputs]
    meant = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return arrays, list(meant) if isinstance(meant, list | tuple) else [meant]


@pytest.mark.parametrize("name", MODELS)
def test_an_exported_keras_model(name: str, tmp_path: Path) -> None:
    model = _built(name)
    model.export(tmp_path / name, format="tf_saved_model", verbose=False)
    graph = smelt.load(tmp_path / name)
    _check(graph, *_results(model))


@pytest.mark.parametrize("name", RECURRENT)
def test_loops_become_recurrent_layers(name: str, tmp_path: Path) -> None:
    model = _built(name)
    model.export(tmp_path / name, format="tf_saved_model", verbose=False)
    exported = optimize(smelt.load(tmp_path / name))
    model.save(tmp_path / "model.keras")
    saved = optimize(smelt.load(tmp_path / "model.keras"))
    assert sorted(node.operator for node in exported.nodes) == sorted(node.operator for node in saved.nodes)


def test_a_loop_that_is_no_layer_is_run_step_by_step(tmp_path: Path) -> None:
    class Module(tf.Module):  # type: ignore[misc,name-defined]
        @tf.function(input_signature=[tf.TensorSpec((2, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            for _ in tf.range(4):
                x = tf.tanh(x * x - 0.5)
            return {"y": x}

    module = Module()
    tf.saved_model.save(module, tmp_path / "loop")
    x = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
    _check(smelt.load(tmp_path / "loop"), [x], [module(x)["y"]])


def _module() -> Any:
    class Module(tf.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(name="plain")
            self.w = tf.Variable(tf.random.stateless_normal((4, 3), (1, 2)), name="not_what_it_is_called")
            self.b = tf.Variable(tf.ones(3))

        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
        def __call__(self, x: Any) -> Any:
            return tf.nn.relu(x @ self.w + self.b)

    return Module()


@pytest.mark.parametrize("convert", [smelt.from_tensorflow, smelt.load])
@pytest.mark.parametrize("kind", ["module", "function", "concrete"])
def test_live_objects(kind: str, convert: Any) -> None:
    module = _module()
    live = {
        "module": module,
        "function": module.__call__,
        "concrete": module.__call__.get_concrete_function(),
    }[kind]
    graph = convert(live)
    x = np.random.default_rng(1).normal(size=(1, 4)).astype(np.float32)
    _check(graph, [x], [module(x)])


def test_a_live_keras_model_through_tensorflow() -> None:
    model = _built("cnn")
    _check(smelt.from_tensorflow(model), *_results(model))


def test_a_function_of_unknown_inputs_is_refused_with_words() -> None:
    with pytest.raises(UsageError, match="TensorFlow cannot save"):
        smelt.from_tensorflow(tf.function(lambda x: x + 1))


def test_a_frozen_graph_of_tensorflow(tmp_path: Path) -> None:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    module = _module()
    frozen = convert_variables_to_constants_v2(module.__call__.get_concrete_function())
    (tmp_path / "frozen.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())
    x = np.random.default_rng(1).normal(size=(1, 4)).astype(np.float32)
    _check(smelt.load(tmp_path / "frozen.pb"), [x], [module(x)])
