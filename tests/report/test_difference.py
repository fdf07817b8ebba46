"""Differences between two models' tensors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_models import small_float, small_int8, small_samples

import smelt
from smelt.engines.reference import ReferenceEngine
from smelt.errors import UsageError
from smelt.ir import DType, Value
from smelt.operators.builder import GraphBuilder
from smelt.quantize.parameters import real
from smelt.report.difference import TensorDifference, compare_tensors


def test_figures() -> None:
    entry = TensorDifference("t", (2,))
    entry.update(np.array([3.0, 4.0]), np.array([3.0, 4.5]), identical=False)
    assert entry.max_difference == 0.5
    assert entry.relative == 0.125
    assert entry.signal_to_noise_db == pytest.approx(20.0)
    assert entry.cosine == pytest.approx((9 + 18) / (5 * np.sqrt(9 + 4.5**2)))
    assert not entry.identical


def test_figures_without_signal_or_noise() -> None:
    entry = TensorDifference("t", (2,))
    entry.update(np.zeros(2), np.zeros(2), identical=True)
    assert (entry.relative, entry.signal_to_noise_db, entry.cosine, entry.identical) == (
        0.0,
        None,
        None,
        True,
    )
    entry.update(np.zeros(2), np.ones(2), identical=False)
    assert (entry.relative, entry.signal_to_noise_db, entry.cosine, entry.identical) == (
        1.0,
        None,
        None,
        False,
    )
    empty = TensorDifference("t", (0,))
    empty.update(np.zeros(0), np.zeros(0), identical=True)
    assert empty.to_json()["max_difference"] == 0.0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_number_against_none_is_infinitely_far(wrong: float) -> None:
    for a, b in (([1.0, wrong], [1.0, 2.0]), ([1.0, 2.0], [1.0, wrong])):
        entry = TensorDifference("t", (2,))
        entry.update(np.array(a), np.array(b), identical=False)
        assert entry.max_difference == entry.relative == np.inf
        assert (entry.signal_to_noise_db, entry.cosine) == (None, None)
    same = TensorDifference("t", (2,))
    same.update(np.array([wrong, 4.0]), np.array([wrong, 4.5]), identical=False)
    assert (same.max_difference, same.relative) == (0.5, 0.125)


def test_real_numbers() -> None:
    q = smelt.Quantization((0.5, 2.0), (0, 0), 1)
    array = np.array([[1, 1], [2, 2]], np.int8)
    assert real(Value("w", DType.S8, (2, 2), q), array).tolist() == [[0.5, 2.0], [1.0, 4.0]]
    scalar = Value("s", DType.S8, (), smelt.Quantization.per_tensor(0.5, 3))
    assert real(scalar, np.array(5, np.int8)) == 1.0


def test_a_model_against_itself_and_its_int8_form() -> None:
    graph, int8 = small_float(), small_int8()
    samples = list(smelt.samples_for(graph, {"x": small_samples(3)}))
    same = compare_tensors((graph, graph), (ReferenceEngine(graph), ReferenceEngine(graph)), samples)
    assert same[-1].name == graph.outputs[0]
    assert all(entry.identical and entry.max_difference == 0 for entry in same)
    other = compare_tensors((graph, int8), (ReferenceEngine(graph), ReferenceEngine(int8)), samples)
    assert [entry.name for entry in other] == [entry.name for entry in same]
    assert not other[-1].identical
    assert all(entry.cosine is not None and entry.cosine > 0.99 for entry in other)


def test_models_that_cannot_be_compared() -> None:
    graph = small_float()
    build = GraphBuilder("other")
    x, y = build.input("x", DType.F32, (1, 2)), build.input("y", DType.F32, (1, 2))
    other = build.build([build.add("add", [x, y])])
    with pytest.raises(UsageError, match="different numbers"):
        compare_tensors((graph, other), (ReferenceEngine(graph), ReferenceEngine(other)), [])
    cut = replace(graph, outputs=(graph.nodes[-3].outputs[0],))
    samples = list(smelt.samples_for(graph, {"x": small_samples(1)}))
    with pytest.raises(UsageError, match="another shape"):
        compare_tensors((graph, cut), (ReferenceEngine(graph), ReferenceEngine(cut)), samples)
