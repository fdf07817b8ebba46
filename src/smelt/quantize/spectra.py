"""What a network for sound hears: the logarithms of a recording's energies in mel bands, and their cosines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
WINDOWS = ("hann", "hamming", "none")
FILTERS = ("tensorflow", "librosa")
LOGS = ("natural", "log10", "db")


@dataclass(frozen=True)
class Spectra:
    """How a recording becomes a row of numbers a frame.

    frame, stride: samples.  fft: points, at least frame; the frame stands first, zeros after it.  window: periodic.
    power: the spectrum's magnitudes (1) or their squares (2).  mels: bands from low to high (Hz).  filters: triangles
    as tf.signal.linear_to_mel_weight_matrix has them (HTK's scale, over mel), or librosa.filters.mel (Slaney's scale
    and norm, over Hz).  log: of energy + offset; db is ten times log10.  coefficients: how many of the cosine
    transform, as tf.signal.mfccs_from_log_mel_spectrograms has them; 0 for the logarithms themselves.
    """

    rate: int
    frame: int
    stride: int
    fft: int
    window: str
    power: float
    mels: int
    low: float
    high: float
    filters: str
    log: str
    offset: float
    coefficients: int

    @property
    def columns(self) -> int:
        """Numbers a frame."""
        return self.coefficients or self.mels

    def samples(self, frames: int) -> int:
        """How many samples of a recording so many frames cover."""
        return (frames - 1) * self.stride + self.frame

    def rows(self, recording: Float64) -> Float64:
        """The numbers of all frames that lie within a recording, [frames, columns]."""
        frames = np.lib.stride_tricks.sliding_window_view(recording, self.frame)[:: self.stride]
        magnitudes = np.abs(np.fft.rfft(frames * _window(self.window, self.frame), self.fft))
        energies = magnitudes**self.power @ self.filterbank()
        logs = np.log(energies + self.offset)
        logs = logs / np.log(10) if self.log != "natural" else logs
        logs = 10 * logs if self.log == "db" else logs
        return np.asarray(logs @ _cosines(self.mels, self.coefficients) if self.coefficients else logs)

    def filterbank(self) -> Float64:
        """The weight of each point of a spectrum in each band, [fft // 2 + 1, mels]."""
        points = np.linspace(0, self.rate / 2, self.fft // 2 + 1)
        to_mel = _htk if self.filters == "tensorflow" else _slaney
        edges = np.linspace(to_mel(np.array(self.low)), to_mel(np.array(self.high)), self.mels + 2)
        if self.filters == "librosa":
            edges = _slaney_hz(edges)
        else:
            points = _htk(points)
        lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
        rising = (points[:, None] - lower) / (centre - lower)
        falling = (upper - points[:, None]) / (upper - centre)
        weights = np.maximum(0, np.minimum(rising, falling))
        if self.filters == "librosa":
            return np.asarray(weights * 2 / (upper - lower))
        weights[0] = 0  # what does not swing is in no band
        return np.asarray(weights)


def _window(name: str, length: int) -> Float64:
    turn = np.cos(2 * np.pi * np.arange(length) / length)
    least = {"hann": 0.5, "hamming": 0.54, "none": 1.0}[name]
    return np.asarray(least - (1 - least) * turn)


def _cosines(mels: int, count: int) -> Float64:
    """The first columns of the cosine transform (DCT-II), each times sqrt(2 / mels)."""
    angles = np.pi / mels * (np.arange(mels) + 0.5)[:, None] * np.arange(count)
    return np.asarray(np.cos(angles) * np.sqrt(2 / mels))


def _htk(hertz: Float64) -> Float64:
    return np.asarray(1127 * np.log1p(hertz / 700))


_BREAK, _STEP, _LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27
"""Slaney's scale: steps of 200/3 Hz up to 1000 Hz, then 27 for each factor of 6.4."""


def _slaney(hertz: Float64) -> Float64:
    above = _BREAK / _STEP + np.log(np.maximum(hertz, _BREAK) / _BREAK) / _LOG_STEP
    return np.asarray(np.where(hertz < _BREAK, hertz / _STEP, above))


def _slaney_hz(mels: Float64) -> Float64:
    first = _BREAK / _STEP
    above = _BREAK * np.exp(_LOG_STEP * (np.maximum(mels, first) - first))
    return np.asarray(np.where(mels < first, mels * _STEP, above))
