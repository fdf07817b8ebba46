"""C and C++ files that hold a .tflite file as an array."""

from smelt.formats.c_array.read import read_c_array
from smelt.formats.c_array.write import c_header, c_source

__all__ = ["c_header", "c_source", "read_c_array"]
