"""Keras files read without Keras give what Keras itself computes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_models import largest_difference, randomized

import smelt
from smelt.errors import FormatError, UnsupportedError, UsageError
from smelt.passes import optimize

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
layers = keras.layers


def _mlp() -> Any:
    return keras.Sequential(
        [
            layers.Input((10,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(5, activation="softmax"),
        ]
    )


def _residual() -> Any:
    x = inputs = layers.Input((9, 9, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False)(x)
    y = skip = layers.ReLU(max_value=6)(x)
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=1)(y)
    y = layers.Activation("swish")(y)
    y = layers.SeparableConv2D(8, 3, padding="same", activation="tanh")(y)
    y = layers.Add()([y, skip])
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(y)
    y = layers.MaxPooling2D(2)(y)
    y = layers.LeakyReLU(negative_slope=0.1)(layers.AveragePooling2D(2, strides=1, padding="same")(y))
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(y)))


def _signal() -> Any:
    return keras.Sequential(
        [
            layers.Input((16, 4)),
            layers.Conv1D(6, 5, padding="causal", dilation_rate=2, activation="elu"),
            layers.MaxPooling1D(2),
            layers.SeparableConv1D(5, 3, padding="same"),
            layers.PReLU(shared_axes=[1]),
            layers.Cropping1D((1, 2)),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def _recurrent(kind: str, **settings: Any) -> Callable[[], Any]:
    def model() -> Any:
        layer = getattr(layers, kind)
        return keras.Sequential(
            [
                layers.Input((7, 4)),
                layer(5, return_sequences=True, **settings),
                layer(3, **settings),
                layers.Dense(2),
            ]
        )

    return model


def _bidirectional(kind: str, merge: str, *, sequences: bool) -> Callable[[], Any]:
    def model() -> Any:
        inner = getattr(layers, kind)(4, return_sequences=sequences)
        parts = [layers.Input((6, 3)), layers.Bidirectional(inner, merge_mode=merge)]
        if sequences:
            parts.append(layers.TimeDistributed(layers.Dense(2)))
        return keras.Sequential(parts)

    return model


def _transformer() -> Any:
    x = inputs = layers.Input((6, 8))
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(num_heads=2, key_dim=4)(y, y)
    x = layers.Add()([x, y])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
    x = layers.Add()([x, layers.Dense(8)(y)])
    return keras.Model(inputs, layers.GlobalMaxPooling1D()(x))


def _preprocessing() -> Any:
    normalize = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5])
    return keras.Sequential(
        [layers.Input((4, 4, 3)), layers.Rescaling(1 / 127.5, -1), normalize, layers.Flatten()]
    )


def _adapted() -> Any:
    normalize = layers.Normalization()
    normalize.adapt(np.random.default_rng(0).normal(3, 2, (50, 5)).astype(np.float32))
    return keras.Sequential([layers.Input((5,)), normalize, layers.Dense(2)])


def _nested() -> Any:
    """A nested model that is called twice, in it a sequential one; names in another order than the layers."""
    core = keras.Sequential(
        [layers.Input((6,)), layers.Dense(6, name="z"), layers.Dense(6, name="a")], name="core"
    )
    x = inner_input = layers.Input((6,))
    inner = keras.Model(inner_input, layers.Add()([core(x), x]), name="inner")
    first, second = layers.Input((6,), name="first"), layers.Input((6,), name="second")
    both = layers.Concatenate()([inner(first), inner(second)])
    return keras.Model(
        [first, second], [layers.Dense(3, name="b")(both), layers.Subtract()([inner(first), second])]
    )


def _arithmetic() -> Any:
    a, b = layers.Input((4, 3)), layers.Input((4, 3))
    parts = [
        layers.Multiply()([a, b]),
        layers.Maximum()([a, b]),
        layers.Minimum()([a, b]),
        layers.Average()([a, b]),
    ]
    x = layers.Permute((2, 1))(layers.Concatenate(axis=1)(parts))
    return keras.Model([a, b], layers.Reshape((-1, 4))(x))


def _repeated() -> Any:
    return keras.Sequential(
        [layers.Input((4,)), layers.RepeatVector(3), layers.Dense(2, activation="softsign")]
    )


MODELS: dict[str, Callable[[], Any]] = {
    "mlp": _mlp,
    "residual": _residual,
    "signal": _signal,
    "lstm": _recurrent("LSTM"),
    "lstm_without_bias": _recurrent("LSTM", use_bias=False, activation="relu"),
    "gru": _recurrent("GRU"),
    "gru_reset_before": _recurrent("GRU", reset_after=False),
    "rnn": _recurrent("SimpleRNN"),
    "bidirectional_lstm": _bidirectional("LSTM", "concat", sequences=True),
    "bidirectional_gru": _bidirectional("GRU", "ave", sequences=False),
    "transformer": _transformer,
    "preprocessing": _preprocessing,
    "adapted": _adapted,
    "nested": _nested,
    "arithmetic": _arithmetic,
    "repeated": _repeated,
}


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_computes_what_keras_computes(name: str, suffix: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = randomized(MODELS[name]())
    path = tmp_path / f"{name}.{suffix}"
    model.save(path)
    before = path.read_bytes()
    graph = smelt.load(path)
    assert path.read_bytes() == before
    assert largest_difference(graph, model) <= 1e-5
    assert largest_difference(optimize(graph), model) <= 1e-5


class Doubled(layers.Layer):  # type: ignore[misc,name-defined]
    """A layer that the file does not hold."""

    def call(self, x: Any) -> Any:
        return 2 * x


def test_custom_layers_are_named_with_what_to_do(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((4,)), Doubled(name="twice"), layers.Dense(2)])
    model.save(tmp_path / "custom.keras")
    with pytest.raises(UnsupportedError, match=r"Doubled 'twice'.*custom layer.*ONNX"):
        smelt.load(tmp_path / "custom.keras")


def test_a_setting_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((4, 4, 2)), layers.MaxPooling2D(2, data_format="channels_first")])
    model.save(tmp_path / "first.keras")
    with pytest.raises(UnsupportedError, match="channels_first"):
        smelt.load(tmp_path / "first.keras")


def test_an_open_length_is_asked_for(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((None, 3), name="signal"), layers.GRU(2)])
    model.save(tmp_path / "open.keras")
    with pytest.raises(UsageError, match="--shape signal=1,16,3"):
        smelt.load(tmp_path / "open.keras")
    graph = smelt.load(tmp_path / "open.keras", shapes={"signal": (1, 9, 3)})
    assert graph.values[graph.inputs[0]].shape == (1, 9, 3)


def test_weights_of_another_layer_are_found_out(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(4, name="one"), layers.Dense(4, name="two")])
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = members["config.json"]
    swapped = config.replace(b'"one"', b'"x"').replace(b'"two"', b'"one"').replace(b'"x"', b'"two"')
    with zipfile.ZipFile(tmp_path / "swapped.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, swapped if name == "config.json" else data)
    with pytest.raises(FormatError, match="are of layer"):
        smelt.load(tmp_path / "swapped.keras")
