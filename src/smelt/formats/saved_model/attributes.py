"""Attributes of TensorFlow's nodes as Python values, and the contents of constants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.bundle import DTYPES, STRING, static_shape
from smelt.formats.saved_model.protobuf import Message
from smelt.ir import Array

Strings = list[str]
_MOST_REPEATED = 1 << 25

_FIELDS = {
    1: "float_val", 2: "double_val", 9: "int64_val", 10: "bool_val", 19: "half_val", 22: "uint32_val",
    23: "uint64_val",
}  # fmt: skip


class DataType(int):
    """An attribute that is an element type."""


class FunctionName(str):
    """An attribute that is a function of the library."""


def tensor_array(tensor: Message, where: str) -> Array:
    """The contents of a TensorProto of numbers; a list that is too short repeats its last element."""
    dtype: np.dtype[Any] | None = DTYPES.get(tensor.dtype)
    if dtype is None:
        raise UnsupportedError(
            f"{where}: constants of TensorFlow's data type {tensor.dtype} are not supported"
        )
    shape = static_shape(tensor.shape, where)
    elements = math.prod(shape)
    if tensor.content:
        if len(tensor.content) != elements * dtype.itemsize:
            raise FormatError(f"{where}: {len(tensor.content)} bytes for {dtype.name}{list(shape)}")
        flat = np.frombuffer(tensor.content, np.uint8)
        return (flat != 0 if dtype == np.bool_ else flat.view(dtype)).reshape(shape)
    stored = getattr(tensor, _FIELDS.get(tensor.dtype, "int_val"))
    if len(stored) > elements:
        raise FormatError(f"{where}: {len(stored)} elements for {dtype.name}{list(shape)}")
    if dtype == np.float16:
        given = np.array([n & 0xFFFF for n in stored], np.uint16).view(np.float16)
    elif dtype.kind in "iu":
        # Numbers of 64 bits without a sign arrive as signed ones.
        given = np.array(stored, np.int64).astype(dtype)
    else:
        given = np.array(stored, dtype)
    if not len(given):
        return np.broadcast_to(np.zeros((), dtype), shape)
    if len(given) == 1:
        return np.broadcast_to(given[0], shape)
    if elements - len(given) > _MOST_REPEATED:
        raise FormatError(f"{where}: its last element stands for {elements - len(given)} more")
    return np.concatenate([given, np.repeat(given[-1:], elements - len(given))]).reshape(shape)


def tensor_strings(tensor: Message) -> Strings:
    """The contents of a TensorProto of strings."""
    if tensor.dtype != STRING:
        raise FormatError("a constant of names holds no text")
    return [text.decode("utf-8", "backslashreplace") for text in tensor.string_val]


def attribute_values(node: Message, label: str) -> Mapping[str, Any]:
    """The attributes of a NodeDef by name, without those that begin with an underscore."""
    return {
        name: _value(value, f"{label}: '{name}'")
        for name, value in node.attr.items()
        if not name.startswith("_")
    }


def _value(value: Message, where: str) -> Any:
    given = value.given()
    if not given:
        return None
    kind = given[-1]
    if kind == "list":
        lists = value.list
        return tuple(_item(name, item, where) for name in lists.given() for item in getattr(lists, name))
    return _item(kind, getattr(value, kind), where)


def _item(kind: str, content: Any, where: str) -> Any:
    match kind:
        case "s":
            return content.decode("utf-8", "backslashreplace")
        case "type":
            return DataType(content)
        case "func":
            return FunctionName(content.name)
        case "shape":
            return None if content.unknown_rank else tuple(int(d.size) for d in content.dim)
        case "f":
            return float(content)
        case "tensor" if content.dtype != STRING:
            return tensor_array(content, where)
        case _:
            return content
