"""Modules around torch's larger layers: attention, transformers, recurrent ones, channel attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Attending(nn.Module):
    """torch's own multi-head attention of a sequence with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


class States(nn.Module):
    """Recurrent layers over [time, batch, features] and over [batch, time, features], with their last states."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(8, 6, nonlinearity="relu", num_layers=2, bidirectional=True)
        self.lstm = nn.LSTM(12, 5, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        y, states = self.rnn(x)
        z, (hidden, cell) = self.lstm(y)
        return z, states, hidden, cell


class LastState(nn.Module):
    """A GRU of which only the last state counts."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(8, 6, batch_first=True), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.gru(x)
        return self.head(state[-1])


class Cells(nn.Module):
    """Two steps of a GRU cell, one of an LSTM cell."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.lstm = nn.GRUCell(8, 6), nn.LSTMCell(6, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        state, cell = self.lstm(self.gru(x[:, 0], self.gru(x[:, 1])))
        return state, cell


class Squeezing(nn.Module):
    """A convolution whose channels are weighted by what they are on average."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(3, 8, 3, padding=1), nn.AdaptiveAvgPool2d(1)
        self.weigh = nn.Sequential(nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1), nn.Hardsigmoid())

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.hardswish(self.conv(x))
        return (x * self.weigh(self.pool(x))).mean([2, 3])


class Shuffling(nn.Module):
    """Halves of channels, shuffled."""

    def __init__(self) -> None:
        super().__init__()
        self.point, self.depth = nn.Conv2d(4, 8, 1), nn.Conv2d(4, 4, 3, groups=4, padding=1)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = self.point(x).chunk(2, 1)
        return self.shuffle(torch.cat([kept, self.depth(changed)], 1))


LAYERS = {
    "attention": (Attending, (1, 5, 8)),
    "encoder layer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (1, 5, 8)),
    "encoder layer, norm first": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True, activation="gelu"),
        (1, 5, 8),
    ),
    "states": (States, (7, 1, 8)),
    "last state": (LastState, (1, 7, 8)),
    "cells": (Cells, (1, 2, 8)),
    "squeezing": (Squeezing, (1, 3, 8, 8)),
    "shuffling": (Shuffling, (1, 4, 6, 6)),
}
"""What makes a module, and the shape of its input."""
