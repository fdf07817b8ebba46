"""Spectra of int16 samples in fixed point, as TensorFlow Lite Micro has them of kissfft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType
from smelt.operators.audio.checking import TRAITS, kernel, require, require_types
from smelt.operators.operator import Argument, Call, Cost, Input, Operator, Output, TensorType

SHORTEST, LONGEST = 4, 2048

Pairs = NDArray[np.int64]
"""[..., count, 2]: real and imaginary parts."""


@dataclass(frozen=True)
class Rfft:
    """fft_length: how many samples are transformed, zeros behind those that there are; a power of two."""

    fft_length: int


def _infer(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16)
    size, shape = call.attributes.fft_length, call.input(0).shape
    usual = SHORTEST <= size <= LONGEST and size & (size - 1) == 0
    require(call, usual, f"fft_length must be a power of two from {SHORTEST} to {LONGEST}")
    require(call, len(shape) >= 1 and 0 < shape[-1] <= size, "more samples than fft_length")
    return (TensorType(DType.S16, (*shape[:-1], size + 2)),)


def _rounded(products: Pairs) -> Pairs:
    return products + (1 << 14) >> 15


def _wrapped(numbers: Pairs) -> Pairs:
    return numbers.astype(np.int16).astype(np.int64)


def _turned(numbers: Pairs, angles: NDArray[np.float64]) -> Pairs:
    """Clockwise by angles in turns."""
    cosine, sine = (np.floor(0.5 + 32767 * f(-2 * np.pi * angles)).astype(np.int64) for f in (np.cos, np.sin))
    real, imaginary = numbers[..., 0], numbers[..., 1]
    parts = (real * cosine - imaginary * sine, real * sine + imaginary * cosine)
    return _wrapped(_rounded(np.stack(parts, axis=-1)))


def _by_minus_i(numbers: Pairs) -> Pairs:
    return np.stack([numbers[..., 1], -numbers[..., 0]], axis=-1)


def _transform(numbers: Pairs) -> Pairs:
    """The spectrum divided by its length: of four or two parts, one number of each in turn, combined."""
    count = numbers.shape[-2]
    if count == 1:
        return numbers
    parts = 4 if count % 4 == 0 else 2
    angles = np.arange(count // parts) / count
    spectra = [_transform(numbers[..., k::parts, :]) for k in range(parts)]
    scaled = [_rounded(spectrum * (32767 // parts)) for spectrum in spectra]
    a, *others = (_turned(part, k * angles) if k else part for k, part in enumerate(scaled))
    if parts == 2:
        results = [a + others[0], a - others[0]]
    else:
        b, c, d = others
        turn = _by_minus_i(b - d)
        results = [a + c + b + d, a - c + turn, a + c - b - d, a - c - turn]
    return _wrapped(np.concatenate(results, axis=-2))


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Pairs of samples are transformed as complex numbers, then separated.  Source: kissfft, in 16 bits."""
    (data,) = arrays
    assert data is not None
    size = call.attributes.fft_length
    padding = [(0, 0)] * (data.ndim - 1) + [(0, size - data.shape[-1])]
    samples = np.pad(data.astype(np.int64), padding).reshape(*data.shape[:-1], size // 2, 2)
    found = _transform(samples)
    half = _rounded(found * 16383)
    first = half[..., :1, :]
    ends = [np.stack([first[..., 0] + sign * first[..., 1], 0 * first[..., 0]], axis=-1) for sign in (1, -1)]
    mirrored = _rounded(_wrapped(found[..., :0:-1, :] * (1, -1)) * 16383)
    sums, rests = _wrapped(half[..., 1:, :] + mirrored), _wrapped(half[..., 1:, :] - mirrored)
    turns = _turned(rests, np.arange(1, size // 2) / size + 0.25)
    quarter = size // 4
    high = ((sums - turns) * (1, -1))[..., quarter - 1 :: -1, :]
    low = (sums + turns)[..., : quarter - 1, :]
    middle = np.concatenate([low, high], axis=-2) >> 1
    result = _wrapped(np.concatenate([ends[0], middle, ends[1]], axis=-2))
    return (result.reshape(call.output.shape).astype(np.int16),)


def _call(call: Call) -> tuple[Argument, ...]:
    *rows, length = call.input(0).shape
    return Output(), Input(0), prod(rows), length, call.attributes.fft_length


def _cost(call: Call) -> Cost:
    size = call.attributes.fft_length
    return Cost(macs=prod(call.input(0).shape[:-1]) * size * size.bit_length())


SIGNAL_RFFT = Operator(
    name="signal_rfft",
    summary="the spectra of samples, pairs of real and imaginary part, divided by their number",
    attributes=Rfft,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=TRAITS,
    kernels=(kernel("signal_rfft_s16", "signal_rfft_s16.c", _call),),
)
