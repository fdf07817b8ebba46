"""The tables of a tree ensemble as the C kernels read them: the smallest integers that fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.operators.operator import Call, Table

X, FEATURES, THRESHOLDS, LEFT_SIZES, TREE_SIZES, LEAVES, VALUES, TARGETS, MISSING_LEFT = range(9)
"""The inputs of a tree ensemble."""


def _array(call: Call, index: int) -> NDArray[Any]:
    array = call.constant(index)
    assert array is not None
    return array


def used_features(call: Call) -> NDArray[Any]:
    """The features that some split compares, ascending."""
    return np.unique(_array(call, FEATURES))


def _has_missing(call: Call) -> bool:
    return call.has(MISSING_LEFT) and bool(_array(call, MISSING_LEFT).any())


def _shift(call: Call) -> tuple[int, int]:
    """The bits of a key's index, and those below the number of splits in the left child."""
    bits = max(len(used_features(call)) - 1, 0).bit_length()
    return bits, bits + _has_missing(call)


def fits_narrow(call: Call) -> bool:
    """Whether splits and sizes of trees fit 16 bits."""
    _, shift = _shift(call)
    largest = int(_array(call, LEFT_SIZES).max(initial=0))
    return largest < 2 ** (16 - shift) and int(_array(call, TREE_SIZES).max(initial=0)) < 2**16


def threshold_keys(thresholds: NDArray[Any]) -> NDArray[np.int32]:
    """float32 numbers as integers of the same order: magnitude bits, negated where the sign is set."""
    bits = np.ascontiguousarray(thresholds, np.float32).view(np.int32)
    magnitude = bits & 0x7FFFFFFF
    return np.where(bits < 0, -magnitude, magnitude).astype(np.int32)


def packed(
    call: Call, split_type: type[np.uint16] | type[np.uint32]
) -> dict[str, int | float | Table | None]:
    """The fields of the kernels' parameter struct."""
    used = used_features(call)
    bits, shift = _shift(call)
    splits = _array(call, LEFT_SIZES).astype(np.uint32) << np.uint32(shift)
    splits |= np.searchsorted(used, _array(call, FEATURES)).astype(np.uint32)
    if _has_missing(call):
        splits |= _array(call, MISSING_LEFT).astype(np.uint32) << np.uint32(bits)
    values = _array(call, VALUES)
    leaves_8, leaves_16, values = _leaves(_array(call, LEAVES), values)
    all_used = np.array_equal(used, np.arange(len(used)))
    targets = _array(call, TARGETS) if call.has(TARGETS) else np.zeros(1)
    return {
        "rows": call.input(X).shape[0],
        "features": call.input(X).shape[1],
        "keys": len(used),
        "trees": len(_array(call, TREE_SIZES)),
        "outputs": call.attributes.outputs,
        "columns": values.shape[1],
        "feature_mask": 2**bits - 1,
        "missing": 2**bits if _has_missing(call) else 0,
        "left_shift": shift,
        "used": None if all_used else Table("used", used.astype(np.uint16), "features that are compared"),
        "thresholds": Table("thresholds", threshold_keys(_array(call, THRESHOLDS)), "keys"),
        "splits": Table("splits", splits.astype(split_type), "splits to the left, feature"),
        "sizes": Table("sizes", _array(call, TREE_SIZES).astype(split_type), "splits a tree"),
        "targets": Table("targets", targets.astype(np.uint16)) if targets.any() else None,
        "leaves_8": leaves_8,
        "leaves_16": leaves_16,
        "values": Table("values", values, "of leaves"),
    }


def _leaves(leaves: NDArray[Any], values: NDArray[Any]) -> tuple[Table | None, Table | None, NDArray[Any]]:
    """What leads from leaves to rows of values, in 8 or 16 bits, and the values: whichever takes the fewest bytes."""
    distinct, indices = np.unique(values[leaves], axis=0, return_inverse=True)
    plain = values[leaves].nbytes
    bits = 8 if len(distinct) <= 2**8 else 16
    if len(distinct) > 2**16 or distinct.nbytes + len(leaves) * bits // 8 >= plain:
        return None, None, np.ascontiguousarray(values[leaves])
    table = Table(
        "leaves", indices.reshape(-1).astype(np.uint8 if bits == 8 else np.uint16), "rows of values"
    )
    return (table, None, distinct) if bits == 8 else (None, table, distinct)
