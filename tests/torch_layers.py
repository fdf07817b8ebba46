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


class Normed(nn.Module):
    """A ConvNeXt block: layer normalization and dense layers over channels, in between of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.depth = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.norm, self.wide, self.narrow = nn.LayerNorm(8), nn.Linear(8, 32), nn.Linear(32, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm(self.depth(x).permute(0, 2, 3, 1))
        y = self.narrow(nn.functional.gelu(self.wide(y)))
        return (x + y.permute(0, 3, 1, 2)).mean([-2, -1])


class Causal(nn.Module):
    """Dilated convolutions over the past, a shortcut, the last time step."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(4, 8, 3), nn.Conv1d(8, 8, 3, dilation=2)
        self.short, self.head = nn.Conv1d(4, 8, 1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.first(nn.functional.pad(x, (2, 0))))
        y = torch.relu(self.second(nn.functional.pad(y, (4, 0))))
        return self.head((y + self.short(x))[:, :, -1])


class Words(nn.Module):
    """Embeddings of words and places."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        words = x.abs().mul(5).to(torch.int64)
        return torch.tanh(self.words(words) + self.places(torch.arange(x.shape[1]).unsqueeze(0)))


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
    "normed": (Normed, (1, 3, 16, 16)),
    "causal": (Causal, (1, 4, 12)),
    "words": (Words, (1, 6)),
    "shuffling": (Shuffling, (1, 4, 6, 6)),
}
"""What makes a module, and the shape of its input."""
