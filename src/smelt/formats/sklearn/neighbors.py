"""Nearest neighbours: the distances to all points, the smallest of them, and what their points say.

All points are compared, whatever `algorithm` was chosen.  Where a point beyond the k-th is as near as the k-th, the
one that came first in training is taken; scikit-learn takes any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads


def _power(_: Estimator) -> int:
    """1 for sums of absolute differences, 2 for square roots of sums of squares."""
    metric = _.setting("effective_metric_")
    power = _.setting("effective_metric_params_").get("p", 2) if metric == "minkowski" else None
    known = {"euclidean": 2, "l2": 2, "manhattan": 1, "cityblock": 1, "l1": 1}
    chosen = known.get(metric) if power is None else {1: 1, 2: 2}.get(power)
    if chosen is None or _.setting("effective_metric_params_").get("w") is not None:
        raise _.unsupported(f"the metric {metric!r}" + (f" with p={power}" if power else ""))
    return chosen


def _nearest(_: Estimator, x: str) -> tuple[str, str]:
    """Distances (squared, if power is 2) and indices of the k nearest points, [rows, k] each."""
    points = _.setting("_fit_X")
    if hasattr(points, "toarray"):
        raise _.unsupported("being fitted on a sparse matrix (fit it on x.toarray())")
    held = _.constant("points", _.checked(points, "_fit_X"))
    distance = _.emit("distance", (x, held), {"power": _power(_)})
    _.emit("topk_v2", (distance,), {"k": int(_.setting("n_neighbors")), "largest": False})
    values, indices = _.builder.nodes[-1].outputs
    return values, indices


def _weights(_: Estimator, distance: str) -> str | None:
    """1 / distance; where one is 0, only those that are. None for weights that are all alike."""
    kind = _.setting("weights")
    if kind in (None, "uniform"):
        return None
    if kind != "distance":
        raise _.unsupported("weights by a function of one's own")
    root = _.emit("sqrt", (distance,)) if _power(_) == 2 else distance
    zero = _.with_constant("equal", root, 0.0)
    any_zero = _.emit("reduce_any", (zero,), {"axes": (1,), "keep_dims": True})
    ones = _.emit("cast", (zero,), {"to": "f32"})
    weights = _.emit("select", (any_zero, ones, _.emit("reciprocal", (root,))))
    return _.emit("reshape", (weights,), {"shape": (*_.shape(weights), 1)})


@reads("KNeighborsClassifier")
def _classifier(_: Estimator, x: str) -> Result:
    if _.setting("outputs_2d_"):
        raise _.unsupported("predicting several labels at once")
    classes = len(_.setting("classes_"))
    distance, indices = _nearest(_, x)
    labels = np.asarray(_.setting("_y")).reshape(-1).astype(np.uint8 if classes <= 256 else np.int32)
    found = _.emit("gather", (_.constant("labels", labels), indices))
    wide = _.emit("cast", (found,), {"to": "s32"}) if classes <= 256 else found
    column = _.emit("reshape", (wide,), {"shape": (*_.shape(wide), 1)})
    kinds: Any = np.arange(classes, dtype=np.int32)
    votes = _.emit("cast", (_.emit("equal", (column, _.constant("kinds", kinds))),), {"to": "f32"})
    weights = _weights(_, distance)
    if weights is not None:
        votes = _.emit("mul", (votes, weights))
    counted = _.emit("sum", (votes,), {"axes": (1,)})
    total = _.emit("sum", (counted,), {"axes": (1,), "keep_dims": True})
    return Result("classes", _.index_of_largest(counted), _.emit("div", (counted, total)))


@reads("KNeighborsRegressor")
def _regressor(_: Estimator, x: str) -> Result:
    distance, indices = _nearest(_, x)
    targets: Reals = _.checked(_.setting("_y"), "_y")
    several = targets.ndim > 1
    found = _.emit("gather", (_.constant("targets", targets.reshape(len(targets), -1)), indices))
    weights = _weights(_, distance)
    if weights is None:
        value = _.emit("mean", (found,), {"axes": (1,)})
    else:
        total = _.emit("sum", (weights,), {"axes": (1,)})
        value = _.emit("div", (_.emit("sum", (_.emit("mul", (found, weights)),), {"axes": (1,)}), total))
    return Result("prediction", value if several else _.column(value))
