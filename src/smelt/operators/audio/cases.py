"""Cases of the signal operators: loud and silent samples, several windows, wide and empty channels."""

from __future__ import annotations

import numpy as np

from smelt.ir import Attribute, DType
from smelt.operators.audio.channels import GAINS
from smelt.operators.case import Case, Tensor


def _constant(values: list[int], dtype: DType = DType.S16) -> Tensor:
    return Tensor(dtype, (len(values),), None, np.array(values, dtype.numpy))


def _random(size: int, low: int, high: int) -> Tensor:
    return _constant(np.random.default_rng(size).integers(low, high, size, endpoint=True).tolist())


def _window(name: str, shape: tuple[int, ...], shift: int) -> Case:
    weights = _random(shape[-1], -(2**15), 2**15 - 1)
    return Case(
        f"signal_window_{name}", "signal_window", (Tensor(DType.S16, shape), weights), {"shift": shift}
    )


def _scale(size: int) -> Case:
    return Case(f"signal_fft_auto_scale_{size}", "signal_fft_auto_scale", (Tensor(DType.S16, (size,)),), {})


def _rfft(shape: tuple[int, ...], size: int) -> Case:
    inputs = (Tensor(DType.S16, shape),)
    return Case(f"signal_rfft_{len(shape)}d_{size}", "signal_rfft", inputs, {"fft_length": size})


def _energy(size: int, start: int, end: int) -> Case:
    attributes = {"start_index": start, "end_index": end}
    return Case(
        f"signal_energy_{start}_{end}", "signal_energy", (Tensor(DType.S16, (2 * size,)),), attributes
    )


def _bank(name: str, starts: list[int], widths: list[int], low: int = 0) -> Case:
    """Channels whose frequencies begin at `starts`, their weights side by side."""
    firsts = [sum(widths[:k]) for k in range(len(widths))]
    weights = [_random(sum(widths) + k, low, 4096) for k in (0, 1)]
    weights[1] = _constant(np.asarray(weights[1].constant)[:-1].tolist())
    inputs = (Tensor(DType.U32, (24,)), *weights, *(_constant(row) for row in (starts, firsts, widths)))
    return Case(f"signal_filter_bank_{name}", "signal_filter_bank", inputs, {"num_channels": len(widths) - 1})


def _root(size: int, bits: int) -> Case:
    shift = Tensor(DType.S32, (), None, np.array(bits, np.int32))
    name = "signal_filter_bank_square_root"
    return Case(f"{name}_{bits}", name, (Tensor(DType.U64, (size,)), shift), {})


def _subtraction(size: int, *, clamping: bool) -> Case:
    name = "signal_filter_bank_spectral_subtraction"
    attributes: dict[str, Attribute] = {
        "alternate_one_minus_smoothing": 16384 - 983,
        "alternate_smoothing": 983,
        "clamping": clamping,
        "min_signal_remaining": 819,
        "num_channels": size,
        "one_minus_smoothing": 16384 - 410,
        "smoothing": 410,
        "smoothing_bits": 10,
        "spectral_subtraction_bits": 14,
    }
    return Case(f"{name}_{size}", name, (Tensor(DType.U32, (size,)),), attributes)


def _pcan(size: int, shift: int) -> Case:
    inputs = (Tensor(DType.U32, (size,)), Tensor(DType.U32, (size,)), _random(GAINS, -(2**13), 2**13))
    return Case(f"signal_pcan_{shift}", "signal_pcan", inputs, {"snr_shift": shift})


def _log(bits: int, scale: int) -> Case:
    attributes = {"input_correction_bits": bits, "output_scale": scale}
    name = "signal_filter_bank_log"
    return Case(f"{name}_{bits}", name, (Tensor(DType.U32, (40,)),), attributes)


def _delay(shape: tuple[int, ...], delay: int) -> Case:
    return Case(f"signal_delay_{delay}", "signal_delay", (Tensor(DType.S16, shape),), {"delay_length": delay})


def _overlap_add(shape: tuple[int, ...], step: int) -> Case:
    inputs = (Tensor(DType.S16, shape),)
    return Case(f"signal_overlap_add_{step}", "signal_overlap_add", inputs, {"frame_step": step})


CASES = [
    _window("plain", (30,), 12),
    _window("rows", (3, 8), 0),
    _window("all_bits", (1, 5), 31),
    _scale(1),
    _scale(32),
    _rfft((4,), 4),
    _rfft((7,), 8),
    _rfft((3, 16), 16),
    _rfft((2, 1, 30), 32),
    _rfft((480,), 512),
    _rfft((1, 1024), 1024),
    _rfft((2000,), 2048),
    _energy(20, 0, 20),
    _energy(1, 0, 1),
    _bank("plain", [0, 3, 8, 12], [3, 5, 4, 12]),
    _bank("overlap", [4, 0, 23], [0, 24, 1], -4096),
    _root(12, 0),
    _root(7, 5),
    _subtraction(9, clamping=False),
    _subtraction(4, clamping=True),
    _pcan(40, 6),
    _pcan(3, 40),
    _log(0, 1600),
    _log(3, 64),
    _delay((2, 10), 3),
    _delay((1, 6), 15),
    _delay((3, 1, 4), 4),
    _overlap_add((3, 4, 7), 3),
    _overlap_add((6, 5), 5),
    _overlap_add((1, 2, 9), 1),
]
