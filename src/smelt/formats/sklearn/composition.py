"""Estimators made of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Result, read, reads
from smelt.formats.sklearn.monotone import TREES, is_monotone
from smelt.formats.sklearn.transformers import columns


def _transform(_: Estimator, fitted: Any, name: str, x: str) -> str:
    """What a step before the last makes of its input."""
    if fitted is None or isinstance(fitted, str):
        if fitted not in (None, "passthrough"):
            raise _.unsupported(f"the step '{fitted}'")
        return x
    result = read(_.child(fitted, name), x)
    if result.kind != "transformed":
        raise _.unsupported(f"{type(fitted).__name__} before the last step")
    return result.value


@reads("Pipeline")
def _pipeline(_: Estimator, x: str) -> Result:
    *first, (name, last) = _.setting("steps")
    scalers: list[Any] = []
    if type(last).__name__ in TREES:
        while first and (first[-1][1] in (None, "passthrough") or is_monotone(first[-1][1])):
            scalers.insert(0, first.pop()[1])
    for step, fitted in first:
        x = _transform(_, fitted, step, x)
    if last is None or isinstance(last, str):
        return Result("transformed", _transform(_, last, name, x))
    moved = [scaler for scaler in scalers if scaler not in (None, "passthrough")]
    return read(_.child(last, name, moved), x)


@reads("ColumnTransformer")
def _column_transformer(_: Estimator, x: str) -> Result:
    """Each part's columns of x, transformed, side by side."""
    parts = []
    for name, fitted, chosen in _.setting("transformers_"):
        indices = _indices(_, chosen, _.shape(x)[1])
        if len(indices) and not (isinstance(fitted, str) and fitted == "drop"):
            parts.append(_transform(_, fitted, name, columns(_, x, indices)))
    if not parts:
        raise _.unsupported("a result without features")
    return Result("transformed", _.joined(parts))


def _indices(_: Estimator, chosen: Any, count: int) -> list[int]:
    """Columns given by number, name, mask or slice."""
    if isinstance(chosen, int | np.integer | str):
        raise _.unsupported("a transformer of a single column, which is given one dimension less")
    names = list(getattr(_.fitted, "feature_names_in_", []))
    if isinstance(chosen, slice):
        return list(range(count)[chosen])
    entries = list(chosen)
    if len(entries) == count and all(isinstance(entry, bool | np.bool_) for entry in entries):
        return [int(index) for index in np.flatnonzero(entries)]
    return [names.index(entry) if isinstance(entry, str) else int(entry) % count for entry in entries]


@reads("FeatureUnion")
def _union(_: Estimator, x: str) -> Result:
    weights = _.setting("transformer_weights") or {}
    parts = []
    for name, fitted in _.setting("transformer_list"):
        if isinstance(fitted, str) and fitted == "drop":
            continue
        part = _transform(_, fitted, name, x)
        parts.append(_.with_constant("mul", part, weights[name], "weight") if name in weights else part)
    return Result("transformed", _.joined(parts))


@reads("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def _search(_: Estimator, x: str) -> Result:
    return read(_.child(_.setting("best_estimator_"), "best"), x)
