"""TensorFlow's protobuf messages, decoded from the wire format as far as a reader of SavedModels needs them.

Source: protobuf.dev/programming-guides/encoding, and the .proto files of tensorflow/core/protobuf and framework.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from smelt.errors import FormatError

_MESSAGES = {
    "SavedModel": "1 version int, 2 meta_graphs MetaGraphDef*",
    "MetaGraphDef": "1 info MetaInfo, 2 graph_def GraphDef, 3 saver_def SaverDef, 5 signature_def SignatureDef{}",
    "MetaInfo": "4 tags text*, 5 tensorflow_version text",
    "SaverDef": "3 restore text",
    "SignatureDef": "1 inputs TensorInfo{}, 2 outputs TensorInfo{}, 3 method_name text",
    "TensorInfo": "1 name text, 2 dtype int, 3 shape Shape",
    "GraphDef": "1 node NodeDef*, 2 library Library",
    "Library": "1 function FunctionDef*",
    "NodeDef": "1 name text, 2 op text, 3 input text*, 5 attr AttrValue{}",
    "FunctionDef": "1 signature OpDef, 3 node_def NodeDef*, 4 ret text{}, 6 control_ret text{}",
    "OpDef": "1 name text, 2 input_arg ArgDef*, 3 output_arg ArgDef*",
    "ArgDef": "1 name text",
    "AttrValue": "1 list AttrList, 2 s bytes, 3 i int, 4 f float, 5 b bool, 6 type int, 7 shape Shape, "
    "8 tensor Tensor, 10 func NameAttr",
    "AttrList": "2 s bytes*, 3 i int*, 4 f float*, 5 b bool*, 6 type int*, 7 shape Shape*, 9 func NameAttr*",
    "NameAttr": "1 name text",
    "Tensor": "1 dtype int, 2 shape Shape, 4 content bytes, 5 float_val float*, 6 double_val double*, 7 int_val int*, "
    "8 string_val bytes*, 10 int64_val int*, 11 bool_val int*, 13 half_val int*, 16 uint32_val int*, "
    "17 uint64_val int*",
    "Shape": "2 dim Dim*, 3 unknown_rank bool",
    "Dim": "1 size int",
    "BundleHeader": "1 num_shards int, 2 endianness int",
    "BundleEntry": "1 dtype int, 2 shape Shape, 3 shard_id int, 4 offset int, 5 size int, 6 crc32c fixed32, "
    "7 slices Slice*",
    "Slice": "",
}
"""Number, name and kind of the fields: `*` is repeated, `{}` a map from text."""

_WIRE = {"int": 0, "bool": 0, "double": 1, "float": 5, "fixed32": 5}
_NOTHING: dict[str, Any] = {
    "int": 0, "bool": False, "text": "", "bytes": b"", "float": 0.0, "double": 0.0, "fixed32": 0,
}  # fmt: skip
_PACKED = {"float": "<f4", "double": "<f8"}


@cache
def _fields(kind: str) -> dict[str, tuple[int, str]]:
    """Numbers and kinds of a message's fields by name."""
    rows = (row.split() for row in _MESSAGES[kind].split(", ") if row)
    return {name: (int(number), field) for number, name, field in rows}


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends; FormatError past the end or ten bytes."""
    result = 0
    for index, byte in enumerate(data[at : at + 10]):
        result |= (byte & 127) << 7 * index
        if byte < 128:
            return result, at + index + 1
    raise FormatError("the protobuf is damaged: a number does not end")


def _scan(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """(number, wire type, raw value) of each field in order."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = read_varint(data, at)
            yield key >> 3, wire, value
            continue
        if wire == 2:
            size, at = read_varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise FormatError(f"the protobuf is damaged: wire type {wire}")
        if size > len(data) - at:
            raise FormatError("the protobuf is damaged: a field is longer than what it is in")
        yield key >> 3, wire, data[at : at + size]
        at += size


class Message:
    """One message; fields are attributes, absent ones are empty, and nested ones are decoded when asked for."""

    def __init__(self, kind: str, data: memoryview | bytes) -> None:
        self._kind = kind
        self._raw: dict[int, list[tuple[int, Any]]] = {}
        for number, wire, value in _scan(memoryview(data)):
            self._raw.setdefault(number, []).append((wire, value))

    def __getattr__(self, name: str) -> Any:
        fields = _fields(self._kind)
        if name not in fields:
            raise AttributeError(name)
        number, kind = fields[name]
        value = self._decoded(kind, self._raw.get(number, []))
        setattr(self, name, value)
        return value

    def has(self, name: str) -> bool:
        """Whether the field is there, be it empty."""
        return _fields(self._kind)[name][0] in self._raw

    def given(self) -> list[str]:
        """The names of the fields that are there."""
        return [name for name, (number, _) in _fields(self._kind).items() if number in self._raw]

    def _decoded(self, kind: str, raw: list[tuple[int, Any]]) -> Any:
        if kind.endswith("{}"):
            return dict(_entry(kind[:-2], wire, value) for wire, value in raw)
        if kind.endswith("*"):
            return _repeated(kind[:-1], raw)
        if not raw:
            return _NOTHING[kind] if kind in _NOTHING else Message(kind, b"")
        return _single(kind, *raw[-1])


def _single(kind: str, wire: int, raw: Any) -> Any:
    if wire != _WIRE.get(kind, 2):
        raise FormatError(f"the protobuf is damaged: wire type {wire} for {kind}")
    match kind:
        case "int":
            return (raw & ((1 << 64) - 1)) - ((raw >> 63 & 1) << 64)
        case "bool":
            return bool(raw)
        case "text":
            return bytes(raw).decode("utf-8", "backslashreplace")
        case "bytes":
            return bytes(raw)
        case "float" | "double" | "fixed32":
            return struct.unpack({"float": "<f", "double": "<d", "fixed32": "<I"}[kind], raw)[0]
        case _:
            return Message(kind, raw)


def _repeated(kind: str, raw: list[tuple[int, Any]]) -> Any:
    """A list; of real numbers an array. Numbers may be packed."""
    if kind in _PACKED:
        data = b"".join(bytes(value) for wire, value in raw if wire in (2, _WIRE[kind]))
        if len(data) % np.dtype(_PACKED[kind]).itemsize:
            raise FormatError("the protobuf is damaged: packed numbers do not fill their field")
        return np.frombuffer(data, _PACKED[kind])
    result = []
    for wire, value in raw:
        if kind in ("int", "bool") and wire == 2:
            at = 0
            while at < len(value):
                number, at = read_varint(value, at)
                result.append(_single(kind, 0, number))
        else:
            result.append(_single(kind, wire, value))
    return result


def _entry(kind: str, wire: int, raw: Any) -> tuple[str, Any]:
    """Key and value of a map's entry."""
    if wire != 2:
        raise FormatError("the protobuf is damaged: a map's entry is none")
    key, value = "", _NOTHING.get(kind)
    for number, inner, content in _scan(raw):
        if number == 1:
            key = _single("text", inner, content)
        elif number == 2:
            value = _single(kind, inner, content)
    return key, Message(kind, b"") if value is None else value
