"""Networks that torch exports: the results of ONNX Runtime, and what is left of them after the passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_models import check, operators
from test_read_torch_onnx import exported, shaken

from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes.pipeline import optimize

torch = pytest.importorskip("torch", reason="the networks here are exported by torch")
nn = torch.nn


class Function(nn.Module):  # type: ignore[misc,name-defined]
    """Layers by name, and what is done with them."""

    def __init__(self, function: Any, **layers: Any) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self.layers, x)


def squeeze_excite(layers: Any, x: Any) -> Any:
    """A gate a channel from averages, by convolutions; slopes a channel; a grouped convolution; a residual."""
    x = layers["prelu"](layers["stem"](x))
    gate = torch.relu(layers["down"](nn.functional.adaptive_avg_pool2d(x, 1)))
    return layers["grouped"](x * torch.sigmoid(layers["up"](gate))) + x


def dense_excite(layers: Any, x: Any) -> Any:
    """The same gate by dense layers."""
    x = layers["stem"](x)
    gate = torch.sigmoid(layers["up"](torch.relu(layers["down"](x.mean((2, 3))))))
    return x * gate.view(x.shape[0], 8, 1, 1)


def shuffled(layers: Any, x: Any) -> Any:
    """Channels in groups exchanged, cut in halves and joined."""
    x = layers["wide"](x)
    batch, channels, height, width = x.shape
    x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)
    first, second = x.chunk(2, 1)
    return layers["depthwise"](torch.cat([second, first * 2], 1))


def attention(layers: Any, x: Any) -> Any:
    """A transformer block: attention of two heads and a feed-forward network, each after a normalization."""
    batch, time, width = x.shape

    def heads(part: Any) -> Any:
        return part.view(batch, time, 2, width // 2).transpose(1, 2)

    query, key, value = map(heads, layers["qkv"](layers["first"](x)).chunk(3, -1))
    scores = torch.softmax(query @ key.transpose(-1, -2) / (width // 2) ** 0.5, -1)
    x = x + layers["out"]((scores @ value).transpose(1, 2).reshape(batch, time, width))
    return x + layers["shrink"](nn.functional.gelu(layers["grow"](layers["second"](x))))


def recurrent_over_signal(layers: Any, x: Any) -> Any:
    """A 1-D convolution whose channels are a recurrent layer's features."""
    sequence, _ = layers["gru"](torch.relu(layers["conv"](x)).transpose(1, 2))
    return layers["dense"](sequence[:, -1])


def u_net(layers: Any, x: Any) -> Any:
    """Down and up again, with what was before joined to it."""
    before = torch.relu(layers["first"](x))
    inner = torch.relu(layers["down"](before))
    return layers["out"](torch.cat([before, layers["up"](inner)], 1))


def last(layers: Any, x: Any) -> Any:
    sequence, _ = layers["layer"](x)
    return layers["dense"](sequence[:, -1])


def every(layers: Any, x: Any) -> Any:
    sequence, _ = layers["layer"](x)
    return layers["dense"](sequence)


def recurrent(function: Any, layer: Any, features: int = 8) -> Any:
    return Function(function, layer=layer, dense=nn.Linear(features, 3))


