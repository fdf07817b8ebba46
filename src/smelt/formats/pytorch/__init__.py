"""PyTorch: .pt2, TorchScript .pt and lite-interpreter .ptl files, read without torch."""

from smelt.formats.pytorch.read import read_pytorch

__all__ = ["read_pytorch"]
