"""Writing a Graph as an .onnx file: float, and quantized as QuantizeLinear/DequantizeLinear pairs.

ONNX's convolutions want NCHW.  A tensor that a convolution computes stays NCHW as long as what reads it takes
either order, so that a convolutional network has transposes at most at its ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError, require
from smelt.formats.few_bits import refuse_few_bits
from smelt.formats.onnx.model import DTYPES
from smelt.ir import Array, DType, Graph, Quantization, Value
from smelt.operators import Call, call_of, verify_graph

CHANNELS_FIRST: Mapping[int, tuple[int, ...]] = {3: (0, 2, 1), 4: (0, 3, 1, 2)}
"""By number of dimensions, the permutation from smelt's order to ONNX's."""

CHANNELS_LAST: Mapping[int, tuple[int, ...]] = {3: (0, 2, 1), 4: (0, 2, 3, 1)}
"""The permutation back."""

_TYPES = {DType.of(np.empty(0, dtype)): number for number, dtype in DTYPES.items()} | {DType.S4: 22}
_USUAL_OPSET, _IR_VERSIONS = 17, {17: 8, 18: 8, 20: 9, 21: 10}


def type_number(dtype: DType) -> int:
    """ONNX's number of an element type."""
    return _TYPES[dtype]


def write_onnx(graph: Graph) -> bytes:
    """The graph as an .onnx file; the same graph gives the same bytes.

    Opset 17, or the first that has what the graph needs (18, 20, 21).  Inputs and outputs whose metadata say that they
    came with channels first are written so.  Quantized tensors become QuantizeLinear/DequantizeLinear pairs around
    float operators.  Raises UnsupportedError naming the operator that ONNX cannot say; MissingExtraError without
    the package onnx.
    """
    onnx = require("onnx", "onnx", "writing .onnx files")
    return Writer(refuse_few_bits(verify_graph(graph)), onnx.helper).write()


