"""tree_ensemble: decision trees, the leaves that a row of features reaches added up.

Inputs: `x` f32[rows, features]; of all splits, in preorder, tree after tree: `features` s32 (which one is compared),
`thresholds` f32 (left where x <= threshold), `left_sizes` s32 (how many splits the left child has; it comes next, the
right child after it); `tree_sizes` s32[trees] (splits a tree; 0: it is a leaf); `leaves` s32, from left to right, tree
after tree: the row of `values` s32[any, columns] that is added to the outputs.  Optional: `targets` s32[trees], the
output where a tree's first column is added (default 0); `missing_left` bool, where NaN goes left.
The sums are integers, so that their order does not matter; what one is worth is said by what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import EngineError, GraphError
from smelt.ir import Array, DType
from smelt.operators.operator import (
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    TensorType,
    Traits,
)
from smelt.operators.trees.packing import (
    FEATURES,
    LEAVES,
    LEFT_SIZES,
    MISSING_LEFT,
    SMALL,
    TARGETS,
    THRESHOLDS,
    TREE_SIZES,
    VALUES,
    SplitForm,
    X,
    fitting,
    packed,
    used_features,
)
from smelt.targets import Target

_TYPES = (DType.F32, DType.S32, DType.F32, DType.S32, DType.S32, DType.S32, DType.S32, DType.S32, DType.BOOL)


@dataclass(frozen=True)
class TreeEnsemble:
    """outputs: how many sums there are."""

    outputs: int


def _infer(call: Call) -> tuple[TensorType, ...]:
    for index, dtype in enumerate(_TYPES[: len(call.inputs)]):
        if index < TARGETS or call.has(index):
            _check_input(call, index, dtype)
    splits, trees = call.input(FEATURES).shape[0], call.input(TREE_SIZES).shape[0]
    sizes = {
        THRESHOLDS: splits,
        LEFT_SIZES: splits,
        MISSING_LEFT: splits,
        LEAVES: splits + trees,
        TARGETS: trees,
    }
    for index, size in sizes.items():
        if call.has(index) and call.input(index).shape[0] != size:
            raise GraphError(f"{call.node.label}: '{call.input(index).name}' needs {size} elements")
    columns, outputs = call.input(VALUES).shape[1], call.attributes.outputs
    if not 0 < columns <= outputs or (columns != outputs and not call.has(TARGETS)):
        raise GraphError(f"{call.node.label}: {columns} columns do not make {outputs} outputs")
    return (TensorType(DType.S32, (call.input(X).shape[0], outputs)),)


def _check_input(call: Call, index: int, dtype: DType) -> None:
    value, rank = call.input(index), 2 if index in (X, VALUES) else 1
    if value.dtype is not dtype or len(value.shape) != rank:
        raise GraphError(
            f"{call.node.label}: '{value.name}' is {value.dtype.value}{list(value.shape)}, "
            f"needs {dtype.value} with {rank} dimensions"
        )


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """All trees and rows at once: each round takes them one split further."""
    x, features, thresholds, left_sizes, sizes, leaves, values = (_present(a) for a in arrays[:TARGETS])
    targets = arrays[TARGETS] if call.has(TARGETS) else np.zeros(len(sizes), np.int32)
    missing = arrays[MISSING_LEFT] if call.has(MISSING_LEFT) else np.zeros(len(features), np.bool_)
    check_tables(call, arrays)
    rows = np.arange(len(x))[:, None]
    remaining = np.repeat(sizes[None].astype(np.int64), len(x), axis=0)
    split = np.repeat((np.cumsum(sizes) - sizes)[None], len(x), axis=0)
    leaf = split + np.arange(len(sizes))
    while (going := remaining > 0).any():
        at = np.where(going, split, 0)
        value, left = x[rows, features[at]], left_sizes[at].astype(np.int64)
        goes_left = (value <= thresholds[at]) | (np.isnan(value) & _present(missing)[at])
        skipped = np.where(going & ~goes_left, left + 1, 0)
        remaining = np.where(going, np.where(goes_left, left, remaining - left - 1), 0)
        split += np.where(going & goes_left, 1, skipped)
        leaf += skipped
    result = np.zeros(call.output.shape, np.int64)
    for column in range(values.shape[1]):
        np.add.at(result.T, _present(targets).astype(np.int64) + column, values[leaves[leaf], column].T)
    return (result.astype(np.int32),)


def _present(array: Array | None) -> NDArray[Any]:
    assert array is not None
    return array


def check_tables(call: Call, arrays: Sequence[Array | None]) -> None:
    """Raise EngineError where the tables contradict each other, so that a walk would leave them."""
    features, left_sizes, sizes, leaves = (
        _present(arrays[k]).astype(np.int64) for k in (FEATURES, LEFT_SIZES, TREE_SIZES, LEAVES)
    )
    values = _present(arrays[VALUES])
    limits = [(features, call.input(X).shape[1]), (leaves, values.shape[0])]
    if call.has(TARGETS):
        limits.append((_present(arrays[TARGETS]), call.attributes.outputs - values.shape[1] + 1))
    inside = all(a.size == 0 or (a.min() >= 0 and a.max() < limit) for a, limit in limits)
    if not inside or (sizes < 0).any() or sizes.sum() != len(features) or not _in_preorder(left_sizes, sizes):
        raise EngineError(f"{call.node.label}: its tables are not those of trees")


def _in_preorder(left_sizes: NDArray[np.int64], sizes: NDArray[np.int64]) -> bool:
    """Whether every split's left child fits into what its tree has left; level by level."""
    splits, room = np.cumsum(sizes) - sizes, sizes
    while (going := room > 0).any():
        splits, room = splits[going], room[going]
        left = left_sizes[splits]
        if (left < 0).any() or (left >= room).any():
            return False
        splits = np.concatenate([splits + 1, splits + 1 + left])
        room = np.concatenate([left, room - 1 - left])
    return True


