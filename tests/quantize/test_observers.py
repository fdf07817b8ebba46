"""What calibration remembers of a tensor."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import SHAPE, small_float, small_samples

from smelt.errors import QuantizationError
from smelt.quantize import MinMaxObserver, calibrate, samples_for


def test_min_max() -> None:
    observer = MinMaxObserver("t")
    observer.update(np.array([1.0, -2.0]))
    observer.update(np.zeros(0))
    observer.update(np.array([[3.5]]))
    assert observer.range() == (-2.0, 3.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number_names_the_tensor(value: float) -> None:
    with pytest.raises(QuantizationError, match="'conv/out'"):
        MinMaxObserver("conv/out").update(np.array([0.0, value, 1.0]))


def test_never_seen() -> None:
    with pytest.raises(QuantizationError, match="not seen"):
        MinMaxObserver("t").range()


def test_calibrate_sees_inputs_and_every_result() -> None:
    graph = small_float()
    steps: list[tuple[int, int | None]] = []
    samples = list(samples_for(graph, {"x": small_samples(3)}))
    ranges = calibrate(graph, samples, progress=lambda stage, done, total: steps.append((done, total)))
    assert [done for done, _ in steps] == [1, 2, 3]
    assert set(ranges) == {*graph.inputs, *(name for node in graph.nodes for name in node.outputs)}
    stacked = small_samples(3)
    assert ranges[graph.inputs[0]] == (float(stacked.min()), float(stacked.max()))


def test_calibrate_refuses_nothing_and_nan() -> None:
    graph = small_float()
    with pytest.raises(QuantizationError, match="empty"):
        calibrate(graph, [])
    with pytest.raises(QuantizationError, match="NaN"):
        calibrate(graph, [{graph.inputs[0]: np.full(SHAPE, np.nan, np.float32)}])
