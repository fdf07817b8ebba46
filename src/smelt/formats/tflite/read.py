"""Reading a .tflite file into a Graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, GraphError, UnsupportedError
from smelt.formats.tflite import recurrent
from smelt.formats.tflite.flatbuffer import read_flatbuffer
from smelt.formats.tflite.operators import FUNCTIONS, Folded, translate
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.formats.tflite.types import TYPES
from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import verify_graph

MAX_ELEMENTS = 1 << 28
"""The most elements a computed tensor may have: a damaged shape must not cost gigabytes."""


def read_tflite(data: bytes, name: str | None = None) -> Graph:
    """The graph in a .tflite file.

    `name` is the graph's name (default: the subgraph's, else "model").  Constants are views of `data`.
    Raises FormatError for damaged files, UnsupportedError for what smelt does not do.
    """
    model = read_flatbuffer(data, TFLITE)
    if len(model.subgraphs) != 1:
        raise UnsupportedError(
            f"the model has {len(model.subgraphs)} subgraphs; only models with one are supported"
            if model.subgraphs
            else "the model has no subgraph"
        )
    try:
        return verify_graph(_Reader(model, name).read())
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (ValueError, IndexError, OverflowError, ArithmeticError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


class _Reader:
    """Builds the graph; also the surroundings that `operators.py` asks about one operator."""

    def __init__(self, model: Any, name: str | None) -> None:
        self.model = model
        self.subgraph = model.subgraphs[0]
        self.name = name or self.subgraph.name or "model"
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.label = ""
        self.outputs: Sequence[Value] = ()

    def read(self) -> Graph:
        """Tensors first, then operators in order."""
        self.names = self._unique_names()
        self._check_operators()
        tensors = zip(self.names, self.subgraph.tensors, strict=True)
        self.variables = {name for name, tensor in tensors if tensor.is_variable}
        for index, tensor in enumerate(self.subgraph.tensors):
            self._tensor(self.names[index], tensor)
        nodes = [n for op in self.subgraph.operators if (n := self._operator(op)) is not None]
        graph = Graph(
            name=self.name,
            values=self.values,
            nodes=tuple(nodes),
            inputs=tuple(self._named(i, "graph input") for i in self.subgraph.inputs),
            outputs=tuple(self._named(i, "graph output") for i in self.subgraph.outputs),
            constants=self.constants,
            metadata=self._metadata(),
        )
        return graph.replaced()

    def value(self, name: str) -> Value:
        """The described tensor."""
        return self.values[name]

    def constant(self, name: str | None) -> Array:
        """The contents of a constant tensor."""
        if name is None or name not in self.constants:
            raise UnsupportedError(f"{self.label}: input '{name}' must be a constant")
        return self.constants[name]

    def is_constant(self, name: str) -> bool:
        """Whether the tensor is a constant."""
        return name in self.constants

    def is_variable(self, name: str) -> bool:
        """Whether the tensor keeps its contents from one invoke to the next."""
        return name in self.variables

    def new_constant(self, role: str, array: Array) -> str:
        """A constant that the file has in another form."""
        stem, number = f"{self.outputs[0].name}/{role}", 0
        name = stem
        while name in self.values:
            number += 1
            name = f"{stem}_{number}"
        self.values[name] = Value(name, DType.of(array), tuple(array.shape))
        self.constants[name] = array
        return name

    def _unique_names(self) -> list[str]:
        seen: dict[str, int] = {}
        names: list[str] = []
        taken = {tensor.name for tensor in self.subgraph.tensors}
        for index, tensor in enumerate(self.subgraph.tensors):
            stem = tensor.name or f"tensor_{index}"
            name = stem
            while name in seen or (name != stem and name in taken):
                seen[stem] = seen.get(stem, 0) + 1
                name = f"{stem}_{seen[stem]}"
            seen[name] = 0
            names.append(name)
        return names

    def _named(self, index: int, where: str) -> str:
        if not 0 <= index < len(self.names):
            raise FormatError(f"{where}: tensor {index} does not exist; there are {len(self.names)}")
        return self.names[index]

    def _tensor(self, name: str, tensor: Any) -> None:
        where = f"tensor '{name}'"
        if tensor.type not in TYPES:
            raise UnsupportedError(
                f"{where}: the type {getattr(tensor.type, 'name', tensor.type)} is not supported"
            )
        if tensor.sparsity is not None or tensor.external_buffer:
            raise UnsupportedError(f"{where}: sparse and external tensors are not supported")
        dtype = TYPES[tensor.type]
        shape = tuple(int(d) for d in tensor.shape)
        if any(d < 0 for d in shape):
            raise FormatError(f"{where}: shape {list(shape)} has a negative dimension")
        if math.prod(max(d, 1) for d in shape) > MAX_ELEMENTS:
            raise FormatError(f"{where}: shape {list(shape)} is too large")
        self.values[name] = Value(name, dtype, shape, _quantization(where, tensor, shape, dtype))
        if not 0 <= tensor.buffer < len(self.model.buffers):
            raise FormatError(f"{where}: buffer {tensor.buffer} does not exist")
        buffer = self.model.buffers[tensor.buffer]
        if buffer.size > 1 or buffer.offset > 1:
            raise UnsupportedError(
                f"{where}: buffers outside the FlatBuffer (files over 2 GiB) are not supported"
            )
        if tensor.buffer != 0 and (len(buffer.data) or (math.prod(shape) == 0 and buffer.has("data"))):
            self.constants[name] = _array(where, buffer.data, dtype, shape)

    def _operator(self, op: Any) -> Node | None:
        code = self._code(op.opcode_index)
        outputs = tuple(self._named(i, code.name) for i in op.outputs)
        self.label = f"{code.name} '{outputs[0] if outputs else '?'}'"
        self.outputs = tuple(self.values[n] for n in outputs)
        if not outputs:
            raise FormatError(f"{self.label}: the operator has no output")
        inputs = [None if i == -1 else self._named(i, self.label) for i in op.inputs]
        self._check_variables(code, inputs)
        result = translate(code, self, inputs, op.builtin_options)
        if isinstance(result, Folded):
            if (
                result.array.shape != self.outputs[0].shape
                or result.array.dtype != self.outputs[0].dtype.numpy
            ):
                raise FormatError(f"{self.label}: the output is described with another type or shape")
            self.constants[outputs[0]] = result.array
            return None
        given = tuple(result.inputs)
        while given and given[-1] is None:
            given = given[:-1]
        return Node(result.operator, given, outputs, result.attributes, outputs[0])

    def _check_variables(self, code: BuiltinOperator, inputs: Sequence[str | None]) -> None:
        if code in recurrent.STATEFUL:
            return
        for name in inputs:
            if name is not None and name not in self.constants and self.is_variable(name):
                raise UnsupportedError(
                    f"{self.label}: reads the variable '{name}', which keeps its contents from one invoke to the next; "
                    "make it an input and an output of the model"
                )

    def _check_operators(self) -> None:
        """All operators that smelt has not, in one error, before anything else is read."""
        missing: dict[str, int] = {}
        for op in self.subgraph.operators:
            code = self._code(op.opcode_index)
            if code not in FUNCTIONS:
                custom = self.model.operator_codes[op.opcode_index].custom_code
                name = f"custom operator '{custom}'" if code is BuiltinOperator.CUSTOM else code.name
                missing[name] = missing.get(name, 0) + 1
        if missing:
            listed = ", ".join(f"{name} ({count}x)" if count > 1 else name for name, count in missing.items())
            raise UnsupportedError(f"the model uses operators that smelt does not support: {listed}")

    def _code(self, index: int) -> BuiltinOperator:
        codes = self.model.operator_codes
        if not 0 <= index < len(codes):
            raise FormatError(f"operator code {index} does not exist; there are {len(codes)}")
        number = max(int(codes[index].builtin_code), codes[index].deprecated_builtin_code)
        try:
            return BuiltinOperator(number)
        except ValueError as error:
            raise UnsupportedError(f"operator code {number} is newer than this version of smelt") from error

    def _metadata(self) -> dict[str, bytes]:
        result: dict[str, bytes] = {}
        for item in self.model.metadata:
            if 0 <= item.buffer < len(self.model.buffers):
                result[item.name] = self.model.buffers[item.buffer].data.tobytes()
        return result


def _quantization(where: str, tensor: Any, shape: tuple[int, ...], dtype: DType) -> Quantization | None:
    given = tensor.quantization
    if given is None or len(given.scale) == 0 or not dtype.is_integer:
        return None
    if given.details is not None:
        raise UnsupportedError(f"{where}: {given.details.table_name} is not supported")
    count = len(given.scale)
    zero_points = tuple(int(z) for z in given.zero_point) or (0,) * count
    if len(zero_points) == 1 and count > 1:
        zero_points *= count
    axis = int(given.quantized_dimension) if count > 1 else None
    result = Quantization(tuple(float(s) for s in given.scale), zero_points, axis)
    problem = result.problem(shape, dtype)
    if problem:
        raise FormatError(f"{where}: {problem}")
    return result


def _array(where: str, data: Array, dtype: DType, shape: tuple[int, ...]) -> Array:
    elements = math.prod(shape)
    if len(data) != (elements * dtype.bits + 7) // 8:
        raise FormatError(
            f"{where}: {dtype.value}{list(shape)} needs {(elements * dtype.bits + 7) // 8} bytes, "
            f"its buffer has {len(data)}"
        )
    if dtype is DType.S4:
        nibbles = np.stack([data & 15, data >> 4], axis=-1).reshape(-1)[:elements].astype(np.int8)  # type: ignore[operator]
        return np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.int8).reshape(shape)
    if data.ctypes.data % dtype.numpy.itemsize:
        data = data.copy()
    array = data.view(np.uint8).view(dtype.numpy)
    if dtype is DType.BOOL:
        array = data != 0
    return array.reshape(shape)
