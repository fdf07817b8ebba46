"""The domain ai.onnx.ml: linear models, scalers, encoders, and what classifiers have in common.

Strings are not tensors of smelt: a label that is one is given out as its index, s64, with the names in
`metadata["classes"]`, JSON.  ZipMap only changes how Python sees probabilities; it is left out, with a note in
`metadata["zipmap:<output>"]`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.terms import Term, computed, of, result, term, value
from smelt.formats.channels_first.translation import Result, Results, Surroundings, kept
from smelt.formats.onnx.schema import Table
from smelt.ir import Array, DType
from smelt.operators.builder import GraphBuilder

ROWS = Table()
"""What reads these operators."""

Labels = NDArray[np.int64]


class Noting(Surroundings, Protocol):
    """Surroundings that keep metadata."""

    builder: GraphBuilder


def features(_: Surroundings, name: str) -> Term:
    """A matrix of numbers as float32 [rows, features]; a vector is one row."""
    tensor = _.tensor(name)
    if len(tensor.shape) not in (1, 2):
        raise UnsupportedError(
            f"{_.label}: '{name}' has {len(tensor.shape)} dimensions; 1 or 2 are supported"
        )
    data = of(_, tensor)
    if _.dtype(tensor) is not DType.F32:
        data = term("cast", data, to="f32")
    return emitted(_, data if len(tensor.shape) == 2 else term("reshape", data, shape=(1, tensor.shape[0])))


def emitted(_: Surroundings, root: Term) -> Term:
    """A term that is in the graph already, so that all that reads it shares it."""
    return value(computed(_, root))


def class_labels(_: Noting, numbers: Sequence[int] | None, names: Sequence[str] | None) -> Labels:
    """What is given out for each class: its number, or the index of its name, which goes to the metadata."""
    if names:
        _.builder.metadata["classes"] = json.dumps(list(names)).encode()
        return np.arange(len(names))
    if not numbers:
        raise FormatError(f"{_.label}: has no class labels")
    return np.array(numbers, np.int64)


def classified(
    _: Surroundings, scores: Term, labels: Labels, post_transform: str, *, all_positive: bool = False
) -> Results:
    """Label and scores from raw scores [rows, classes]; of two classes there may be the second's alone.

    Then the second is chosen above 0, or above a half where no weight is negative (`all_positive`).
    """
    scores = emitted(_, scores)
    columns = _.shape(computed(_, scores))[1]
    if columns == 1 and len(labels) == 2:
        index = term("cast", term("greater", scores, 0.5 if all_positive else 0.0), to="s32")
        index = term("reshape", index, shape=_.shape(computed(_, scores))[:1])
        both = _both(_, scores, post_transform, all_positive)
    elif columns == len(labels):
        index, both = term("arg_max", scores, axis=1), transformed(_, scores, post_transform)
    else:
        raise FormatError(f"{_.label}: has {columns} scores for {len(labels)} classes")
    if np.array_equal(labels, np.arange(len(labels))):
        label = term("cast", index, to="s64")
    else:
        label = term("gather", labels, index)
    return result(_, label), result(_, both)


def _both(_: Surroundings, score: Term, post_transform: str, all_positive: bool) -> Term:
    """The scores of both classes from the second's.

    Source: ONNX Runtime, which exporters rely on; ONNX says nothing, and its reference does it otherwise.
    """
    if post_transform not in ("NONE", "LOGISTIC"):
        raise UnsupportedError(
            f"{_.label}: {post_transform} of the scores of one of two classes is not supported"
        )
    if post_transform == "NONE" and all_positive:
        return term("concatenation", 1.0 - score, score, axis=1)
    pair = term("concatenation", -score, score, axis=1)
    return term("logistic", pair) if post_transform == "LOGISTIC" else pair


def transformed(_: Surroundings, scores: Term, post_transform: str) -> Term:
    """Scores after `post_transform`."""
    if post_transform == "NONE":
        return scores
    if post_transform == "LOGISTIC":
        return term("logistic", scores)
    if post_transform == "SOFTMAX":
        return term("softmax", scores)
    if post_transform == "SOFTMAX_ZERO":
        largest = term("reduce_max", scores, axes=(1,), keep_dims=True)
        some = term("cast", term("greater", term("abs", scores), 1e-7), to="f32")
        powers = term("exp", scores - largest) * some
        return powers / term("sum", powers, axes=(1,), keep_dims=True)
    if post_transform == "PROBIT":
        return _probit(scores)
    raise FormatError(f"{_.label}: there is no post_transform '{post_transform}'")


def _probit(p: Term) -> Term:
    """sqrt(2) * erfinv(2 p - 1), by the approximation of Winitzki that ONNX Runtime has."""
    centred = p * 2.0 - 1.0
    log = term("log", (1.0 - centred) * (1.0 + centred))
    middle = log * 0.5 + 2.0 / (math.pi * 0.147)
    inner = term("sqrt", term("sqrt", middle * middle - log * (1 / 0.147)) - middle)
    return term("sign", centred) * inner * math.sqrt(2)


def dense(_: Surroundings, x: Term, weights: NDArray[np.float32], bias: NDArray[np.float32] | None) -> Term:
    """x [rows, n] times weights [outputs, n], plus bias."""
    if weights.shape[1] != _.shape(computed(_, x))[1]:
        raise FormatError(f"{_.label}: has weights for {weights.shape[1]} features")
    operands = (x, weights) if bias is None else (x, weights, bias)
    return emitted(_, term("fully_connected", *operands))


def matrix(_: Surroundings, numbers: Sequence[float], rows: int) -> NDArray[np.float32]:
    """Numbers as so many rows."""
    if not 0 < rows <= len(numbers) or len(numbers) % rows:
        raise FormatError(f"{_.label}: {len(numbers)} numbers make no {rows} rows")
    return np.array(numbers, np.float32).reshape(rows, -1)


@ROWS.reads("ai.onnx.ml.LinearClassifier")
def _linear_classifier(
    _: Noting, x: str, *,
    classlabels_ints: Sequence[int] | None = None, classlabels_strings: Sequence[str] | None = None,
    coefficients: Sequence[float], intercepts: Sequence[float] | None = None, multi_class: int = 0,
    post_transform: str = "NONE",
) -> Results:  # fmt: skip
    labels = class_labels(_, classlabels_ints, classlabels_strings)
    rows = len(intercepts) if intercepts else max(len(coefficients) // _.tensor(x).shape[-1], 1)
    bias = np.array(intercepts, np.float32) if intercepts else None
    scores = dense(_, features(_, x), matrix(_, coefficients, rows), bias)
    if rows == 1 and len(labels) == 2:
        raise UnsupportedError(
            f"{_.label}: one row of coefficients for two classes is not supported; give both"
        )
    return classified(_, scores, labels, post_transform)


@ROWS.reads("ai.onnx.ml.LinearRegressor")
def _linear_regressor(
    _: Surroundings, x: str, *,
    coefficients: Sequence[float], intercepts: Sequence[float] | None = None, post_transform: str = "NONE",
    targets: int = 1,
) -> Result:  # fmt: skip
    if intercepts and len(intercepts) != targets:
        raise FormatError(f"{_.label}: has {len(intercepts)} intercepts for {targets} targets")
    bias = np.array(intercepts, np.float32) if intercepts else None
    scores = dense(_, features(_, x), matrix(_, coefficients, targets), bias)
    return result(_, transformed(_, scores, post_transform))


@ROWS.reads("ai.onnx.ml.Scaler")
def _scaler(
    _: Surroundings, x: str, *, offset: Sequence[float] | None = None, scale: Sequence[float] | None = None
) -> Result:
    data = features(_, x)
    width = _.shape(computed(_, data))[1]
    for numbers in (offset, scale):
        if numbers is not None and len(numbers) not in (1, width):
            raise FormatError(f"{_.label}: has {len(numbers)} numbers for {width} features")
    if offset is not None:
        data = data - np.array(offset, np.float32)
    if scale is not None:
        data = data * np.array(scale, np.float32)
    return result(_, data)


@ROWS.reads("ai.onnx.ml.Normalizer")
def _normalizer(_: Surroundings, x: str, *, norm: str = "MAX") -> Result:
    """Each row divided by its norm; a row of zeros stays."""
    data = features(_, x)
    if norm == "MAX":
        size = term("reduce_max", data, axes=(1,), keep_dims=True)
    elif norm == "L1":
        size = term("sum", term("abs", data), axes=(1,), keep_dims=True)
    elif norm == "L2":
        size = term("sqrt", term("sum", term("square", data), axes=(1,), keep_dims=True))
    else:
        raise FormatError(f"{_.label}: there is no norm '{norm}'")
    return result(_, data / term("select", term("equal", size, 0.0), np.ones((), np.float32), size))


@ROWS.reads("ai.onnx.ml.Imputer")
def _imputer(
    _: Surroundings, x: str, *,
    imputed_value_floats: Sequence[float] | None = None, imputed_value_int64s: Sequence[int] | None = None,
    replaced_value_float: float = 0.0, replaced_value_int64: int = 0,
) -> Result:  # fmt: skip
    tensor = _.tensor(x)
    real = _.dtype(tensor) is DType.F32
    given = imputed_value_floats if real else imputed_value_int64s
    if given is None or len(given) not in (1, tensor.shape[-1]):
        raise FormatError(f"{_.label}: has no imputed values that fit {list(tensor.shape)}")
    data = of(_, tensor)
    numbers: Array = np.array(given, _.dtype(tensor).numpy)
    if real and math.isnan(replaced_value_float):
        missing = term("not_equal", data, data)
    else:
        missing = term("equal", data, replaced_value_float if real else replaced_value_int64)
    return result(_, term("select", missing, numbers, data))


@ROWS.reads("ai.onnx.ml.Binarizer")
def _binarizer(_: Surroundings, x: str, *, threshold: float = 0.0) -> Result:
    tensor = _.tensor(x)
    if _.dtype(tensor) is not DType.F32:
        raise UnsupportedError(f"{_.label}: only float32 is supported")
    return result(_, term("cast", term("greater", of(_, tensor), threshold), to="f32"))


@ROWS.reads("ai.onnx.ml.OneHotEncoder")
def _one_hot(
    _: Surroundings, x: str, *,
    cats_int64s: Sequence[int] | None = None, cats_strings: Sequence[str] | None = None, zeros: int = 1,
) -> Result:  # fmt: skip
    """A new last dimension, 1 where the category is; an unknown one has zeros, whatever `zeros` says."""
    tensor = _.tensor(x)
    if cats_strings or not cats_int64s:
        raise UnsupportedError(f"{_.label}: only categories that are integers are supported")
    column = term("reshape", of(_, tensor), shape=(*tensor.shape, 1))
    kinds: Array = np.array(cats_int64s, _.dtype(tensor).numpy)
    return result(_, term("cast", term("equal", column, kinds), to="f32"))


@ROWS.reads("ai.onnx.ml.ArrayFeatureExtractor")
def _array_feature_extractor(_: Surroundings, x: str, y: str) -> Result:
    """Columns; of a vector, elements as one row."""
    tensor, indices = _.tensor(x), _.tensor(y)
    chosen = term("reshape", of(_, indices), shape=(math.prod(indices.shape),))
    picked = term("gather", of(_, tensor), chosen, axis=len(tensor.shape) - 1)
    if len(tensor.shape) == 1:
        picked = term("reshape", picked, shape=(1, math.prod(indices.shape)))
    return result(_, picked)


@ROWS.reads("ai.onnx.ml.FeatureVectorizer")
def _feature_vectorizer(_: Surroundings, *parts: str, inputdimensions: Sequence[int] | None = None) -> Result:
    """Inputs side by side, as float32."""
    rows = [features(_, part) for part in parts]
    widths = [_.shape(computed(_, row))[1] for row in rows]
    if inputdimensions is not None and list(inputdimensions) != widths:
        raise UnsupportedError(f"{_.label}: takes {list(inputdimensions)} of {widths} features")
    return result(_, term("concatenation", *rows, axis=1))


@ROWS.reads("ai.onnx.ml.LabelEncoder")
def _label_encoder(
    _: Surroundings, x: str, *,
    default_float: float = -0.0, default_int64: int = -1, default_string: str = "_Unused",
    default_tensor: Array | None = None,
    keys_floats: Sequence[float] | None = None, keys_int64s: Sequence[int] | None = None,
    keys_strings: Sequence[str] | None = None, keys_tensor: Array | None = None,
    values_floats: Sequence[float] | None = None, values_int64s: Sequence[int] | None = None,
    values_strings: Sequence[str] | None = None, values_tensor: Array | None = None,
) -> Result:  # fmt: skip
    """Each key's value; the default where there is no such key."""
    if keys_strings or values_strings:
        raise UnsupportedError(f"{_.label}: only keys and values that are numbers are supported")
    keys = _numbers(keys_floats, keys_int64s, keys_tensor)
    values = _numbers(values_floats, values_int64s, values_tensor)
    tensor = _.tensor(x)
    if keys is None or values is None or keys.size != values.size or not keys.size:
        raise FormatError(f"{_.label}: its keys and values do not go together")
    if keys.dtype != _.dtype(tensor).numpy:
        raise FormatError(f"{_.label}: its keys are {keys.dtype}, '{x}' is {_.dtype(tensor).value}")
    default = (
        default_tensor
        if default_tensor is not None
        else (default_float, default_int64)[values.dtype.kind == "i"]
    )
    found = term("equal", term("reshape", of(_, tensor), shape=(*tensor.shape, 1)), keys)
    if keys.dtype.kind == "f" and np.isnan(keys).any():
        raise UnsupportedError(f"{_.label}: a key that is NaN is not supported")
    last = len(tensor.shape)
    place = term("arg_max", term("cast", found, to="s32"), axis=last)
    known = term("reduce_any", found, axes=(last,))
    other: Array = np.asarray(default, values.dtype).reshape(())
    return result(_, term("select", known, term("gather", values, place), other))


def _numbers(
    floats: Sequence[float] | None, integers: Sequence[int] | None, tensor: Array | None
) -> NDArray[np.float32] | NDArray[np.int64] | None:
    if tensor is not None:
        return tensor.reshape(-1) if tensor.dtype.kind in "if" else None  # type: ignore[return-value]
    if floats is not None:
        return np.array(floats, np.float32)
    return None if integers is None else np.array(integers, np.int64)


@ROWS.reads("ai.onnx.ml.ZipMap")
def _zip_map(
    _: Noting, x: str, *,
    classlabels_int64s: Sequence[int] | None = None, classlabels_strings: Sequence[str] | None = None,
) -> Tensor:  # fmt: skip
    labels = list(classlabels_strings or classlabels_int64s or ())
    note = f"the file has a map from {json.dumps(labels)} to these numbers"
    _.builder.metadata[f"zipmap:{_.outputs[0]}"] = note.encode()
    return kept(_, result(_, value(computed(_, of(_, _.tensor(x))))))
