"""What a function that writes one of smelt's operators as TFLite's gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator, TensorType
from smelt.formats.tflite.types import TYPES
from smelt.ir import Array, DType, Graph, Quantization, Value
from smelt.operators import Call

TENSOR_TYPES: dict[DType, TensorType] = {dtype: kind for kind, dtype in TYPES.items()}
FUSED = {
    "none": ActivationFunctionType.NONE,
    "relu": ActivationFunctionType.RELU,
    "relu6": ActivationFunctionType.RELU6,
    "relu_n1_to_1": ActivationFunctionType.RELU_N1_TO_1,
}


@dataclass(frozen=True)
class Written:
    """A TFLite operator: code, version, options, and inputs (tensor indices; -1 where absent).

    A custom operator has a name for a code, and bytes for options.
    """

    code: BuiltinOperator | str
    version: int
    inputs: Sequence[int]
    options: Record | bytes | None = None


class Writer(Protocol):
    """What a function below may ask of the file that is being written."""

    graph: Graph
    index: dict[str, int]

    def tensor(self, name: str | None) -> int:
        """The index of a tensor, which is written when it is first asked for; -1 for None."""

    def add_tensor(self, value: Value, array: Array | None, *, variable: bool = False) -> int:
        """Write a tensor; its index."""

    def constant(self, call: Call, role: str, array: Array, quantization: Quantization | None = None) -> int:
        """A constant that TFLite wants as a tensor where smelt has an attribute."""

    def padded(self, call: Call, padding: Sequence[int]) -> int:
        """Input 0 of a window operator with explicit zeros around it."""

    def operator(self, written: Written, outputs: Sequence[int]) -> None:
        """Append an operator, before the one that is asked for."""

    def dequantized(self, value: Value) -> int:
        """A narrow constant as float32, computed once."""


Function = Callable[[Writer, Call], Written]


def tensors_of(writer: Writer, call: Call, count: int) -> list[int]:
    """The tensors of the first `count` inputs; absent ones at the end are -1."""
    names = [*call.node.inputs, *[None] * count][:count]
    return [writer.tensor(name) for name in names]


def version_of(call: Call, float32: int, int8: int, int16: int | None = None) -> int:
    """The first version that has the types of a call; for int16 the one after int8's if none is given."""
    if call.input(0).dtype is DType.S16:
        return int8 + 1 if int16 is None else int16
    return int8 if call.input(0).dtype is DType.S8 else float32
