"""Windows of samples, their loudness, and the energy of their spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.audio.checking import TRAITS, kernel, require, require_range, require_types
from smelt.operators.operator import Argument, Call, Cost, Input, Operator, Output, TensorType


@dataclass(frozen=True)
class Window:
    """shift: how many bits of the products are dropped."""

    shift: int = 0


def _infer_window(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16, DType.S16)
    require_range(call, "shift", 0, 31)
    data, weights = call.input(0), call.input(1)
    require(
        call,
        len(weights.shape) == 1 and len(data.shape) >= 1 and data.shape[-1] == weights.shape[0] > 0,
        "needs a weight for each sample of a window",
    )
    return (TensorType(DType.S16, data.shape),)


def _evaluate_window(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Source: ApplyWindow in TensorFlow Lite Micro."""
    data, weights = arrays
    assert data is not None
    assert weights is not None
    products = data.astype(np.int32) * weights.astype(np.int32) >> call.attributes.shift
    return (np.clip(products, -(2**15), 2**15 - 1).astype(np.int16),)


def _call_window(call: Call) -> tuple[Argument, ...]:
    *rows, size = call.input(0).shape
    return Output(), Input(0), Input(1), prod(rows), size, call.attributes.shift


def _infer_scale(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16)
    require(call, len(call.input(0).shape) == 1, "takes a vector")
    return TensorType(DType.S16, call.input(0).shape), TensorType(DType.S32, ())


def _evaluate_scale(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """A sample of -32768 is as loud as can be, and silence is not scaled.

    Source: FftAutoScale in TensorFlow Lite Micro, where -32768 overflows.
    """
    (data,) = arrays
    assert data is not None
    largest = int(np.abs(data.astype(np.int32)).max(initial=0))
    bits = max(0, 15 - largest.bit_length()) if largest else 0
    return (data.astype(np.int32) << bits).astype(np.int16), np.array(bits, np.int32)


def _call_scale(call: Call) -> tuple[Argument, ...]:
    return Output(0), Output(1), Input(0), call.input(0).shape[0]


@dataclass(frozen=True)
class Energy:
    """The first frequency, and the one behind the last, whose energy is computed; the others' is 0."""

    start_index: int
    end_index: int


def _infer_energy(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16)
    shape = call.input(0).shape
    require(call, len(shape) == 1 and shape[0] % 2 == 0, "takes a vector of pairs")
    require_range(call, "end_index", 0, shape[0] // 2)
    require_range(call, "start_index", 0, call.attributes.end_index)
    return (TensorType(DType.U32, (shape[0] // 2,)),)


def _evaluate_energy(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Source: SpectrumToEnergy in TensorFlow Lite Micro, which leaves the other elements as they are."""
    (data,) = arrays
    assert data is not None
    squares = data.reshape(-1, 2).astype(np.int64) ** 2
    where = np.arange(len(squares))
    wanted = (where >= call.attributes.start_index) & (where < call.attributes.end_index)
    return (np.where(wanted, squares.sum(axis=1), 0).astype(np.uint32),)


def _call_energy(call: Call) -> tuple[Argument, ...]:
    a = call.attributes
    return Output(), Input(0), call.output.shape[0], a.start_index, a.end_index


SIGNAL_WINDOW = Operator(
    name="signal_window",
    summary="samples times the weights of a window, shifted",
    attributes=Window,
    infer=_infer_window,
    evaluate=_evaluate_window,
    cost=lambda call: Cost(macs=prod(call.input(0).shape)),
    traits=TRAITS,
    kernels=(kernel("signal_window_s16", "signal_window_s16.c", _call_window),),
)
SIGNAL_FFT_AUTO_SCALE = Operator(
    name="signal_fft_auto_scale",
    summary="samples shifted so that the loudest fills 16 bits, and by how many bits",
    infer=_infer_scale,
    evaluate=_evaluate_scale,
    traits=TRAITS,
    kernels=(kernel("signal_fft_auto_scale_s16", "signal_fft_auto_scale_s16.c", _call_scale),),
)
SIGNAL_ENERGY = Operator(
    name="signal_energy",
    summary="squares of the absolute values of complex numbers",
    attributes=Energy,
    infer=_infer_energy,
    evaluate=_evaluate_energy,
    cost=lambda call: Cost(macs=call.input(0).shape[0]),
    traits=TRAITS,
    kernels=(kernel("signal_energy_s16", "signal_energy_s16.c", _call_energy),),
)
