"""C source that holds a .tflite file as an array."""

from smelt.formats.c_array.write import write_c_header, write_c_source

__all__ = ["write_c_header", "write_c_source"]
