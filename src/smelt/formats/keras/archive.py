"""The files of a Keras model: its configuration, and the arrays of its layers."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError, require
from smelt.formats.keras.heaps import check_heaps
from smelt.formats.keras.weights import MODELS, array_name, arrays_of, is_trainable, parts_of
from smelt.ir import Array

Config = Mapping[str, Any]
Path = tuple[str, ...]
"""The names of nested models and of a layer in the last one."""

_LARGEST_CONFIG = 1 << 26


@dataclass(frozen=True)
class Archive:
    """The configuration of the outermost model, and what each layer learned, part by part, by the layer's path.

    `keras` is the major version that wrote the file.
    """

    config: Config
    weights: Mapping[Path, Mapping[str, Array]]
    keras: int = 3


def layers_of(config: Config) -> Sequence[Config]:
    """The layers of a model's configuration; very old sequential models are a bare list."""
    inner = config["config"]
    layers = inner if isinstance(inner, list) else inner["layers"]
    if not isinstance(layers, list):
        raise FormatError("the model's configuration has no list of layers")
    return layers


def layer_name(layer: Config) -> str:
    """A layer's name."""
    return str(layer["config"].get("name") or layer.get("name"))


def read_archive(data: bytes) -> Archive:
    """The contents of a .keras or .h5 file; FormatError in words when it is damaged."""
    h5py = require("h5py", "keras", "reading Keras files")
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                config = _json(_member(archive, "config.json"))
                stored = _member(archive, "model.weights.h5")
            check_heaps(stored)
            with h5py.File(io.BytesIO(stored), "r") as file:
                return Archive(config, dict(_stored_by_class(file, config, "", ())))
        check_heaps(data)
        with h5py.File(io.BytesIO(data), "r") as file:
            if "model_config" not in file.attrs:
                raise FormatError(
                    "the .h5 file holds weights without the model; save the whole model: model.save('m.keras')"
                )
            config = _json(_text(file.attrs["model_config"]).encode())
            version = _text(file.attrs.get("keras_version", "2"))
            weights = dict(_stored_by_name(file["model_weights"], config))
            return Archive(config, weights, 3 if version.startswith("3") else 2)
    except (KeyError, IndexError, TypeError, AttributeError, OSError, ValueError, RuntimeError) as error:
        raise FormatError(f"the Keras file is damaged or not complete: {error}") from error
    except (zipfile.BadZipFile, EOFError, RecursionError, ArithmeticError, MemoryError) as error:
        raise FormatError(f"the Keras file is damaged: {error}") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except KeyError:
        raise FormatError(f"the archive has no {name}: it is not a Keras model") from None


def _json(text: bytes) -> Config:
    if len(text) > _LARGEST_CONFIG:
        raise FormatError("the model's configuration is too large to be one")
    config = json.loads(text)
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise FormatError("the model's configuration names no class")
    if config["class_name"] not in MODELS:
        raise UnsupportedError(
            f"the model is of class '{config['class_name']}'; only sequential and functional models say in the file "
            "what they compute. Build the same network with keras.Sequential or keras.Model(inputs, outputs), or "
            "give the live model to smelt.from_keras"
        )
    return config


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def snake_case(name: str) -> str:
    """Keras's name of a class in weight files."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _stored_by_class(
    file: Any, config: Config, at: str, path: Path
) -> Iterator[tuple[Path, Mapping[str, Array]]]:
    """Keras 3: groups are named after the layers' classes with a counter, never after the layers."""
    seen: dict[str, int] = {}
    groups = file.get(f"{at}layers", {})
    for layer in layers_of(config):
        kind = layer["class_name"]
        stem = "functional" if kind in ("Functional", "Model") else snake_case(kind)
        number = seen.get(stem, 0)
        seen[stem] = number + 1
        group_name = f"{stem}_{number}" if number else stem
        own = (*path, layer_name(layer))
        if kind in MODELS:
            yield from _stored_by_class(file, layer, f"{at}layers/{group_name}/", own)
            continue
        parts = parts_of(layer)
        if parts:
            group = groups[group_name]
            # Newer files name the layer beside its arrays.
            named = group["vars"].attrs if "vars" in group else {}
            told = _text(named.get("name", own[-1]))
            if told != own[-1]:
                raise FormatError(f"the weights at '{group_name}' are of layer '{told}', not of '{own[-1]}'")
            yield own, _arrays(group, parts, own)


def _arrays(group: Any, parts: Mapping[str, Sequence[str]], path: Path) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for place, names in parts.items():
        variables = group[f"{place}/vars" if place else "vars"]
        if len(variables) != len(names):
            raise FormatError(
                f"layer '{'/'.join(path)}' has {len(variables)} arrays in the file, {len(names)} are expected"
            )
        for index, name in enumerate(names):
            found[array_name(place, name)] = np.asarray(variables[str(index)])
    return found


def _stored_by_name(file: Any, config: Config) -> Iterator[tuple[Path, Mapping[str, Array]]]:
    """Legacy: a flat list for each outermost layer; of nested models all trainable arrays come first."""
    for layer in layers_of(config):
        name = layer_name(layer)
        if name not in file:
            continue
        group = file[name]
        arrays = [np.asarray(group[_text(n)]) for n in group.attrs["weight_names"]]
        slots = list(_slots(layer, (), True))
        slots = [s for s in slots if s[2]] + [s for s in slots if not s[2]]
        if len(slots) != len(arrays):
            raise FormatError(
                f"layer '{name}' has {len(arrays)} arrays in the file, {len(slots)} are expected"
            )
        found: dict[Path, dict[str, Array]] = {}
        for (path, part, _), array in zip(slots, arrays, strict=True):
            found.setdefault(path, {})[part] = array
        yield from found.items()


def _slots(layer: Config, outer: Path, trainable: bool) -> Iterator[tuple[Path, str, bool]]:
    path = (*outer, layer_name(layer))
    inner = layer["config"]
    trainable = trainable and (inner.get("trainable", True) if isinstance(inner, dict) else True)
    if layer["class_name"] in MODELS:
        for child in layers_of(layer):
            yield from _slots(child, path, trainable)
        return
    for name in arrays_of(layer):
        yield path, name, trainable and is_trainable(name)
