"""Scales and zero points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smelt.quantize.parameters import activation_quantization, quantize_array, weight_scales

FINITE = st.floats(-(2.0**99), 2.0**99, width=32)


@given(FINITE, FINITE)
def test_activation_range_is_covered_and_zero_is_exact(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    parameters = activation_quantization(low, high)
    assert -128 <= parameters.zero_point <= 127
    assert parameters.scale > 0
    assert np.isfinite(parameters.scale)
    if high - low > 1e-30:
        smallest = (-128 - parameters.zero_point) * parameters.scale
        largest = (127 - parameters.zero_point) * parameters.scale
        assert smallest <= min(low, 0) + parameters.scale * 0.51
        assert largest >= max(high, 0) - parameters.scale * 0.51


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [(0, 255, 1, -128), (-128, 127, 1, 0), (0, 0, 1, 0), (3, 51, 0.2, -128), (-51, -3, 0.2, 127)],
)
def test_known_ranges(low: float, high: float, scale: float, zero_point: int) -> None:
    parameters = activation_quantization(low, high)
    assert parameters.scale == pytest.approx(scale, rel=1e-6)
    assert parameters.zero_point == zero_point


def test_weight_scales() -> None:
    weights = np.array([[1.0, -2.54], [0.0, 0.0], [1e-12, 0.0]], np.float32)
    scales = weight_scales(weights, 0, np.array([0.0, 0.0, 1e-6]))
    assert scales[0] == pytest.approx(0.02, rel=1e-6)
    # nothing to represent and no bias: any scale does, 1 is harmless; a tiny channel takes what its bias needs
    assert scales[1] == 1.0
    assert scales[2] == pytest.approx(1e-6)


def test_rounding_is_half_away_from_zero_and_saturates() -> None:
    array = np.array([0.5, -0.5, 1.5, 2.4, 1e9, -1e9])
    assert quantize_array(array, 1.0, 0, -128, 127).tolist() == [1, -1, 2, 2, 127, -128]
    assert quantize_array(array, 1.0, 10, -128, 127).tolist() == [11, 9, 12, 12, 127, -128]
