"""Histograms of bounded memory, and the ranges that the calibration methods make of them."""

from __future__ import annotations

import numpy as np
import pytest

import smelt
from smelt.errors import QuantizationError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.histogram import BINS, Histogram
from smelt.quantize.noise import decibels, noise_ratio, scored_tensors, wanted_numbers
from smelt.quantize.observers import TensorStatistics
from smelt.quantize.parameters import activation_quantization


def seen(*arrays: Array) -> TensorStatistics:
    statistics = TensorStatistics("t")
    for array in arrays:
        statistics.update(np.asarray(array, np.float32))
    return statistics


def histogram(*arrays: Array) -> Histogram:
    result = Histogram()
    for array in arrays:
        result.add(np.asarray(array, np.float32))
    return result


PIECES = [np.random.default_rng(7).normal(scale=scale, size=300) for scale in (1e-3, 1, 100)]


def test_the_order_of_pieces_does_not_count() -> None:
    whole = histogram(np.concatenate(PIECES))
    for pieces in (PIECES, PIECES[::-1], [PIECES[1], PIECES[2], PIECES[0]]):
        grown = histogram(*pieces)
        assert grown.exponent == whole.exponent
        assert (grown.counts == whole.counts).all()


@pytest.mark.parametrize("scale", [1e-44, 1e-38, 1e-12, 1.0, 1e12, 3e38])
def test_counts_lie_where_the_values_are(scale: float) -> None:
    values = np.float32(scale) * np.linspace(-1, 1, 51, dtype=np.float32)
    found = histogram(values)
    assert found.total == 51
    assert found.zeros == int((values == 0).sum())
    mean = float((found.counts * found.centres**2).sum())
    assert mean == pytest.approx(float((values.astype(np.float64) ** 2).sum()), rel=1e-3)


def test_a_range_that_grows_beyond_all_bins() -> None:
    found = histogram([1e-40, -1e-40], [1e38])
    assert found.counts.size == 2 * BINS
    assert found.total == 3


def squared_error(values: Array, low: float, high: float) -> float:
    """Of rounding to 16 levels and clipping to a range, value by value."""
    step = (high - low) / 15
    zero = np.round(-low / step)
    errors = (np.clip(np.round(values / step) + zero, 0, 15) - zero) * step - values
    return float((errors**2).mean())


HEAVY = np.random.default_rng(3).standard_t(3, size=20_000)
"""Heavy tails: with few levels clipping pays."""


@pytest.mark.parametrize("values", [HEAVY, np.maximum(HEAVY, 0), HEAVY - 1], ids=["both", "one", "shifted"])
def test_least_squares(values: Array) -> None:
    """Both methods for the squared error come within 5 % of the best pair of ends on a fine grid."""
    statistics = seen(values)
    low, high = min(values.min(), 0.0), values.max()
    shares = np.linspace(0.02, 1, 50)
    best = min(squared_error(values, low * a, high * b) for a in shares for b in shares)
    for name in ("mse", "octav"):
        assert squared_error(values, *CALIBRATORS[name](statistics, 16)) <= 1.05 * best
    assert squared_error(values, *CALIBRATORS["min-max"](statistics, 16)) > 1.3 * best


def test_percentile() -> None:
    values = np.linspace(-1, 2, 100_001)
    low, high = CALIBRATORS["percentile"](seen(values), 256)
    assert low == pytest.approx(np.percentile(values, 0.01), abs=2e-3)
    assert high == pytest.approx(np.percentile(values, 99.99), abs=2e-3)


def test_entropy_drops_a_lonely_outlier_and_keeps_what_is_even() -> None:
    bulk = np.random.default_rng(0).normal(size=50_000)
    low, high = CALIBRATORS["entropy"](seen(np.append(bulk, 100.0)), 256)
    assert -6 < low < -2
    assert 2 < high < 6
    even = np.random.default_rng(0).uniform(-1, 1, size=50_000)
    assert CALIBRATORS["entropy"](seen(even), 256)[1] == pytest.approx(1, abs=0.02)


def test_moving_average() -> None:
    low, high = CALIBRATORS["moving-average"](seen([-1, 2], [-2, 12]), 256)
    assert (low, high) == pytest.approx((-1.1, 3.0))


@pytest.mark.parametrize("name", CALIBRATORS)
@pytest.mark.parametrize(
    "values",
    [[0.0], [3.0], [-3.0], [1e-12, 3e-12], [0, 0, 5], [-1e30, 1e-30], [2.0**-149]],
    ids=str,
)
def test_odd_tensors(name: str, values: list[float]) -> None:
    """Constant, one-sided, tiny, huge: a range inside what was seen and zero, in plain finite numbers."""
    low, high = CALIBRATORS[name](seen(values, values), 256)
    assert min(*values, 0.0) * 1.001 <= low <= high + 1e-30
    assert high <= max(*values, 0.0) * 1.001
    assert np.isfinite([low, high]).all()
    quantization = activation_quantization(low, high)
    assert quantization.problem((1,), DType.S8) is None


def outlier_network() -> Graph:
    build, rng = GraphBuilder("outlier"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 64))
    w = [build.constant(n, rng.normal(size=(64, 64)).astype(np.float32) / 8) for n in ("w1", "w2")]
    hidden = build.add("fully_connected", [x, w[0]], {"activation": "relu"}, name="hidden")
    return build.build([build.add("softmax", [build.add("fully_connected", [hidden, w[1]], name="y")])])


def samples_with_a_spike(count: int, seed: int) -> list[dict[str, Array]]:
    """Of every fourth sample one value is a hundred times too large."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 1, 64)).astype(np.float32)
    x[::4, :, 7] *= 100
    return [{"x": sample} for sample in x]


def test_auto_takes_what_is_best_on_samples_not_seen() -> None:
    graph, told = outlier_network(), list[str]()
    clean = [{"x": np.random.default_rng(9).normal(size=(1, 64)).astype(np.float32)} for _ in range(20)]
    spiky = [*samples_with_a_spike(8, 1), *(clean * 4)]
    auto = smelt.quantize_graph(graph, "int8", spiky, calibrator="auto", improve=(), tell=told.append)
    plain = smelt.quantize_graph(graph, "int8", spiky, calibrator="min-max", improve=())
    assert told[0].startswith("calibration by ")
    assert not told[0].startswith("calibration by min-max")
    unseen = [{"x": np.random.default_rng(8).normal(size=(1, 64)).astype(np.float32)}]
    wanted = wanted_numbers(graph, unseen)
    assert scored_tensors(graph) == ("y",)
    assert noise_ratio(auto, unseen, wanted) < noise_ratio(plain, unseen, wanted) / 4


def test_refusals() -> None:
    with pytest.raises(UsageError, match="no calibration method is called 'best'; there are min-max"):
        smelt.quantize_graph(outlier_network(), "int8", [], calibrator="best")
    for calibrator in ("mse", "auto"):
        with pytest.raises(QuantizationError, match="empty"):
            smelt.quantize_graph(outlier_network(), "int8", [], calibrator=calibrator)
        with pytest.raises(QuantizationError, match="NaN"):
            smelt.quantize_graph(outlier_network(), "int8", [np.full((1, 64), np.nan)], calibrator=calibrator)


def test_decibels() -> None:
    assert decibels(0.001) == pytest.approx(30)
    assert decibels(0) == 200
