"""PyTorch (the pip package torch), to compare with."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from smelt.engines.engine import Engine
from smelt.errors import EngineError, FormatError, require
from smelt.formats.pytorch import kind_of, to_module
from smelt.ir import Array, Graph
from smelt.operators.evaluate import check_input
from smelt.quantize.samples import came_channels_first


class TorchEngine(Engine):
    """Runs a .pt2, .pt or .ptl file in PyTorch, or a graph as the module that smelt makes of it, on one thread.

    `model` is the file's bytes, None to run the graph; `graph` is the same file as read by smelt.  Give only files that
    you trust: PyTorch's loader runs what is pickled in a .pt2.
    """

    name = "torch"

    def __init__(self, graph: Graph, model: bytes | None = None) -> None:
        self._torch = require("torch", "torch", "the engine 'torch'")
        self._graph, self._is_own = graph, model is None
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        if model is None:
            self._module = to_module(graph)
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._module = self._loaded(model)
        except Exception as error:  # what torch raises has no common parent
            raise EngineError(f"PyTorch cannot run this model: {_first_line(error)}") from error

    def _loaded(self, model: bytes) -> Any:
        kind, stream = kind_of(model), BytesIO(model)
        if kind == "exported":
            return self._torch.export.load(stream).module()
        if kind == "lite":
            mobile: Any = require("torch.jit.mobile", "torch", "the engine 'torch'", "torch")
            return mobile._load_for_lite_interpreter(stream)
        if kind != "scripted":
            raise FormatError("it is none of the files that hold a network")
        return self._torch.jit.load(stream)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        given = [self._outside(name, inputs) for name in self._graph.inputs]
        threads = self._torch.get_num_threads()
        try:
            self._torch.set_num_threads(1)
            with self._torch.no_grad():
                result = self._module(*given)
        except Exception as error:  # see __init__
            raise EngineError(f"PyTorch failed: {_first_line(error)}") from error
        finally:
            self._torch.set_num_threads(threads)
        return {
            name: self._inside(name, tensor)
            for name, tensor in zip(self._graph.outputs, _flat(result), strict=True)
        }

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that the module of a graph computes, by name; EngineError for a file."""
        if not self._is_own:
            raise EngineError(
                "PyTorch does not show the intermediate tensors of a file; use the engine reference or native"
            )
        seen: dict[str, Any] = {}
        self._module.running.seen = seen
        try:
            outputs = self.run(inputs)
        finally:
            self._module.running.seen = None
        return {**{name: tensor.detach().numpy() for name, tensor in seen.items()}, **outputs}

    def _outside(self, name: str, inputs: Mapping[str, Array]) -> Any:
        """An input as the module has it."""
        array = check_input(self._graph, name, inputs)
        if came_channels_first(self._graph, name):
            array = np.moveaxis(array, -1, 1)
        return self._torch.from_numpy(np.array(array, order="C"))

    def _inside(self, name: str, tensor: Any) -> Array:
        array: Array = tensor.numpy()
        return np.moveaxis(array, 1, -1) if came_channels_first(self._graph, name) else array


def _flat(result: Any) -> list[Any]:
    """The tensors in what a module returns."""
    if isinstance(result, dict):
        return list(result.values())
    if isinstance(result, list | tuple):
        return [tensor for part in result for tensor in _flat(part)]
    return [result]


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[
        :300
    ]
