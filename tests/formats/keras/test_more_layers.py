"""Layers beyond the usual ones, functions of keras.ops, and arguments of calls."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_models import largest_difference, randomized

import smelt
from smelt.errors import FormatError, UnsupportedError
from smelt.passes import optimize

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
layers, ops = keras.layers, keras.ops

IMAGE, SIGNAL, ROW = (6, 8, 4), (6, 4), (5,)
ACTIVATIONS = (
    "relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "selu", "elu", "silu", "hard_silu", "hard_sigmoid",
    "gelu", "exponential", "leaky_relu", "mish", "log_softmax", "celu", "hard_tanh", "squareplus", "tanh_shrink",
    "soft_shrink", "hard_shrink", "log_sigmoid", "softmax", "linear",
)  # fmt: skip


def _transposed(padding: str, stride: Any, kernel: Any) -> Callable[[], Any]:
    return lambda: layers.Conv2DTranspose(3, kernel, strides=stride, padding=padding, activation="tanh")


LAYERS: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "group_normalization": (IMAGE, lambda: layers.GroupNormalization(groups=2)),
    "instance_normalization": (IMAGE, lambda: layers.GroupNormalization(groups=-1, scale=False)),
    "unit_normalization": (SIGNAL, lambda: layers.UnitNormalization()),
    "unit_normalization_of_axes": (IMAGE, lambda: layers.UnitNormalization(axis=(1, 2))),
    "rms_normalization": (SIGNAL, lambda: layers.RMSNormalization()),
    "layer_normalization_of_axes": (IMAGE, lambda: layers.LayerNormalization(axis=(2, 3))),
    "batch_normalization_of_axis": (IMAGE, lambda: layers.BatchNormalization(axis=1)),
    "softmax_of_axis": (IMAGE, lambda: layers.Softmax(axis=1)),
    "relu_slope_and_limit": (ROW, lambda: layers.ReLU(max_value=0.7, negative_slope=0.2)),
    "relu_threshold": (ROW, lambda: layers.ReLU(threshold=0.3)),
    "relu_all": (ROW, lambda: layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.4)),
    "center_crop": (IMAGE, lambda: layers.CenterCrop(3, 5)),
    "up_sampling_2d": (IMAGE, lambda: layers.UpSampling2D((2, 3))),
    "up_sampling_bilinear": (IMAGE, lambda: layers.UpSampling2D((2, 3), interpolation="bilinear")),
    "resizing": (IMAGE, lambda: layers.Resizing(9, 11)),
    "up_sampling_1d": (SIGNAL, lambda: layers.UpSampling1D(3)),
    **{
        f"transposed_{padding}_{stride}_{kernel}": (IMAGE, _transposed(padding, stride, kernel))
        for padding in ("same", "valid")
        for stride, kernel in ((1, 3), (2, 2), (2, 3), (3, 2), ((1, 2), (4, 3)))
    },
    "transposed_dilated": (IMAGE, lambda: layers.Conv2DTranspose(2, 3, dilation_rate=2, padding="same")),
    "transposed_with_output_padding": (
        IMAGE,
        lambda: layers.Conv2DTranspose(2, 3, strides=2, output_padding=1),
    ),
    "transposed_1d": (
        SIGNAL,
        lambda: layers.Conv1DTranspose(3, 4, strides=2, padding="same", use_bias=False),
    ),
    "cropping_2d": (IMAGE, lambda: layers.Cropping2D(((1, 2), (0, 3)))),
    "zero_padding_1d": (SIGNAL, lambda: layers.ZeroPadding1D((1, 2))),
    "spatial_dropout": (IMAGE, lambda: layers.SpatialDropout2D(0.5)),
    "masking_without_reader": (SIGNAL, lambda: layers.Masking()),
    "identity": (ROW, lambda: layers.Identity()),
    "einsum_dense": (SIGNAL, lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")),
    "einsum_dense_open": (
        SIGNAL,
        lambda: layers.EinsumDense("...x,xy->...y", 7, bias_axes="y", activation="relu"),
    ),
    "time_distributed": (IMAGE, lambda: layers.TimeDistributed(layers.Conv1D(3, 2))),
    "repeat_vector": (ROW, lambda: layers.RepeatVector(4)),
    **{f"activation_{name}": (ROW, lambda name=name: layers.Activation(name)) for name in ACTIVATIONS},  # type: ignore[misc]
}


def _of(shape: tuple[int, ...], layer: Any) -> Any:
    return randomized(keras.Sequential([layers.Input(shape), layer]))


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_what_keras_computes(name: str, suffix: str, tmp_path: Path) -> None:
    shape, make = LAYERS[name]
    keras.utils.set_random_seed(1)
    model = _of(shape, make())
    model.save(tmp_path / f"model.{suffix}")
    graph = smelt.load(tmp_path / f"model.{suffix}")
    assert largest_difference(graph, model) <= 1e-5
    assert largest_difference(optimize(graph), model) <= 1e-5


def _two(make: Callable[[Any, Any], Any], shapes: tuple[Any, Any] = (SIGNAL, SIGNAL)) -> Callable[[], Any]:
    def build() -> Any:
        a, b = layers.Input(shapes[0], name="a"), layers.Input(shapes[1], name="b")
        return keras.Model([a, b], make(a, b))

    return build


def _with_states(a: Any, b: Any) -> Any:
    sequence, h, c = layers.LSTM(4, return_sequences=True, return_state=True)(a)
    gru, state = layers.GRU(4, return_sequences=True, return_state=True)(b, initial_state=h)
    return [layers.LSTM(4)(b, initial_state=[h, c]), sequence, gru, state]


CALLS: dict[str, Callable[[], Any]] = {
    "numbers": _two(lambda a, b: [a + 3.0, 2.0 - b, 1.5 * a, a / 4, -b, 2 / ops.exp(a)]),
    "functions": _two(
        lambda a, b: [
            ops.mean(a, axis=1, keepdims=True), ops.sum(a, axis=(1, 2)), ops.max(b, axis=-1), ops.abs(a), ops.square(b),
            ops.sqrt(ops.abs(b)), ops.power(a, 2), ops.maximum(a, 0.0), ops.clip(a, -0.5, 0.25), ops.where(a > 0, a, b),
        ]
    ),
    "shapes": _two(
        lambda a, b: [
            ops.reshape(a, (-1, 24)), ops.transpose(a, (0, 2, 1)), ops.expand_dims(a, 2),
            ops.concatenate([a, b], axis=1), ops.stack([a, b], axis=1), ops.squeeze(a[:, :1], 1),
            ops.split(a, 2, axis=1)[1], ops.split(b, [1, 4], axis=1)[1], ops.pad(a, ((0, 0), (1, 2), (0, 1))),
        ]
    ),
    "indices": _two(lambda a, b: [a[:, 1:3, 0], a[:, ::2], b[:, -1], a[:, None, :, 1:], b[..., 2]]),
    "activations": _two(
        lambda a, b: [
            ops.relu(a), ops.leaky_relu(a, 0.3), ops.softmax(a, axis=1), ops.gelu(b), ops.gelu(b, approximate=False),
            ops.sigmoid(a), ops.silu(b), ops.elu(a, 0.5), ops.log_softmax(a, axis=-1),
        ]
    ),
    "products": _two(
        lambda a, b: [
            ops.matmul(a, ops.transpose(b, (0, 2, 1))), ops.einsum("bij,bkj->bik", a, b),
            ops.einsum("bij,bkj->kbi", a, b),
        ]
    ),
    "types": _two(lambda a, b: [ops.cast(ops.cast(a * 3, "int32"), "float32"), ops.argmax(b, axis=-1)]),
    "dot": _two(lambda a, b: [layers.Dot(axes=2)([a, b]), layers.Dot(axes=(1, 1), normalize=True)([a, b])]),
    "dot_of_rows": _two(lambda a, b: layers.Dot(axes=1)([a, b]), (ROW, ROW)),
    "attention": _two(
        lambda a, b: [
            layers.Attention()([a, b]), layers.Attention(use_scale=True)([a, b, a]),
            layers.Attention(score_mode="concat", use_scale=True)([a, b]), layers.AdditiveAttention()([a, b]),
            layers.Attention()([a, b], use_causal_mask=True),
        ]
    ),
    "multi_head_attention_by_name": _two(
        lambda a, b: layers.MultiHeadAttention(2, 3)(query=a, key=b, value=ops.tanh(b))
    ),
    "multi_head_attention_causal": _two(
        lambda a, b: layers.MultiHeadAttention(2, 3, value_dim=5)(a, b, use_causal_mask=True)
    ),
    "states": _two(_with_states),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls_compute_what_keras_computes(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = randomized(CALLS[name]())
    model.save(tmp_path / "model.keras")
    graph = smelt.load(tmp_path / "model.keras")
    assert largest_difference(graph, model) <= 1e-5
    assert largest_difference(optimize(graph), model) <= 1e-5


def _refused(model: Any, folder: Path, message: str) -> None:
    model.save(folder / "model.keras")
    with pytest.raises(UnsupportedError, match=message):
        smelt.load(folder / "model.keras")


def test_arguments_that_nothing_reads_are_refused(tmp_path: Path) -> None:
    a = layers.Input(SIGNAL, name="a")
    mask = layers.Input((6, 6), dtype="bool", name="mask")
    attended = layers.MultiHeadAttention(2, 3, name="attend")(a, a, attention_mask=mask)
    _refused(keras.Model([a, mask], attended), tmp_path, r"'attend'.*attention_mask")


def test_settings_of_functions_that_nothing_reads_are_refused(tmp_path: Path) -> None:
    a = layers.Input(SIGNAL, name="a")
    _refused(keras.Model(a, ops.pad(a, ((0, 0), (1, 1), (0, 0)), mode="reflect")), tmp_path, "mode 'reflect'")


@pytest.mark.parametrize("kind", ["embedding", "masking"])
def test_masks_that_a_layer_heeds_are_refused(kind: str, tmp_path: Path) -> None:
    if kind == "embedding":
        parts = [layers.Input((6,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True, name="masks")]
    else:
        parts = [layers.Input(SIGNAL), layers.Masking(name="masks")]
    _refused(
        keras.Sequential([*parts, layers.LSTM(3, name="heeds")]), tmp_path, r"'masks' masks steps.*'heeds'"
    )


def test_an_embedding_reads_indices(tmp_path: Path) -> None:
    model = randomized(
        keras.Sequential([layers.Input((6,), dtype="int32"), layers.Embedding(9, 4), layers.LSTM(3)])
    )
    model.save(tmp_path / "model.keras")
    graph = smelt.load(tmp_path / "model.keras")
    assert largest_difference(graph, model, [np.array([[0, 8, 3, 3, 1, 7]], np.int32)]) <= 1e-5


def test_a_lambda_is_refused_with_advice(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input(ROW), layers.Lambda(lambda x: x * 2, name="twice")])
    _refused(model, tmp_path, r"Lambda 'twice'.*does not run.*SavedModel")


def test_a_function_that_is_not_known_is_named(tmp_path: Path) -> None:
    a = layers.Input(SIGNAL, name="a")
    _refused(keras.Model(a, ops.cumsum(a, axis=1)), tmp_path, r"Cumsum 'cumsum'")


@pytest.mark.parametrize(
    ("layer", "setting"),
    [("conv2d_transpose", "dilation_rate"), ("input_layer", "batch_shape")],
)
def test_settings_that_ask_for_too_much_memory_are_refused(layer: str, setting: str, tmp_path: Path) -> None:
    inputs = layers.Input(IMAGE, name="input_layer")
    model = keras.Model(inputs, layers.Conv2DTranspose(2, 3, name="conv2d_transpose")(inputs))
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    (chosen,) = (entry for entry in config["config"]["layers"] if entry["name"] == layer)
    chosen["config"][setting] = [10**9, *chosen["config"][setting][1:]]
    with zipfile.ZipFile(tmp_path / "huge.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else content)
    with pytest.raises(FormatError, match=layer):
        smelt.load(tmp_path / "huge.keras")
