"""Writing a Graph as a .tflite file that LiteRT and TensorFlow Lite Micro run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.few_bits import refuse_few_bits
from smelt.formats.tflite.arithmetic import BINARY
from smelt.formats.tflite.custom import custom_writer
from smelt.formats.tflite.flatbuffer import write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.read import SIGNATURE
from smelt.formats.tflite.recurrent import in_tflite_terms
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.formats.tflite.writing import TENSOR_TYPES, Written
from smelt.formats.tflite.written_operators import WRITTEN
from smelt.ir import Array, DType, Graph, Quantization, Value
from smelt.operators import Call, call_of, verify_graph
from smelt.operators.convolution.narrow_weights import packed_nibbles
from smelt.operators.recurrent import GATES

__all__ = ["WRITABLE", "write_tflite"]

WRITABLE = frozenset((*WRITTEN, *GATES))
"""The operators that a .tflite file can hold; recurrent layers also step by step."""


def write_tflite(graph: Graph) -> bytes:
    """The graph as a .tflite file; the same graph gives the same bytes.

    Raises UnsupportedError naming the operator when TFLite cannot say something.
    """
    return Writer(in_tflite_terms(refuse_few_bits(verify_graph(graph)))).write()


@dataclass
class Writer:
    graph: Graph
    tensors: list[Record] = field(default_factory=list)
    buffers: list[Record] = field(default_factory=lambda: [TFLITE.record("Buffer")])
    operators: list[Record] = field(default_factory=list)
    codes: dict[tuple[BuiltinOperator | str, int], int] = field(default_factory=dict)
    index: dict[str, int] = field(default_factory=dict)
    _stored: dict[bytes, int] = field(default_factory=dict)
    _dequantized: dict[str, int] = field(default_factory=dict)

    def write(self) -> bytes:
        """Lay out tensors in order of appearance, operators in execution order."""
        for name in self.graph.inputs:
            self.tensor(name)
        for node in self.graph.nodes:
            self._node(call_of(self.graph, node))
        outputs = [self.tensor(name) for name in self.graph.outputs]
        subgraph = TFLITE.record(
            "SubGraph",
            tensors=self.tensors,
            inputs=[self.tensor(n) for n in self.graph.inputs],
            outputs=outputs,
            operators=self.operators,
            name=self.graph.name,
        )
        metadata = [
            TFLITE.record("Metadata", name=name, buffer=self._buffer(np.frombuffer(data, np.uint8)))
            for name, data in self.graph.metadata.items()
            if name != SIGNATURE
        ]
        codes = [_operator_code(code, version) for code, version in self.codes]
        model = TFLITE.record(
            "Model",
            version=3,
            description="smelt",
            operator_codes=codes,
            subgraphs=[subgraph],
            buffers=self.buffers,
            metadata=metadata,
            signature_defs=self._signature(),
        )
        return write_flatbuffer(model, TFLITE)

    def _signature(self) -> list[Record]:
        """The signature that the graph was read with, where its inputs and outputs are still there."""
        kept = self.graph.metadata.get(SIGNATURE)
        if kept is None:
            return []
        known = json.loads(kept)
        sides = {"inputs": self.graph.inputs, "outputs": self.graph.outputs}
        if any(tensor not in there for side, there in sides.items() for tensor in known[side].values()):
            return []
        maps = {
            side: [
                TFLITE.record("TensorMap", name=name, tensor_index=self.tensor(tensor))
                for name, tensor in known[side].items()
            ]
            for side in sides
        }
        return [TFLITE.record("SignatureDef", signature_key=known["key"], subgraph_index=0, **maps)]

    def tensor(self, name: str | None) -> int:
        """The index of a tensor, which is written when it is first asked for; -1 for None."""
        if name is None:
            return -1
        if name not in self.index:
            value = self.graph.values[name]
            array = self.graph.constants.get(name)
            self.index[name] = self.add_tensor(value, array)
        return self.index[name]

    def add_tensor(self, value: Value, array: Array | None, *, variable: bool = False) -> int:
        """Write a tensor; its index."""
        self.tensors.append(
            TFLITE.record(
                "Tensor",
                shape=list(value.shape),
                type=TENSOR_TYPES[value.dtype],
                buffer=0 if array is None else self._buffer(_packed(array, value.dtype)),
                name=value.name,
                quantization=self._quantization(value),
                is_variable=variable,
                has_rank=True,
            )
        )
        return len(self.tensors) - 1

    def _quantization(self, value: Value) -> Record | None:
        known = value.quantization
        if known is None or not known.block:
            return _quantization(known)
        scales = np.array(known.scales, np.float32)
        half = scales.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), scales):
            raise UnsupportedError(
                f"'{value.name}': TFLite holds scales of blocks in half precision; these are finer"
            )
        name = self.graph.fresh_name(f"{value.name}/scales", taken=self.index)
        shape = (value.shape[0], len(scales) // value.shape[0])
        self.index[name] = self.add_tensor(Value(name, DType.F16, shape), half.reshape(shape))
        details = TFLITE.record(
            "BlockwiseQuantization", scales=self.index[name], zero_points=-1, block_size=known.block
        )
        return TFLITE.record("QuantizationParameters", details=details, quantized_dimension=0)

    def constant(self, call: Call, role: str, array: Array, quantization: Quantization | None = None) -> int:
        """A constant that TFLite wants as a tensor where smelt has an attribute."""
        stem = f"{call.output.name}/{role}"
        name = self.graph.fresh_name(stem, taken=self.index)
        value = Value(name, DType.of(array), tuple(array.shape), quantization)
        self.index[name] = self.add_tensor(value, array)
        return self.index[name]

    def operator(self, written: Written, outputs: Sequence[int]) -> None:
        """Append an operator."""
        code = self.codes.setdefault((written.code, written.version), len(self.codes))
        self.operators.append(
            TFLITE.record(
                "Operator",
                opcode_index=code,
                inputs=list(written.inputs),
                outputs=list(outputs),
                **{"custom_options" if isinstance(written.code, str) else "builtin_options": written.options},
            )
        )

    def padded(self, call: Call, padding: Sequence[int]) -> int:
        """Input 0 of a window operator with explicit zeros around it."""
        source = call.input(0)
        top, bottom, left, right = padding
        shape = (
            source.shape[0],
            source.shape[1] + top + bottom,
            source.shape[2] + left + right,
            source.shape[3],
        )
        name = self.graph.fresh_name(f"{call.output.name}/padded", taken=self.index)
        self.index[name] = self.add_tensor(Value(name, source.dtype, shape, source.quantization), None)
        amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        inputs = [self.tensor(source.name), self.constant(call, "paddings", amounts)]
        version = 2 if source.dtype is DType.S8 else 1
        self.operator(
            Written(BuiltinOperator.PAD, version, inputs, TFLITE.record("PadOptions")), [self.index[name]]
        )
        return self.index[name]

    def dequantized(self, value: Value) -> int:
        """A narrow constant as float32, computed once."""
        if value.name not in self._dequantized:
            name = self.graph.fresh_name(f"{value.name}/float32", taken=self.index)
            self.index[name] = self.add_tensor(Value(name, DType.F32, value.shape), None)
            version = {DType.F16: 3, DType.S4: 6}.get(value.dtype, 2)
            written = Written(
                BuiltinOperator.DEQUANTIZE,
                version,
                [self.tensor(value.name)],
                TFLITE.record("DequantizeOptions"),
            )
            self.operator(written, [self.index[name]])
            self._dequantized[value.name] = self.index[name]
        return self._dequantized[value.name]

    def _buffer(self, data: Array) -> int:
        key = data.tobytes()
        if key not in self._stored:
            self.buffers.append(TFLITE.record("Buffer", data=data))
            self._stored[key] = len(self.buffers) - 1
        return self._stored[key]

    def _node(self, call: Call) -> None:
        function = WRITTEN.get(call.node.operator, custom_writer(call))
        if function is None:
            raise UnsupportedError(f"{call.node.label}: a .tflite file cannot hold this operator")
        if call.node.operator in _ARITHMETIC and _is_narrow(call.input(0)):
            raise UnsupportedError(
                f"{call.node.label}: TFLite takes {call.input(0).dtype.value} for quantized numbers; plain integers "
                "are those of 32 and 64 bits, cast them first"
            )
        written = function(self, call)
        self.operator(written, [self.tensor(v.name) for v in call.outputs])


def _operator_code(code: BuiltinOperator | str, version: int) -> Record:
    number = BuiltinOperator.CUSTOM if isinstance(code, str) else code
    return TFLITE.record(
        "OperatorCode",
        deprecated_builtin_code=min(int(number), 127),
        custom_code=code if isinstance(code, str) else None,
        builtin_code=number,
        version=version,
    )


_ARITHMETIC = frozenset(("add", "sub", "mul", "div", *BINARY))
_PLAIN = (DType.S32, DType.S64)


def _is_narrow(value: Value) -> bool:
    """Whether a tensor holds integers of a type that TFLite's arithmetic does not have as such."""
    return value.dtype.is_integer and value.dtype not in _PLAIN and value.quantization is None


def _packed(array: Array, dtype: DType) -> Array:
    if dtype is DType.S4:
        return packed_nibbles(array)
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _quantization(quantization: Quantization | None) -> Record | None:
    if quantization is None:
        return None
    return TFLITE.record(
        "QuantizationParameters",
        scale=list(quantization.scales),
        zero_point=list(quantization.zero_points),
        quantized_dimension=quantization.axis or 0,
    )
