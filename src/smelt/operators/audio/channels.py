"""From the energy of frequencies to the logarithms of channels without noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType
from smelt.operators.audio.checking import TRAITS, kernel, require, require_range, require_types
from smelt.operators.operator import (
    Argument,
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    TensorType,
)

LARGEST_SHIFT = 31
GAINS = 125
"""Of a table of PCAN: three for 0, 1 and 2, then four for each power of two up to 2^31, without the last."""

LOGARITHMS = np.array([round(65536 * (np.log2(1 + k / 128) - k / 128)) for k in range(129)], np.uint16)
"""The binary logarithm of 1 + k / 128, less k / 128, in units of 2^-16."""


@dataclass(frozen=True)
class FilterBank:
    """num_channels: how many there are."""

    num_channels: int


def _infer_bank(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.U32, *[DType.S16] * 5)
    count = call.attributes.num_channels
    shapes = [call.input(k).shape for k in range(6)]
    require(call, all(len(shape) == 1 for shape in shapes), "takes vectors")
    require(call, count > 0 and shapes[3:] == [(count + 1,)] * 3, "needs num_channels + 1 starts and widths")
    require(call, shapes[1] == shapes[2], "needs as many weights as unweights")
    tables = [call.constant(k) for k in (3, 4, 5)]
    for starts, size in ((tables[0], shapes[0][0]), (tables[1], shapes[1][0])):
        if starts is not None and tables[2] is not None:
            first, width = starts.astype(np.int64), tables[2].astype(np.int64)
            fits = (first >= 0) & (width >= 0) & (first + width <= size)
            require(call, bool(fits.all()), "a channel reaches beyond the frequencies or weights")
    return (TensorType(DType.U64, (count,)),)


def _evaluate_bank(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """A frequency counts with its weight for one channel and with its unweight for the next.

    Source: FilterbankAccumulateChannels in TensorFlow Lite Micro.
    """
    data, weights, unweights, starts, firsts, widths = (np.asarray(array) for array in arrays)
    wide = data.astype(np.uint64)
    sums = []
    for start, first, width in zip(starts.tolist(), firsts.tolist(), widths.tolist(), strict=True):
        part = wide[start : start + width]
        two = (
            table[first : first + width].astype(np.int64).astype(np.uint64) for table in (weights, unweights)
        )
        sums.append([(part * factors).sum(dtype=np.uint64) for factors in two])
    return (np.array([before[1] + here[0] for before, here in pairwise(sums)], np.uint64),)


def _call_bank(call: Call) -> tuple[Argument, ...]:
    return Output(), *(Input(k) for k in range(6)), call.attributes.num_channels


def _accepts_bank(call: Call) -> bool:
    return all(call.constant(k) is not None for k in (3, 4, 5))


def _infer_root(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.U64, DType.S32)
    require(call, len(call.input(0).shape) == 1, "takes a vector")
    require(call, int(np.prod(call.input(1).shape)) == 1, "takes one number of bits")
    return (TensorType(DType.U32, call.input(0).shape),)


def rounded_root(number: int) -> int:
    """The nearest whole number to the square root, of no more than half the bits of the number (32 or 64)."""
    root = isqrt(number)
    largest = 0xFFFF if number < 1 << 32 else 0xFFFFFFFF
    return root + (number - root * root > root and root != largest)


def _evaluate_root(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Shifts by more bits than there are give 0.  Source: FilterbankSqrt and Sqrt64 in TensorFlow Lite Micro."""
    data, bits = arrays
    assert data is not None
    assert bits is not None
    shift = int(bits.reshape(-1)[0])
    roots = [rounded_root(int(number)) for number in data]
    shifted = [root >> shift if 0 <= shift <= LARGEST_SHIFT else 0 for root in roots]
    return (np.array(shifted, np.uint32),)


def _call_root(call: Call) -> tuple[Argument, ...]:
    return Output(), Input(0), Input(1), call.input(0).shape[0]


@dataclass(frozen=True)
class SpectralSubtraction:
    """Smoothing of even and of odd channels, what is left at least, and whether the noise is at most the signal.

    Factors are in units of 2^-spectral_subtraction_bits, the noise in 2^-smoothing_bits.
    """

    alternate_one_minus_smoothing: int
    alternate_smoothing: int
    clamping: bool
    min_signal_remaining: int
    num_channels: int
    one_minus_smoothing: int
    smoothing: int
    smoothing_bits: int
    spectral_subtraction_bits: int


