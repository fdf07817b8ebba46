"""The signal operators in the interpreter: custom operators with the names of TensorFlow Lite Micro."""

from __future__ import annotations

from smelt.operators.interpreted import Interpreted


def _row(custom: str, name: str, kernel: str) -> Interpreted:
    sources = (f"interpreted_{name}.c", "interpreted_signal.c", f"{name}_{kernel}.c")
    return Interpreted(name, None, sources, custom=custom)


INTERPRETED = (
    _row("SignalWindow", "signal_window", "s16"),
    _row("SignalFftAutoScale", "signal_fft_auto_scale", "s16"),
    _row("SignalRfft", "signal_rfft", "s16"),
    _row("SignalEnergy", "signal_energy", "s16"),
    _row("SignalFilterBank", "signal_filter_bank", "u32"),
    _row("SignalFilterBankSquareRoot", "signal_filter_bank_square_root", "u64"),
    _row("SignalFilterBankSpectralSubtraction", "signal_filter_bank_spectral_subtraction", "u32"),
    _row("SignalPCAN", "signal_pcan", "u32"),
    _row("SignalFilterBankLog", "signal_filter_bank_log", "u32"),
    _row("SignalDelay", "signal_delay", "s16"),
    _row("SignalOverlapAdd", "signal_overlap_add", "s16"),
)
