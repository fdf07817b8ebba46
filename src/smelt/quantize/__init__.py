"""Quantization that needs no training: observers, calibration, schemes."""

from smelt.quantize.calibrate import calibrate
from smelt.quantize.int8 import quantize_int8
from smelt.quantize.observers import MinMaxObserver, Observer
from smelt.quantize.samples import DataFile, read_data, representative, samples_for

__all__ = [
    "DataFile",
    "MinMaxObserver",
    "Observer",
    "calibrate",
    "quantize_int8",
    "read_data",
    "representative",
    "samples_for",
]
