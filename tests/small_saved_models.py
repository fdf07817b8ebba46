"""SavedModels made without TensorFlow: protobuf's wire format, a table of variables and their data, written here."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FLOAT, INT32, STRING, INT64, RESOURCE = 1, 3, 7, 9, 20
_TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64, "bool": 10, "float16": 19}


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    number &= (1 << 64) - 1
    result = bytearray()
    while number > 127:
        result.append(number & 127 | 128)
        number >>= 7
    return bytes([*result, number])


def message(*fields: tuple[int, Any]) -> bytes:
    """(number, value) one after the other; bytes, text and messages have a length, integers are varints."""
    result = b""
    for number, value in fields:
        if isinstance(value, float):
            result += varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, int):
            result += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            result += varint(number << 3 | 2) + varint(len(content)) + content
    return result


def shape(sizes: Sequence[int]) -> bytes:
    """A TensorShapeProto."""
    return message(*((2, message((1, size))) for size in sizes))


def tensor(array: Any) -> bytes:
    """A TensorProto: names as strings, numbers as their bytes."""
    if isinstance(array, list):
        return message((1, STRING), (2, shape([len(array)])), *((8, text) for text in array))
    kind = _TYPES[array.dtype.name]
    return message((1, kind), (2, shape(array.shape)), (4, array.tobytes()))


class Type(int):
    """An attribute that is an element type."""


class Raw(bytes):
    """An attribute's AttrValue as it is."""


def attribute(value: Any) -> bytes:
    """An AttrValue."""
    match value:
        case Raw():
            return value
        case bool():
            return message((5, int(value)))
        case Type():
            return message((6, int(value)))
        case int():
            return message((3, value))
        case float():
            return message((4, value))
        case str() if value.startswith("function "):
            return message((10, message((1, value.removeprefix("function ")))))
        case str():
            return message((2, value))
        case tuple():
            return message((1, message((3, b"".join(varint(n) for n in value)))))
        case _:
            return message((8, tensor(value)))


def node(name: str, op: str, *inputs: str, **attributes: Any) -> bytes:
    """A NodeDef."""
    entries = [(5, message((1, key), (2, attribute(value)))) for key, value in attributes.items()]
    return message((1, name), (2, op), *((3, text) for text in inputs), *entries)


def function(
    name: str, arguments: Sequence[str], results: Mapping[str, str], nodes: Sequence[bytes]
) -> bytes:
    """A FunctionDef: the names of its arguments, and what each result is."""
    signature = message(
        (1, name), *((2, message((1, a))) for a in arguments), *((3, message((1, r))) for r in results)
    )
    returned = [(4, message((1, key), (2, value))) for key, value in results.items()]
    return message((1, signature), *((3, content) for content in nodes), *returned)


@dataclass
class Model:
    """What goes into a SavedModel. Ports are (tensor, type, shape) by name; variables are (key, array) by name."""

    nodes: list[bytes]
    inputs: Mapping[str, tuple[str, int, Sequence[int]]]
    outputs: Mapping[str, str]
    functions: list[bytes] = field(default_factory=list)
    variables: Mapping[str, tuple[str, np.ndarray[Any, Any]]] = field(default_factory=dict)
    signature: str = "serving_default"
    tags: Sequence[str] = ("serve",)
    slices: Sequence[str] = ()

    def protobuf(self) -> bytes:
        """The bytes of saved_model.pb."""
        graph = message(*((1, content) for content in [*self.nodes, *self._restoring()]))
        graph += message((2, message(*((1, content) for content in self.functions))))
        ports = [(1, name, kind, text, sizes) for name, (text, kind, sizes) in self.inputs.items()]
        ports += [(2, name, FLOAT, text, ()) for name, text in self.outputs.items()]
        signature = message(*(
            (number, message((1, name), (2, message((1, text), (2, kind), (3, shape(sizes))))))
            for number, name, kind, text, sizes in ports
        ))  # fmt: skip
        meta = message(
            (1, message(*((4, tag) for tag in self.tags))),
            (2, graph),
            (3, message((3, "restore" if self.variables else ""))),
            (5, message((1, self.signature), (2, signature))),
        )
        return message((1, 1), (2, meta))

    def _restoring(self) -> list[bytes]:
        """Handles, and the operations that give them their values: handles are not called like what they hold."""
        if not self.variables:
            return []
        handles = [node(name, "VarHandleOp", shared_name=name, dtype=Type(FLOAT)) for name in self.variables]
        keys = [key.encode() for key, _array in self.variables.values()]
        some = [text.encode() for text in self.slices] or [b""] * len(keys)
        assigned = [
            node(f"assign_{k}", "AssignVariableOp", name, f"values:{k}" if k else "values")
            for k, name in enumerate(self.variables)
        ]
        return [
            *handles,
            node("prefix", "Const", value=Raw(attribute([b"x"])), dtype=Type(STRING)),
            node("keys", "Const", value=Raw(attribute(keys)), dtype=Type(STRING)),
            node("slices", "Const", value=Raw(attribute(some)), dtype=Type(STRING)),
            node("values", "RestoreV2", "prefix", "keys", "slices"),
            *assigned,
            node("restore", "NoOp", *(f"^assign_{k}" for k in range(len(assigned)))),
        ]

    def write(self, folder: Path) -> Path:
        """The folder of a SavedModel."""
        variables = folder / "variables"
        variables.mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_bytes(self.protobuf())
        if self.variables:
            index, data = bundle(dict(self.variables.values()))
            (variables / "variables.index").write_bytes(index)
            (variables / "variables.data-00000-of-00001").write_bytes(data)
        return folder


