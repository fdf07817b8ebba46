"""What a function that reads a fitted estimator is given, and the table of these functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UnsupportedError, UsageError
from smelt.ir import Array, Attribute
from smelt.operators.builder import GraphBuilder

Reals = NDArray[np.float64]
MOST_JOINED = 12
"""Inputs of a concatenation that has a C kernel."""


@dataclass(frozen=True)
class Result:
    """What an estimator computes, [rows, ...] each.

    `classes`: the index of the class, s32[rows], for a classifier, with `probabilities` [rows, classes] where it has
    them; else `value`: a prediction f32[rows] or [rows, outputs], a cluster s32[rows], or transformed features.
    """

    kind: str
    value: str
    probabilities: str | None = None


class Estimator:
    """A fitted estimator that is being read; `emit` appends nodes that are named after it.

    `scalers` are fitted ones that its input has yet to pass: only trees have them, who compare with other thresholds.
    """

    def __init__(
        self, builder: GraphBuilder, fitted: Any, path: Sequence[str] = (), scalers: Sequence[Any] = ()
    ) -> None:
        self.builder = builder
        self.scalers = tuple(scalers)
        self.fitted = fitted
        self.path = tuple(path)
        self.kind = type(fitted).__name__
        self.name = "/".join(path) or self.kind.lower()
        self.label = f"{self.kind} '{'/'.join(path)}'" if path else self.kind

    def child(self, fitted: Any, name: str, scalers: Sequence[Any] = ()) -> Estimator:
        """A part of it."""
        return Estimator(self.builder, fitted, (*self.path, name), scalers)

    def setting(self, name: str) -> Any:
        """A parameter or learned attribute; UnsupportedError where this release of scikit-learn has none such."""
        if not hasattr(self.fitted, name):
            raise self.unsupported(f"without the attribute '{name}'")
        return getattr(self.fitted, name)

    def reals(self, name: str) -> Reals:
        """What it learned, as finite float64 numbers."""
        return self.checked(self.setting(name), name)

    def checked(self, array: Any, name: str) -> Reals:
        """The numbers of a dense array; errors name `name`."""
        if hasattr(array, "toarray"):
            array = array.toarray()
        result = np.asarray(array, np.float64)
        if not np.isfinite(result).all():
            raise UsageError(
                f"{self.label}: '{name}' holds numbers that are not finite; it was not fitted well"
            )
        return result

    def shape(self, value: str) -> tuple[int, ...]:
        """The shape of a value of the graph."""
        return self.builder.values[value].shape

    def constant(self, stem: str, array: Any) -> str:
        """A constant of the graph; real numbers as float32."""
        array = np.asarray(array)
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
            if not np.isfinite(array).all():
                raise self.unsupported(f"'{stem}' beyond float32's range")
        return self.builder.constant(f"{self.name}/{stem}", np.ascontiguousarray(array).reshape(array.shape))

    def emit(
        self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """A node; returns its first output."""
        return self.builder.add(operator, inputs, attributes, name=self.name)

    def with_constant(self, operator: str, x: str, numbers: Any, stem: str = "number") -> str:
        """A function of x and of float32 numbers that broadcast to it."""
        return self.emit(operator, (x, self.constant(stem, np.asarray(numbers, np.float64))))

    def dense(self, x: str, weights: Reals, bias: Reals | None) -> str:
        """x [rows, n] times weights [outputs, n], plus bias."""
        inputs = [x, self.constant("weights", weights)]
        if bias is not None:
            inputs.append(self.constant("bias", bias))
        return self.emit("fully_connected", inputs)

    def column(self, x: str) -> str:
        """[rows, 1] as [rows]."""
        return self.emit("reshape", (x,), {"shape": self.shape(x)[:1]})

    def joined(self, parts: Sequence[str]) -> str:
        """Values [rows, any] side by side; a few at a time, as the C kernels join them."""
        while len(parts) > 1:
            groups = [parts[start : start + MOST_JOINED] for start in range(0, len(parts), MOST_JOINED)]
            parts = [self.emit("concatenation", g, {"axis": 1}) if len(g) > 1 else g[0] for g in groups]
        return parts[0]

    def index_of_largest(self, scores: str) -> str:
        """The first largest of each row."""
        return self.emit("arg_max", (scores,), {"axis": 1})

    def unsupported(self, what: str) -> UnsupportedError:
        """An error that names the estimator."""
        return UnsupportedError(f"{self.label}: {what} is not supported")


Reader = Callable[[Estimator, str], Result]
READERS: dict[str, Reader] = {}
"""What reads an estimator, by the name of its class."""


def reads(*kinds: str) -> Callable[[Reader], Reader]:
    """A decorator: the function that reads estimators of these classes."""

    def register(function: Reader) -> Reader:
        READERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def read(estimator: Estimator, x: str) -> Result:
    """What the estimator makes of x [rows, features].

    Raises UnsupportedError for what smelt has no reader for, subclasses of scikit-learn's own estimators included:
    they may predict otherwise.
    """
    kind = type(estimator.fitted)
    if not kind.__module__.startswith("sklearn.") or kind.__name__ not in READERS:
        raise UnsupportedError(
            f"{kind.__module__}.{kind.__qualname__} is not among the estimators that smelt reads from "
            f"scikit-learn: {', '.join(sorted(READERS))}"
        )
    expected = getattr(estimator.fitted, "n_features_in_", None)
    if expected is not None and expected != estimator.shape(x)[1]:
        raise UsageError(
            f"{estimator.label}: was fitted on {expected} features, is given {estimator.shape(x)[1]}"
        )
    return READERS[kind.__name__](estimator, x)


def integer_table(numbers: Array) -> Array:
    """Integers as s32 where they fit, else as s64."""
    fits = numbers.size == 0 or (numbers.min() >= -(2**31) and numbers.max() < 2**31)
    return numbers.astype(np.int32 if fits else np.int64)
