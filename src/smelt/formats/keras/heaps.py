"""A check that the HDF5 library does not make: damaged heaps of texts send it round for ever."""

from __future__ import annotations

import struct

from smelt.errors import FormatError

_SIGNATURE = b"GCOL\x01\0\0\0"
_HEADER_BYTES = 16


def check_heaps(data: bytes) -> None:
    """Walk all global heap collections of an HDF5 file; FormatError where an object leads nowhere.

    Source: HDF5 File Format Specification, III.E (version 1 collections, 8-byte lengths).
    """
    start = data.find(_SIGNATURE)
    while start >= 0:
        if start + _HEADER_BYTES <= len(data):
            _check_collection(data, start)
        start = data.find(_SIGNATURE, start + 1)


def _check_collection(data: bytes, start: int) -> None:
    (size,) = struct.unpack_from("<Q", data, start + 8)
    end = start + size
    if end > len(data):
        raise FormatError("the HDF5 file is damaged: a heap of texts reaches beyond its end")
    place = start + _HEADER_BYTES
    while place + _HEADER_BYTES <= end:
        index, length = struct.unpack_from("<H6xQ", data, place)
        # Index 0 is the free space at the end, whose length counts its own header.
        taken = length if index == 0 else _HEADER_BYTES + (length + 7) // 8 * 8
        if not _HEADER_BYTES <= taken <= end - place:
            raise FormatError("the HDF5 file is damaged: a heap of texts has an object of impossible size")
        place += taken