def _small(call: Call) -> SplitForm:
    return SMALL


def _short(call: Call) -> SplitForm:
    return replace(fitting(call, np.uint16), short=True)


def _narrow(call: Call) -> SplitForm:
    return fitting(call, np.uint16)


def _wide(call: Call) -> SplitForm:
    return fitting(call, np.uint32)


def _accepts(form: Callable[[Call], SplitForm], call: Call, target: Target) -> bool:
    known = all(call.constant(k) is not None for k in range(FEATURES, len(call.inputs)) if call.has(k))
    return known and call.input(X).shape[1] <= 2**16 and form(call).holds(call)


def _lower(function: str, form: Callable[[Call], SplitForm], call: Call, target: Target) -> Lowering:
    check_tables(call, call.constants)
    chosen = form(call)
    wide = "_wide" if chosen.dtype is np.uint32 else ""
    struct = f"smelt_tree_ensemble{'_short' if chosen.short else wide}"
    parameters = Parameters(f"struct {struct}_parameters", packed(call, chosen))
    return Lowering(function, (Output(), Input(X), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    return 4 * max(len(used_features(call)), 1)


def _kernel(stem: str, form: Callable[[Call], SplitForm]) -> Kernel:
    return Kernel(
        f"smelt_{stem}",
        (f"{stem}.c", "tree_short_keys_f32.c" if "short" in stem else "tree_keys_f32.c"),
        "trees.h",
        partial(_accepts, form),
        partial(_lower, f"smelt_{stem}", form),
        scratch_bytes=_scratch_bytes,
        cycles=_cycles,
    )


def _cycles(call: Call, rows: int | None) -> float:
    """As measured on a Cortex-M4, for trees that are balanced."""
    sizes = _present(call.constant(TREE_SIZES))
    visits = float(np.log2(sizes + 1.0).sum())
    values = _present(call.constant(VALUES))
    added = len(sizes) * int((values != 0).sum(axis=1).max(initial=1))
    return call.input(X).shape[0] * (
        17 * visits + 30 * len(sizes) + 9 * added + 10 * len(used_features(call))
    )


TREE_ENSEMBLE = Operator(
    name="tree_ensemble",
    summary="the sum of the leaves that a row of features reaches in decision trees",
    attributes=TreeEnsemble,
    infer=_infer,
    evaluate=_evaluate,
    cost=lambda call: Cost(),
    traits=Traits(quantizable=False),
    kernels=(
        _kernel("tree_ensemble_short_f32", _short),
        _kernel("tree_ensemble_small_f32", _small),
        _kernel("tree_ensemble_f32", _narrow),
        _kernel("tree_ensemble_wide_f32", _wide),
    ),
)
