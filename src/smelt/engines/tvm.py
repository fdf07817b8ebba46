"""Apache TVM (the pip package apache-tvm), to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from smelt.engines.engine import Engine
from smelt.errors import EngineError, require
from smelt.formats.tvm import compile_tvm
from smelt.ir import Array, Graph
from smelt.operators.evaluate import check_input
from smelt.quantize.samples import came_channels_first


class TvmEngine(Engine):
    """Runs what TVM compiles for this computer from smelt's .onnx file of a graph: fused, not tuned, one thread."""

    name = "tvm"

    def __init__(self, graph: Graph) -> None:
        self._tvm = require("tvm", "tvm", "the engine 'tvm'", "apache-tvm")
        self._graph = graph
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        _check_divisions(graph)
        compiled = compile_tvm(graph)
        try:
            self._main: Any = self._tvm.relax.VirtualMachine(compiled, self._tvm.cpu())["main"]
        except Exception as error:  # what TVM raises has no common parent
            raise EngineError(f"TVM cannot run this model: {error}") from error

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        given = [self._tvm.runtime.tensor(self._outside(name, inputs)) for name in self._graph.inputs]
        try:
            result = self._main(*given)
        except Exception as error:  # see __init__
            raise EngineError(f"TVM failed: {error}") from error
        results = [result] if hasattr(result, "numpy") else list(result)
        return {
            name: np.moveaxis(array, 1, -1) if came_channels_first(self._graph, name) else array
            for name, array in zip(self._graph.outputs, (r.numpy() for r in results), strict=True)
        }

    def _outside(self, name: str, inputs: Mapping[str, Array]) -> Array:
        """An input as the .onnx file has it."""
        array = check_input(self._graph, name, inputs)
        return np.array(
            np.moveaxis(array, -1, 1) if came_channels_first(self._graph, name) else array, order="C"
        )

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Not possible: TVM fuses what is between. Raises EngineError."""
        raise EngineError(
            "TVM does not keep intermediate tensors; use the engine reference, native, emulated, litert or "
            "onnxruntime to see them"
        )


def _check_divisions(graph: Graph) -> None:
    """EngineError where integers are divided by what may be 0 or -1: TVM's code would end the process."""
    for node in graph.nodes:
        value = graph.values[node.outputs[0]]
        if (
            node.operator in ("div", "floor_div", "floor_mod")
            and value.dtype.is_integer
            and not value.quantization
        ):
            divisor = graph.constants.get(str(node.inputs[1]))
            if divisor is None or np.isin(divisor, (0, -1)).any():
                raise EngineError(f"{node.label}: TVM ends the process when integers are divided by 0")
