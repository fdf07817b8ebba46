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


def _positive(function: Any) -> Any:
    return lambda x: function(tf.abs(x) + 1.1)


def _within_one(function: Any) -> Any:
    return lambda x: function(tf.sin(x) * 0.9)


OPERATORS: dict[str, Any] = {
    "acos": _within_one(tf.acos), "acosh": _positive(tf.acosh), "asin": _within_one(tf.asin), "asinh": tf.asinh,
    "atan": tf.atan, "atanh": _within_one(tf.atanh), "cosh": tf.cosh, "sinh": tf.sinh, "tan": tf.tan,
    "log": _positive(tf.math.log), "log1p": _positive(tf.math.log1p), "expm1": tf.math.expm1, "erf": tf.math.erf,
    "erfc": tf.math.erfc, "rsqrt": _positive(tf.math.rsqrt), "round": tf.round, "floor": tf.floor, "sign": tf.sign,
    "softplus": tf.nn.softplus, "softsign": tf.nn.softsign, "selu": tf.nn.selu, "elu": tf.nn.elu, "relu6": tf.nn.relu6,
    "leaky_relu": tf.nn.leaky_relu, "gelu": tf.nn.gelu, "log_softmax": tf.nn.log_softmax, "swish": tf.nn.silu,
    "clip": lambda x: tf.clip_by_value(x, -0.5, 0.7), "floor_mod": lambda x: tf.math.floormod(x, 0.7),
    "not": lambda x: tf.cast(tf.logical_not(x > 0), tf.float32), "where": lambda x: tf.where(x > 0, x, -2.0 * x),
    "div_no_nan": lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x)), "pow": _positive(lambda x: tf.pow(x, 1.7)),
    "cumsum": lambda x: tf.cumsum(x, 1, exclusive=True), "cumprod": lambda x: tf.math.cumprod(x, 2, reverse=True),
    "top_k": lambda x: tf.math.top_k(x, 2)[0], "top_k_places": lambda x: tf.cast(tf.math.top_k(x, 2)[1], tf.float32),
    "arg_max": lambda x: tf.cast(tf.argmax(x, 1), tf.float32), "tile": lambda x: tf.tile(x, [1, 2, 3, 1]),
    "broadcast_to": lambda x: tf.broadcast_to(x[:, :1], [1, 5, 6, 3]), "roll": lambda x: tf.roll(x, [1, -2], [1, 2]),
    "gather": lambda x: tf.gather(x, [2, 0, 3], axis=1), "gather_nd": lambda x: tf.gather_nd(x, [[0, 1], [0, 3]]),
    "one_hot": lambda x: tf.one_hot(tf.argmax(x, 3, output_type=tf.int32), 4, 2.0, -1.0, axis=1),
    "mirror_pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], "REFLECT"),
    "symmetric_pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]], "SYMMETRIC"),
    "constant_pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 0], [0, 0]], constant_values=3.0),
    "space_to_depth": lambda x: tf.nn.space_to_depth(x, 2),
    "depth_to_space": lambda x: tf.nn.depth_to_space(tf.concat([x, x, x, x], 3), 2),
    "strided_slice": lambda x: x[:, ::-2, 1:-1, tf.newaxis, ..., 0], "reverse": lambda x: tf.reverse(x, [1, 3]),
    "split": lambda x: tf.concat(tf.split(x, [1, 3, 2], 2)[::-1], 2), "unstack": lambda x: tf.unstack(x, axis=3)[1],
    "stack": lambda x: tf.stack([x, -x], 2), "transpose": lambda x: tf.transpose(x, [0, 3, 1, 2]),
    "reduce": lambda x: tf.reduce_max(x, [1, 3]) + tf.reduce_sum(x, [1, 3]) * tf.reduce_mean(x, [1, 3]),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True), "einsum": lambda x: tf.einsum("bhwc,bhvc->bwvh", x, x),
    "resize_bilinear": lambda x: tf.image.resize(x, (7, 9)),
    "resize_nearest": lambda x: tf.image.resize(x, (9, 4), method="nearest"),
    "l2_normalize": lambda x: tf.nn.l2_normalize(x, 3), "avg_pool": lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"),
    "max_pool": lambda x: tf.nn.max_pool2d(x, 2, 1, [[0, 0], [1, 0], [0, 1], [0, 0]]),
    "if": lambda x: tf.cond(tf.constant(True), lambda: x + 1.0, lambda: x),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator(name: str) -> None:
    function = tf.function(
        OPERATORS[name], input_signature=[tf.TensorSpec((1, 4, 6, 3), tf.float32, name="x")]
    )
    x = np.random.default_rng(3).normal(size=(1, 4, 6, 3)).astype(np.float32)
    _check(smelt.from_tensorflow(function), [x], [function(x)])


@pytest.mark.parametrize("name", ["mlp", "cnn", "separable", "signal", "lstm", "gru", "unet"])
def test_the_small_networks_have_as_many_nodes_as_from_keras(name: str) -> None:
    from small_keras_networks import CONVOLUTIONAL, expected, network

    model, arrays = network(name)
    ours, theirs = optimize(smelt.from_tensorflow(model)), optimize(smelt.from_keras(model))
    _check(ours, arrays, [expected(model, arrays)])
    assert len(ours.nodes) == len(theirs.nodes)
    if name in CONVOLUTIONAL:
        assert not {"transpose", "cast"} & {node.operator for node in ours.nodes}
