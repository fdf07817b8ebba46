"""ONNX files."""

from smelt.formats.onnx.read import read_onnx
from smelt.formats.onnx.write import write_onnx

__all__ = ["read_onnx", "write_onnx"]
