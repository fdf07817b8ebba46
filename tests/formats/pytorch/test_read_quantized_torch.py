"""Quantized PyTorch models: PT2E's pairs of operators, torch's own quantized modules, and what smelt writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_models import small_int8

import smelt
from smelt.engines.reference import ReferenceEngine
from smelt.ir import Array, DType, Graph

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

from small_torch import expected, file_of, network  # noqa: E402

from smelt.formats.pytorch import write_pt, write_pt2, write_ptl  # noqa: E402

INTEGER = {"conv_2d", "depthwise_conv_2d", "fully_connected", "max_pool_2d", "add", "mean"}


def computed(graph: Graph, x: Array) -> Array:
    (name,) = graph.inputs
    (result,) = (
        ReferenceEngine(graph)
        .run({name: np.moveaxis(x, 1, -1) if f"layout:{name}" in graph.metadata else x})
        .values()
    )
    return result


class Pairs(torch.nn.Module):  # type: ignore[misc]
    """A convolution and a dense layer as PT2E leaves them: int8 weights a channel, pairs around each operator."""

    def __init__(self, dtype: Any) -> None:
        super().__init__()
        import torch.ao.quantization.fx._decomposed

        self.dtype = dtype
        self.register_buffer("weight", torch.randint(-127, 128, (4, 3, 3, 3), dtype=torch.int8))
        self.register_buffer("scales", torch.rand(4) * 0.01 + 0.001)
        self.register_buffer("points", torch.zeros(4, dtype=torch.int64))
        self.register_buffer("matrix", torch.randint(-127, 128, (5, 64), dtype=torch.int8))
        self.bias = torch.nn.Parameter(torch.randn(4))

    def pair(self, x: torch.Tensor, scale: float, point: int) -> torch.Tensor:
        said = torch.ops.quantized_decomposed
        low, high = (0, 255) if self.dtype is torch.uint8 else (-128, 127)
        point += 128 if self.dtype is torch.uint8 else 0
        integers = said.quantize_per_tensor(x, scale, point, low, high, self.dtype)
        return said.dequantize_per_tensor(integers, scale, point, low, high, self.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        said = torch.ops.quantized_decomposed
        weight = said.dequantize_per_channel(self.weight, self.scales, self.points, 0, -127, 127, torch.int8)
        y = torch.nn.functional.conv2d(self.pair(x, 0.02, 3), weight, self.bias, 1, 1)
        y = torch.nn.functional.max_pool2d(self.pair(torch.relu(y), 0.03, -128), 2)
        y = torch.flatten(self.pair(y, 0.03, -128), 1)
        matrix = said.dequantize_per_tensor(self.matrix, 0.004, 0, -127, 127, torch.int8)
        return self.pair(torch.nn.functional.linear(y, matrix), 0.05, 2)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8])
@pytest.mark.parametrize("route", ["exported", "traced"])
def test_pairs_become_an_integer_network(dtype: Any, route: str) -> None:
    torch.manual_seed(1)
    module, inputs = Pairs(dtype).eval(), (torch.randn(1, 3, 8, 8),)
    wanted = expected(module, inputs)
    graph = smelt.load(file_of(module, inputs, route))
    np.testing.assert_allclose(computed(graph, inputs[0].numpy()), wanted, rtol=0, atol=1e-6)
    whole = smelt.optimize(graph)
    assert [n.operator for n in whole.nodes] == [
        "quantize", "conv_2d", "max_pool_2d", "reshape", "fully_connected", "dequantize",
    ]  # fmt: skip
    assert all(whole.values[n.outputs[0]].dtype is DType.S8 for n in whole.nodes if n.operator in INTEGER)
    steps = (computed(whole, inputs[0].numpy()) - wanted) / 0.05
    assert np.abs(steps).max() < 1.01


def test_pt2e_itself() -> None:
    pt2e = pytest.importorskip("torchao.quantization.pt2e.quantize_pt2e", reason="torchao is not installed")
    xnnpack = pytest.importorskip(
        "torchao.testing.pt2e._xnnpack_quantizer", reason="torchao has no such quantizer"
    )
    module, inputs = network("cnn")
    quantizer = xnnpack.XNNPACKQuantizer().set_global(
        xnnpack.get_symmetric_quantization_config(is_per_channel=True)
    )
    prepared = pt2e.prepare_pt2e(torch.export.export(module, inputs).module(), quantizer)
    for _ in range(20):
        prepared(torch.randn_like(inputs[0]))
    converted = pt2e.convert_pt2e(prepared)
    graph = smelt.from_torch(torch.export.export(converted, inputs))
    wanted = expected(converted, inputs)
    np.testing.assert_allclose(computed(graph, inputs[0].numpy()), wanted, rtol=0, atol=1e-6)
    whole = smelt.optimize(graph)
    assert all(whole.values[n.outputs[0]].dtype is DType.S8 for n in whole.nodes if n.operator in INTEGER)


class Native(torch.nn.Module):  # type: ignore[misc]
    """What torch's eager quantization makes: quantized convolutions, depthwise too, a sum, a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()
        self.conv, self.relu = torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU()
        self.depthwise = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.sum = torch.ao.nn.quantized.FloatFunctional()
        self.pool, self.head = torch.nn.MaxPool2d(2), torch.nn.Linear(128, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.conv(self.enter(x)))
        x = self.pool(self.sum.add(x, self.depthwise(x)))
        return self.leave(self.head(torch.flatten(x, 1)))


