"""Accuracy, and whether two models differ by more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.engines import Engine
from smelt.errors import FormatError, UsageError
from smelt.ir import Array, DType, Value
from smelt.quantize import DataFile
from smelt.report.accuracy import compare_accuracy, in_common_numbers, mcnemar, measure_accuracy

X = Value("x", DType.F32, (1, 3))


class Echo(Engine):
    """A classifier whose scores are its input."""

    name = "echo"
    inputs = (X,)
    outputs = (Value("y", DType.F32, (1, 3)),)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {"y": inputs["x"]}

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return self.run(inputs)


def labelled(*labels: int, **arrays: Array) -> DataFile:
    """Samples that Echo decides as class 0, 1, 2, 0, 1, …, with these labels."""
    x = np.eye(3, dtype=np.float32)[np.arange(len(labels)) % 3]
    return DataFile(Path("d.npz"), {"x": x, "y": np.array(labels), **arrays})


def test_accuracy() -> None:
    result = measure_accuracy(Echo(), labelled(0, 1, 2, 2))
    assert (result.correct, result.samples, result.fraction) == (3, 4, 0.75)
    assert result.standard_error == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
    seen: list[int] = []
    later = measure_accuracy(Echo(), labelled(0, 1, 2, 2), first=2, after_sample=seen.append)
    assert (later.correct, later.samples, seen) == (1, 2, [1, 2])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (labelled(0, 1, x=np.float32(3)), r"no array x with the samples.*x float32\[\]"),
        (labelled(0, 1, y=np.array([0.0, 1.0])), "integer array of labels"),
        (labelled(0, 1, y=np.array([[0], [1]])), "integer array of labels"),
        (labelled(0, 1, y=np.array([1])), "2 samples but 1 labels"),
        (DataFile(Path("d.npz"), {"x": np.zeros((2, 3))}), "labels"),
        (DataFile(Path("d.npz"), {"y": np.array([0, 1])}), "no array x"),
    ],
)
def test_data_that_cannot_be_used(data: DataFile, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        measure_accuracy(Echo(), data)


def test_nothing_left() -> None:
    with pytest.raises(UsageError, match="none is left"):
        measure_accuracy(Echo(), labelled(0, 1), first=2)


def test_paired_comparison() -> None:
    a, b = measure_accuracy(Echo(), labelled(0, 1, 2, 0)), measure_accuracy(Echo(), labelled(0, 1, 2, 0))
    assert compare_accuracy(a, b).agreement == 1.0
    assert compare_accuracy(a, b).p_value == 1.0


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (1, 0), (3, 9), (12, 12), (0, 20), (40, 70), (480, 560)]
)
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    n = first + second
    expected = stats.binomtest(first, n, 0.5).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_on_many_samples() -> None:
    """2 to the number of samples is no float any more."""
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(2450, 5000, 0.5).pvalue
    assert mcnemar(2450, 2550) == pytest.approx(expected, rel=1e-6)


def test_samples_stored_for_an_int8_model_become_real_numbers_for_a_float_one() -> None:
    int8 = Value("x", DType.S8, (1, 3), smelt.Quantization.per_tensor(0.5, 3))
    data = labelled(0, x=np.array([[3, 5, 1]], np.int8))
    assert in_common_numbers(data, [int8]) is data
    assert in_common_numbers(data, [X]) is data
    assert in_common_numbers(data, [int8, X]).arrays["x"].tolist() == [[0.0, 1.0, -1.0]]
    pixels = labelled(0, x=np.array([[3, 5, 1]], np.uint8))
    assert in_common_numbers(pixels, [int8, X]) is pixels
