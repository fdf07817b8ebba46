"""What prepares features: scalers, projections, selections, imputation."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.formats.sklearn.estimators import Estimator, Reals, Result, reads
from smelt.ir import Attribute


def _transformed(value: str) -> Result:
    return Result("transformed", value)


def _clipped(_: Estimator, x: str, low: float, high: float) -> str:
    if not getattr(_.fitted, "clip", False):
        return x
    return _.with_constant("minimum", _.with_constant("maximum", x, low), high)


def columns(_: Estimator, x: str, indices: Any) -> str:
    """Some columns of x, in this order; x itself where they are all."""
    chosen = np.asarray(indices, np.int32)
    if np.array_equal(chosen, np.arange(_.shape(x)[1])):
        return x
    if not len(chosen):
        raise _.unsupported("a result without features")
    return _.emit("gather", (x, _.constant("columns", chosen)), {"axis": 1})


def _scaled(_: Estimator, x: str, center: Reals | None, scale: Reals | None) -> str:
    if center is not None and center.any():
        x = _.with_constant("sub", x, center, "center")
    if scale is not None and (scale != 1).any():
        x = _.with_constant("mul", x, 1 / scale, "scale")
    return x


@reads("StandardScaler")
def _standard(_: Estimator, x: str) -> Result:
    center = _.reals("mean_") if _.setting("with_mean") else None
    return _transformed(_scaled(_, x, center, _.reals("scale_") if _.setting("with_std") else None))


@reads("RobustScaler")
def _robust(_: Estimator, x: str) -> Result:
    center = _.reals("center_") if _.setting("with_centering") else None
    return _transformed(_scaled(_, x, center, _.reals("scale_") if _.setting("with_scaling") else None))


@reads("MaxAbsScaler")
def _max_abs(_: Estimator, x: str) -> Result:
    return _transformed(_clipped(_, _scaled(_, x, None, _.reals("scale_")), -1.0, 1.0))


@reads("MinMaxScaler")
def _min_max(_: Estimator, x: str) -> Result:
    """x * scale + min, as (x - center) * scale + low: no digits are lost where x is far from 0."""
    scale, low = _.reals("scale_"), float(_.setting("feature_range")[0])
    center = (low - _.reals("min_")) / scale
    moved = _scaled(_, x, center, 1 / scale)
    moved = _.with_constant("add", moved, low) if low else moved
    return _transformed(_clipped(_, moved, low, float(_.fitted.feature_range[1])))


@reads("Normalizer")
def _normalizer(_: Estimator, x: str) -> Result:
    kind = _.setting("norm")
    one_row: dict[str, Attribute] = {"axes": (1,), "keep_dims": True}
    if kind == "l2":
        norm = _.emit("sqrt", (_.emit("sum", (_.emit("square", (x,)),), one_row),))
    else:
        norm = _.emit("sum" if kind == "l1" else "reduce_max", (_.emit("abs", (x,)),), one_row)
    zero = _.emit("equal", (norm, _.constant("zero", np.float32(0))))
    return _transformed(_.emit("div", (x, _.emit("select", (zero, _.constant("one", np.float32(1)), norm)))))


@reads("Binarizer")
def _binarizer(_: Estimator, x: str) -> Result:
    above = _.with_constant("greater", x, float(_.setting("threshold")), "threshold")
    return _transformed(_.emit("cast", (above,), {"to": "f32"}))


@reads("PCA", "IncrementalPCA")
def _pca(_: Estimator, x: str) -> Result:
    weights, mean = _.reals("components_"), _.reals("mean_")
    if _.setting("whiten"):
        spread = np.sqrt(_.reals("explained_variance_"))
        weights = weights / np.maximum(spread, np.finfo(np.float64).eps)[:, None]
    return _transformed(_.dense(_scaled(_, x, mean, None), weights, None))


@reads("TruncatedSVD", "GaussianRandomProjection")
def _projection(_: Estimator, x: str) -> Result:
    return _transformed(_.dense(x, _.reals("components_"), None))


@reads("PolynomialFeatures")
def _polynomial(_: Estimator, x: str) -> Result:
    """Products of columns of (1, x): as many factors as the degree, gathered by factor."""
    powers = np.asarray(_.setting("powers_"))
    degree = max(int(powers.sum(axis=1).max()), 1)
    factors = np.zeros((len(powers), degree), np.int32)
    for row, power in zip(factors, powers, strict=True):
        used = np.repeat(np.arange(1, len(power) + 1), power)
        row[: len(used)] = used
    ones = _.constant("one", np.ones((_.shape(x)[0], 1), np.float32))
    with_one = _.emit("concatenation", (ones, x), {"axis": 1})
    result = columns(_, with_one, factors[:, 0])
    for factor in factors.T[1:]:
        result = _.emit("mul", (result, columns(_, with_one, factor)))
    return _transformed(result)


@reads("SimpleImputer")
def _imputer(_: Estimator, x: str) -> Result:
    if _.setting("add_indicator"):
        raise _.unsupported("add_indicator=True")
    statistics = np.asarray(_.setting("statistics_"), np.float64)
    known = np.isfinite(statistics)
    if getattr(_.fitted, "keep_empty_features", False):
        statistics, known = np.where(known, statistics, 0.0), np.ones(len(known), np.bool_)
    x = columns(_, x, np.flatnonzero(known))
    marker = _.setting("missing_values")
    if not isinstance(marker, int | float):
        raise _.unsupported(f"missing_values={marker!r}")
    nan = np.isnan(marker)
    missing = _.emit("not_equal", (x, x)) if nan else _.with_constant("equal", x, float(marker), "marker")
    return _transformed(_.emit("select", (missing, _.constant("statistics", statistics[known]), x)))


@reads(
    "GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFromModel", "SelectFwe", "SelectKBest",
    "SelectPercentile", "SequentialFeatureSelector", "VarianceThreshold",
)  # fmt: skip
def _selection(_: Estimator, x: str) -> Result:
    return _transformed(columns(_, x, _.setting("get_support")(indices=True)))


@reads("OneHotEncoder")
def _one_hot(_: Estimator, x: str) -> Result:
    """Each column once for each of its categories, and compared with it; an unknown one is all zeros."""
    if getattr(_.fitted, "_infrequent_enabled", False):
        raise _.unsupported("grouping infrequent categories")
    dropped = _.setting("drop_idx_")
    taken: list[int] = []
    numbers: list[float] = []
    for column, categories in enumerate(_.setting("categories_")):
        if np.asarray(categories).dtype.kind not in "iuf":
            raise _.unsupported("encoding categories that are no numbers")
        drop = None if dropped is None else dropped[column]
        kept = [c for i, c in enumerate(categories) if i != drop]
        taken += [column] * len(kept)
        numbers += [float(c) for c in kept]
    chosen = _.with_constant("equal", columns(_, x, taken), numbers, "categories")
    return _transformed(_.emit("cast", (chosen,), {"to": "f32"}))


@reads("FunctionTransformer")
def _function(_: Estimator, x: str) -> Result:
    if _.setting("func") is not None:
        raise _.unsupported("a function of one's own")
    return _transformed(x)
