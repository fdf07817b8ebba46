"""Weights most of which are zero as the C kernels read them: records (runtime/primitives/smelt_sparse_s8.h)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array
from smelt.operators.operator import Table

SOURCES = ("smelt_sparse_s8.c", "smelt_rows_s8.c")

_FARTHEST = 15
_FEWEST_ZEROS = 0.25
"""The share of zeros from which on a kernel that skips them is considered at all."""


def is_sparse(weights: Array) -> bool:
    """Whether so many weights are zero that skipping them may be a gain."""
    zeros = weights.size - np.count_nonzero(weights)
    return bool(zeros >= _FEWEST_ZEROS * weights.size and record_counts(weights).max() < 2**16)


def record_counts(weights: Array) -> NDArray[np.int64]:
    """How many records each row takes; `weights`: [rows, ...]."""
    return np.array([len(_entries(row)) // 2 for row in _rows(weights)])


def sparse_fields(weights: Array) -> dict[str, Table]:
    """The fields of `struct smelt_sparse_s8`, as member `weights` of a parameter struct."""
    entries = [_entries(row) for row in _rows(weights)]
    flat = np.concatenate(entries).reshape(-1, 2, 2)
    records = np.empty((len(flat), 3), np.uint8)
    records[:, 0] = flat[:, 0, 0] | flat[:, 1, 0] << 4
    records[:, 1:] = flat[:, :, 1].astype(np.int8).view(np.uint8)
    some = records if records.size else np.zeros(1, np.uint8)  # C has no empty tables
    counts = np.array([len(row) // 2 for row in entries], np.uint16)
    return {"weights.records": Table("weights", some.reshape(-1)), "weights.counts": Table("counts", counts)}


def product_cycles(weights: Array) -> float:
    """What smelt_sparse_s8 costs, fitted to counts on an emulated Cortex-M4."""
    counts = record_counts(weights)
    return float(16.5 * counts.sum() + 75.0 * len(counts) + 40.0)


def _rows(weights: Array) -> NDArray[np.int64]:
    return weights.reshape(len(weights), -1).astype(np.int64)


def _entries(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distances and weights, [even number, 2]: those of zero where they are needed to reach the next one."""
    places = np.flatnonzero(row)
    found: list[tuple[int, int]] = []
    at = 0
    for place in places.tolist():
        while place - at > _FARTHEST:
            at += _FARTHEST
            found.append((_FARTHEST, 0))
        found.append((place - at, int(row[place])))
        at = place
    if len(found) % 2:
        found.append((0, 0))
    return np.array(found, np.int64).reshape(-1, 2)
