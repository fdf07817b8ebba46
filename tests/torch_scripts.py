"""Modules whose TorchScript has loops: their source must be in a file for torch to compile it."""

from __future__ import annotations

import torch


class Loops(torch.nn.Module):
    """A loop over a range, a loop while a condition holds, a dictionary."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = x
        for i in range(x.size(0)):
            y = y * x + i
        j = 0
        while j < x.size(1):
            j = j + 1
            y = y + torch.ones(1)
        return {"sum": y, "more": y + j}
