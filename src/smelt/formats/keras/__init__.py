"""Keras models: .keras archives, legacy .h5 files and live models; files are read without Keras or TensorFlow."""

from smelt.formats.keras.live import from_keras
from smelt.formats.keras.read import read_keras
from smelt.formats.keras.write import write_keras

__all__ = ["from_keras", "read_keras", "write_keras"]
