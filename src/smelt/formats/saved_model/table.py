"""LevelDB's sorted tables, in which TensorFlow keeps the index of a checkpoint.

Source: leveldb/doc/table_format.md and tensorflow/core/lib/io/table_format.txt.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from smelt.errors import FormatError
from smelt.formats.saved_model.crc import masked_crc32c
from smelt.formats.saved_model.protobuf import read_varint

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_LARGEST = 1 << 28


def read_table(data: bytes) -> dict[bytes, bytes]:
    """Values by key; FormatError where the file is damaged."""
    view = memoryview(data)
    if len(data) < _FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise FormatError("the file is no table of a TensorFlow checkpoint")
    footer, at, numbers = view[-_FOOTER_BYTES:], 0, []
    for _ in range(4):
        number, at = read_varint(footer, at)
        numbers.append(number)
    result: dict[bytes, bytes] = {}
    for _key, handle in _block(view, *numbers[2:]):
        offset, at = read_varint(memoryview(handle), 0)
        size, _end = read_varint(memoryview(handle), at)
        result.update(_block(view, offset, size))
    return result


def _block(file: memoryview, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; a key leaves out what it shares with the one before."""
    if offset + size + 5 > len(file):
        raise FormatError("the table is damaged: a block lies outside the file")
    kind = file[offset + size]
    (stored,) = struct.unpack_from("<I", file, offset + size + 1)
    if masked_crc32c(file[offset : offset + size + 1]) != stored:
        raise FormatError("the table is damaged: a block's checksum is wrong")
    raw = bytes(file[offset : offset + size])
    if kind > 1:
        raise FormatError(f"the table's blocks are compressed in an unknown way, {kind}")
    content = snappy(raw) if kind else raw
    if len(content) < 4:
        raise FormatError("the table is damaged: a block is too short")
    end = len(content) - 4 - 4 * int(struct.unpack("<I", content[-4:])[0])
    at, key, view = 0, b"", memoryview(content)
    while at < end:
        shared, at = read_varint(view, at)
        more, at = read_varint(view, at)
        length, at = read_varint(view, at)
        if shared > len(key) or at + more + length > end:
            raise FormatError("the table is damaged: an entry does not fit its block")
        key = key[:shared] + content[at : at + more]
        yield key, content[at + more : at + more + length]
        at += more + length


def snappy(data: bytes) -> bytes:
    """What snappy packed.  Source: google/snappy/format_description.txt."""
    view = memoryview(data)
    total, at = read_varint(view, 0)
    if total > _LARGEST:
        raise FormatError("the table is damaged: a compressed block is too large")
    result = bytearray()
    while at < len(data) and len(result) <= total:
        tag = data[at]
        kind, length, at = tag & 3, tag >> 2, at + 1
        if kind == 0:
            if length >= 60:
                extra = length - 59
                length, at = int.from_bytes(data[at : at + extra], "little"), at + extra
            result += data[at : at + length + 1]
            at += length + 1
            continue
        width = (0, 1, 2, 4)[kind]
        distance = int.from_bytes(data[at : at + width], "little")
        at += width
        if kind == 1:
            length, distance = (length & 7) + 3, tag >> 5 << 8 | distance
        if not 0 < distance <= len(result):
            raise FormatError("the table is damaged: a compressed block refers to nothing")
        for _ in range(length + 1):
            result.append(result[-distance])
    if len(result) != total:
        raise FormatError("the table is damaged: a compressed block has the wrong length")
    return bytes(result)
