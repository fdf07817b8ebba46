"""The tables of a tree ensemble as the C kernels read them: the smallest integers that fit."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class SplitForm:
    """How a split is stored: the bits of a key's index, the bit for NaN, the bits below the left child's size.

    `short`: thresholds are the upper halves of keys.
    """

    dtype: type[np.uint16] | type[np.uint32]
    feature_bits: int
    left_shift: int
    short: bool = False

    def holds(self, call: Call) -> bool:
        """Whether all splits, the sizes of trees, and thresholds fit."""
        if self.short and not is_short(_array(call, THRESHOLDS)):
            return False
        most = 2**16 if self.dtype is np.uint16 else 2**32
        largest = int(_array(call, LEFT_SIZES).max(initial=0))
        return (
            len(used_features(call)) <= 2**self.feature_bits
            and largest < most >> self.left_shift
            and int(_array(call, TREE_SIZES).max(initial=0)) < most
        )


SMALL = SplitForm(np.uint16, 7, 8)
"""What tree_ensemble_small_f32.c knows."""


def fitting(call: Call, dtype: type[np.uint16] | type[np.uint32]) -> SplitForm:
    """The form with as many bits for sizes as the features leave."""
    bits = max(len(used_features(call)) - 1, 0).bit_length()
    return SplitForm(dtype, bits, bits + _has_missing(call))


def threshold_keys(thresholds: NDArray[Any]) -> NDArray[np.int32]:
    """float32 numbers as integers of the same order: magnitude bits, negated where the sign is set."""
    bits = np.ascontiguousarray(thresholds, np.float32).view(np.int32)
    magnitude = bits & 0x7FFFFFFF
    return np.where(bits < 0, -magnitude, magnitude).astype(np.int32)


def is_short(thresholds: NDArray[Any]) -> bool:
    """Whether comparing the upper halves of keys says the same: the lower ones of all thresholds are ones."""
    return bool((threshold_keys(thresholds) & 0xFFFF == 0xFFFF).all())


def shortened(thresholds: NDArray[Any]) -> NDArray[np.float32]:
    """The next float32 numbers of which that is true: nothing changes for x of up to 8 significant binary digits."""
    key = threshold_keys(thresholds) | 0xFFFF
    magnitude: NDArray[np.int32] = np.abs(key).astype(np.int32)
    result: NDArray[np.float32] = np.where(key < 0, -magnitude.view(np.float32), magnitude.view(np.float32))
    return result


def packed(call: Call, form: SplitForm) -> dict[str, int | float | Table | None]:
    """The fields of the kernels' parameter struct."""
    used = used_features(call)
    missing_bit = 2**form.feature_bits if form.left_shift > form.feature_bits else 0
    splits = _array(call, LEFT_SIZES).astype(np.uint32) << np.uint32(form.left_shift)
    splits |= np.searchsorted(used, _array(call, FEATURES)).astype(np.uint32)
    if _has_missing(call):
        splits |= _array(call, MISSING_LEFT).astype(np.uint32) * np.uint32(missing_bit)
    values = _array(call, VALUES)
    leaves_8, leaves_16, values = _leaves(_array(call, LEAVES), values)
    row_targets, values = _single(values)
    keys = threshold_keys(_array(call, THRESHOLDS))
    all_used = np.array_equal(used, np.arange(len(used)))
    targets = _array(call, TARGETS) if call.has(TARGETS) else np.zeros(1)
    return {
        "rows": call.input(X).shape[0],
        "features": call.input(X).shape[1],
        "keys": len(used),
        "trees": len(_array(call, TREE_SIZES)),
        "outputs": call.attributes.outputs,
        "columns": values.shape[1],
        "feature_mask": 2**form.feature_bits - 1,
        "missing": missing_bit,
        "left_shift": form.left_shift,
        "used": None if all_used else Table("used", used.astype(np.uint16), "features that are compared"),
        "thresholds": Table("thresholds", (keys >> 16).astype(np.int16) if form.short else keys, "keys"),
        "splits": Table("splits", splits.astype(form.dtype), "splits to the left, feature"),
        "sizes": Table("sizes", _array(call, TREE_SIZES).astype(form.dtype), "splits a tree"),
        "targets": Table("targets", targets.astype(np.uint16)) if targets.any() else None,
        "row_targets": row_targets,
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


def _single(values: NDArray[Any]) -> tuple[Table | None, NDArray[Any]]:
    """Where each row has at most one number that is not 0: which it is, and the number alone.

    One addition a tree instead of one a class.
    """
    nonzero = values != 0
    if values.shape[1] == 1 or (nonzero.sum(axis=1) > 1).any():
        return None, values
    targets = nonzero.argmax(axis=1)
    table = Table("row_targets", targets.astype(np.uint16), "the output of each row of values")
    return table, np.ascontiguousarray(values[np.arange(len(values)), targets][:, None])
