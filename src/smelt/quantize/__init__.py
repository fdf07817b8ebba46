"""Quantization that needs no training: observers, calibration, schemes."""

from smelt.quantize.audio import AudioRecipe
from smelt.quantize.calibrate import calibrate
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.images import ImageRecipe
from smelt.quantize.improve import IMPROVEMENTS
from smelt.quantize.mixed import Mixed
from smelt.quantize.observers import MinMaxObserver, Observer
from smelt.quantize.quantize_graph import quantize_graph, quantize_int8
from smelt.quantize.samples import DataFile, read_data, samples_for
from smelt.quantize.scheme import SCHEMES, Scheme
from smelt.quantize.sources import open_samples, representative

__all__ = [
    "CALIBRATORS",
    "IMPROVEMENTS",
    "SCHEMES",
    "AudioRecipe",
    "DataFile",
    "ImageRecipe",
    "MinMaxObserver",
    "Mixed",
    "Observer",
    "Scheme",
    "calibrate",
    "open_samples",
    "quantize_graph",
    "quantize_int8",
    "read_data",
    "representative",
    "samples_for",
]
