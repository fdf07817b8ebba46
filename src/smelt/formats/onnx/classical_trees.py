"""Tree ensembles of the domain ai.onnx.ml, in their three spellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.terms import Term, computed, result, term, value
from smelt.formats.channels_first.translation import Result, Results, Surroundings
from smelt.formats.onnx.classical import Noting, class_labels, classified, features, transformed
from smelt.formats.onnx.schema import Table
from smelt.ir import Array
from smelt.operators.trees.ensemble import Tree, round_down, tree_tables

ROWS = Table()
"""What reads tree ensembles."""

_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
"""By their number in TreeEnsemble."""
_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")


@dataclass(frozen=True)
class _Nodes:
    """All nodes of an ensemble, by their place; children are places, negative at leaves."""

    feature: NDArray[Any]
    threshold: NDArray[np.float64]
    mode: Sequence[str]
    when_true: NDArray[Any]
    when_false: NDArray[Any]
    missing_true: NDArray[np.bool_]

    def tree(self, _: Surroundings, root: int, values: NDArray[np.float64], target: int) -> Tree:
        """The tree under a root; a mode that goes by > or >= is one by <= with its children exchanged."""
        places = self.under(_, root)
        mode = np.array([self.mode[place] for place in places])
        split = self.when_true[places] >= 0
        if unknown := set(mode[split]) - set(_MODES[:4]):
            raise UnsupportedError(f"{_.label}: splits by {', '.join(sorted(unknown))} are not supported")
        threshold = round_down(self.threshold[places])
        exact = threshold == self.threshold[places]
        below = np.nextafter(threshold, np.float32(-np.inf))
        strict = np.isin(mode, ("BRANCH_LT", "BRANCH_GTE"))
        swapped = np.isin(mode, ("BRANCH_GT", "BRANCH_GTE"))
        number = np.full(len(self.when_true), -1)
        number[places] = np.arange(len(places))
        true = np.where(split, number[self.when_true[places]], -1)
        false = np.where(split, number[self.when_false[places]], -1)
        return Tree(
            feature=self.feature[places],
            threshold=np.where(strict & exact, below, threshold),
            left=np.where(swapped, false, true),
            right=np.where(swapped, true, false),
            values=values[places],
            missing_left=self.missing_true[places] != swapped,
            target=target,
        )

    def under(self, _: Surroundings, root: int) -> NDArray[np.int64]:
        """The places of a tree's nodes; FormatError where a split has two parents or a child is not there.

        Leaves may have several: ONNX spells a tree of one leaf as a split with it on both sides.
        """
        places, waiting, count = [], [root], len(self.when_true)
        seen = np.zeros(count, np.bool_)
        while waiting:
            place = waiting.pop()
            if not 0 <= place < count or (seen[place] and self.when_true[place] >= 0):
                raise FormatError(f"{_.label}: its nodes are not those of trees")
            if seen[place]:
                continue
            seen[place] = True
            places.append(place)
            if self.when_true[place] >= 0:
                waiting += [int(self.when_false[place]), int(self.when_true[place])]
        return np.array(places, np.int64)


def _reals(
    _: Surroundings, name: str, plain: Sequence[float] | None, tensor: Array | None
) -> NDArray[np.float64]:
    """Numbers that are given as floats or as a tensor of doubles."""
    given = plain if tensor is None else tensor.reshape(-1)
    result = np.asarray(() if given is None else given, np.float64)
    if not np.isfinite(result).all():
        raise UnsupportedError(f"{_.label}: '{name}' holds numbers that are not finite")
    return result


def _keyed(_: Surroundings, trees: Sequence[int], nodes: Sequence[int]) -> dict[tuple[int, int], int]:
    places = {key: place for place, key in enumerate(zip(trees, nodes, strict=True))}
    if len(places) != len(trees):
        raise FormatError(f"{_.label}: a node is there twice")
    return places


def _sums(
    _: Surroundings,
    x: str,
    nodes: _Nodes,
    roots: Sequence[int],
    leaf_values: Mapping[int, Sequence[tuple[int, float]]],
    outputs: int,
    average: bool = False,
) -> Term:
    """The sums over all trees; `leaf_values`: (output, number) pairs by place."""
    _.allow(len(nodes.when_true) * outputs, 8)
    values = np.zeros((len(nodes.when_true), outputs))
    for place, pairs in leaf_values.items():
        for output, number in pairs:
            if not 0 <= output < outputs:
                raise FormatError(f"{_.label}: a leaf is for output {output} of {outputs}")
            values[place, output] += number
    trees = [nodes.tree(_, root, values, 0) for root in roots]
    data = features(_, x)
    width = _.shape(computed(_, data))[1]
    for tree in trees:
        compared = tree.feature[tree.left >= 0]
        if len(compared) and not (compared.min() >= 0 and compared.max() < width):
            raise FormatError(f"{_.label}: compares a feature that '{x}' has not")
    narrowed = [_narrowed(tree) for tree in trees]
    if all(tree.values.shape[1] == 1 for tree in narrowed):
        trees = narrowed
    tables, worth = tree_tables(trees, outputs)
    names = [
        None if array is None else _.store(f"{x}/{key}", (_.label, key), lambda a=array: a)  # type: ignore[misc]
        for key, array in tables.items()
    ]
    while names[-1] is None:
        names.pop()
    sums = value(_.emit("tree_ensemble", (computed(_, data), *names), {"outputs": outputs}))
    unit = float(worth[0]) / (len(trees) if average else 1)
    return term("cast", sums, to="f32") * unit


def _narrowed(tree: Tree) -> Tree:
    """A tree whose leaves are all for one output, with that column alone."""
    columns = np.flatnonzero((tree.values != 0).any(axis=0))
    if len(columns) > 1 or tree.values.shape[1] == 1:
        return tree
    target = int(columns[0]) if len(columns) else 0
    return replace(tree, values=tree.values[:, target : target + 1], target=target)


def _old_nodes(
    _: Surroundings,
    places: Mapping[tuple[int, int], int],
    given: Mapping[str, Any],
    thresholds: NDArray[np.float64],
) -> tuple[_Nodes, list[int]]:
    """Nodes whose children are named by tree and node; and the roots, the one node of each tree without a parent."""
    trees, modes = given["treeids"], given["modes"]
    for key in ("featureids", "modes", "truenodeids", "falsenodeids"):
        if len(given[key]) != len(trees):
            raise FormatError(f"{_.label}: 'nodes_{key}' has {len(given[key])} elements, needs {len(trees)}")
    if len(thresholds) != len(trees):
        raise FormatError(f"{_.label}: has {len(thresholds)} thresholds, needs {len(trees)}")
    children = []
    for key in ("truenodeids", "falsenodeids"):
        found = [
            -1 if mode == "LEAF" else places.get((tree, node), len(trees))
            for tree, node, mode in zip(trees, given[key], modes, strict=True)
        ]
        children.append(np.array(found, np.int64))
    missing = np.array(given["missing"] or [0] * len(trees)).astype(np.bool_)
    if len(missing) != len(trees):
        raise FormatError(f"{_.label}: 'nodes_missing_value_tracks_true' has {len(missing)} elements")
    with_parent = {*children[0].tolist(), *children[1].tolist()}
    roots = [place for place in range(len(trees)) if place not in with_parent]
    if sorted(trees[place] for place in roots) != sorted(set(trees)):
        raise FormatError(f"{_.label}: its nodes are not those of trees")
    when_true, when_false = children
    nodes = _Nodes(np.array(given["featureids"]), thresholds, modes, when_true, when_false, missing)
    if sum(len(nodes.under(_, root)) for root in roots) != len(trees):
        raise FormatError(f"{_.label}: its nodes are not those of trees")
    return nodes, roots


def _leaf_pairs(
    _: Surroundings,
    places: Mapping[tuple[int, int], int],
    trees: Sequence[int],
    nodes: Sequence[int],
    ids: Sequence[int],
    weights: NDArray[np.float64],
) -> dict[int, list[tuple[int, float]]]:
    if not len(trees) == len(nodes) == len(ids) == len(weights):
        raise FormatError(f"{_.label}: the lists of its leaves differ in length")
    pairs: dict[int, list[tuple[int, float]]] = {}
    for tree, node, index, weight in zip(trees, nodes, ids, weights.tolist(), strict=True):
        if (tree, node) not in places:
            raise FormatError(f"{_.label}: a leaf is for a node that is not there")
        pairs.setdefault(places[tree, node], []).append((index, weight))
    return pairs


@ROWS.reads("ai.onnx.ml.TreeEnsembleClassifier")
def _classifier(
    _: Noting, x: str, *,
    base_values: Sequence[float] | None = None, base_values_as_tensor: Array | None = None,
    class_ids: Sequence[int], class_nodeids: Sequence[int], class_treeids: Sequence[int],
    class_weights: Sequence[float] | None = None, class_weights_as_tensor: Array | None = None,
    classlabels_int64s: Sequence[int] | None = None, classlabels_strings: Sequence[str] | None = None,
    nodes_falsenodeids: Sequence[int], nodes_featureids: Sequence[int],
    nodes_hitrates: Sequence[float] | None = None, nodes_hitrates_as_tensor: Array | None = None,
    nodes_missing_value_tracks_true: Sequence[int] | None = None, nodes_modes: Sequence[str],
    nodes_nodeids: Sequence[int], nodes_treeids: Sequence[int], nodes_truenodeids: Sequence[int],
    nodes_values: Sequence[float] | None = None, nodes_values_as_tensor: Array | None = None,
    post_transform: str = "NONE",
) -> Results:  # fmt: skip
    given = {
        "treeids": nodes_treeids, "modes": nodes_modes, "featureids": nodes_featureids,
        "truenodeids": nodes_truenodeids, "falsenodeids": nodes_falsenodeids,
        "missing": nodes_missing_value_tracks_true,
    }  # fmt: skip
    places = _places(_, nodes_treeids, nodes_nodeids)
    thresholds = _reals(_, "nodes_values", nodes_values, nodes_values_as_tensor)
    nodes, roots = _old_nodes(_, places, given, thresholds)
    weights = _reals(_, "class_weights", class_weights, class_weights_as_tensor)
    base = _reals(_, "base_values", base_values, base_values_as_tensor)
    labels = class_labels(_, classlabels_int64s, classlabels_strings)
    leaves = _leaf_pairs(_, places, class_treeids, class_nodeids, class_ids, weights)
    single = len(labels) == 2 and len(set(class_ids)) == 1
    if single:
        leaves = {place: [(0, number) for _index, number in pairs] for place, pairs in leaves.items()}
    scores = _sums(_, x, nodes, roots, leaves, 1 if single else len(labels))
    if len(base):
        if len(base) != (1 if single else len(labels)):
            raise UnsupportedError(
                f"{_.label}: {len(base)} base values for {len(labels)} classes are not supported"
            )
        scores = scores + base.astype(np.float32)
    return classified(_, scores, labels, post_transform, all_positive=bool((weights >= 0).all()))


def _places(_: Surroundings, trees: Sequence[int], nodes: Sequence[int]) -> dict[tuple[int, int], int]:
    if len(trees) != len(nodes) or not trees:
        raise FormatError(f"{_.label}: has {len(trees)} nodes_treeids and {len(nodes)} nodes_nodeids")
    return _keyed(_, trees, nodes)


@ROWS.reads("ai.onnx.ml.TreeEnsembleRegressor")
def _regressor(
    _: Surroundings, x: str, *,
    aggregate_function: str = "SUM",
    base_values: Sequence[float] | None = None, base_values_as_tensor: Array | None = None,
    n_targets: int, nodes_falsenodeids: Sequence[int], nodes_featureids: Sequence[int],
    nodes_hitrates: Sequence[float] | None = None, nodes_hitrates_as_tensor: Array | None = None,
    nodes_missing_value_tracks_true: Sequence[int] | None = None, nodes_modes: Sequence[str],
    nodes_nodeids: Sequence[int], nodes_treeids: Sequence[int], nodes_truenodeids: Sequence[int],
    nodes_values: Sequence[float] | None = None, nodes_values_as_tensor: Array | None = None,
    post_transform: str = "NONE", target_ids: Sequence[int], target_nodeids: Sequence[int],
    target_treeids: Sequence[int], target_weights: Sequence[float] | None = None,
    target_weights_as_tensor: Array | None = None,
) -> Result:  # fmt: skip
    given = {
        "treeids": nodes_treeids, "modes": nodes_modes, "featureids": nodes_featureids,
        "truenodeids": nodes_truenodeids, "falsenodeids": nodes_falsenodeids,
        "missing": nodes_missing_value_tracks_true,
    }  # fmt: skip
    places = _places(_, nodes_treeids, nodes_nodeids)
    thresholds = _reals(_, "nodes_values", nodes_values, nodes_values_as_tensor)
    nodes, roots = _old_nodes(_, places, given, thresholds)
    weights = _reals(_, "target_weights", target_weights, target_weights_as_tensor)
    leaves = _leaf_pairs(_, places, target_treeids, target_nodeids, target_ids, weights)
    base = _reals(_, "base_values", base_values, base_values_as_tensor)
    scores = _aggregated(_, x, nodes, roots, leaves, n_targets, aggregate_function)
    if len(base):
        scores = scores + base.astype(np.float32)
    return result(_, transformed(_, scores, post_transform))


def _aggregated(
    _: Surroundings,
    x: str,
    nodes: _Nodes,
    roots: Sequence[int],
    leaves: Mapping[int, Sequence[tuple[int, float]]],
    outputs: int,
    aggregate: str,
) -> Term:
    if aggregate not in ("SUM", "AVERAGE") and len(roots) > 1:
        raise UnsupportedError(f"{_.label}: the aggregate function {aggregate} is not supported")
    if not 0 < outputs <= 1 << 16:
        raise FormatError(f"{_.label}: has {outputs} targets")
    return _sums(_, x, nodes, roots, leaves, outputs, aggregate == "AVERAGE")


@ROWS.reads("ai.onnx.ml.TreeEnsemble")
def _ensemble(
    _: Surroundings, x: str, *,
    aggregate_function: int = 1, leaf_targetids: Sequence[int], leaf_weights: Array,
    membership_values: Array | None = None, n_targets: int, nodes_falseleafs: Sequence[int],
    nodes_falsenodeids: Sequence[int], nodes_featureids: Sequence[int], nodes_hitrates: Array | None = None,
    nodes_missing_value_tracks_true: Sequence[int] | None = None, nodes_modes: Array, nodes_splits: Array,
    nodes_trueleafs: Sequence[int], nodes_truenodeids: Sequence[int], post_transform: int = 0,
    tree_roots: Sequence[int],
) -> Result:  # fmt: skip
    """Leaves are numbered by themselves: their places follow those of the splits."""
    count, leaves = len(nodes_featureids), len(leaf_targetids)
    lists = (
        nodes_falseleafs,
        nodes_falsenodeids,
        nodes_trueleafs,
        nodes_truenodeids,
        nodes_modes.reshape(-1),
    )
    if (
        any(len(given) != count for given in (*lists, nodes_splits.reshape(-1)))
        or leaf_weights.size != leaves
    ):
        raise FormatError(f"{_.label}: the lists of its nodes differ in length")

    def children(ids: Sequence[int], are_leaves: Sequence[int]) -> NDArray[np.int64]:
        places = [
            (index + count if leaf else index) if 0 <= index < (leaves if leaf else count) else count + leaves
            for index, leaf in zip(ids, are_leaves, strict=True)
        ]
        return np.array(places + [-1] * leaves, np.int64)

    modes = nodes_modes.reshape(-1).tolist()
    if any(not 0 <= mode < len(_MODES) for mode in modes):
        raise FormatError(f"{_.label}: a node has an unknown mode")
    missing = nodes_missing_value_tracks_true or [0] * count
    nodes = _Nodes(
        feature=np.array([*nodes_featureids, *[0] * leaves]),
        threshold=np.concatenate([_reals(_, "nodes_splits", None, nodes_splits), np.zeros(leaves)]),
        mode=[_MODES[mode] for mode in modes] + ["LEAF"] * leaves,
        when_true=children(nodes_truenodeids, nodes_trueleafs),
        when_false=children(nodes_falsenodeids, nodes_falseleafs),
        missing_true=np.array([*missing, *[0] * leaves]).astype(np.bool_),
    )
    weights = _reals(_, "leaf_weights", None, leaf_weights).tolist()
    values = {count + k: [(target, weights[k])] for k, target in enumerate(leaf_targetids)}
    if not 0 <= post_transform < len(_TRANSFORMS) or not tree_roots:
        raise FormatError(f"{_.label}: has no trees, or the unknown post_transform {post_transform}")
    names = ("AVERAGE", "SUM", "MIN", "MAX")
    aggregate = names[aggregate_function] if 0 <= aggregate_function < 4 else str(aggregate_function)
    scores = _aggregated(_, x, nodes, tree_roots, values, n_targets, aggregate)
    return result(_, transformed(_, scores, _TRANSFORMS[post_transform]))
