"""Writing a graph as a Keras 3 archive (.keras): configuration, metadata and weights."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError, require
from smelt.formats.keras import written_images, written_recurrent  # register their operators
from smelt.formats.keras.archive import snake_case
from smelt.formats.keras.order import order_of_layers
from smelt.formats.keras.writing import Result, Written
from smelt.formats.keras.written_layers import WRITTEN
from smelt.ir import Graph

__all__ = ["write_keras", "written_images", "written_recurrent"]

KERAS_VERSION = "3.3.0"
"""The release whose way of writing files this is."""

_DATE = (1980, 1, 1, 0, 0, 0)
_SAVED = "1980-01-01@00:00:00"


def write_keras(graph: Graph) -> bytes:
    """The bytes of a .keras file: a functional model of Keras's own layers; the same for the same graph.

    Keras 3 loads it on every backend.  Needs the extra `keras` (h5py), not Keras.  Raises UnsupportedError naming
    the operator that Keras's layers cannot say, quantized ones among them.
    """
    h5py = require("h5py", "keras", "writing Keras files")
    written = _written(graph)
    config = json.dumps(_config(graph, written), sort_keys=True, separators=(",", ":"))
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": _SAVED})
    members = {
        "metadata.json": metadata.encode(),
        "config.json": config.encode(),
        "model.weights.h5": _weights(h5py, graph, written),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    return stream.getvalue()


def _written(graph: Graph) -> Written:
    unknown = sorted({node.label for node in graph.nodes if node.operator not in WRITTEN})
    if unknown:
        raise UnsupportedError(f"operators that cannot be said in Keras's layers: {', '.join(unknown)}")
    for value in graph.values.values():
        if value.quantization is not None:
            raise UnsupportedError(
                f"'{value.name}' is quantized, which Keras's layers cannot say; write the float model, or a .tflite"
            )
    written = Written(graph)
    for name in graph.inputs:
        written.input(graph.values[name])
    for node in graph.nodes:
        written.node = node
        made = WRITTEN[node.operator](written, written.call())
        results = [made] if isinstance(made, Result) else made
        written.results.update(zip(node.outputs, results, strict=True))
    _sort(graph, written)
    return written


def _sort(graph: Graph, written: Written) -> None:
    """Put the layers in Keras's own order, in which it counts them when it reads the weights."""
    for name in graph.outputs:
        if name not in written.results:
            raise UnsupportedError(f"output '{name}' is a constant, which Keras's layers cannot say")
    inputs, outputs = (
        [written.results[name].layer for name in names] for names in (graph.inputs, graph.outputs)
    )
    place = {name: k for k, name in enumerate(order_of_layers(written.parents, inputs, outputs))}
    written.layers = sorted(
        (layer for layer in written.layers if layer["name"] in place), key=lambda layer: place[layer["name"]]
    )
    written.weights = sorted(
        (entry for entry in written.weights if entry[1] in place), key=lambda entry: place[entry[1]]
    )


def _config(graph: Graph, written: Written) -> dict[str, Any]:
    shapes = [graph.values[name].shape for name in graph.inputs]
    if written.open_batch and all(len(shape) > 1 and shape[0] == 1 for shape in shapes):
        for layer in written.layers:
            if layer["class_name"] == "InputLayer":
                layer["config"]["batch_shape"][0] = None
    results = [written.results[name] for name in graph.outputs]
    outputs = [[result.layer, 0, result.index] for result in results]
    inputs = [[written.results[name].layer, 0, 0] for name in graph.inputs]
    # One input or output is one, not a list of one.
    config = {
        "name": graph.name, "trainable": True, "layers": written.layers,
        "input_layers": inputs[0] if len(inputs) == 1 else inputs,
        "output_layers": outputs[0] if len(outputs) == 1 else outputs,
    }  # fmt: skip
    return {
        "module": "keras.src.models.functional", "class_name": "Functional", "config": config,
        "registered_name": "Functional", "build_config": {"input_shape": None},
    }  # fmt: skip


def _weights(h5py: Any, graph: Graph, written: Written) -> bytes:
    """model.weights.h5: groups named after the layers' classes, with a counter."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_group("vars").attrs["name"] = graph.name
        seen: dict[str, int] = {}
        for kind, name, arrays in written.weights:
            stem = snake_case(kind)
            number = seen.get(stem, 0)
            seen[stem] = number + 1
            place = f"layers/{stem}_{number}" if number else f"layers/{stem}"
            inner = f"{place}/cell/vars" if kind in ("LSTM", "GRU", "SimpleRNN") else f"{place}/vars"
            group = file.create_group(inner)
            if inner != f"{place}/vars":
                file.create_group(f"{place}/vars").attrs["name"] = name
            group.attrs["name"] = name
            for index, array in enumerate(arrays):
                group.create_dataset(str(index), data=np.ascontiguousarray(array))
    return stream.getvalue()
