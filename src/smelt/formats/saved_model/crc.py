"""CRC-32C (Castagnoli) of large data, many lanes at a time.  Source: RFC 3720, appendix B.4."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
_POLYNOMIAL = 0x82F63B78
_MOST_LANES = 4096


@cache
def _table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


def _advanced(states: Words, lanes: NDArray[np.uint8]) -> Words:
    """Each lane's state after its bytes [steps, lanes]."""
    table = _table()
    for row in lanes:
        states = table[(states ^ row) & 0xFF] ^ states >> 8
    return states


def _shift(zero_bytes: int) -> Words:
    """What becomes of each of a state's 32 bits after so many bytes of zero."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    return _advanced(bits, np.zeros((zero_bytes, 1), np.uint8))


def _applied(shift: Words, state: int) -> int:
    chosen: Any = np.bitwise_xor.reduce(shift[(state >> np.arange(32)) & 1 == 1], initial=0)
    return int(chosen)


def crc32c(data: bytes | memoryview) -> int:
    """The checksum: a state is linear in what went in, so lanes are computed side by side and put together."""
    everything = np.frombuffer(data, np.uint8)
    lanes = min(int(len(everything) ** 0.5) // 2, _MOST_LANES)
    state = 0xFFFFFFFF
    if lanes > 1:
        steps = len(everything) // lanes
        whole = everything[: lanes * steps].reshape(lanes, steps)
        shift = _shift(steps)
        for end in _advanced(np.zeros(lanes, np.uint32), np.ascontiguousarray(whole.T)):
            state = _applied(shift, state) ^ int(end)
        everything = everything[lanes * steps :]
    table = _table()
    for byte in everything.tolist():
        state = int(table[(state ^ byte) & 0xFF]) ^ state >> 8
    return state ^ 0xFFFFFFFF


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum as LevelDB and TensorFlow store it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
