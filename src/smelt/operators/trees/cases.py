"""Cases of tree_ensemble: grown at random, with few and many distinct leaves, narrow and wide splits."""

from collections.abc import Sequence

import numpy as np

from smelt.ir import DType
from smelt.operators.case import Case, Tensor
from smelt.operators.trees.packing import shortened


def _shape_of_tree(splits: int, rng: np.random.Generator) -> list[int]:
    """How many splits each split's left child has, in preorder."""
    result, waiting = [], [splits]
    while waiting:
        room = waiting.pop()
        if room:
            left = int(rng.integers(0, room))
            result.append(left)
            waiting += [room - 1 - left, left]
    return result


def _case(
    name: str,
    sizes: Sequence[int],
    features: Sequence[int],
    *,
    rows: int = 1,
    width: int = 0,
    leaf_kinds: int = 0,
    columns: int = 1,
    outputs: int = 0,
    missing: bool = False,
    short: bool = False,
    single: bool = False,
    seed: int = 0,
) -> Case:
    """Trees of `sizes` splits over some of `width` features; `leaf_kinds` distinct leaves (0: all differ)."""
    rng = np.random.default_rng(seed)
    splits, leaves = sum(sizes), sum(sizes) + len(sizes)
    kinds = leaf_kinds or leaves
    thresholds = rng.normal(size=splits).astype(np.float32)
    thresholds[::5] = -0.0
    if short:
        thresholds = shortened(thresholds)
    values = rng.integers(-(2**24), 2**24, (kinds, columns)).astype(np.int32)
    if single:
        values *= np.arange(columns) == rng.integers(0, columns, kinds)[:, None]
    arrays = [
        rng.choice(features, splits).astype(np.int32),
        thresholds,
        np.array([left for size in sizes for left in _shape_of_tree(size, rng)], np.int32),
        np.array(sizes, np.int32),
        (rng.integers(0, kinds, leaves) if leaf_kinds else np.arange(leaves)).astype(np.int32),
        values,
    ]
    inputs: list[Tensor | None] = [Tensor(DType.F32, (rows, width or max(features) + 1))]
    inputs += [Tensor(DType.of(array), array.shape, None, array) for array in arrays]
    if outputs or missing:
        targets = rng.integers(0, outputs - columns + 1, len(sizes)).astype(np.int32) if outputs else None
        inputs.append(None if targets is None else Tensor(DType.S32, targets.shape, None, targets))
    if missing:
        inputs.append(Tensor(DType.BOOL, (splits,), None, rng.integers(0, 2, splits).astype(np.bool_)))
    return Case(name, "tree_ensemble", tuple(inputs), {"outputs": outputs or columns})


CASES = [
    _case("tree_ensemble_f32", (7, 5, 1, 3), (0, 1, 2, 3), rows=3),
    _case("tree_ensemble_f32_used", (15, 4), (1, 5, 6), width=9),
    _case("tree_ensemble_f32_classes", (31, 20, 9), (0, 1, 2), leaf_kinds=4, columns=3, missing=True),
    _case("tree_ensemble_f32_targets", (6, 6, 6, 6), (0, 1, 2, 3, 4), outputs=3),
    _case("tree_ensemble_f32_leaves_16", (700, 500), (0, 1, 2, 3), leaf_kinds=300, columns=4),
    _case("tree_ensemble_f32_only_leaves", (0, 2, 0), (0, 1), rows=2, columns=2),
    _case(
        "tree_ensemble_f32_short", (31, 20, 9), (0, 1, 2), leaf_kinds=4, columns=3, missing=True, short=True
    ),
    _case("tree_ensemble_f32_votes", (31, 20, 9), (0, 1, 2), leaf_kinds=9, columns=5, single=True),
    _case("tree_ensemble_f32_wide", (400, 3), tuple(range(300)), rows=2),
]
