"""smelt_requantize.h against its meaning, fixed_point.py, and its two multiplications against each other."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from smelt.operators import find_operator
from smelt.operators.fixed_point import (
    Int64,
    multiply_by_quantized_multiplier,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_mul,
)

PRIMITIVES = find_operator("conv_2d").folder.parents[1] / "runtime" / "primitives"
WRAPPERS = """
#include "smelt_requantize.h"
int32_t high_mul_64(int32_t value, int32_t mantissa) { return smelt_high_mul_64(value, mantissa); }
int32_t high_mul_16x16(int32_t value, int32_t mantissa) { return smelt_high_mul_16x16(value, mantissa); }
int32_t shift_right(int32_t value, int32_t exponent) { return smelt_rounding_shift_right(value, exponent); }
int32_t requantize(int32_t value, int32_t mantissa, int32_t shift) {
    return smelt_requantize(value, mantissa, shift);
}
"""
EDGES = [0, 1, 2, 3, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFF8000, 2**30, 2**31 - 2, 2**31 - 1]
VALUES = [*EDGES, *(-edge for edge in EDGES), -(2**31)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The primitives as functions; undefined behaviour traps."""
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("requantize")
    (folder / "wrappers.c").write_text(WRAPPERS)
    flags = [
        "-std=c99",
        "-O1",
        "-fsanitize=undefined",
        "-fsanitize-undefined-trap-on-error",
        "-shared",
        "-fPIC",
    ]
    includes = [f"-I{PRIMITIVES}", f"-I{PRIMITIVES.parent / 'include'}"]
    command = [gcc, *flags, *includes, str(folder / "wrappers.c"), "-o", str(folder / "wrappers.so")]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "wrappers.so"))


def operands(seed: int) -> tuple[list[int], list[int]]:
    """Values of every magnitude and their edges, and mantissas."""
    rng = np.random.default_rng(seed)
    shifts = rng.integers(0, 31, 300)
    values = [*VALUES, *(rng.integers(-(2**31), 2**31, 300) >> shifts).tolist()]
    mantissas = [0, 2**30, 2**30 + 1, 2**31 - 1, *(int(m) for m in rng.integers(2**30, 2**31, 60))]
    return values, mantissas


@pytest.mark.parametrize("function", ["high_mul_64", "high_mul_16x16"])
def test_multiplication(library: ctypes.CDLL, function: str) -> None:
    values, mantissas = operands(1)
    for mantissa in mantissas:
        expected = saturating_rounding_doubling_high_mul(np.array(values), mantissa)
        assert [getattr(library, function)(v, mantissa) for v in values] == expected.tolist()


def test_shift(library: ctypes.CDLL) -> None:
    values = [v for v in operands(2)[0] if v > -(2**31)]
    ties = [n << k for k in range(30) for n in (-3, -1, 1, 3) if abs(n << k) < 2**31]
    for exponent in range(32):
        expected = rounding_divide_by_power_of_two(np.array(values + ties), exponent)
        assert [library.shift_right(v, exponent) for v in values + ties] == expected.tolist()


@pytest.mark.parametrize("shift", range(-31, 31))
def test_requantization(library: ctypes.CDLL, shift: int) -> None:
    values, mantissas = operands(3)
    for mantissa in mantissas[::8]:
        expected: Int64 = multiply_by_quantized_multiplier(np.array(values), mantissa, shift)
        assert [library.requantize(v, mantissa, shift) for v in values] == expected.tolist()
