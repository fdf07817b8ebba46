"""Accuracy on labelled samples, and whether two models differ in more than chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.engines import Engine
from smelt.errors import FormatError, UsageError
from smelt.ir import Array, Value
from smelt.quantize.samples import DataFile, to_input


@dataclass(frozen=True)
class Accuracy:
    """Decisions (argmax of the only output) against labels."""

    correct: int
    samples: int
    decisions: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def fraction(self) -> float:
        """The fraction of samples decided as labelled."""
        return self.correct / self.samples

    @property
    def standard_error(self) -> float:
        """The standard error of the fraction."""
        return math.sqrt(self.fraction * (1 - self.fraction) / self.samples)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same samples.

    `only_first` and `only_second` count the samples that just one of them decides as labelled;
    `p_value` is McNemar's exact two-sided test of whether that difference is chance.
    """

    agreement: float
    only_first: int
    only_second: int
    p_value: float


def measure_accuracy(
    engine: Engine,
    data: DataFile,
    *,
    first: int = 0,
    channels_first: bool = False,
    after_sample: Callable[[int], None] | None = None,
) -> Accuracy:
    """The accuracy of a classifier on labelled samples, from index `first` on.

    The data file needs integer labels (array y) and one array of inputs, FormatError otherwise; with `channels_first`
    they may have their channels before their pixels.
    """
    labels = data.labels
    if labels is None or labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise FormatError(f"'{data.path}' has no one-dimensional integer array of labels called y")
    if len(engine.inputs) != 1 or len(engine.outputs) != 1:
        raise UsageError("accuracy needs a model with one input and one output")
    value = engine.inputs[0]
    images = _images(data, value)
    if len(images) != len(labels):
        raise FormatError(f"'{data.path}': {len(images)} samples but {len(labels)} labels")
    if first >= len(labels):
        raise UsageError(f"'{data.path}' has {len(labels)} samples; none is left from index {first} on")
    decisions = []
    for done, image in enumerate(images[first:], start=1):
        sample = to_input(value, image, f"'{data.path}'", channels_first)
        output = engine.run({value.name: sample})[engine.outputs[0].name]
        decisions.append(int(np.argmax(output.reshape(-1))))
        if after_sample:
            after_sample(done)
    chosen, wanted = np.array(decisions, np.int64), labels[first:].astype(np.int64)
    return Accuracy(int((chosen == wanted).sum()), len(wanted), chosen, wanted)


def in_common_numbers(data: DataFile, inputs: Sequence[Value]) -> DataFile:
    """The data as all these inputs understand it.

    Samples stored as the quantized values of one model's input become real numbers when another
    model's input has another type or other parameters; everything else is left as it is.
    """
    for value in inputs:
        name = next((n for n in (value.name, "x") if n in data.arrays), None)
        parameters = value.quantization
        if name is None or parameters is None or data.arrays[name].dtype != value.dtype.numpy:
            continue
        if any((other.dtype, other.quantization) != (value.dtype, parameters) for other in inputs):
            integers = data.arrays[name].astype(np.float32)
            numbers = (integers - np.float32(parameters.zero_point)) * np.float32(parameters.scale)
            return replace(data, arrays={**data.arrays, name: numbers})
    return data


def _images(data: DataFile, value: Value) -> Array:
    for name in (value.name, "x"):
        if name in data.arrays and data.arrays[name].ndim:
            return data.arrays[name]
    has = ", ".join(f"{n} {a.dtype}{list(a.shape)}" for n, a in data.arrays.items())
    raise FormatError(f"'{data.path}' has no array x with the samples; it has: {has}")


def compare_accuracy(a: Accuracy, b: Accuracy) -> Comparison:
    """Compare two models on the same samples, paired."""
    right_a, right_b = a.decisions == a.labels, b.decisions == b.labels
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return Comparison(
        agreement=float((a.decisions == b.decisions).mean()),
        only_first=only_a,
        only_second=only_b,
        p_value=mcnemar(only_a, only_b),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact two-sided p-value: a fair coin tossed once for each sample that one model alone gets right."""
    n, k = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, i) for i in range(k + 1))
    # integers, since 2^n is no float for n over 1023
    return min(1.0, (2 * tail) / (1 << n))


def accuracy_json(accuracy: Accuracy) -> Mapping[str, Any]:
    """Plain data."""
    return {
        "correct": accuracy.correct,
        "samples": accuracy.samples,
        "accuracy": accuracy.fraction,
        "standard_error": accuracy.standard_error,
    }
