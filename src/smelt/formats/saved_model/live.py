"""Live objects of TensorFlow: saved as a SavedModel to a temporary place, which the reader of folders reads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smelt.errors import UsageError, require
from smelt.formats.saved_model.read import read_saved_model
from smelt.ir import Graph


def from_tensorflow(
    model: Any, shapes: Mapping[str, Sequence[int]] | None = None, signature: str | None = None
) -> Graph:
    """The graph of a tf.Module, a tf.function, a concrete function or a Keras model; TensorFlow must be installed.

    A module's `tf.function` needs an `input_signature`.  `shapes` fixes what is open, by input name; `signature`
    chooses one where there are several.

    Raises UsageError for objects that TensorFlow cannot save, otherwise what `read_saved_model` raises.
    """
    tensorflow = require("tensorflow", "tensorflow", "converting live TensorFlow objects")
    with tempfile.TemporaryDirectory() as folder:
        try:
            _save(tensorflow, model, folder)
        except (ValueError, TypeError, NotImplementedError, AssertionError) as error:
            raise UsageError(f"TensorFlow cannot save the {type(model).__qualname__}: {error}") from error
        name = str(getattr(model, "name", "") or "model")
        return read_saved_model(Path(folder), name, shapes, signature)


def _save(tensorflow: Any, model: Any, folder: str) -> None:
    if callable(getattr(model, "export", None)) and hasattr(model, "layers"):
        model.export(folder, format="tf_saved_model", verbose=False)
    elif hasattr(model, "captured_inputs") or hasattr(model, "get_concrete_function"):
        concrete = model if hasattr(model, "captured_inputs") else model.get_concrete_function()
        # What holds the variables must be saved with the function.
        holder = tensorflow.Module()
        holder.kept = list(concrete.graph.variables)
        tensorflow.saved_model.save(holder, folder, signatures=concrete)
    else:
        signatures = dict(getattr(model, "signatures", {}))
        tensorflow.saved_model.save(model, folder, signatures=signatures or None)
