"""LiteRT (the pip package ai-edge-litert), to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from smelt.engines.engine import Engine
from smelt.errors import EngineError, require
from smelt.ir import Array, DType, Quantization, Value


class LiteRTEngine(Engine):
    """Runs a .tflite file in LiteRT.

    `reference_kernels` chooses LiteRT's plain kernels instead of its optimized ones.
    """

    name = "litert"

    def __init__(self, model: bytes, *, reference_kernels: bool = False) -> None:
        module = require("ai_edge_litert.interpreter", "compare", "the engine 'litert'", "ai-edge-litert")
        resolver = module.OpResolverType
        kind = resolver.BUILTIN_REF if reference_kernels else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._make: Any = lambda keep: module.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=kind,
            experimental_preserve_all_tensors=keep,
        )
        self._interpreter = self._allocated(keep=False)
        self.inputs = tuple(_value(d) for d in self._interpreter.get_input_details())
        self.outputs = tuple(_value(d) for d in self._interpreter.get_output_details())

    def _allocated(self, *, keep: bool) -> Any:
        try:
            interpreter = self._make(keep)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT cannot run this model: {_first_line(error)}") from error
        return interpreter

    def _invoke(self, interpreter: Any, inputs: Mapping[str, Array]) -> None:
        """Every run begins afresh: what the last one left in variables is forgotten."""
        interpreter.reset_all_variables()
        for value, detail in zip(self.inputs, interpreter.get_input_details(), strict=True):
            interpreter.set_tensor(detail["index"], input_array(self.name, value, inputs))
        try:
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT failed: {_first_line(error)}") from error

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        self._invoke(self._interpreter, inputs)
        details = self._interpreter.get_output_details()
        try:
            return {
                value.name: self._interpreter.get_tensor(detail["index"])
                for value, detail in zip(self.outputs, details, strict=True)
            }
        except ValueError as error:
            raise EngineError(f"LiteRT cannot show an output: {_first_line(error)}") from error

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that LiteRT computes, by name (constants left out)."""
        interpreter = self._allocated(keep=True)
        self._invoke(interpreter, inputs)
        tensors: dict[str, Array] = {}
        given = {value.name for value in self.inputs}
        # LiteRT's Python API has no public list of which tensors are constants
        computed = {int(i) for op in interpreter._get_ops_details() for i in op["outputs"]}
        for detail in interpreter.get_tensor_details():
            if detail["index"] in computed and detail["name"] not in given:
                tensors[detail["name"]] = interpreter.get_tensor(detail["index"])
        return tensors


def input_array(engine: str, value: Value, inputs: Mapping[str, Array]) -> Array:
    """The array given for an input of a foreign engine, checked; EngineError when it does not fit."""
    if value.name not in inputs:
        raise EngineError(f"{engine}: input '{value.name}' is missing; given: {', '.join(inputs) or 'none'}")
    array = np.asarray(inputs[value.name])
    if array.shape != value.shape or array.dtype != value.dtype.numpy:
        raise EngineError(
            f"{engine}: input '{value.name}' wants {value.dtype.value}{list(value.shape)}, "
            f"given {array.dtype}{list(array.shape)}"
        )
    return array


def _value(detail: Mapping[str, Any]) -> Value:
    dtype = DType.of(np.empty(0, detail["dtype"]))
    parameters = detail["quantization_parameters"]
    scales = tuple(float(s) for s in parameters["scales"])
    quantization = None
    if len(scales) == 1:
        quantization = Quantization.per_tensor(scales[0], int(parameters["zero_points"][0]))
    return Value(detail["name"], dtype, tuple(int(d) for d in detail["shape"]), quantization)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
