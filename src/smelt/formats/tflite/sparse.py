"""Sparse tensors of TFLite as dense arrays.

Levels of a tree, each dense or in compressed rows, lead to the values that are stored; source: the comments of
SparsityParameters in the schema, and FormatConverter in TensorFlow Lite (kernels/internal/utils).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError
from smelt.formats.tflite.schema import DimensionType
from smelt.ir import Array

Int64 = NDArray[np.int64]


def densified(where: str, sparsity: Any, values: Array, shape: tuple[int, ...]) -> Array:
    """The dense array of this shape whose stored values are these; FormatError where the parts do not fit."""
    order = [int(d) for d in sparsity.traversal_order]
    blocks = [int(d) for d in sparsity.block_map]
    rank, levels = len(shape), len(sparsity.dim_metadata)
    if sorted(order) != list(range(rank + len(blocks))) or levels != len(order):
        raise FormatError(
            f"{where}: traversal order {order} does not fit {rank} dimensions and {len(blocks)} blocks"
        )
    if len(set(blocks)) != len(blocks) or not all(0 <= d < rank for d in blocks):
        raise FormatError(f"{where}: block map {blocks} does not name dimensions")
    block_sizes = _block_sizes(where, sparsity, order, blocks, shape)
    sizes = [shape[d] // block_sizes.get(d, 1) if d < rank else block_sizes[blocks[d - rank]] for d in order]
    places = _places(where, sparsity.dim_metadata, sizes)
    if len(places) != len(values):
        raise FormatError(f"{where}: {len(values)} values are stored, its levels lead to {len(places)}")
    index: list[Int64] = [np.zeros(len(places), np.int64) for _ in shape]
    for level, dimension in enumerate(order):
        if dimension < rank:
            index[dimension] += places[:, level] * block_sizes.get(dimension, 1)
        else:
            index[blocks[dimension - rank]] += places[:, level]
    result: Array = np.zeros(shape, values.dtype)
    result[tuple(index)] = values
    return result


def _block_sizes(
    where: str, sparsity: Any, order: Sequence[int], blocks: Sequence[int], shape: Sequence[int]
) -> dict[int, int]:
    found = {}
    for level, dimension in enumerate(order):
        if dimension >= len(shape):
            size, blocked = int(sparsity.dim_metadata[level].dense_size), blocks[dimension - len(shape)]
            if size < 1 or shape[blocked] % size:
                raise FormatError(
                    f"{where}: blocks of {size} do not divide dimension {blocked} of {list(shape)}"
                )
            found[blocked] = size
    return found


def _places(where: str, levels: Sequence[Any], sizes: Sequence[int]) -> Int64:
    """[values, levels]: the index of every stored value at each level."""
    places: Int64 = np.zeros((1, 0), np.int64)
    most = 1
    for level, size in zip(levels, sizes, strict=True):
        most *= size
        if level.format == DimensionType.DENSE:
            if level.dense_size != size:
                raise FormatError(f"{where}: a level of {level.dense_size} indices where there are {size}")
            if len(places) * size > most:
                raise FormatError(f"{where}: its levels lead to more values than it has")
            counts, indices = np.full(len(places), size), np.tile(np.arange(size), len(places))
        else:
            counts, indices = _compressed(where, level, len(places), size)
        places = np.concatenate([np.repeat(places, counts, axis=0), indices[:, None]], axis=1)
    return places


def _compressed(where: str, level: Any, rows: int, size: int) -> tuple[Int64, Int64]:
    """How many indices each row has, and the indices."""
    if level.array_segments is None or level.array_indices is None:
        raise FormatError(f"{where}: a compressed level lacks its arrays")
    segments = np.asarray(level.array_segments.values, np.int64)
    indices = np.asarray(level.array_indices.values, np.int64)
    counts = np.diff(segments)
    sound = len(segments) == rows + 1 and segments[0] == 0 and segments[-1] == len(indices)
    if not sound or (counts < 0).any() or (len(indices) and not 0 <= indices.min() <= indices.max() < size):
        raise FormatError(f"{where}: a compressed level's segments and indices do not fit together")
    pairs = np.stack([np.repeat(np.arange(rows), counts), indices], axis=1)
    if len(np.unique(pairs, axis=0)) != math.prod(pairs.shape[:1]):
        raise FormatError(f"{where}: a compressed level names an index twice")
    return counts, indices