def networks() -> dict[str, tuple[Any, tuple[int, ...], list[str]]]:
    """Name → network, input shape, operators after the passes (in some order)."""
    stem = nn.Conv2d(3, 8, 3, padding=1)
    return {
        "squeeze and excite": (
            Function(
                squeeze_excite, stem=stem, prelu=nn.PReLU(8), down=nn.Conv2d(8, 4, 1), up=nn.Conv2d(4, 8, 1),
                grouped=nn.Conv2d(8, 8, 3, padding=1, groups=4),
            ), (1, 3, 8, 8),
            ["conv_2d", "prelu", "mean", "conv_2d", "conv_2d", "logistic", "mul", "conv_2d", "add"]),
        "squeeze and excite by dense layers": (
            Function(dense_excite, stem=stem, down=nn.Linear(8, 4), up=nn.Linear(4, 8)), (1, 3, 8, 8),
            ["conv_2d", "mean", "fully_connected", "fully_connected", "logistic", "reshape", "mul"]),
        "shuffled channels": (
            Function(shuffled, wide=nn.Conv2d(4, 8, 1), depthwise=nn.Conv2d(8, 8, 3, groups=8, padding=1)),
            (1, 4, 6, 6),
            # Of pairs of channels, which have to move.
            ["conv_2d", "reshape", "transpose", "reshape", "strided_slice", "strided_slice", "mul", "concatenation",
             "depthwise_conv_2d"]),
        **{
            f"u-net, {name}": (
                Function(
                    u_net, first=stem, down=nn.Conv2d(8, 16, 3, padding=1, stride=2), up=up, out=nn.Conv2d(16, 2, 1)
                ), (1, 3, 8, 8), ["conv_2d", "conv_2d", *operator, "concatenation", "conv_2d"])
            for name, up, operator in (
                ("nearest", nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 1)),
                 ["resize_nearest_neighbor", "conv_2d"]),
                ("bilinear", nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(16, 8, 1)),
                 ["resize_bilinear", "conv_2d"]),
                ("transposed convolution", nn.ConvTranspose2d(16, 8, 2, 2), ["transpose_conv"]),
            )
        },
        "transformer block": (
            Function(
                attention, first=nn.LayerNorm(16), qkv=nn.Linear(16, 48), out=nn.Linear(16, 16),
                second=nn.LayerNorm(16), grow=nn.Linear(16, 32), shrink=nn.Linear(32, 16),
            ), (1, 7, 16),
            # Transposes: query, key, value by heads, and heads back.
            [*NORMALIZATION, "fully_connected", "strided_slice", "strided_slice", "strided_slice", "reshape",
             "transpose", "reshape", "transpose", "batch_matmul", "mul", "softmax", "reshape", "transpose",
             "batch_matmul", "transpose", "reshape", "fully_connected", "add", *NORMALIZATION, "fully_connected",
             "gelu", "fully_connected", "add"]),
        "lstm": (recurrent(last, nn.LSTM(6, 8, batch_first=True)), (1, 7, 6), ["lstm", "gather", "fully_connected"]),
        "gru": (recurrent(last, nn.GRU(6, 8, batch_first=True)), (1, 7, 6), ["gru", "gather", "fully_connected"]),
        "rnn": (recurrent(last, nn.RNN(6, 8, batch_first=True)), (1, 7, 6), ["rnn", "gather", "fully_connected"]),
        "two layers in both directions": (
            recurrent(every, nn.LSTM(6, 8, 2, batch_first=True, bidirectional=True), 16), (1, 7, 6),
            ["lstm", "lstm", "concatenation", "lstm", "lstm", "concatenation", "fully_connected"]),
        "gru of several samples": (
            recurrent(every, nn.GRU(6, 8, batch_first=True)), (3, 7, 6), ["gru", "fully_connected"]),
        "gru in both directions of several samples": (
            recurrent(every, nn.GRU(6, 8, batch_first=True, bidirectional=True), 16), (2, 7, 6),
            ["gru", "gru", "concatenation", "fully_connected"]),
        "recurrent layer over a signal": (
            Function(
                recurrent_over_signal, conv=nn.Conv1d(3, 6, 3, padding=1), gru=nn.GRU(6, 8, batch_first=True),
                dense=nn.Linear(8, 3),
            ), (1, 3, 20), ["reshape", "conv_2d", "reshape", "gru", "gather", "fully_connected"]),
        "activations": (
            nn.Sequential(
                nn.Conv2d(3, 4, 3), nn.Hardswish(), nn.SiLU(), nn.GELU(), nn.ReLU6(), nn.ELU(), nn.Hardtanh()
            ), (1, 3, 6, 6),
            ["conv_2d", "hard_swish", "logistic", "mul", "gelu", "relu6", "elu", "relu_n1_to_1"]),
    }  # fmt: skip


NORMALIZATION = ["mean", "sub", "square", "mean", "add", "rsqrt", "mul"]
"""Its scale and shift are in the dense layer behind it."""
NAMES = list(networks())


@pytest.mark.parametrize("opset", [11, 17])
@pytest.mark.parametrize("name", NAMES)
def test_networks(name: str, opset: int) -> None:
    torch.manual_seed(0)
    network, shape, expected = networks()[name]
    for module in network.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    graph = check(exported(shaken(network), *shape, opset_version=opset), 2e-5)
    result = optimize(graph)
    found = operators(result)
    if opset < 17:  # before LayerNormalization: a root and a division
        found = " ".join(found).replace("sqrt div", "rsqrt mul").split()
    if name != "activations" or opset >= 14:  # HardSwish came then
        assert sorted(found) == sorted(expected)
    inputs = sample_inputs(graph)
    expected_y, found_y = (evaluate_graph(each, inputs)["y"] for each in (graph, result))
    assert np.abs(expected_y - found_y).max() <= 1e-5 * np.abs(expected_y).max()


class Aware(nn.Module):  # type: ignore[misc,name-defined]
    """A small CNN between torch's stubs for quantization."""

    def __init__(self) -> None:
        super().__init__()
        self.before = torch.ao.quantization.QuantStub()
        self.conv, self.relu = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16, 5))
        self.after = torch.ao.quantization.DeQuantStub()

    def forward(self, x: Any) -> Any:
        return self.after(self.head(self.relu(self.conv(self.before(x)))))


@pytest.mark.filterwarnings("ignore")
def test_quantization_aware_training_becomes_int8() -> None:
    """Fake quantization of activations (bytes) and of weights (a scale a channel), biases real."""
    quantization = torch.ao.quantization
    fake = quantization.FakeQuantize.with_args
    torch.manual_seed(0)
    network = Aware().train()
    network.qconfig = quantization.QConfig(
        activation=fake(
            observer=quantization.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=torch.quint8
        ),
        weight=fake(
            observer=quantization.MovingAveragePerChannelMinMaxObserver, quant_min=-128, quant_max=127,
            dtype=torch.qint8, qscheme=torch.per_channel_symmetric, ch_axis=0,
        ),
    )  # fmt: skip
    network = quantization.fuse_modules_qat(network, [["conv", "relu"]])
    quantization.prepare_qat(network, inplace=True)
    for _ in range(5):
        network(torch.randn(4, 3, 8, 8))
    network.apply(quantization.disable_observer)
    graph = check(exported(network, 1, 3, 8, 8), 0.02)
    assert operators(optimize(graph)) == [
        "quantize", "conv_2d", "max_pool_2d", "reshape", "fully_connected", "dequantize",
    ]  # fmt: skip