def _infer_subtraction(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.U32)
    a = call.attributes
    require(call, call.input(0).shape == (a.num_channels,), "takes a vector of num_channels")
    for name in ("smoothing_bits", "spectral_subtraction_bits"):
        require_range(call, name, 0, LARGEST_SHIFT)
    return (TensorType(DType.U32, call.input(0).shape),) * 2


def _evaluate_subtraction(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """The estimate of the noise begins at zero.

    Source: FilterbankSpectralSubtraction in TensorFlow Lite Micro.
    """
    (data,) = arrays
    assert data is not None
    a = call.attributes
    odd = np.arange(len(data)) % 2 == 1
    smoothing = np.where(odd, a.alternate_smoothing, a.smoothing).astype(np.uint32).astype(np.uint64)
    scaled = (data.astype(np.uint64) << np.uint64(a.smoothing_bits)) & np.uint64(0xFFFFFFFF)
    bits = np.uint64(a.spectral_subtraction_bits)
    noise = scaled * smoothing >> bits & np.uint64(0xFFFFFFFF)
    limited = np.minimum(noise, scaled)
    rest = scaled - limited >> np.uint64(a.smoothing_bits)
    floor = data.astype(np.uint64) * np.uint64(a.min_signal_remaining & 0xFFFFFFFF) >> bits
    signal = np.maximum(rest, floor & np.uint64(0xFFFFFFFF))
    return signal.astype(np.uint32), (limited if a.clamping else noise).astype(np.uint32)


def _lower_subtraction(call: Call) -> Lowering:
    a = call.attributes
    fields = {
        "smoothing": (a.smoothing, a.alternate_smoothing),
        "one_minus_smoothing": (a.one_minus_smoothing, a.alternate_one_minus_smoothing),
    }
    numbers: dict[str, int] = {
        f"{name}[{k}]": value & 0xFFFFFFFF for name, pair in fields.items() for k, value in enumerate(pair)
    }
    numbers |= {
        "min_signal_remaining": a.min_signal_remaining & 0xFFFFFFFF,
        "smoothing_bits": a.smoothing_bits,
        "bits": a.spectral_subtraction_bits,
        "channels": a.num_channels,
        "clamping": int(a.clamping),
        "fresh": 1,
    }
    parameters = Parameters("struct smelt_signal_subtraction", numbers)
    return Lowering(
        "smelt_signal_filter_bank_spectral_subtraction_u32",
        (Output(0), Output(1), Input(0), parameters, Scratch()),
    )


@dataclass(frozen=True)
class Pcan:
    """snr_shift: how many bits of the product of signal and gain are dropped."""

    snr_shift: int


def _infer_pcan(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.U32, DType.U32, DType.S16)
    require_range(call, "snr_shift", 0, 63)
    shape = call.input(0).shape
    require(call, len(shape) == 1 and call.input(1).shape == shape, "needs the noise of each channel")
    table = call.input(2).shape
    require(call, len(table) == 1 and table[0] >= GAINS, f"needs a table of {GAINS} gains")
    return (TensorType(DType.U32, shape),)


def _gain(noise: int, table: list[int]) -> int:
    """Of a table of parabolas, one for each power of two."""
    if noise <= 2:
        return table[noise]
    interval = noise.bit_length()
    base, slope, bend = table[4 * interval - 6 : 4 * interval - 3]
    fraction = (noise << 11 >> interval) & 0x3FF
    value = ((bend * fraction >> 5) + (slope << 5)) * fraction
    rounded = _signed(value + (1 << 14)) >> 15
    return (rounded + base + 0x8000 & 0xFFFF) - 0x8000


def _signed(number: int) -> int:
    return (number + 2**31 & 0xFFFFFFFF) - 2**31


def _evaluate_pcan(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Source: ApplyPcanAutoGainControlFixed in TensorFlow Lite Micro: 12 bits of fraction before, 6 behind."""
    data, noise, table = (np.asarray(array) for array in arrays)
    gains = [_gain(number, table.tolist()) & 0xFFFFFFFF for number in noise.tolist()]
    found = []
    for number, gain in zip(data.tolist(), gains, strict=True):
        ratio = number * gain >> call.attributes.snr_shift & 0xFFFFFFFF
        found.append(ratio * ratio >> 20 if ratio < 1 << 13 else (ratio >> 6) - 64)
    return (np.array(found, np.uint32),)


def _call_pcan(call: Call) -> tuple[Argument, ...]:
    return Output(), Input(0), Input(1), Input(2), call.input(0).shape[0], call.attributes.snr_shift


@dataclass(frozen=True)
class Log:
    """input_correction_bits: what inputs are shifted by; output_scale: the unit of the output is 1 / output_scale."""

    input_correction_bits: int
    output_scale: int


def _infer_log(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.U32)
    require(call, len(call.input(0).shape) == 1, "takes a vector")
    require_range(call, "input_correction_bits", 0, LARGEST_SHIFT)
    return (TensorType(DType.S16, call.input(0).shape),)


def _log(number: int, scale: int) -> int:
    """Source: Log32 in TensorFlow Lite Micro."""
    exponent = number.bit_length() - 1
    fraction = (number << 16 >> exponent) - 65536
    low, high = (int(LOGARITHMS[(fraction >> 9) + k]) for k in (0, 1))
    binary = (exponent << 16) + fraction + low + ((high - low) * (fraction & 511) >> 16)
    natural = 45426 * binary + 32768 >> 16
    return min(scale * natural + 32768 >> 16 & 0xFFFF, 2**15 - 1)


def _evaluate_log(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (data,) = arrays
    assert data is not None
    a = call.attributes
    numbers: list[int] = [int(number) << a.input_correction_bits & 0xFFFFFFFF for number in data]
    found: NDArray[np.int16] = np.array(
        [_log(number, a.output_scale) if number > 1 else 0 for number in numbers], np.int16
    )
    return (found,)


def _call_log(call: Call) -> tuple[Argument, ...]:
    a = call.attributes
    return Output(), Input(0), call.input(0).shape[0], a.input_correction_bits, a.output_scale


SIGNAL_FILTER_BANK = Operator(
    name="signal_filter_bank",
    summary="channels as sums of frequencies with weights",
    attributes=FilterBank,
    infer=_infer_bank,
    evaluate=_evaluate_bank,
    cost=lambda call: Cost(macs=2 * call.input(1).shape[0]),
    traits=TRAITS,
    kernels=(
        Kernel(
            "smelt_signal_filter_bank_u32",
            ("signal_filter_bank_u32.c",),
            "signal_operators.h",
            lambda call, target: _accepts_bank(call),
            lambda call, target: Lowering("smelt_signal_filter_bank_u32", _call_bank(call)),
        ),
    ),
)
SIGNAL_FILTER_BANK_SQUARE_ROOT = Operator(
    name="signal_filter_bank_square_root",
    summary="rounded square roots, shifted",
    infer=_infer_root,
    evaluate=_evaluate_root,
    traits=TRAITS,
    kernels=(
        kernel("signal_filter_bank_square_root_u64", "signal_filter_bank_square_root_u64.c", _call_root),
    ),
)
SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION = Operator(
    name="signal_filter_bank_spectral_subtraction",
    summary="channels without their smoothed noise, which begins at zero, and that noise",
    attributes=SpectralSubtraction,
    infer=_infer_subtraction,
    evaluate=_evaluate_subtraction,
    traits=TRAITS,
    kernels=(
        Kernel(
            "smelt_signal_filter_bank_spectral_subtraction_u32",
            ("signal_filter_bank_spectral_subtraction_u32.c",),
            "signal_operators.h",
            lambda call, target: True,
            lambda call, target: _lower_subtraction(call),
            scratch_bytes=lambda call, target: 4 * call.input(0).shape[0],
        ),
    ),
)
SIGNAL_PCAN = Operator(
    name="signal_pcan",
    summary="channels with a gain by their noise, then compressed",
    attributes=Pcan,
    infer=_infer_pcan,
    evaluate=_evaluate_pcan,
    traits=TRAITS,
    kernels=(kernel("signal_pcan_u32", "signal_pcan_u32.c", _call_pcan),),
)
SIGNAL_FILTER_BANK_LOG = Operator(
    name="signal_filter_bank_log",
    summary="scaled natural logarithms",
    attributes=Log,
    infer=_infer_log,
    evaluate=_evaluate_log,
    traits=TRAITS,
    kernels=(kernel("signal_filter_bank_log_u32", "signal_filter_bank_log_u32.c", _call_log),),
)
