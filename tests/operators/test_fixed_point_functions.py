"""Fixed-point exp, reciprocal, logistic and tanh against double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

from smelt.operators import fixed_point_functions as functions

ONE = 2.0**31


def test_constants_are_the_exponentials_they_stand_for() -> None:
    for exponent, constant in zip(range(-2, 5), functions._EXP_OF_POWERS, strict=True):
        assert constant == round(math.exp(-(2.0**exponent)) * ONE)


@pytest.mark.parametrize("integer_bits", [4, 5])
def test_exp(integer_bits: int) -> None:
    # Multiples of 1/8, and points between them, over the whole range.
    x = -np.linspace(0, 2.0**integer_bits - 2**-20, 4097)
    raw = np.round(x * 2.0 ** (31 - integer_bits)).astype(np.int64)
    y = functions.exp_on_negative_values(raw, integer_bits) / ONE
    exact = np.exp(raw / 2.0 ** (31 - integer_bits))
    np.testing.assert_allclose(y, exact, rtol=1e-6, atol=1e-6)
    assert functions.exp_on_negative_values(0, integer_bits) == functions.ONE_Q0


def test_reciprocal() -> None:
    x = np.linspace(0, 2**31 - 1, 1001).astype(np.int64)
    np.testing.assert_allclose(functions.one_over_one_plus(x) / ONE, 1 / (1 + x / ONE), atol=1e-8)


def test_logistic_and_tanh() -> None:
    raw = np.linspace(-(2**31) + 1, 2**31 - 1, 2001).astype(np.int64)
    real = raw / 2.0**27
    np.testing.assert_allclose(functions.logistic_q4(raw) / ONE, 1 / (1 + np.exp(-real)), atol=1e-6)
    np.testing.assert_allclose(functions.tanh_q4(raw) / ONE, np.tanh(real), atol=1e-6)
    assert functions.logistic_q4(0) == 1 << 30
    assert functions.tanh_q4(0) == 0
