"""exp, reciprocal, logistic and tanh in 32-bit fixed point, bit for bit as gemmlowp computes them.

Numbers are int32 values held in int64; "Qm" has m integer bits, 31 - m fractional bits and a sign.
Source: gemmlowp, fixedpoint/fixedpoint.h, which TensorFlow Lite Micro's int8 softmax, logistic and tanh use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from smelt.operators.fixed_point import (
    Int64,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_mul,
)

ONE_Q0 = 2**31 - 1
"""The largest Q0 number, which stands for 1."""

# round(exp(-2**k) * 2**31) for k = -2 .. 4.
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)

_multiply = saturating_rounding_doubling_high_mul
_divide = rounding_divide_by_power_of_two


def _saturating_shift_left(x: Int64, exponent: int) -> Int64:
    """x * 2**exponent; beyond the threshold it becomes the largest or smallest int32."""
    threshold = (1 << (31 - exponent)) - 1
    result = np.where(x > threshold, 2**31 - 1, x << exponent)
    return np.where(x < -threshold, -(2**31), result)


def exp_on_negative_values(x: ArrayLike, integer_bits: int) -> Int64:
    """exp(x) in Q0 for x <= 0 in Q`integer_bits` (at most 5)."""
    value = np.asarray(x, np.int64)
    fraction_bits = 31 - integer_bits
    quarter = np.int64(1) << (fraction_bits - 2)
    # x = -quarter < r < 0 minus a sum of powers of two, each of which multiplies by a constant.
    rest = (value & (quarter - 1)) - quarter
    powers = rest - value
    result = _exp_above_minus_quarter(rest << integer_bits)
    for exponent, factor in zip(range(-2, integer_bits), _EXP_OF_POWERS, strict=False):
        bit = powers & (np.int64(1) << (fraction_bits + exponent))
        result = np.where(bit != 0, _multiply(result, factor), result)
    return np.where(value == 0, ONE_Q0, result)


def _exp_above_minus_quarter(x: Int64) -> Int64:
    """exp(x) in Q0 for -1/4 <= x < 0 in Q0: Taylor series of degree 4 around -1/8."""
    exp_of_centre, third = 1895147668, 715827883
    t = x + (1 << 28)
    t2 = _multiply(t, t)
    t3 = _multiply(t2, t)
    t4 = _multiply(t2, t2)
    tail = _divide(_multiply(_divide(t4, 2) + t3, third) + t2, 1)
    return exp_of_centre + _multiply(exp_of_centre, t + tail)


def _two_over_one_plus(x: ArrayLike) -> Int64:
    """2 / (1 + x) in Q2 for 0 <= x < 1 in Q0: three Newton-Raphson steps."""
    half_denominator = (np.asarray(x, np.int64) + 2**31) >> 1
    y = 1515870810 + _multiply(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - _multiply(half_denominator, y)
        y = y + _saturating_shift_left(_multiply(y, error), 2)
    return y


def one_over_one_plus(x: ArrayLike) -> Int64:
    """1 / (1 + x) in Q0 for 0 <= x < 1 in Q0."""
    return _saturating_shift_left(_two_over_one_plus(x), 1)


def logistic_q4(x: ArrayLike) -> Int64:
    """1 / (1 + exp(-x)) in Q0 for x in Q4."""
    value = np.asarray(x, np.int64)
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(value), 4))
    result = np.where(value > 0, positive, ONE_Q0 - positive)
    return np.where(value == 0, 1 << 30, result)


def tanh_q4(x: ArrayLike) -> Int64:
    """tanh(x) in Q0 for x in Q4."""
    value = np.asarray(x, np.int64)
    # Read as Q5, the same bits are 2 * x: tanh(x) = (1 - exp(-2x)) / (1 + exp(-2x)).
    quotient = _two_over_one_plus(exp_on_negative_values(-np.abs(value), 5)) - (1 << 29)
    positive = _saturating_shift_left(quotient, 2)
    return np.where(value == 0, 0, np.where(value < 0, -positive, positive))
