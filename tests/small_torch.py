"""Small PyTorch networks, seeded, in eval() mode: the same ones go through every route of PyTorch."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = tuple[nn.Module, tuple[Tensor, ...]]
"""A module and example inputs."""


class Residual(nn.Module):
    """Two convolutions with batch normalization around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + x)


class Cnn(nn.Module):
    """Convolutions, batch normalization, a residual block, pooling, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.block = Residual(8)
        self.pool = nn.MaxPool2d(2)
        self.down = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.head = nn.Linear(12 * 2 * 2, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.block(self.stem(x)))
        x = functional.relu6(self.down(x))
        return self.head(torch.flatten(x, 1))


class Separable(nn.Module):
    """Depthwise and pointwise convolutions, global average pooling."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU()]
        for _ in range(2):
            layers += [nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6()]
            layers += [nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6()]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.features(x))
        return torch.softmax(self.head(x.view(x.size(0), -1)), dim=1)


class Signal(nn.Module):
    """A 1-D convolutional network with a dilated layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(2, 6, 5, stride=2, padding=2)
        self.bn = nn.BatchNorm1d(6)
        self.conv2 = nn.Conv1d(6, 8, 3, padding=2, dilation=2)
        self.pool = nn.AvgPool1d(2)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn(self.conv1(x)))
        x = self.pool(functional.relu(self.conv2(x)))
        return self.head(x.mean(dim=2))


class Lstm(nn.Module):
    """Two layers of LSTM, the second step's result classified."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 7, num_layers=2, batch_first=True)
        self.head = nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.lstm(x)
        return self.head(y[:, -1])


class Gru(nn.Module):
    """A bidirectional GRU, every step classified."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(5, 6, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.gru(x)
        return self.head(y)


class Attention(nn.Module):
    """Self-attention written out: projections, heads, softmax."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        batch, time, size = x.shape
        heads = self.qkv(x).reshape(batch, time, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = heads.unbind(0)
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, time, size))


class Transformer(nn.Module):
    """A block of pre-normalized attention and a feed-forward network."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = Attention(8, 2)
        self.feed = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.feed(self.norm2(x))


class UNet(nn.Module):
    """One level of a U-Net: down, up by a transposed convolution, concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(1, 4, 3, padding=1)
        self.down = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.leave = nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.leaky_relu(self.enter(x), 0.1)
        y = torch.relu(self.up(torch.relu(self.down(x))))
        return torch.sigmoid(self.leave(torch.cat([x, y], dim=1)))


def mlp() -> nn.Module:
    """Three layers."""
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))


_NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (1, 6)),
    "cnn": (Cnn, (1, 3, 8, 8)),
    "separable": (Separable, (1, 1, 12, 10)),
    "signal": (Signal, (1, 2, 32)),
    "lstm": (Lstm, (1, 9, 5)),
    "gru": (Gru, (1, 9, 5)),
    "transformer": (Transformer, (1, 6, 8)),
    "unet": (UNet, (1, 1, 8, 8)),
}

NAMES = tuple(_NETWORKS)
CONVOLUTIONAL = ("cnn", "separable", "signal", "unet")


def network(name: str) -> Network:
    """The network of that name with random weights (batch statistics included) and an example input."""
    make, shape = _NETWORKS[name]
    torch.manual_seed(NAMES.index(name))
    module = make().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return module, (torch.randn(shape),)


def expected(module: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """What torch computes, as numpy."""
    with torch.no_grad():
        return module(*inputs).numpy()


def file_of(module: Any, inputs: tuple[Any, ...], route: str) -> bytes:
    """What torch writes: exported (.pt2), traced or scripted (.pt), traced_lite or scripted_lite (.ptl)."""
    stream = io.BytesIO()
    if route == "exported":
        torch.export.save(torch.export.export(module, inputs), stream)
        return stream.getvalue()
    made = torch.jit.trace(module, inputs) if "traced" in route else torch.jit.script(module)
    if "lite" in route:
        return bytes(made._save_to_buffer_for_lite_interpreter())
    torch.jit.save(made, stream)
    return stream.getvalue()
