"""A small Keras model as its two kinds of files, made without Keras."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np


def _layers() -> list[dict[str, Any]]:
    dense = {"units": 3, "activation": "relu", "use_bias": True}
    window = {
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "same",
        "activation": "linear",
    }
    return [
        {
            "class_name": "InputLayer",
            "config": {"name": "input", "batch_shape": [None, 6, 6, 2], "dtype": "float32"},
        },
        {"class_name": "Conv2D", "config": {"name": "conv", **window}},
        {"class_name": "BatchNormalization", "config": {"name": "norm", "axis": [3], "epsilon": 1e-3}},
        {"class_name": "Flatten", "config": {"name": "flat"}},
        {"class_name": "Dense", "config": {"name": "dense", **dense}},
    ]


def _config() -> str:
    return json.dumps({"class_name": "Sequential", "config": {"name": "small", "layers": _layers()}})


def _arrays() -> dict[str, list[np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(1)
    shapes = {"conv": [(3, 3, 2, 4), (4,)], "norm": [(4,)] * 4, "dense": [(144, 3), (3,)]}
    return {name: [rng.random(shape).astype(np.float32) for shape in some] for name, some in shapes.items()}


def small_h5() -> bytes:
    """The legacy file."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["model_config"] = _config()
        weights = file.create_group("model_weights")
        for name, arrays in _arrays().items():
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{index}".encode() for index in range(len(arrays))]
            for index, array in enumerate(arrays):
                group.create_dataset(f"{name}/{index}", data=array)
    return stream.getvalue()


def small_archive() -> bytes:
    """The .keras archive, its members stored as they are so that damage reaches them."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        groups = {"conv": "conv2d", "norm": "batch_normalization", "dense": "dense"}
        for name, arrays in _arrays().items():
            for index, array in enumerate(arrays):
                file.create_dataset(f"layers/{groups[name]}/vars/{index}", data=array)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", _config())
        archive.writestr("model.weights.h5", stored.getvalue())
    return stream.getvalue()
