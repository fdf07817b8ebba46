"""Maps of whole numbers and truth values as FlexBuffers, which options of custom operators are.

Source: "FlexBuffers" of the FlatBuffers documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from smelt.errors import FormatError

_INTEGER, _UNSIGNED, _MAP, _BOOL = 1, 2, 9, 26
_WIDTH_CODE = 2  # of four bytes


def write_flexbuffer(values: Mapping[str, int | bool]) -> bytes:
    """A map; keys are sorted, every number has four bytes."""
    names = sorted(values)
    data = bytearray()
    places = []
    for name in names:
        places.append(len(data))
        data += name.encode() + b"\0"
    data += bytes(-len(data) % 4) + struct.pack("<I", len(names))
    keys = len(data)
    for place in places:
        data += struct.pack("<I", len(data) - place)
    data += struct.pack("<III", len(data) - keys, 4, len(names))
    start = len(data)
    data += b"".join(struct.pack("<i", values[name]) for name in names)
    data += bytes(
        (_BOOL if isinstance(values[name], bool) else _INTEGER) << 2 | _WIDTH_CODE for name in names
    )
    data += bytes(-len(data) % 4)
    data += struct.pack("<I", len(data) - start)
    return bytes(data + bytes((_MAP << 2 | _WIDTH_CODE, 4)))


def read_flexbuffer(data: bytes) -> dict[str, int | bool]:
    """The map; FormatError where the bytes are none, or hold anything else."""
    try:
        return _read(data)
    except (IndexError, UnicodeDecodeError) as error:
        raise FormatError("the options of a custom operator are damaged") from error


def _read(data: bytes) -> dict[str, int | bool]:
    kind, end = data[-2], len(data) - 2 - data[-1]
    if kind >> 2 != _MAP:
        raise FormatError("the options of a custom operator are no map")
    width = 1 << (kind & 3)
    start = _back(data, end, data[-1])
    count = _number(data, start - width, width)
    keys, key_width = _back(data, start - 3 * width, width), _number(data, start - 2 * width, width)
    if key_width not in (1, 2, 4, 8):
        raise IndexError
    values: dict[str, int | bool] = {}
    for index in range(count):
        place = _back(data, keys + index * key_width, key_width)
        name = data[place : data.index(b"\0", place) if b"\0" in data[place:] else None].decode()
        values[name] = _value(data, start + index * width, width, data[start + count * width + index] >> 2)
    return values


def _value(data: bytes, place: int, width: int, kind: int) -> int | bool:
    if kind not in (_INTEGER, _UNSIGNED, _BOOL):
        raise FormatError("an option of a custom operator is no whole number")
    number = _number(data, place, width, signed=kind == _INTEGER)
    return bool(number) if kind == _BOOL else number


def _number(data: bytes, place: int, width: int, *, signed: bool = False) -> int:
    if place < 0 or place + width > len(data):
        raise IndexError
    return int.from_bytes(data[place : place + width], "little", signed=signed)


def _back(data: bytes, place: int, width: int) -> int:
    """Where an offset leads, which counts backwards."""
    target = place - _number(data, place, width)
    if target < 0:
        raise IndexError
    return target
