"""Live models of other packages, told apart by the package that their class comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smelt.errors import UsageError
from smelt.formats.table import Choices
from smelt.ir import Graph


def from_object(model: Any, choices: Choices, example_inputs: Sequence[Any] | None) -> Graph:
    """The graph of a live model: of torch, Keras, TensorFlow, scikit-learn or onnx; a Graph is itself.

    `example_inputs` are what a torch.nn.Module is traced with.  UsageError for objects of other kinds.
    """
    packages = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
    if isinstance(model, Graph):
        return model
    if "sklearn" in packages:
        from smelt.formats.sklearn import from_sklearn

        return from_sklearn(model)
    if packages & {"keras", "tf_keras"}:
        from smelt.formats.keras import from_keras

        return from_keras(model, choices.shapes)
    if "tensorflow" in packages:
        from smelt.formats.saved_model import from_tensorflow

        return from_tensorflow(model, choices.shapes, choices.signature)
    if "onnx" in packages:
        from smelt.formats.onnx import read_onnx

        return read_onnx(model.SerializeToString(), None, choices.shapes)
    if "torch" in packages:  # behind Keras, whose layers are torch's modules on that backend
        from smelt.formats.pytorch import from_torch

        return from_torch(model, example_inputs, shapes=choices.shapes)
    raise UsageError(
        f"smelt cannot load a {type(model).__module__}.{type(model).__qualname__}; give a file's path or bytes, or a "
        "live model of PyTorch, Keras, TensorFlow, scikit-learn or onnx"
    )
