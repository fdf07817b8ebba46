"""Scalers before trees, moved into the thresholds: what is compared stays what it was, to the last bit.

A scaler that maps each feature by itself, and never a larger number to a smaller one, only moves thresholds.  Where to
is asked of the scaler: the largest float32 number that it maps to one that is not above the threshold.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALERS = ("MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler")
TREES = (
    "AdaBoostClassifier", "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
    "ExtraTreeRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor", "GradientBoostingClassifier",
    "GradientBoostingRegressor", "HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
    "RandomForestClassifier", "RandomForestRegressor",
)  # fmt: skip
"""Estimators that only compare features with thresholds."""

_LARGEST = 0x7F7FFFFF
"""The bits of the largest finite float32."""


def is_monotone(fitted: Any) -> bool:
    """Whether a step of a pipeline is such a scaler."""
    scale = getattr(fitted, "scale_", None)
    known = type(fitted).__module__.startswith("sklearn.") and type(fitted).__name__ in SCALERS
    return known and (scale is None or bool((np.asarray(scale) > 0).all()))


def thresholds_before(
    scalers: Sequence[Any], feature: NDArray[Any], threshold: NDArray[np.float32], features: int
) -> NDArray[np.float32]:
    """For each threshold of a feature the one with which the scalers' input is compared instead.

    By bisection over the float32 numbers in their order, all thresholds at once.
    """
    distinct, place = np.unique(np.stack([feature, threshold.view(np.int32)]), axis=1, return_inverse=True)
    columns, wanted = distinct[0].astype(np.int64), distinct[1].astype(np.int32).view(np.float32)
    low = np.full(len(columns), -_LARGEST - 1, np.int64)
    high = np.full(len(columns), _LARGEST, np.int64)
    while (low < high).any():
        middle = (low + high + 1) // 2
        inside = _scaled(scalers, columns, _number(middle), features) <= wanted
        low = np.where(inside, middle, low)
        high = np.where(inside, high, middle - 1)
    return np.asarray(_number(low)[place.reshape(-1)])


def _number(key: NDArray[np.int64]) -> NDArray[np.float32]:
    """The float32 number of a place in their order; 0 is zero, one below the smallest is minus infinity."""
    magnitude = np.abs(key).astype(np.int32).view(np.float32)
    return np.where(key < 0, -magnitude, magnitude).astype(np.float32)


def _scaled(
    scalers: Sequence[Any], columns: NDArray[np.int64], numbers: NDArray[np.float32], features: int
) -> NDArray[np.float32]:
    """What the scalers make of numbers in these columns, as trees see it."""
    rows: NDArray[Any] = np.zeros((len(columns), features), np.float32)
    rows[np.arange(len(columns)), columns] = numbers
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for scaler in scalers:
            rows = np.asarray(scaler.transform(rows))
        return np.asarray(rows[np.arange(len(columns)), columns].astype(np.float32))
