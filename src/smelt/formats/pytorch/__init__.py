"""PyTorch: .pt2, TorchScript .pt and lite-interpreter .ptl files, read without torch; live modules with it."""

from smelt.formats.pytorch.live import from_torch
from smelt.formats.pytorch.read import read_pytorch

__all__ = ["from_torch", "read_pytorch"]
