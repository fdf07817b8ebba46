"""The signal operators of TensorFlow Lite Micro: from samples of sound to the features that keyword spotters take."""

from __future__ import annotations

from smelt.operators.audio.channels import (
    SIGNAL_FILTER_BANK,
    SIGNAL_FILTER_BANK_LOG,
    SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION,
    SIGNAL_FILTER_BANK_SQUARE_ROOT,
    SIGNAL_PCAN,
)
from smelt.operators.audio.frames import SIGNAL_DELAY, SIGNAL_OVERLAP_ADD
from smelt.operators.audio.spectrum import SIGNAL_ENERGY, SIGNAL_FFT_AUTO_SCALE, SIGNAL_WINDOW
from smelt.operators.audio.transform import SIGNAL_RFFT

__all__ = [
    "SIGNAL_DELAY",
    "SIGNAL_ENERGY",
    "SIGNAL_FFT_AUTO_SCALE",
    "SIGNAL_FILTER_BANK",
    "SIGNAL_FILTER_BANK_LOG",
    "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION",
    "SIGNAL_FILTER_BANK_SQUARE_ROOT",
    "SIGNAL_OVERLAP_ADD",
    "SIGNAL_PCAN",
    "SIGNAL_RFFT",
    "SIGNAL_WINDOW",
]
