"""ONNX files."""

from smelt.formats.onnx.read import read_onnx

__all__ = ["read_onnx"]
