"""TensorFlow Lite's .tflite files."""

from smelt.formats.tflite.read import read_tflite
from smelt.formats.tflite.write import write_tflite

__all__ = ["read_tflite", "write_tflite"]
