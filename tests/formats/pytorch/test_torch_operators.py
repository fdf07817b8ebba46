"""aten's operators one by one, in all three files, read by smelt and compared with torch's own result."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.engines.reference import ReferenceEngine

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

F: Any = torch.nn.functional
Shape = tuple[int, ...]
IMAGE, SIGNAL, ROWS = (1, 4, 6, 6), (1, 4, 8), (3, 5)
Function = Callable[..., Any]

torch.manual_seed(0)
W = {
    shape: torch.randn(shape) * 0.5
    for shape in [
        (6, 4, 3, 3),
        (4, 1, 3, 3),
        (8, 2, 3, 3),
        (6, 4, 3),
        (7, 5),
        (5, 7),
        (5,),
        (4,),
        (6,),
        (3, 5),
        (4, 2, 3),
        (4, 2, 3, 3),
        (2,),
    ]
}

CASES: dict[str, tuple[Function, list[Shape]]] = {
    # one tensor, element by element
    **{
        name: (lambda x, name=name: getattr(torch, name)(x), [IMAGE])
        for name in ("abs", "ceil", "cos", "erf", "exp", "floor", "neg", "relu", "round", "sigmoid", "sign", "sin",
                     "square", "tanh", "expm1", "selu")
    },
    **{
        name: (lambda x, name=name: getattr(torch, name)(x.abs() + 0.5), [IMAGE])
        for name in ("log", "log1p", "log2", "log10", "rsqrt", "sqrt", "reciprocal")
    },
    **{
        name: (lambda x, name=name: getattr(F, name)(x), [IMAGE])
        for name in ("silu", "hardswish", "hardsigmoid", "mish", "softplus", "elu", "relu6", "hardtanh", "softsign",
                     "logsigmoid", "tanhshrink", "leaky_relu", "gelu", "celu")
    },
    "gelu of tanh": (lambda x: F.gelu(x, approximate="tanh"), [ROWS]),
    "softplus beta": (lambda x: F.softplus(x, beta=2.0), [ROWS]),
    "prelu of channels": (lambda x: F.prelu(x, W[4,]), [IMAGE]),
    "prelu": (lambda x: F.prelu(x, torch.tensor([0.2])), [ROWS]),
    "clamp": (lambda x: torch.clamp(x, -0.3, 0.8), [IMAGE]),
    "clamp min": (lambda x: x.clamp(min=0.0), [ROWS]),
    "clamp min only": (lambda x: x.clamp_min(0.25), [ROWS]),
    "softmax of channels": (lambda x: torch.softmax(x, 1), [IMAGE]),
    "log_softmax": (lambda x: F.log_softmax(x, -1), [ROWS]),
    "glu": (lambda x: F.glu(x, 1), [IMAGE]),
    "in place": (lambda x: (x * 2).relu_().add_(1).mul_(0.5), [IMAGE]),
    # arithmetic
    "add alpha": (lambda x, y: torch.add(x, y, alpha=0.5), [ROWS, ROWS]),
    "add broadcast": (lambda x, y: x + y, [IMAGE, (4, 1, 1)]),
    "add row": (lambda x, y: x + y, [(2, 3, 5), (5,)]),
    "sub of scalar": (lambda x: 1 - x, [ROWS]),
    "mul by scalar": (lambda x: x * 3, [IMAGE]),
    "div": (lambda x, y: x / (y.abs() + 1), [ROWS, ROWS]),
    "div by scalar": (lambda x: x / 3, [IMAGE]),
    "floor_divide": (lambda x: torch.div(x * 10, 3, rounding_mode="floor"), [ROWS]),
    "remainder": (lambda x: torch.remainder(x, 0.3), [ROWS]),
    "pow": (lambda x: (x.abs() + 0.1) ** 1.7 + x**2 + x**3, [ROWS]),
    "pow of scalar": (lambda x: 2.0**x, [ROWS]),
    "maximum": (lambda x, y: torch.maximum(x, y) - torch.minimum(x, y), [ROWS, ROWS]),
    "where": (lambda x, y: torch.where(x > y, x, -y), [IMAGE, IMAGE]),
    "where of scalar": (lambda x: torch.where(x > 0, x, 0.5), [ROWS]),
    "masked_fill": (lambda x: x.masked_fill(x < 0, -2.0), [ROWS]),
    "logic": (lambda x: ((x > 0) & ~(x > 1) | (x < -1)).float(), [ROWS]),
    "compare": (lambda x: (x >= 0.1).float() + (x <= 0.2).float() + (x != 0).float() + (x == 0).float(), [ROWS]),
    "addcmul": (lambda x, y: torch.addcmul(x, x, y, value=0.5), [ROWS, ROWS]),
    "integers": (lambda x: (x * 10).to(torch.int32).float() + x.long().to(torch.float32), [ROWS]),
    # reductions
    "mean": (lambda x: x.mean((2, 3)), [IMAGE]),
    "mean keepdim": (lambda x: x.mean((2, 3), keepdim=True) + x.mean(1, keepdim=True), [IMAGE]),
    "mean of all": (lambda x: x.mean(), [ROWS]),
    "sum": (lambda x: x.sum(1) + x.sum((1,)), [ROWS]),
    "amax": (lambda x: x.amax(1) - x.amin(1), [ROWS]),
    "max of dim": (lambda x: x.max(1)[0], [ROWS]),
    "max and where": (lambda x: torch.max(x, 1)[0] + torch.max(x, 1)[1].float(), [ROWS]),
    "argmax": (lambda x: x.argmax(1).float() + x.argmin(-1).float(), [ROWS]),
    "argmax keepdim": (lambda x: x.argmax(1, keepdim=True).float(), [ROWS]),
    "prod": (lambda x: x.prod(1), [ROWS]),
    "var": (lambda x: x.var(1), [ROWS]),
    "var biased": (lambda x: x.var((2, 3), unbiased=False), [IMAGE]),
    "var of all": (lambda x: x.var(unbiased=False) + x.std(dim=0, correction=1) + x.std(), [ROWS]),
    "sums of a type": (lambda x: x.sum(dtype=torch.float32) + x.mean(dtype=torch.float32) + x, [ROWS]),
    "norms": (lambda x: x / torch.linalg.vector_norm(x, dim=1, keepdim=True) + x.norm() + x.norm(p=1), [ROWS]),
    "std": (lambda x: x.std(1, keepdim=True), [ROWS]),
    "norm": (lambda x: F.normalize(x, dim=1), [ROWS]),
    "logsumexp": (lambda x: torch.logsumexp(x, 1), [ROWS]),
    "any": (lambda x: (x > 0).any(1).float() + (x > 0).all(1).float(), [ROWS]),
    # convolutions and pools
    "conv2d": (lambda x: F.conv2d(x, W[6, 4, 3, 3], W[6,], stride=2, padding=1, dilation=2), [IMAGE]),
    "conv2d same": (lambda x: F.conv2d(x, W[6, 4, 3, 3], padding="same"), [IMAGE]),
    "depthwise": (lambda x: F.conv2d(x, W[4, 1, 3, 3], W[4,], padding=(1, 0), groups=4), [IMAGE]),
    "grouped": (lambda x: F.conv2d(x, W[8, 2, 3, 3], groups=2), [IMAGE]),
    "conv1d": (lambda x: F.conv1d(x, W[6, 4, 3], W[6,], stride=2, padding=1), [SIGNAL]),
    "conv1d grouped": (lambda x: F.conv1d(x, W[4, 2, 3], groups=2, padding="same"), [SIGNAL]),
    "conv_transpose2d": (lambda x: F.conv_transpose2d(x, W[4, 2, 3, 3], W[2,], 2, 1, output_padding=1), [IMAGE]),
    "conv_transpose2d groups": (lambda x: F.conv_transpose2d(x, W[4, 2, 3, 3], stride=(2, 1), groups=2), [IMAGE]),
    "conv_transpose2d dilated": (lambda x: F.conv_transpose2d(x, W[4, 2, 3, 3], stride=2, dilation=2), [IMAGE]),
    "conv_transpose1d": (lambda x: F.conv_transpose1d(x, W[4, 2, 3], stride=2), [SIGNAL]),
    "nearest": (lambda x: F.interpolate(x, scale_factor=2), [IMAGE]),
    "nearest to a size": (lambda x: F.interpolate(x, size=(9, 4)), [IMAGE]),
    "nearest exact": (lambda x: F.interpolate(x, size=(9, 4), mode="nearest-exact"), [IMAGE]),
    "nearest of a signal": (lambda x: F.interpolate(x, scale_factor=2), [SIGNAL]),
    "bilinear": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), [IMAGE]),
    "bilinear to a size": (lambda x: F.interpolate(x, size=(9, 4), mode="bilinear"), [IMAGE]),
    "bilinear, aligned": (lambda x: F.interpolate(x, size=(11, 16), mode="bilinear", align_corners=True), [IMAGE]),
    "linear resize": (lambda x: F.interpolate(x, scale_factor=3, mode="linear"), [SIGNAL]),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2, 1), [IMAGE]),
    "max_pool2d ceil": (lambda x: F.max_pool2d(x, 2, ceil_mode=True), [(1, 4, 5, 5)]),
    "max_pool1d": (lambda x: F.max_pool1d(x, 2), [SIGNAL]),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), [IMAGE]),
    "avg_pool2d with padding": (lambda x: F.avg_pool2d(x, 3, 2, 1), [IMAGE]),
    "avg_pool2d without": (lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), [IMAGE]),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 4, 2), [SIGNAL]),
    "adaptive": (lambda x: F.adaptive_avg_pool2d(x, (3, 2)), [IMAGE]),
    "adaptive 1d": (lambda x: F.adaptive_avg_pool1d(x, 1), [SIGNAL]),
    "adaptive max": (lambda x: F.adaptive_max_pool2d(x, 2) + F.adaptive_max_pool2d(x, 1), [IMAGE]),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), [IMAGE]),
    "pixel_unshuffle": (lambda x: F.pixel_unshuffle(x, 3), [IMAGE]),
    # normalizations
    "layer_norm": (lambda x: F.layer_norm(x, (5,), W[5,], W[5,]), [ROWS]),
    "layer_norm of images": (lambda x: F.layer_norm(x, (4, 6, 6)), [IMAGE]),
    "group_norm": (lambda x: F.group_norm(x, 2, W[4,], W[4,]), [IMAGE]),
    "group_norm after conv": (lambda x: F.group_norm(F.conv2d(x, W[6, 4, 3, 3]), 3, W[6,]), [IMAGE]),
    "instance_norm": (lambda x: F.instance_norm(F.conv2d(x, W[6, 4, 3, 3])), [IMAGE]),
    "rms_norm": (lambda x: F.rms_norm(x, (5,), W[5,]), [ROWS]),
    # products
    "linear": (lambda x: F.linear(x, W[7, 5]), [(2, 3, 5)]),
    "linear of a vector": (lambda x: F.linear(x, W[7, 5]), [(5,)]),
    "addmm": (lambda x: torch.addmm(torch.ones(7), x, W[5, 7], beta=0.5, alpha=2), [ROWS]),
    "matmul": (lambda x, y: x @ y, [(2, 3, 4), (2, 4, 5)]),
    "matmul broadcast": (lambda x, y: x @ y, [(2, 3, 4), (4, 5)]),
    "matmul of vectors": (lambda x, y: x @ y, [(3, 4), (4,)]),
    "matmul by constant": (lambda x: x @ W[5, 7], [(2, 3, 5)]),
    "constant by matmul": (lambda x: W[7, 5] @ x, [(5, 2)]),
    "baddbmm": (lambda x, y: torch.baddbmm(y, x, y, alpha=0.5), [(2, 3, 3), (2, 3, 3)]),
    "attention": (lambda x: F.scaled_dot_product_attention(x, x * 2, x + 1), [(1, 2, 5, 4)]),
    "causal attention": (lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), [(1, 2, 5, 4)]),
    "masked attention": (
        lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.ones(5, 5).tril() > 0), [(1, 2, 5, 4)],
    ),
    "einsum": (lambda x, y: torch.einsum("bhqd,bhkd->bhqk", x, y), [(1, 2, 3, 4), (1, 2, 5, 4)]),
    "einsum of channels": (lambda x, y: torch.einsum("nchw,co->nohw", x, y), [IMAGE, (4, 3)]),
    # rearranging
    "view": (lambda x: x.view(2, -1) + x.reshape(2, 72), [IMAGE]),
    "flatten": (lambda x: x.flatten(1), [IMAGE]),
    "flatten after conv": (lambda x: F.conv2d(x, W[6, 4, 3, 3]).flatten(1), [IMAGE]),
    "unflatten": (lambda x: x.unflatten(1, (2, 2)), [IMAGE]),
    "permute": (lambda x: x.permute(0, 2, 3, 1), [IMAGE]),
    "transpose": (lambda x: x.transpose(1, 2) + x.mT.mT.transpose(-3, -2), [IMAGE]),
    "movedim": (lambda x: x.movedim(1, -1), [IMAGE]),
    "squeeze": (lambda x: x.squeeze(0).unsqueeze(1).squeeze(), [IMAGE]),
    "expand": (lambda x: x.expand(3, 5) * 2, [(1, 5)]),
    "repeat": (lambda x: x.repeat(2, 1, 3), [ROWS]),
    "slice": (lambda x: x[:, 1:3, ::2, -3:], [IMAGE]),
    "slice after conv": (lambda x: F.conv2d(x, W[6, 4, 3, 3])[:, 1:4, :, 1:], [IMAGE]),
    "select": (lambda x: x[:, -1] + x.select(1, 0), [IMAGE]),
    "narrow": (lambda x: x.narrow(1, 1, 2), [IMAGE]),
    "cat": (lambda x, y: torch.cat([x, y, x], 1), [IMAGE, IMAGE]),
    "cat after conv": (lambda x: torch.cat([F.conv2d(x, W[6, 4, 3, 3], padding=1), x], 1), [IMAGE]),
    "stack": (lambda x, y: torch.stack([x, y], 1), [ROWS, ROWS]),
    "chunk": (lambda x: x.chunk(2, 1)[0] * x.chunk(2, 1)[1], [IMAGE]),
    "split": (lambda x: x.split(3, 1)[1] + x.split([1, 3], 1)[0], [IMAGE]),
    "unbind": (lambda x: x.unbind(0)[1], [ROWS]),
    "channel shuffle": (lambda x: x.view(1, 2, 2, 6, 6).transpose(1, 2).reshape(1, 4, 6, 6), [IMAGE]),
    "pad": (lambda x: F.pad(x, (1, 2, 0, 1)), [IMAGE]),
    "pad by reflection": (lambda x: F.pad(F.conv2d(x, W[6, 4, 3, 3]), (1, 2, 0, 1), mode="reflect"), [IMAGE]),
    "pad by edges": (lambda x: F.pad(x, (2, 1), mode="replicate"), [SIGNAL]),
    "pad in circles": (lambda x: F.pad(x, (2, 1), mode="circular"), [SIGNAL]),
    "pad value": (lambda x: F.pad(x, (1, -1), value=2.0), [ROWS]),
    "index_select": (lambda x: x.index_select(1, torch.tensor([2, 0])), [ROWS]),
    "flip": (lambda x: x.flip(1), [ROWS]),
    "roll": (lambda x: x.roll(2, 1), [ROWS]),
    "gather": (lambda x: x.gather(1, torch.tensor([[0, 2], [1, 1], [4, 3]])), [ROWS]),
    "cumsum": (lambda x: x.cumsum(1), [ROWS]),
    "index": (lambda x: x[:, torch.tensor([2, 0, 1])], [ROWS]),
    "expand of dimensions": (lambda x: x.expand(2, 3, 5) + 1, [ROWS]),
    "trigonometry": (lambda x: torch.atan(x) + torch.tan(x / 4) + torch.sinh(x) + torch.fmod(x, 0.3), [ROWS]),
    "tril": (lambda x: x.tril() + x.triu(1), [ROWS]),
    "zeros and ones": (lambda x: x + torch.zeros_like(x) + torch.ones(5) + torch.full((3, 1), 2.0), [ROWS]),
    "arange of indices": (lambda x: W[7, 5][torch.arange(3)] + W[5, 7].t()[torch.full((3,), 2)] + x, [ROWS]),
    "arange": (lambda x: x * torch.arange(5) + torch.arange(3).unsqueeze(1), [ROWS]),
    "dropout and clone": (lambda x: F.dropout(x, 0.5, False).clone().contiguous().detach(), [ROWS]),
}  # fmt: skip


class Applied(torch.nn.Module):  # type: ignore[misc]
    """A function as a module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def computed(data: bytes, inputs: list[Any]) -> Any:
    graph = smelt.optimize(smelt.load(data))
    feed = {}
    for name, tensor in zip(graph.inputs, inputs, strict=True):
        array = tensor.numpy()
        feed[name] = np.moveaxis(array, 1, -1) if f"layout:{name}" in graph.metadata else array
    (name,) = graph.outputs
    result = ReferenceEngine(graph).run(feed)[name]
    return np.moveaxis(result, -1, 1) if f"layout:{name}" in graph.metadata else result


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str) -> None:
    function, shapes = CASES[name]
    torch.manual_seed(1)
    inputs = [torch.randn(shape) for shape in shapes]
    module = Applied(function).eval()
    traced = torch.jit.trace(module, tuple(inputs), check_trace=False)
    stream = io.BytesIO()
    torch.jit.save(traced, stream)
    wanted = module(*inputs).numpy()
    exported = io.BytesIO()
    torch.export.save(torch.export.export(module, tuple(inputs)), exported)
    lite = bytes(traced._save_to_buffer_for_lite_interpreter())
    for data in (stream.getvalue(), lite, exported.getvalue()):
        result = computed(data, inputs)
        assert result.shape == wanted.shape
        assert np.abs(result - wanted).max() <= 1e-5 * max(np.abs(wanted).max(), 1e-3)
