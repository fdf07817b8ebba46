"""TensorFlow Lite Micro (the pip package tflite-micro), to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from smelt.engines.engine import Engine
from smelt.engines.litert import input_array
from smelt.errors import EngineError, require
from smelt.ir import Array, Graph


class TflmEngine(Engine):
    """Runs a .tflite file in TensorFlow Lite Micro's interpreter with its reference kernels.

    `graph` is the same file as read by smelt: it gives the tensors their names and shapes, which
    TensorFlow Lite Micro does not show.
    """

    name = "tflm"

    def __init__(self, model: bytes, graph: Graph, *, arena_bytes: int | None = None) -> None:
        runtime = require(
            "tflite_micro.python.tflite_micro.runtime", "compare", "the engine 'tflm'", "tflite-micro"
        )
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        activations = sum(v.bytes for n, v in graph.values.items() if n not in graph.constants)
        size = arena_bytes or 4 * activations + 64 * 1024 + 1024 * len(graph.values)
        try:
            self._interpreter: Any = runtime.Interpreter.from_bytes(model, arena_size=size)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"TensorFlow Lite Micro cannot run this model ({error}); its log on stderr says why"
            ) from error

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name; what the last run left in variables is forgotten."""
        self._interpreter.reset()
        for index, value in enumerate(self.inputs):
            self._interpreter.set_input(input_array(self.name, value, inputs), index)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise EngineError(f"TensorFlow Lite Micro failed: {error}") from error
        return {
            value.name: np.array(self._interpreter.get_output(index)).reshape(value.shape)
            for index, value in enumerate(self.outputs)
        }

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Not possible: TensorFlow Lite Micro reuses its memory. Raises EngineError."""
        raise EngineError(
            "TensorFlow Lite Micro does not keep intermediate tensors; use the engine reference, native, "
            "emulated or litert to see them"
        )