def crc32c(data: bytes) -> int:
    """The checksum bit by bit, as its definition has it."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as TensorFlow stores it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def bundle(arrays: Mapping[str, Any], compress: bool = False) -> tuple[bytes, bytes]:
    """The index and the data of a tensor bundle."""
    data, entries = b"", {b"": message((1, 1), (3, message((1, 1))))}
    for key, array in arrays.items():
        raw = array.tobytes()
        described = [(1, _TYPES[array.dtype.name]), (2, shape(array.shape)), (4, len(data)), (5, len(raw))]
        crc = varint(6 << 3 | 5) + struct.pack("<I", masked(raw))
        entries[key.encode()] = message(*described) + crc
        data += raw
    return table(entries, compress=compress), data


def table(entries: Mapping[bytes, bytes], *, compress: bool = False) -> bytes:
    """A LevelDB table of one block, each key without what it shares with the one before."""
    result, last, content = b"", b"", b""
    for key, value in sorted(entries.items()):
        shared = next((k for k in range(len(key)) if key[: k + 1] != last[: k + 1]), len(key))
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    blocks = []
    for block in (content, None):
        rows = block
        if rows is None:
            handle = varint(blocks[0][0]) + varint(blocks[0][1])
            rows = varint(0) + varint(len(last)) + varint(len(handle)) + last + handle
        rows += struct.pack("<II", 0, 1)
        kind = int(compress and block is not None)
        stored = packed(rows) if kind else rows
        blocks.append((len(result), len(stored)))
        result += stored + bytes([kind]) + struct.pack("<I", masked(stored + bytes([kind])))
    handles = b"".join(varint(n) for n in (0, 0, *blocks[1]))
    return result + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def packed(data: bytes) -> bytes:
    """snappy: literals, and a copy wherever four bytes have been there before, near or far."""
    result, at, pending = varint(len(data)), 0, b""

    def literal(content: bytes) -> bytes:
        parts = [content[k : k + 60] for k in range(0, len(content), 60)]
        return b"".join(bytes([len(part) - 1 << 2]) + part for part in parts)

    while at < len(data):
        found = data.rfind(data[at : at + 4], 0, at) if at + 4 <= len(data) else -1
        if found < 0:
            pending += data[at : at + 1]
            at += 1
            continue
        result, pending = result + literal(pending), b""
        distance = at - found
        if distance < 2048:
            result += bytes([(distance >> 8) << 5 | 1, distance & 255])
        else:
            result += bytes([3 << 2 | 2]) + struct.pack("<H", distance)
        at += 4
    return result + literal(pending)


def small_model() -> Model:
    """A convolution, batch normalization, pooling and a dense layer, in a function, with a handle of another name."""
    rng = np.random.default_rng(2)
    arrays = {
        "kernel": (3, 3, 2, 4),
        "scale": (4,),
        "offset": (4,),
        "mean": (4,),
        "variance": (4,),
        "dense": (36, 3),
    }
    values = {name: rng.random(sizes).astype(np.float32) for name, sizes in arrays.items()}
    body = [
        *(node(f"read_{name}", "ReadVariableOp", name, dtype=Type(FLOAT)) for name in arrays),
        node("conv", "Conv2D", "x", "read_kernel:value:0", strides=(1, 1, 1, 1), padding="SAME", T=Type(FLOAT)),
        node(
            "norm", "FusedBatchNormV3", "conv:output:0", *(f"read_{n}:value:0" for n in list(arrays)[1:5]),
            is_training=False, epsilon=0.001,
        ),
        node("relu", "Relu", "norm:y:0", T=Type(FLOAT)),
        node("pool", "MaxPool", "relu:activations:0", ksize=(1, 2, 2, 1), strides=(1, 2, 2, 1), padding="VALID"),
        node("shape", "Shape", "pool:output:0"),
        node("zero", "Const", value=np.array([0], np.int32), dtype=Type(INT32)),
        node("one", "Const", value=np.array([1], np.int32), dtype=Type(INT32)),
        node("batch", "StridedSlice", "shape:output:0", "zero:output:0", "one:output:0", "one:output:0",
             shrink_axis_mask=1),
        node("rest", "Const", value=np.array(36, np.int32), dtype=Type(INT32)),
        node("sizes", "Pack", "batch:output:0", "rest:output:0", N=2),
        node("flat", "Reshape", "pool:output:0", "sizes:output:0"),
        node("matmul", "MatMul", "flat:output:0", "read_dense:value:0"),
    ]  # fmt: skip
    called = function("compute", ["x", *arrays], {"out": "matmul:product:0"}, body)
    nodes = [
        node("images", "Placeholder", dtype=Type(FLOAT)),
        node("call", "StatefulPartitionedCall", "images", *arrays, f="function compute"),
    ]
    keys = {
        name: (f"variables/{7 - k}/.ATTRIBUTES/VARIABLE_VALUE", values[name]) for k, name in enumerate(arrays)
    }
    return Model(nodes, {"x": ("images:0", FLOAT, (-1, 6, 6, 2))}, {"y": "call:0"}, [called], keys)
