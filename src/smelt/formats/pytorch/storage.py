"""Tensors as PyTorch stores them: a flat storage, an offset, sizes and strides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.ir import Array

BFLOAT16 = "bfloat16"

MAX_ELEMENTS = 1 << 28

STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "QInt8Storage": "i1",
    "QUInt8Storage": "u1",
    "QInt32Storage": "<i4",
}
"""The element type of each storage class that pickles name."""

EXPORTED_TYPES = {
    1: "u1",
    2: "i1",
    3: "<i2",
    4: "<i4",
    5: "<i8",
    6: "<f2",
    7: "<f4",
    8: "<f8",
    12: "?",
    13: BFLOAT16,
}
"""torch.export's ScalarType numbers, which count from 1 (`torch/_export/serde/schema.py`)."""

SCRIPT_TYPES = {0: "u1", 1: "i1", 2: "<i2", 3: "<i4", 4: "<i8", 5: "<f2", 6: "<f4", 7: "<f8", 11: "?"}
"""TorchScript's ScalarType numbers (`c10/core/ScalarType.h`)."""


@dataclass(frozen=True, eq=False)
class QuantizedArray:
    """A stored quantized tensor: real = scale * (integer - zero point), along `axis` or all alike."""

    integers: Array
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None


def elements(data: bytes, kind: str) -> Array:
    """The numbers of a storage; what is left over at its end, less than a number, is ignored."""
    if kind == BFLOAT16:
        halves = np.frombuffer(data, "<u2", len(data) // 2)
        return (halves.astype("<u4") << 16).view("<f4")
    dtype = np.dtype(kind)
    array: Array = np.frombuffer(data, np.uint8 if dtype == np.bool_ else dtype, len(data) // dtype.itemsize)
    return array != 0 if dtype == np.bool_ else array


def view(storage: Array, offset: object, sizes: object, strides: object, label: str) -> Array:
    """The tensor at an offset with sizes and strides, as an array of its own; FormatError outside the storage."""
    start, shape, steps = whole([offset], label)[0], whole(sizes, label), whole(strides, label)
    if len(shape) != len(steps) or min((start, *shape, *steps), default=0) < 0 or len(shape) > 32:
        raise FormatError(
            f"{label}: offset {start}, sizes {list(shape)} and strides {list(steps)} make no sense"
        )
    count = math.prod(shape)
    last = start + sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) if count else -1
    if last >= storage.size or count > MAX_ELEMENTS:
        raise FormatError(f"{label}: its {list(shape)} elements reach outside the {storage.size} stored ones")
    if count > 4 * storage.size + 4096:
        raise UnsupportedError(f"{label}: {list(shape)} expanded from {storage.size} stored elements")
    if not count:
        return np.zeros(shape, storage.dtype)
    bytes_of = [s * storage.itemsize for s in steps]
    return np.array(np.lib.stride_tricks.as_strided(storage[start:], shape, bytes_of))


def whole(numbers: object, label: str) -> tuple[int, ...]:
    """A sequence of integers as a tuple; FormatError for anything else."""
    if not isinstance(numbers, Sequence) or not all(
        isinstance(n, int) and not isinstance(n, bool) and abs(n) < 1 << 62 for n in numbers
    ):
        raise FormatError(f"{label}: {str(numbers)[:60]} where integers are needed")
    return tuple(numbers)