class Writer:
    """Collects nodes and initializers; what the functions of written_operators.py may ask.

    A value may be there in smelt's order and with channels first, as it is stored and, when it is quantized, as
    real numbers: each is made when it is first asked for.
    """

    def __init__(self, graph: Graph, helper: Any) -> None:
        self.graph = graph
        self.helper = helper
        self.opset = max([_USUAL_OPSET, *map(self._needed_opset, graph.values.values())])
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.stored_names: dict[tuple[str, bool], str] = {}
        self.real_names: dict[tuple[str, bool], str] = {}
        self._used: set[str] = set(graph.values)
        self._named: set[str] = set()
        self._given: set[str] = set()

    def write(self) -> bytes:
        """All nodes in execution order."""
        from smelt.formats.onnx.written_operators import NEEDED_OPSET, WRITTEN

        self.opset = max([self.opset, *(NEEDED_OPSET.get(node.operator, 0) for node in self.graph.nodes)])
        inputs = [self._declared(name) for name in self.graph.inputs]
        for name in self.graph.inputs:
            self.stored_names[name, self._outside(name)] = self._label(name, self._outside(name))
        for node in self.graph.nodes:
            if node.operator not in WRITTEN:
                raise UnsupportedError(f"{node.label}: an .onnx file cannot hold this operator")
            WRITTEN[node.operator](self, call_of(self.graph, node))
        outputs = [self._output(name) for name in self.graph.outputs]
        graph = self.helper.make_graph(self.nodes, self.graph.name, inputs, outputs, self.initializers)
        model = self.helper.make_model(
            graph,
            producer_name="smelt",
            ir_version=_IR_VERSIONS[self.opset],
            opset_imports=[self.helper.make_opsetid("", self.opset)],
        )
        data: bytes = model.SerializeToString(deterministic=True)
        return data

    def is_first(self, name: str | None) -> bool:
        """Whether a value was computed with its channels first."""
        return (name, True) in self.stored_names and (name, False) not in self.stored_names

    def real(self, name: str, first: bool = False) -> str:
        """A value as an operator reads it: its real numbers, in either order."""
        value = self.graph.values[name]
        if value.quantization is None:
            return self.stored(name, first)
        if (name, first) not in self.real_names:
            axis = value.quantization.axis
            if axis is not None and first:
                axis = CHANNELS_FIRST[len(value.shape)].index(axis)
            self.real_names[name, first] = self._dequantized(self.stored(name, first), value, axis)
        return self.real_names[name, first]

    def operand(self, name: str, rank: int, first: bool) -> str:
        """A value that is broadcast against one of `rank` dimensions."""
        value = self.graph.values[name]
        if not first or value.elements == 1:
            return self.real(name)
        if len(value.shape) == rank:
            return self.real(name, first=True)
        shape = (1,) * (rank - len(value.shape)) + value.shape
        moved = tuple(shape[axis] for axis in CHANNELS_FIRST[rank])
        if sum(size != 1 for size in shape) > 1:
            whole = self.emit("Reshape", [self.real(name), self.integers(f"{name}/shape", shape)])
            return self.emit("Transpose", [whole], perm=CHANNELS_FIRST[rank])
        return self.emit("Reshape", [self.real(name), self.integers(f"{name}/shape", moved)])

    def weights(
        self, call: Call, index: int, permutation: Sequence[int], shape: Sequence[int] | None = None
    ) -> str:
        """A trained parameter in ONNX's order; `shape` is what it is reshaped to afterwards."""
        name, value = str(call.node.inputs[index]), call.input(index)
        array = call.constant(index)
        if array is None:
            result = self.emit("Transpose", [self.real(name)], perm=tuple(permutation))
            return result if shape is None else self.reshaped(result, shape)
        moved = np.ascontiguousarray(array.transpose(permutation))
        stored = self.constant(name, moved if shape is None else moved.reshape(shape), value.dtype)
        if value.quantization is None:
            narrow = value.dtype is not call.output.dtype
            return self.emit("Cast", [stored], to=type_number(call.output.dtype)) if narrow else stored
        axis = value.quantization.axis
        return self._dequantized(stored, value, None if axis is None else list(permutation).index(axis))

    def bias(self, call: Call) -> str:
        """The bias of a layer; integers without a scale of their own have that of input times weights."""
        value, weights, data = call.input(2), call.input(1).quantization, call.input(0).quantization
        if value.dtype.is_float or value.quantization is not None or weights is None or data is None:
            return self.real(value.name)
        scales = tuple(float(np.float32(data.scale) * np.float32(scale)) for scale in weights.scales)
        axis = None if weights.axis is None else 0
        scaled = replace(value, quantization=Quantization(scales, (0,) * len(scales), axis))
        constant = value.name in self.graph.constants
        stored = (
            self.constant(value.name, *self._plain(scaled)) if constant else self.stored(value.name, False)
        )
        return self._dequantized(stored, scaled, axis)

    def result(
        self, value: Value, operator: str | None, inputs: Sequence[str],
        *, first: bool = False, activation: str = "none", **attributes: Any,
    ) -> None:  # fmt: skip
        """What computes a value: an operator (None: nothing to do), its fused activation, and quantizing."""
        target = self._label(value.name, first)
        steps: list[tuple[str, Sequence[str], Mapping[str, Any]]] = []
        if operator is not None:
            steps.append((operator, inputs, attributes))
        if activation != "none":
            steps.append(self._activation(activation))
        if value.quantization is not None:
            steps.append(("QuantizeLinear", self._parameters(value, value.quantization), {}))
        if not steps:
            steps.append(("Identity", inputs, {}))
        data: str | None = None
        for index, (name, given, settings) in enumerate(steps):
            if data is not None or (operator is None and name != "Identity"):
                given = [data or inputs[0], *given]
            last = index == len(steps) - 1
            data = self.emit(name, given, output=target if last else None, stem=value.name, **settings)
        self.stored_names[value.name, first] = target

    def emit(
        self, operator: str, inputs: Sequence[str], output: str | None = None, stem: str | None = None,
        **attributes: Any,
    ) -> str:  # fmt: skip
        """Append a node with one result; returns the result's name."""
        name = output or self.fresh(f"{stem or inputs[0]}/{operator.lower()}")
        self.nodes.append(self.helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def emit_all(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Append a node with several results."""
        name = next(filter(None, outputs))
        self.nodes.append(
            self.helper.make_node(operator, list(inputs), list(outputs), name=name, **attributes)
        )

    def reshaped(self, name: str, shape: Sequence[int], output: str | None = None) -> str:
        """A tensor in another shape."""
        return self.emit("Reshape", [name, self.integers(f"{name}/shape", shape)], output)

    def integers(self, stem: str, numbers: Sequence[int]) -> str:
        """A constant list of 64-bit integers."""
        return self.constant(stem, np.array(numbers, np.int64))

    def number(self, stem: str, number: float, dtype: DType = DType.F32) -> str:
        """A constant scalar."""
        return self.constant(stem, np.array(number, dtype.numpy))

    def constant(self, stem: str, array: Array, dtype: DType | None = None) -> str:
        """An initializer; its name begins with the stem."""
        kind = dtype or DType.of(array)
        name = stem if stem in self.graph.values and stem not in self._named else self.fresh(stem)
        self._named.add(name)
        raw = np.ascontiguousarray(array)
        if kind is DType.S4:
            flat = np.append(raw.reshape(-1), [0] * (raw.size % 2)).astype(np.int8).view(np.uint8) & 15
            data = (flat[0::2] | (flat[1::2] << 4)).astype(np.uint8).tobytes()
        else:
            data = raw.tobytes()
        self.initializers.append(self.helper.make_tensor(name, _TYPES[kind], array.shape, data, raw=True))
        return name

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet."""
        name, number = stem, 0
        while name in self._used:
            number += 1
            name = f"{stem}_{number}"
        self._used.add(name)
        return name

    def stored(self, name: str, first: bool) -> str:
        """A value as it lies in memory, in either order."""
        if (name, first) in self.stored_names:
            return self.stored_names[name, first]
        value = self.graph.values[name]
        rank = len(value.shape)
        if name in self.graph.constants:
            array, dtype = self._plain(value)
            label = self.constant(name, array.transpose(CHANNELS_FIRST[rank]) if first else array, dtype)
        else:
            order = CHANNELS_FIRST[rank] if first else CHANNELS_LAST[rank]
            source = self.stored_names[name, not first]
            label = self.emit("Transpose", [source], self._label(name, first), perm=order)
        self.stored_names[name, first] = label
        return label

    def _plain(self, value: Value) -> tuple[Array, DType]:
        """A constant as ONNX can hold it: its quantized integers have 32 bits at most."""
        array = self.graph.constants[value.name]
        if value.dtype is not DType.S64 or value.quantization is None:
            return array, value.dtype
        if np.abs(array).max(initial=0) >= 2**31:
            label = self.graph.consumers()[value.name][0].label
            raise UnsupportedError(
                f"{label}: ONNX cannot say its bias '{value.name}', which needs over 32 bits"
            )
        return array.astype(np.int32), DType.S32

    def _output(self, name: str) -> Any:
        """A graph output, under its name and in its order; once more under another name where it is given out twice."""
        first = self._outside(name)
        label = self.stored(name, first)
        again = name in self._given
        outside = self.fresh(name) if again else name
        if label != outside:
            self.emit("Identity", [label], outside)
        self._given.add(name)
        return self._declared(name, outside)

    def _label(self, name: str, first: bool) -> str:
        """What a value is called: by its own name the form that the outside sees, or that is there first."""
        is_outside = name in self.graph.inputs or name in self.graph.outputs
        if name not in self._named and (not is_outside or first == self._outside(name)):
            self._named.add(name)
            return name
        return self.fresh(f"{name}/channels_{'first' if first else 'last'}")

    def _outside(self, name: str) -> bool:
        """Whether an input or output has its channels first outside."""
        return (
            f"layout:{name}" in self.graph.metadata and len(self.graph.values[name].shape) in CHANNELS_FIRST
        )

    def _declared(self, name: str, label: str | None = None) -> Any:
        value = self.graph.values[name]
        shape = value.shape
        if self._outside(name):
            shape = tuple(shape[axis] for axis in CHANNELS_FIRST[len(shape)])
        return self.helper.make_tensor_value_info(label or name, _TYPES[value.dtype], list(shape))

    def _needed_opset(self, value: Value) -> int:
        if value.quantization is None:
            return 0
        return 21 if value.quantization.block or value.dtype in (DType.S4, DType.S16, DType.U16) else 0

    def _activation(self, name: str) -> tuple[str, Sequence[str], Mapping[str, Any]]:
        if name == "relu":
            return "Relu", (), {}
        low, high = {"relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}[name]
        return "Clip", (self.number("low", low), self.number("high", high)), {}

    def _parameters(self, value: Value, quantization: Quantization, axis: int | None = None) -> Sequence[str]:
        """Scale and zero point, which gives the type; of blocks along the dimension that is not `axis`."""
        scales = np.array(quantization.scales, np.float32)
        dtype = DType.S32 if value.dtype is DType.S64 else value.dtype
        points = np.array(quantization.zero_points, dtype.numpy)
        shape: tuple[int, ...] = () if quantization.axis is None else (-1,)
        if quantization.block:
            shape = (value.shape[0], -1)
        arrays = [array.reshape(shape) for array in (scales, points)]
        if quantization.block and axis == 1:
            arrays = [array.T for array in arrays]
        return (
            self.constant(f"{value.name}/scale", arrays[0]),
            self.constant(f"{value.name}/zero_point", arrays[1], dtype),
        )

    def _dequantized(self, stored: str, value: Value, axis: int | None) -> str:
        """The real numbers of a tensor whose dimension `axis` has scales of its own."""
        quantization = value.quantization
        assert quantization is not None
        inputs = [stored, *self._parameters(value, quantization, axis)]
        attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
        if quantization.block and axis is not None:
            attributes = {"axis": 1 - axis, "block_size": quantization.block}
        return self.emit("DequantizeLinear", inputs, stem=value.name, **attributes)
