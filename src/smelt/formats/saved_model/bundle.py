"""Tensor bundles: the values of a SavedModel's variables.  Source: tensorflow/core/util/tensor_bundle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.crc import masked_crc32c
from smelt.formats.saved_model.protobuf import Message
from smelt.formats.saved_model.table import read_table
from smelt.ir import Array

DTYPES = {
    number: np.dtype(name)
    for number, name in {
        1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 17: "<u2", 19: "<f2",
        22: "<u4", 23: "<u8",
    }.items()
}  # fmt: skip
"""numpy's types of TensorFlow's DataType, as far as they are read."""

STRING = 7
MAX_ELEMENTS = 1 << 28
"""The most elements of a tensor: a damaged shape must not cost gigabytes."""


def static_shape(shape: Message, where: str) -> tuple[int, ...]:
    """The dimensions of a TensorShapeProto in which all are known and sensible."""
    dimensions = tuple(int(d.size) for d in shape.dim)
    if shape.unknown_rank or any(d < 0 for d in dimensions):
        raise FormatError(f"{where}: its shape {list(dimensions)} is not known")
    if math.prod(max(d, 1) for d in dimensions) > MAX_ELEMENTS or len(dimensions) > 16:
        raise FormatError(f"{where}: its shape {list(dimensions)} is too large")
    return dimensions


class Bundle:
    """The variables beside a SavedModel, each read when it is asked for and checked against its checksum."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        index = prefix.with_name(f"{prefix.name}.index")
        try:
            content = index.read_bytes()
        except OSError as error:
            raise FormatError(f"the variables cannot be read: '{index}': {error.strerror}") from error
        entries = read_table(content)
        header = Message("BundleHeader", entries.pop(b"", b""))
        if header.endianness:
            raise UnsupportedError(f"'{index}' was written on a big-endian computer")
        self.shards = int(header.num_shards)
        self._entries = entries

    def keys(self) -> Sequence[str]:
        """The names of all variables; those of partitions of one are not text and show as such."""
        return [key.decode("utf-8", "backslashreplace") for key in self._entries]

    def read(self, key: str) -> Array:
        """A variable's value; FormatError where it is not there or damaged."""
        where = f"variable '{key}'"
        if key.encode() not in self._entries:
            raise FormatError(f"{where} is not among the saved ones")
        entry = Message("BundleEntry", self._entries[key.encode()])
        if entry.slices:
            raise UnsupportedError(f"{where} is partitioned; save the model without partitioned variables")
        dtype: np.dtype[Any] | None = DTYPES.get(entry.dtype)
        if dtype is None:
            raise UnsupportedError(f"{where}: TensorFlow's data type {entry.dtype} is not supported")
        shape = static_shape(entry.shape, where)
        if entry.size != math.prod(shape) * dtype.itemsize:
            raise FormatError(f"{where}: {entry.size} bytes for {dtype.name}{list(shape)}")
        raw = self._bytes(entry, where)
        if masked_crc32c(raw) != entry.crc32c:
            raise FormatError(f"{where}: its checksum is wrong, the file is damaged")
        return np.frombuffer(raw, dtype).reshape(shape)

    def _bytes(self, entry: Message, where: str) -> bytes:
        name = f"{self.prefix.name}.data-{entry.shard_id:05d}-of-{self.shards:05d}"
        try:
            with self.prefix.with_name(name).open("rb") as file:
                file.seek(max(entry.offset, 0))
                raw = file.read(entry.size)
        except OSError as error:
            raise FormatError(f"{where}: cannot read '{name}': {error.strerror}") from error
        if len(raw) != entry.size or entry.offset < 0:
            raise FormatError(f"{where}: '{name}' ends before its data does")
        return raw
