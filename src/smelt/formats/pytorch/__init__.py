"""PyTorch: .pt2, TorchScript .pt and lite-interpreter .ptl files, read without torch; live modules with it."""

from smelt.formats.pytorch.live import from_torch
from smelt.formats.pytorch.module import to_module
from smelt.formats.pytorch.read import kind_of, read_pytorch
from smelt.formats.pytorch.write import write_pt, write_pt2, write_ptl

__all__ = ["from_torch", "kind_of", "read_pytorch", "to_module", "write_pt", "write_pt2", "write_ptl"]