@pytest.mark.parametrize("route", ["traced", "scripted", "traced_lite", "scripted_lite"])
def test_torchs_own_quantized_modules_are_exact(route: str) -> None:
    if "qnnpack" not in torch.backends.quantized.supported_engines:
        pytest.skip("this torch has no engine qnnpack")
    torch.backends.quantized.engine = "qnnpack"
    torch.manual_seed(2)
    module = Native().eval()
    module.qconfig = torch.ao.quantization.get_default_qconfig("qnnpack")
    module = torch.ao.quantization.fuse_modules(module, [["conv", "relu"]])
    prepared = torch.ao.quantization.prepare(module)
    for _ in range(10):
        prepared(torch.randn(1, 3, 8, 8))
    converted = torch.ao.quantization.convert(prepared)
    x = torch.randn(1, 3, 8, 8)
    data = file_of(converted, (x,), route)
    graph = smelt.load(data, shapes={"x": (1, 3, 8, 8)})
    wanted = expected(converted, (x,))
    np.testing.assert_allclose(computed(graph, x.numpy()), wanted, rtol=0, atol=1e-6)
    whole = smelt.optimize(graph)
    assert all(whole.values[n.outputs[0]].dtype is DType.S8 for n in whole.nodes if n.operator in INTEGER)
    assert not any(node.operator == "transpose" for node in whole.nodes)
    scale = float(converted.head.scale)
    assert np.abs(computed(whole, x.numpy()) - wanted).max() <= 2.01 * scale


def test_what_smelt_writes_is_read_as_the_same_integer_network() -> None:
    graph = smelt.optimize(small_int8())
    (name,) = graph.inputs
    sample = np.random.default_rng(5).integers(-128, 128, graph.values[name].shape).astype(np.int8)
    wanted = ReferenceEngine(graph).run({name: sample})[graph.outputs[0]]
    back = smelt.optimize(smelt.load(write_pt2(graph)))
    (result,) = ReferenceEngine(back).run({back.inputs[0]: sample}).values()
    assert [n.operator for n in back.nodes] == [n.operator for n in graph.nodes]
    assert result.dtype == np.int8
    assert np.abs(result.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("write", [write_pt, write_ptl])
def test_torchscript_keeps_the_grid(write: Any) -> None:
    graph = small_int8()
    (name,) = graph.inputs
    sample = np.random.default_rng(5).integers(-128, 128, graph.values[name].shape).astype(np.int8)
    wanted = ReferenceEngine(graph).run({name: sample})[graph.outputs[0]]
    back = smelt.load(write(graph))
    (result,) = ReferenceEngine(back).run({back.inputs[0]: sample}).values()
    assert np.abs(result.astype(int) - wanted).max() <= 3
