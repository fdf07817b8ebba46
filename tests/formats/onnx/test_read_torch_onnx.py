"""What read_onnx makes of whole networks: the same results as ONNX Runtime, and NHWC without transposes."""

from __future__ import annotations

import io
import warnings
from typing import Any

import pytest
from onnx_models import check, operators

torch = pytest.importorskip("torch", reason="the networks here are exported by torch")
nn = torch.nn


def exported(network: Any, *shape: int, **options: Any) -> bytes:
    """The bytes of an .onnx file that torch's exporter writes (input x, output y)."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), (torch.zeros(*shape),), stream, dynamo=False, input_names=["x"], output_names=["y"],
            **{"opset_version": 17, **options},
        )  # fmt: skip
    return stream.getvalue()


def unfused(network: Any, *shape: int) -> bytes:
    """The same with its batch normalizations kept."""
    options = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    return exported(network, *shape, **options)


def shaken(network: Any) -> Any:
    """The network with batch statistics that are not 0 and 1."""
    for module in network.modules():
        if hasattr(module, "running_mean"):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return network


class Residual(nn.Module):  # type: ignore[misc,name-defined]
    """A stem, a block with a skip connection, pooling, a classifier over a flattened image."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 4 * 3, 5))

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        return self.head(torch.relu(x + self.block(x)))


