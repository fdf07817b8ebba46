"""ONNX Runtime (the pip package onnxruntime), to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smelt.engines.engine import Engine
from smelt.errors import EngineError, require
from smelt.ir import Array, DType, Graph, Value

_TYPES = {
    "tensor(float)": DType.F32,
    "tensor(double)": DType.F64,
    "tensor(float16)": DType.F16,
    "tensor(int8)": DType.S8,
    "tensor(uint8)": DType.U8,
    "tensor(int16)": DType.S16,
    "tensor(int32)": DType.S32,
    "tensor(int64)": DType.S64,
    "tensor(bool)": DType.BOOL,
}


class OnnxRuntimeEngine(Engine):
    """Runs an .onnx file (a path, or its bytes) in ONNX Runtime on one thread.

    `graph` is the same file as read by smelt: inputs and outputs have its shapes, and what smelt
    reads channels-last (its metadata says which) is turned to and from the file's channels-first.
    Without it shapes are the file's, symbolic dimensions taken as 1.
    """

    name = "onnxruntime"

    def __init__(self, model: bytes | Path, graph: Graph | None = None) -> None:
        self._module = require("onnxruntime", "compare", "the engine 'onnxruntime'")
        self._model = model
        self._graph = graph
        self._session = self._open(model)
        self.inputs = tuple(self._described(i) for i in self._session.get_inputs())
        self.outputs = tuple(self._described(o) for o in self._session.get_outputs())

    def _described(self, argument: Any) -> Value:
        known = self._graph.values.get(argument.name) if self._graph else None
        return known or _value(argument)

    def _channels_last(self, name: str) -> bool:
        return self._graph is not None and f"layout:{name}" in self._graph.metadata

    def _open(self, model: bytes | Path) -> Any:
        options = self._module.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return self._module.InferenceSession(
                # by its path, so that weights in files beside it are found
                str(model) if isinstance(model, Path) else model,
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # onnxruntime raises its own classes, all directly below Exception
            raise EngineError(f"ONNX Runtime cannot run this model: {str(error).splitlines()[0]}") from error

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        return self._run(self._session, inputs)

    def _run(self, session: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
        feed = {}
        for value in self.inputs:
            if value.name not in inputs:
                raise EngineError(f"onnxruntime: input '{value.name}' is missing")
            array = np.asarray(inputs[value.name])
            feed[value.name] = np.moveaxis(array, -1, 1) if self._channels_last(value.name) else array
        names = [o.name for o in session.get_outputs()]
        try:
            results = session.run(names, feed)
        except Exception as error:  # see _open
            raise EngineError(f"ONNX Runtime failed: {str(error).splitlines()[0]}") from error
        return {
            name: np.moveaxis(result, 1, -1) if self._channels_last(name) else result
            for name, result in zip(names, results, strict=True)
        }

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor of the file by its ONNX name, in the layout that smelt reads it in.

        Intermediate tensors that smelt's graph has not are left out, and those whose layout their shapes do
        not tell (as many channels as columns and rows).
        """
        onnx = require("onnx", "onnx", "showing intermediate tensors of an .onnx file")
        by_path = isinstance(self._model, Path)
        model = onnx.load(self._model) if by_path else onnx.load_model_from_string(self._model)
        model = onnx.shape_inference.infer_shapes(model)
        known = {o.name for o in model.graph.output}
        typed = {v.name: v for v in model.graph.value_info}
        for node in model.graph.node:
            for name in node.output:
                if name and name not in known and name in typed:
                    model.graph.output.append(typed[name])
        results = self._run(self._open(model.SerializeToString()), inputs)
        ends = {value.name for value in self.outputs}
        return {
            n: a
            for n, raw in results.items()
            if (a := raw if n in ends else self._as_read(n, raw)) is not None
        }

    def _as_read(self, name: str, array: Array) -> Array | None:
        """An intermediate tensor in smelt's layout; None when that is not known, or smelt has no such tensor."""
        if self._graph is None:
            return array
        value = self._graph.values.get(name)
        if value is None:
            return None
        forms = [array] if array.ndim < 3 else [array, np.moveaxis(array, 1, -1)]
        fitting = [form for form in forms if form.shape == value.shape]
        return fitting[0] if len(fitting) == 1 else None


def _value(argument: Any) -> Value:
    if argument.type not in _TYPES:
        raise EngineError(
            f"onnxruntime: tensor '{argument.name}' has type {argument.type}, which smelt has not"
        )
    shape = tuple(d if isinstance(d, int) else 1 for d in argument.shape)
    return Value(argument.name, _TYPES[argument.type], shape)
