"""The networks of the record: those that the repository owns, small enough to measure in every test run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, prod
from pathlib import Path

import numpy as np

import smelt
from smelt.ir import Array, Attribute, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder

Pair = tuple[int, int]
_SCALE = 0.02
_SPREAD = 60.0  # the standard deviation that a layer's outputs should have, in steps
_INPUT_SPREAD = 74.0 * 73.0  # that of random int8 data times that of random int8 weights
_DIGITS = Path(__file__).resolve().parents[1] / "examples" / "digits" / "digits.onnx"


class Network:
    """An int8 graph under construction with seeded random weights; tensors are named by strings."""

    def __init__(self, name: str, *shape: int) -> None:
        self._build = GraphBuilder(name)
        self._rng = np.random.default_rng(7)
        self.input = self._build.input("input", DType.S8, shape, Quantization.per_tensor(_SCALE, -1))

    def conv(
        self, x: str, channels: int, kernel: Pair, stride: Pair = (1, 1), activation: str = "relu"
    ) -> str:
        """A convolution with TensorFlow's SAME padding."""
        field = (*kernel, self._shape(x)[3])
        weights = self._weights((channels, *field), axis=0, field=prod(field))
        return self._window("conv_2d", x, weights, channels, kernel, stride, activation)

    def depthwise(self, x: str, kernel: Pair, stride: Pair = (1, 1), activation: str = "relu") -> str:
        """A depthwise convolution with TensorFlow's SAME padding."""
        channels = self._shape(x)[3]
        weights = self._weights((1, *kernel, channels), axis=3, field=prod(kernel))
        return self._window("depthwise_conv_2d", x, weights, channels, kernel, stride, activation)

    def dense(self, x: str, channels: int, activation: str = "none") -> str:
        """A fully connected layer."""
        inputs = self._shape(x)[-1]
        weights = self._weights((channels, inputs), axis=0, field=inputs)
        tensors = (x, weights, self._bias(channels))
        return self._build.add(
            "fully_connected", tensors, {"activation": activation}, quantization=self._output(activation)
        )

    def add(self, x: str, y: str) -> str:
        """An addition with ReLU."""
        return self._build.add("add", (x, y), {"activation": "relu"}, quantization=self._output("relu"))

    def classifier(self, x: str, classes: int) -> Graph:
        """The finished network: average pooling over the image, a dense layer, softmax."""
        height, width, channels = self._shape(x)[1:]
        pool = {"filter": (height, width), "stride": (1, 1)}
        pooled = self._build.add(
            "average_pool_2d", [x], pool, quantization=self._build.values[x].quantization
        )
        flat = self._build.add(
            "reshape",
            [pooled],
            {"shape": (1, channels)},
            quantization=self._build.values[x].quantization,
        )
        scores = Quantization.per_tensor(1 / 256, -128)
        return self.finished(self._build.add("softmax", [self.dense(flat, classes)], quantization=scores))

    def finished(self, output: str) -> Graph:
        """The graph, optimized as the command line does it."""
        return smelt.optimize(self._build.build([output]))

    def _shape(self, x: str) -> tuple[int, ...]:
        return self._build.values[x].shape

    def _window(
        self, operator: str, x: str, weights: str, channels: int, kernel: Pair, stride: Pair, activation: str
    ) -> str:
        sizes = self._shape(x)[1:3]
        padding: list[int] = []
        for size, length, step in zip(sizes, kernel, stride, strict=True):
            total = max((ceil(size / step) - 1) * step + length - size, 0)
            padding += [total // 2, total - total // 2]
        attributes: dict[str, Attribute] = {
            "stride": stride,
            "padding": tuple(padding),
            "activation": activation,
        }
        tensors = (x, weights, self._bias(channels))
        return self._build.add(operator, tensors, attributes, quantization=self._output(activation))

    def _weights(self, shape: tuple[int, ...], axis: int, field: int) -> str:
        array: Array = self._rng.integers(-127, 127, shape, endpoint=True, dtype=np.int8)
        scale = _SPREAD / (np.sqrt(field) * _INPUT_SPREAD)
        scales = tuple(float(np.float32(scale * 2.0**e)) for e in self._rng.uniform(-1, 1, shape[axis]))
        return self._build.constant("weights", array, Quantization(scales, (0,) * len(scales), axis))

    def _bias(self, channels: int) -> str:
        array = self._rng.integers(-9000, 9000, channels, dtype=np.int32)
        return self._build.constant("bias", array, Quantization.per_tensor(1.0))

    def _output(self, activation: str) -> Quantization:
        return Quantization.per_tensor(_SCALE, 4 if activation == "none" else -128)


def keywords() -> Graph:
    """A keyword spotter as in MLPerf Tiny, with a quarter of the layers and half of the channels."""
    net = Network("keywords", 1, 49, 10, 1)
    x = net.conv(net.input, 32, (10, 4), (2, 2))
    x = net.conv(net.depthwise(x, (3, 3)), 32, (1, 1))
    return net.classifier(x, 12)


def residual() -> Graph:
    """An image classifier with residual blocks, the second with stride 2 and a 1x1 shortcut."""
    net = Network("residual", 1, 16, 16, 3)
    x = net.conv(net.input, 16, (3, 3))
    x = net.add(x, net.conv(net.conv(x, 16, (3, 3)), 16, (3, 3), activation="none"))
    y = net.conv(net.conv(x, 32, (3, 3), (2, 2)), 32, (3, 3), activation="none")
    return net.classifier(net.add(net.conv(x, 32, (1, 1), (2, 2), activation="none"), y), 10)


def separable() -> Graph:
    """A depthwise-separable image classifier, strides 2 and 1."""
    net = Network("separable", 1, 32, 32, 3)
    x = net.conv(net.input, 8, (3, 3), (2, 2))
    x = net.conv(net.depthwise(x, (3, 3)), 16, (1, 1))
    x = net.conv(net.depthwise(x, (3, 3), (2, 2)), 32, (1, 1))
    x = net.conv(net.depthwise(x, (3, 3)), 32, (1, 1))
    return net.classifier(x, 2)


def autoencoder() -> Graph:
    """Dense layers with a bottleneck."""
    net = Network("autoencoder", 1, 160)
    x = net.dense(net.dense(net.dense(net.input, 64, "relu"), 8, "relu"), 64, "relu")
    return net.finished(net.dense(x, 160))


def digits() -> Graph:
    """The example's network in int8, calibrated on seeded noise: what it recognizes is not the point here."""
    graph = smelt.load(_DIGITS)
    (shape,) = (graph.values[name].shape for name in graph.inputs)
    noise = np.random.default_rng(8).random((16, *shape[1:])).astype(np.float32)
    return smelt.optimize(smelt.quantize_int8(graph, smelt.samples_for(graph, {"x": noise})))


MODELS: Mapping[str, Callable[[], Graph]] = {
    function.__name__: function for function in (digits, keywords, residual, separable, autoencoder)
}
