"""Small architectures to distil into, with random weights, for the inputs and outputs of another graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import UsageError
from smelt.ir import DType, Graph, Value
from smelt.operators.builder import GraphBuilder
from smelt.train.losses import last_operator


def make_student(
    architecture: str, teacher: Graph, *, width: float = 1.0, depth: int = 0, seed: int = 0
) -> Graph:
    """A network of one of ARCHITECTURES with the teacher's input and output, its weights drawn at random.

    `width` multiplies the channels of every layer, which stay multiples of 4; `depth` is the number of blocks
    (0: the architecture's own).  It ends in a softmax, logistic or tanh where the teacher does.  UsageError for an
    architecture that is not known, a teacher with several inputs or outputs, or an input that the architecture does
    not take.
    """
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UsageError(f"no architecture is called '{architecture}'; there are {known}")
    if len(teacher.inputs) != 1 or len(teacher.outputs) != 1:
        raise UsageError(
            f"'{teacher.name}' has {len(teacher.inputs)} inputs and {len(teacher.outputs)} outputs; the architectures "
            "have one of each: give a student of your own"
        )
    if not 0 < width < math.inf or depth < 0:
        raise UsageError("a student's width is more than 0, and its depth not negative")
    given, wanted = teacher.values[teacher.inputs[0]], teacher.values[teacher.outputs[0]]
    if given.dtype is not DType.F32 or wanted.dtype is not DType.F32:
        raise UsageError(
            f"'{teacher.name}' has inputs or outputs that are not float32; distil from the float model"
        )
    layers = _Layers(
        GraphBuilder(f"{architecture} student of {teacher.name}"), np.random.default_rng(seed), width
    )
    x = layers.build.input(given.name, given.dtype, given.shape)
    features = ARCHITECTURES[architecture](layers, x, depth)
    logits = layers.dense(features, wanted.elements, activation="none")
    if wanted.shape != layers.value(logits).shape:
        logits = layers.build.add("reshape", [logits], {"shape": wanted.shape})
    last = last_operator(teacher)
    if last is not None:
        logits = layers.build.add(last, [logits])
    return layers.build.build([logits])


@dataclass
class _Layers:
    """Layers with weights of He's initialization ("Delving deep into rectifiers", 2015)."""

    build: GraphBuilder
    rng: np.random.Generator
    width: float

    def value(self, x: str) -> Value:
        return self.build.values[x]

    def channels(self, count: int) -> int:
        """So many channels at width 1."""
        return max(4, round(count * self.width / 4) * 4)

    def weights(self, shape: Sequence[int], fan_in: int) -> str:
        drawn = self.rng.normal(0.0, np.sqrt(2.0 / fan_in), tuple(shape))
        return self.build.constant("weights", drawn.astype(np.float32))

    def bias(self, count: int) -> str:
        return self.build.constant("bias", np.zeros(count, np.float32))

    def convolution(
        self,
        x: str,
        outputs: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        activation: str = "relu",
    ) -> str:
        inputs = self.value(x).shape[-1]
        weights = self.weights((outputs, *kernel, inputs), kernel[0] * kernel[1] * inputs)
        return self.build.add(
            "conv_2d",
            [x, weights, self.bias(outputs)],
            {"stride": stride, "padding": self.border(x, kernel, stride), "activation": activation},
        )

    def depthwise(self, x: str, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)) -> str:
        count = self.value(x).shape[-1]
        weights = self.weights((1, *kernel, count), kernel[0] * kernel[1])
        return self.build.add(
            "depthwise_conv_2d",
            [x, weights, self.bias(count)],
            {
                "stride": stride,
                "padding": self.border(x, kernel, stride),
                "multiplier": 1,
                "activation": "relu",
            },
        )

    def border(self, x: str, kernel: tuple[int, int], stride: tuple[int, int]) -> tuple[int, int, int, int]:
        """The padding with which the output has the size of the input over the stride, rounded up."""
        sides: list[int] = []
        for size, width, step in zip(self.value(x).shape[1:3], kernel, stride, strict=True):
            total = max(0, (-(-size // step) - 1) * step + width - size)
            sides += [total // 2, total - total // 2]
        return sides[0], sides[1], sides[2], sides[3]

    def stride(self, x: str, step: int = 2) -> tuple[int, int]:
        """A step along each side that is still long enough."""
        height, width = self.value(x).shape[1:3]
        return (step if height > step else 1), (step if width > step else 1)

    def dense(self, x: str, outputs: int, activation: str = "relu") -> str:
        value = self.value(x)
        inputs = value.elements
        if value.shape != (1, inputs):
            x = self.build.add("reshape", [x], {"shape": (1, inputs)})
        weights = self.weights((outputs, inputs), inputs)
        return self.build.add("fully_connected", [x, weights, self.bias(outputs)], {"activation": activation})

    def mean(self, x: str) -> str:
        return self.build.add("mean", [x], {"axes": (1, 2), "keep_dims": False})


def _image(layers: _Layers, x: str) -> str:
    shape = layers.value(x).shape
    if len(shape) == 3:
        return layers.build.add("reshape", [x], {"shape": (*shape, 1)})
    if len(shape) != 4:
        raise UsageError(f"the input {list(shape)} is no image; the architectures mlp and cnn-1d take it")
    return x


def _ds_cnn(layers: _Layers, x: str, depth: int) -> str:
    """A convolution, then blocks of depthwise and pointwise ones.  Zhang et al., "Hello Edge", 2017."""
    x = _image(layers, x)
    x = layers.convolution(x, layers.channels(64), (3, 3), layers.stride(x))
    for _ in range(depth or 4):
        x = layers.convolution(layers.depthwise(x, (3, 3)), layers.channels(64), (1, 1))
    return layers.mean(x)


def _cnn(layers: _Layers, x: str, depth: int) -> str:
    """Convolutions, each with twice the channels at half the size."""
    x = _image(layers, x)
    for index in range(depth or 3):
        x = layers.convolution(x, layers.channels(16 * 2**index), (3, 3), layers.stride(x))
    return layers.mean(x)


def _mobilenet_v1(layers: _Layers, x: str, depth: int) -> str:
    """Depthwise separable convolutions, with twice the channels at every other.  Howard et al., 2017."""
    x, count = _image(layers, x), 32
    x = layers.convolution(x, layers.channels(count), (3, 3), layers.stride(x))
    for index in range(depth or 6):
        halves = index % 2 == 1
        count = min(256, count * 2) if halves or index == 0 else count
        x = layers.depthwise(x, (3, 3), layers.stride(x) if halves else (1, 1))
        x = layers.convolution(x, layers.channels(count), (1, 1))
    return layers.mean(x)


def _mobilenet_v2(layers: _Layers, x: str, depth: int) -> str:
    """Inverted residuals with linear bottlenecks.  Sandler et al., 2018."""
    x, count = _image(layers, x), 16
    x = layers.convolution(x, layers.channels(count), (3, 3), layers.stride(x))
    for index in range(depth or 5):
        halves = index % 2 == 1
        count = min(96, count + 8) if halves else count
        inner = layers.convolution(x, 4 * layers.value(x).shape[-1], (1, 1))
        inner = layers.depthwise(inner, (3, 3), layers.stride(inner) if halves else (1, 1))
        inner = layers.convolution(inner, layers.channels(count), (1, 1), activation="none")
        x = (
            layers.build.add("add", [inner, x])
            if layers.value(inner).shape == layers.value(x).shape
            else inner
        )
    return layers.mean(layers.convolution(x, 4 * layers.value(x).shape[-1], (1, 1)))


def _cnn_1d(layers: _Layers, x: str, depth: int) -> str:
    """Convolutions along the first dimension after the batch: time."""
    shape = layers.value(x).shape
    if len(shape) < 2:
        raise UsageError(f"the input {list(shape)} has no dimension of time")
    channels = int(np.prod(shape[2:]))
    x = layers.build.add("reshape", [x], {"shape": (1, shape[1], 1, channels)})
    for index in range(depth or 3):
        x = layers.convolution(x, layers.channels(16 * 2**index), (5, 1), layers.stride(x))
    return layers.mean(x)


def _mlp(layers: _Layers, x: str, depth: int) -> str:
    """Dense layers."""
    for _ in range(depth or 2):
        x = layers.dense(x, layers.channels(64))
    return x


ARCHITECTURES: Mapping[str, Callable[[_Layers, str, int], str]] = {
    "ds-cnn": _ds_cnn,
    "cnn": _cnn,
    "mobilenet-v1": _mobilenet_v1,
    "mobilenet-v2": _mobilenet_v2,
    "cnn-1d": _cnn_1d,
    "mlp": _mlp,
}
"""By name: from the input to the features that the last dense layer reads."""
