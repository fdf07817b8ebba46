"""Small Keras networks, seeded: the same ones as small_torch.py, for every route of Keras and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers


def _mlp(x: Any) -> Any:
    """Three layers."""
    x = layers.Dense(16, activation="relu")(x)
    return layers.Dense(3)(layers.Dense(16, activation="tanh")(x))


def _residual(x: Any, channels: int) -> Any:
    """Two convolutions with batch normalization around a shortcut."""
    y = layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same", use_bias=False)(x))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(layers.ReLU()(y))
    return layers.ReLU()(layers.Add()([layers.BatchNormalization()(y), x]))


def _halved(x: Any, channels: int) -> Any:
    """A convolution of every second pixel, with a margin on all sides as PyTorch has it."""
    return layers.Conv2D(channels, 3, strides=2)(layers.ZeroPadding2D(1)(x))


def _cnn(x: Any) -> Any:
    """Convolutions, batch normalization, a residual block, pooling, a classifier."""
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x)))
    x = layers.MaxPooling2D(2)(_residual(x, 8))
    return layers.Dense(10)(layers.Flatten()(layers.ReLU(6.0)(_halved(x, 12))))


def _separable(x: Any) -> Any:
    """Depthwise and pointwise convolutions, global average pooling."""
    x = layers.ReLU()(layers.BatchNormalization()(_halved(x, 8)))
    for _ in range(2):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(x)))
    return layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def _signal(x: Any) -> Any:
    """A 1-D convolutional network with a dilated layer."""
    x = layers.Conv1D(6, 5, strides=2)(layers.ZeroPadding1D(2)(x))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv1D(8, 3, padding="same", dilation_rate=2, activation="relu")(x)
    return layers.Dense(4)(layers.GlobalAveragePooling1D()(layers.AveragePooling1D(2)(x)))


def _lstm(x: Any) -> Any:
    """Two layers of LSTM, the last step's result classified."""
    return layers.Dense(3)(layers.LSTM(7)(layers.LSTM(7, return_sequences=True)(x)))


def _gru(x: Any) -> Any:
    """A bidirectional GRU, every step classified."""
    return layers.Dense(3)(layers.Bidirectional(layers.GRU(6, return_sequences=True))(x))


def _transformer(x: Any) -> Any:
    """A block of pre-normalized attention and a feed-forward network."""
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
    return layers.Add()([x, layers.Dense(8)(layers.Dropout(0.1)(y))])


def _unet(x: Any) -> Any:
    """One level of a U-Net: down, up by a transposed convolution, concatenation."""
    x = layers.LeakyReLU(negative_slope=0.1)(layers.Conv2D(4, 3, padding="same")(x))
    y = layers.ReLU()(_halved(x, 8))
    y = layers.Conv2DTranspose(4, 2, strides=2, activation="relu")(y)
    return layers.Conv2D(2, 3, padding="same", activation="sigmoid")(layers.Concatenate()([x, y]))


_NETWORKS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "mlp": (_mlp, (6,)),
    "cnn": (_cnn, (8, 8, 3)),
    "separable": (_separable, (12, 10, 1)),
    "signal": (_signal, (32, 2)),
    "lstm": (_lstm, (9, 5)),
    "gru": (_gru, (9, 5)),
    "transformer": (_transformer, (6, 8)),
    "unet": (_unet, (8, 8, 1)),
}

NAMES = tuple(_NETWORKS)
CONVOLUTIONAL = ("cnn", "separable", "signal", "unet")


def network(name: str) -> tuple[Any, list[Any]]:
    """The Keras model of that name with random weights (statistics included), and example inputs."""
    build, shape = _NETWORKS[name]
    keras.utils.set_random_seed(NAMES.index(name))
    inputs = layers.Input(shape, name="x")
    model = keras.Model(inputs, build(inputs), name=name)
    rng = np.random.default_rng(NAMES.index(name))
    for variable in model.variables:
        if "moving" in variable.path:
            low, high = (0.5, 2.0) if "variance" in variable.path else (-0.3, 0.3)
            variable.assign(rng.uniform(low, high, variable.shape).astype(np.float32))
    return model, [rng.normal(size=(1, *shape)).astype(np.float32)]


def expected(model: Any, arrays: list[Any]) -> Any:
    """What Keras computes, as numpy."""
    return keras.ops.convert_to_numpy(model(arrays[0], training=False))
