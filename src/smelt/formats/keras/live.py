"""Live Keras models: saved as a file to a temporary place, which the reader of files reads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from smelt.errors import UsageError
from smelt.formats.keras.read import read_keras
from smelt.ir import Graph


def from_keras(model: Any, shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """The graph of a live Keras model, of Keras 3 on any backend or of Keras 2.

    `shapes` fixes input shapes that the model leaves open, by input name; a batch that is left open is 1.

    Raises UsageError for what is no built Keras model, UnsupportedError naming layers that smelt does not read.
    """
    if not (callable(getattr(model, "save", None)) and hasattr(model, "layers")):
        raise UsageError(f"a Keras model is needed, given a {type(model).__qualname__}")
    name = str(getattr(model, "name", "model"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{_suffix(model)}"
        try:
            model.save(path if path.suffix == ".keras" else str(path), include_optimizer=False)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise UsageError(f"Keras cannot save the model '{name}': {error}") from error
        return replace(read_keras(path.read_bytes(), name, shapes), name=name)


def _suffix(model: Any) -> str:
    """Keras 3 has its archive; Keras 2 is read by its older file."""
    modules = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
    return ".keras" if "keras" in modules else ".h5"
