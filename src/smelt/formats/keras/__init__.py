"""Keras models: .keras archives and legacy .h5 files, read without Keras or TensorFlow."""

from smelt.formats.keras.read import read_keras

__all__ = ["read_keras"]
