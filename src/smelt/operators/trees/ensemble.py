"""Trees as nodes with children, and a graph's tree_ensemble made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.operators.builder import GraphBuilder

Reals = NDArray[np.float64]
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Tree:
    """A tree by nodes, the root first.

    `left` and `right` are the children, negative at a leaf; left is where x[feature] <= threshold, and NaN where
    `missing_left`.  `values` [nodes, columns] are added to the outputs from `target` on.
    """

    feature: NDArray[Any]
    threshold: NDArray[np.float32]
    left: NDArray[Any]
    right: NDArray[Any]
    values: Reals
    missing_left: NDArray[np.bool_]
    target: int = 0

    def preorder(self) -> tuple[list[int], list[int], list[int]]:
        """The splits, how many the left child of each has, and the leaves from left to right."""
        splits: list[int] = []
        leaves: list[int] = []
        lefts: list[int] = []
        waiting: list[tuple[int, int]] = [(0, -1)]
        while waiting:
            node, parent = waiting.pop()
            if parent >= 0:
                lefts[parent] = len(splits) - parent - 1
            if self.left[node] < 0:
                leaves.append(node)
            else:
                waiting += [(int(self.right[node]), len(splits)), (int(self.left[node]), -1)]
                splits.append(node)
                lefts.append(0)
        return splits, lefts, leaves


def round_down(thresholds: NDArray[Any]) -> NDArray[np.float32]:
    """The largest float32 numbers that are not above: x <= threshold says the same of every float32 x."""
    with np.errstate(over="ignore"):
        nearest = np.asarray(thresholds, np.float64).astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def add_trees(
    builder: GraphBuilder, x: str, trees: Sequence[Tree], outputs: int, name: str = "", *, alike: bool = True
) -> tuple[str, Reals]:
    """A node that adds up the trees' leaves as integers; returns its output s32[rows, outputs] and what 1 is worth."""
    tables, worth = tree_tables(trees, outputs, alike=alike)
    inputs = [
        None if array is None else builder.constant(f"{name}/{key}", array) for key, array in tables.items()
    ]
    while inputs[-1] is None:
        inputs.pop()
    return builder.add("tree_ensemble", [x, *inputs], {"outputs": outputs}, name=name), worth


def tree_tables(
    trees: Sequence[Tree], outputs: int, *, alike: bool = True
) -> tuple[dict[str, NDArray[Any] | None], Reals]:
    """The constant inputs of tree_ensemble in order, None where there is none, and what 1 of its sums is worth.

    That is a power of two for each output, the smallest for which no sum overflows; one for all where they are
    compared with each other (`alike`).
    """
    walked = [tree.preorder() for tree in trees]
    values = [tree.values[leaves] for tree, (_, _, leaves) in zip(trees, walked, strict=True)]
    worth = _worth(trees, values, outputs, alike)
    rows = np.concatenate(
        [
            np.rint(leaves / worth[tree.target : tree.target + leaves.shape[1]])
            for tree, leaves in zip(trees, values, strict=True)
        ]
    )
    distinct, leaves = np.unique(rows.astype(np.int32), axis=0, return_inverse=True)
    picked = list(zip(trees, (splits for splits, _, _ in walked), strict=True))
    missing = np.concatenate([tree.missing_left[splits] for tree, splits in picked]).astype(np.bool_)
    targets = np.array([tree.target for tree in trees], np.int32)
    tables: dict[str, NDArray[Any] | None] = {
        "features": np.concatenate([tree.feature[splits] for tree, splits in picked]).astype(np.int32),
        "thresholds": np.concatenate([tree.threshold[splits] for tree, splits in picked]).astype(np.float32),
        "left_sizes": np.array([left for _, lefts, _ in walked for left in lefts], np.int32),
        "tree_sizes": np.array([len(splits) for splits, _, _ in walked], np.int32),
        "leaves": leaves.reshape(-1).astype(np.int32),
        "values": distinct,
        "targets": targets if distinct.shape[1] < outputs else None,
        "missing_left": missing if missing.any() else None,
    }
    return tables, worth


def _worth(trees: Sequence[Tree], values: Sequence[Reals], outputs: int, alike: bool) -> Reals:
    bound = np.zeros(outputs)
    for tree, leaves in zip(trees, values, strict=True):
        bound[tree.target : tree.target + leaves.shape[1]] += np.abs(leaves).max(axis=0)
    if alike:
        bound[:] = bound.max()
    room = (_LARGEST - len(trees)) / np.where(bound > 0, bound, 1.0)
    return np.asarray(2.0 ** -np.clip(np.floor(np.log2(room)), -90, 120))
