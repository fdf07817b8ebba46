"""Weights of one or two bits as the C kernels read them: in planes of bits (runtime/primitives/smelt_planes_s8.h)."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType
from smelt.operators.fixed_point import wrap_int32
from smelt.operators.operator import Table

FEW_BITS = (DType.S1, DType.S2)
"""The types of weights that are kept so."""

TABLES_BYTES = 256
_STRIP, _NARROW = 32, 8

Bits = NDArray[np.uint8]
Int32 = NDArray[np.int32]


def plane_fields(weights: Array, dtype: DType, groups: int = 1) -> dict[str, int | Table]:
    """The fields of `struct smelt_planes_s8`, as member `weights` of a parameter struct.

    `weights`: [rows, ...], the rows of each group one matrix.
    """
    matrices = weights.reshape(groups, len(weights) // groups, -1)
    columns = matrices.shape[2]
    planes = _planes(matrices, dtype)
    whole = columns - columns % _STRIP
    words = _strips(planes[..., :whole], _STRIP).view(np.uint32)
    rest = _strips(planes[..., whole:], _NARROW)
    return {
        "weights.words": Table("weights", _some(words)),
        "weights.bytes": Table("weights_rest", _some(rest)),
        "weights.columns": columns,
        "weights.planes": planes.shape[2],
    }


def raised_bias(bias: Int32, weights: Array, dtype: DType) -> Int32:
    """The bias of each row of `weights`, [rows, ...], with what sums of elements + 128 have too much, modulo 2**32."""
    planes = _planes(weights.reshape(1, len(weights), -1), dtype)[0]
    excess = 256 // planes.shape[1] * planes.sum(axis=(1, 2), dtype=np.int64)
    return wrap_int32(bias.astype(np.int64) - excess).astype(np.int32)


def _some(array: Array) -> Array:
    """C has no empty tables."""
    return array if array.size else np.zeros(1, array.dtype)


def packed_pairs(weights: Array) -> Array:
    """Integers of two bits four to a byte, the first in the lowest bits."""
    flat = np.ascontiguousarray(weights).reshape(-1).astype(np.int8).view(np.uint8) & 3
    fours = np.append(flat, np.zeros(-len(flat) % 4, np.uint8)).reshape(-1, 4)
    return np.asarray((fours << np.array([0, 2, 4, 6], np.uint8)).sum(axis=1), np.uint8)


def scratch_bytes(rows: int) -> int:
    """The workspace of smelt_planes_s8 for so many rows at a time."""
    return 4 * rows + TABLES_BYTES


def product_cycles(rows: int, columns: int, dtype: DType) -> float:
    """What smelt_planes_s8 costs, fitted to counts on an emulated Cortex-M4."""
    words = ceil(columns / _STRIP) * rows
    return 20.0 * columns + (41.0 * dtype.bits + 8.0) * words + 60.0 * rows + 100.0


def _planes(matrices: Array, dtype: DType) -> Bits:
    """[groups, rows, planes, columns]: 0 in one of two planes halves a weight to 0."""
    integers = matrices.astype(np.int8)
    signs = [integers > 0] if dtype is DType.S1 else [integers >= 0, integers > 0]
    return np.stack(signs, axis=2).astype(np.uint8)


def _strips(planes: Bits, width: int) -> Bits:
    """The bits of a strip of columns side by side, the first in the lowest: group, strip, row, plane."""
    groups, rows, count, columns = planes.shape
    padded = np.pad(planes, ((0, 0), (0, 0), (0, 0), (0, -columns % width)))
    strips = padded.reshape(groups, rows, count, -1, width).transpose(0, 3, 1, 2, 4)
    return np.packbits(strips.reshape(-1), bitorder="little")
