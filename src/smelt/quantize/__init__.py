"""Quantization that needs no training: observers, calibration, schemes."""

from smelt.quantize.calibrate import calibrate
from smelt.quantize.observers import MinMaxObserver, Observer
from smelt.quantize.samples import DataFile, read_data, representative, samples_for
from smelt.quantize.scheme import SCHEMES, Scheme, quantize_graph, quantize_int8

__all__ = [
    "SCHEMES",
    "DataFile",
    "MinMaxObserver",
    "Observer",
    "Scheme",
    "calibrate",
    "quantize_graph",
    "quantize_int8",
    "read_data",
    "representative",
    "samples_for",
]