class Custom(nn.Module):  # type: ignore[misc,name-defined]
    """A convolution, and what a test does with its result c and the input x."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self.conv(x), x)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_mlp() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.Softmax(1))
    graph = check(exported(network, 1, 1, 8, 8, dynamic_axes={"x": {0: "batch"}}))
    assert operators(graph) == ["reshape", "fully_connected", "relu", "fully_connected", "softmax"]
    assert graph.values["x"].shape == (1, 1, 8, 8)


@pytest.mark.parametrize("export", [exported, unfused])
def test_residual_cnn_has_no_transposes(export: Any) -> None:
    graph = check(export(shaken(Residual()), 1, 3, 16, 12))
    assert operators(graph).count("transpose") == 0
    assert operators(graph).count("mul") == (2 if export is unfused else 0)
    assert graph.values["x"].shape == (1, 16, 12, 3)
    assert graph.metadata["layout:x"] == b"NCHW"


def test_depthwise_separable_cnn() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU6(), nn.Conv2d(8, 16, 3, 1, 1, groups=8), nn.LeakyReLU(0.1),
        nn.Conv2d(16, 12, 1), nn.Conv2d(12, 12, 3, groups=3, dilation=(1, 2)), nn.Sigmoid(), nn.Hardtanh(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(12, 4),
    )  # fmt: skip
    graph = check(exported(network, 2, 3, 17, 16))
    assert operators(graph) == [
        "conv_2d", "relu6", "depthwise_conv_2d", "leaky_relu", "conv_2d", "conv_2d", "logistic", "relu_n1_to_1",
        "mean", "reshape", "fully_connected",
    ]  # fmt: skip
    assert next(n for n in graph.nodes if n.operator == "depthwise_conv_2d").attributes["multiplier"] == 2


@pytest.mark.parametrize("export", [exported, unfused])
def test_one_dimensional_cnn(export: Any) -> None:
    network = nn.Sequential(
        nn.Conv1d(4, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.Tanh(), nn.MaxPool1d(2, ceil_mode=True),
        nn.Conv1d(8, 8, 3, groups=8), nn.AvgPool1d(3, 2, 1), nn.Flatten(), nn.Linear(56, 3),
    )  # fmt: skip
    graph = check(export(shaken(network), 1, 4, 61))
    assert operators(graph).count("transpose") == 0
    assert graph.values["x"].shape == (1, 61, 4)
    assert graph.metadata["layout:x"] == b"NCL"


def test_fully_convolutional_output_is_channels_last() -> None:
    graph = check(
        exported(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1), nn.Softmax(1)), 1, 3, 6, 7)
    )
    assert operators(graph) == ["conv_2d", "relu", "conv_2d", "softmax"]
    assert graph.values["y"].shape == (1, 4, 5, 2)
    assert graph.metadata["layout:y"] == b"NCHW"


def test_one_dimensional_output_is_channels_last() -> None:
    graph = check(exported(nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU()), 2, 3, 9))
    assert graph.values["y"].shape == (2, 7, 4)
    assert graph.metadata["layout:y"] == b"NCL"


CHANNELS = torch.arange(4.0).view(4, 1, 1)
ROWS = torch.arange(5.0).view(5, 1) - 2
BEYOND_A_CNN: dict[str, tuple[Any, int]] = {
    "flattened output": (lambda c, x: c.flatten(1), 1),
    "mean over the image": (lambda c, x: c.mean((2, 3)), 0),
    "mean over the image, kept": (lambda c, x: c * torch.sigmoid(c.mean((2, 3), keepdim=True)), 0),
    "mean over channels": (lambda c, x: c.mean(1), 0),
    "mean over rows": (lambda c, x: c.mean(2), 1),
    "mean over all": (lambda c, x: c.mean((0, 1, 2, 3)), 0),
    "permuted to NHWC": (lambda c, x: c.permute(0, 2, 3, 1) * 2, 0),
    "permuted otherwise": (lambda c, x: c.permute(0, 3, 1, 2) + 1, 1),
    "concatenated channels": (lambda c, x: torch.cat([c, c * CHANNELS, x], 1), 0),
    "concatenated rows": (lambda c, x: torch.cat([c, torch.relu(c)], 2), 0),
    "padded": (lambda c, x: nn.functional.pad(c, (1, 2, 3, 0), value=0.5), 0),
    "constants along channels and rows": (lambda c, x: c * CHANNELS - ROWS / 3 + c / torch.tensor(3.0), 0),
    "constant first": (lambda c, x: ROWS - c, 0),
    "input used again": (lambda c, x: c[:, None].mean(2) + x, 2),
    "softmax over rows": (lambda c, x: torch.softmax(c, 2), 2),
    "reshaped across channels": (lambda c, x: c.reshape(1, -1, 2), 1),
    "image as a sequence": (lambda c, x: c.flatten(2).transpose(1, 2), 0),
    "sequence into a dense layer": (lambda c, x: c.flatten(2).transpose(1, 2) @ torch.ones(4, 3), 0),
    "two flattened images": (lambda c, x: torch.cat([c.flatten(1), torch.tanh(c).flatten(1)], 1), 2),
    "flattened and back": (lambda c, x: (c.flatten(1).relu() * torch.arange(100.0)).view(1, 4, 5, 5) + c, 0),
    "average pool over padding": (lambda c, x: nn.functional.avg_pool2d(c, 3, 2, 1), 0),
    "average pool beside padding": (
        lambda c, x: nn.functional.avg_pool2d(c, 3, 2, 1, count_include_pad=False), 0,
    ),
    "average pool rounded up": (lambda c, x: nn.functional.avg_pool2d(c, 2, 2, ceil_mode=True), 0),
    "maximum pool rounded up": (lambda c, x: nn.functional.max_pool2d(c, 3, 2, 1, ceil_mode=True), 0),
    "dynamic reshape": (lambda c, x: c.view(c.size(0), -1) @ torch.ones(100, 3), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BEYOND_A_CNN)
def test_beyond_a_plain_cnn(name: str) -> None:
    """Results are right in every layout, and no more transposes are left than are needed."""
    function, transposes = BEYOND_A_CNN[name]
    graph = check(exported(Custom(function), 1, 3, 5, 5))
    assert operators(graph).count("transpose") <= transposes


def test_batch_is_symbolic_and_reshape_computed() -> None:
    """Shape, Gather, Unsqueeze and Concat that torch writes for x.view(x.size(0), -1) leave no trace."""
    network = Custom(lambda c, x: c.view(c.size(0), -1) @ torch.ones(100, 3))
    graph = check(exported(network, 1, 3, 5, 5, dynamic_axes={"x": {0: "n"}}))
    assert operators(graph) == ["conv_2d", "reshape", "fully_connected"]
