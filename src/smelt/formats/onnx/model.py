"""The protobuf of an .onnx file: parsed, and its tensors and attributes checked before they are used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError, require
from smelt.formats.channels_first.shapes import checked_shape
from smelt.formats.onnx.external import external_data
from smelt.formats.onnx.schema import FLOAT, FLOATS, INT, INTS, STRING, STRINGS, TENSOR
from smelt.ir import Array, DType

OLDEST_OPSET, NEWEST_OPSET = 6, 28
"""Versions of ONNX's operators that are read."""

DTYPES: Mapping[int, np.dtype[Any]] = {
    number: np.dtype(name)
    for number, name in {
        1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8",
        12: "<u4", 13: "<u8",
    }.items()
}  # fmt: skip
"""numpy's types of TensorProto.DataType."""


_NIBBLES = {21: False, 22: True}
"""TensorProto.UINT4 and INT4: whether they have a sign.  They are read as constants only."""


def type_number(dtype: DType) -> int:
    """TensorProto.DataType of an element type."""
    return next(number for number, held in DTYPES.items() if held == dtype.numpy)


_FIELDS = {1: "float_data", 7: "int64_data", 11: "double_data", 12: "uint64_data", 13: "uint64_data"}


def parse_model(data: bytes) -> Any:
    """The ModelProto in a file, with a graph and an opset that is read.

    Raises FormatError or UnsupportedError; MissingExtraError without the package onnx.
    """
    onnx = require("onnx", "onnx", "reading .onnx files")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError is in another place in each of its implementations
        raise FormatError(f"the file is no ONNX model, or damaged: {error}") from error
    if not model.HasField("graph"):
        raise FormatError("the file holds no graph")
    opset = opset_of(model)
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise UnsupportedError(
            f"the model uses opset {opset}; {OLDEST_OPSET} to {NEWEST_OPSET} are supported. Export it again "
            f"with another opset_version, or use onnx.version_converter.convert_version"
        )
    # Protobuf hands out names that are no UTF-8 as bytes.
    if not all(isinstance(name, str) for name in _names(model.graph)):
        raise FormatError("the model has a name that is not UTF-8 text")
    if model.graph.sparse_initializer:
        raise UnsupportedError("sparse initializers are not supported")
    return model


def opset_of(model: Any) -> int:
    """The version of ONNX's operators that a ModelProto uses; FormatError when it does not say."""
    versions = {entry.domain: entry.version for entry in model.opset_import}
    opset: int | None = versions.get("", versions.get("ai.onnx"))
    if opset is None:
        raise FormatError("the model does not say which version of ONNX's operators (opset) it uses")
    return opset


def _names(graph: Any) -> Iterator[Any]:
    """All names in a graph that reading it comes across."""
    yield graph.name
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    yield from (tensor.name for tensor in graph.initializer)
    for value in (*graph.input, *graph.output):
        yield value.name
        yield from (dimension.dim_param for dimension in value.type.tensor_type.shape.dim)


def tensor_array(tensor: Any, folder: Path | None, where: str) -> Array:
    """The contents of a TensorProto, perhaps from a file in that folder; a view of its bytes where it has raw data.

    Its dimensions are compared with the data that is there before anything is allocated.
    """
    if tensor.data_type in _NIBBLES and not tensor.HasField("segment"):
        return _nibbles(tensor, folder, where)
    dtype = DTYPES.get(tensor.data_type)
    if dtype is None or tensor.HasField("segment"):
        raise UnsupportedError(f"{where}: tensors of ONNX's data type {tensor.data_type} are not supported")
    shape = checked_shape(tensor.dims, where)
    elements = math.prod(shape)
    if tensor.data_location == 1 or tensor.HasField("raw_data"):
        wanted = elements * dtype.itemsize
        raw = external_data(tensor, folder, wanted, where) if tensor.data_location else tensor.raw_data
        if len(raw) != elements * dtype.itemsize:
            raise FormatError(
                f"{where}: {dtype.name}{list(shape)} needs {elements * dtype.itemsize} bytes, has {len(raw)}"
            )
        flat: Array = np.frombuffer(raw, np.uint8)
        return (flat != 0 if dtype == np.bool_ else flat.view(dtype)).reshape(shape)
    stored = getattr(tensor, _FIELDS.get(tensor.data_type, "int32_data"))
    if len(stored) != elements:
        raise FormatError(f"{where}: {dtype.name}{list(shape)} needs {elements} elements, has {len(stored)}")
    if dtype == np.float16:
        return np.array(stored, np.int32).astype(np.uint16).view(np.float16).reshape(shape)
    return np.array(stored, np.int32 if dtype.itemsize < 4 else dtype).astype(dtype).reshape(shape)


def _nibbles(tensor: Any, folder: Path | None, where: str) -> Array:
    """Numbers of 4 bits as int8, which holds signed and unsigned ones; the first of two is in the low bits."""
    shape = checked_shape(tensor.dims, where)
    elements = math.prod(shape)
    wanted = (elements + 1) // 2
    if tensor.data_location:
        stored = np.frombuffer(external_data(tensor, folder, wanted, where), np.uint8)
    elif tensor.HasField("raw_data"):
        stored = np.frombuffer(tensor.raw_data, np.uint8)
    else:
        stored = np.array(tensor.int32_data, np.int64).astype(np.uint8)
    if stored.size != wanted:
        raise FormatError(f"{where}: 4-bit {list(shape)} needs {wanted} bytes, has {stored.size}")
    numbers = np.stack([stored & 15, stored >> 4], axis=1).reshape(-1)[:elements].astype(np.int8)
    return ((numbers ^ 8) - 8 if _NIBBLES[tensor.data_type] else numbers).astype(np.int8).reshape(shape)


def attribute_values(
    attributes: Sequence[Any], folder: Path | None, label: str
) -> dict[str, tuple[int, Any]]:
    """AttributeProtos as (type, value) by name; tensors as arrays."""
    result: dict[str, tuple[int, Any]] = {}
    for attribute in attributes:
        if not isinstance(attribute.name, str):
            raise FormatError("the model has a name that is not UTF-8 text")
        if attribute.name in result:
            raise FormatError(f"{label}: the attribute '{attribute.name}' is given twice")
        result[attribute.name] = attribute.type, _attribute(attribute, folder, f"{label}: '{attribute.name}'")
    return result


def _attribute(attribute: Any, folder: Path | None, where: str) -> Any:
    match attribute.type:
        case kind if kind == FLOAT:
            return attribute.f
        case kind if kind == INT:
            return attribute.i
        case kind if kind == STRING:
            return attribute.s.decode("utf-8", "backslashreplace")
        case kind if kind == TENSOR:
            return tensor_array(attribute.t, folder, where)
        case kind if kind == FLOATS:
            return tuple(attribute.floats)
        case kind if kind == INTS:
            return tuple(attribute.ints)
        case kind if kind == STRINGS:
            return tuple(text.decode("utf-8", "backslashreplace") for text in attribute.strings)
        case _:
            return None
