"""Transposed convolutions as convolutions of what they read with zeros in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError
from smelt.ir import Array, Attribute


class Builder(Protocol):
    """What appends nodes."""

    label: str

    def shape(self, value: Any) -> tuple[int, ...]:
        """The shape of a value."""

    def reshape(self, value: Any, shape: Sequence[int]) -> str:
        """The value in another shape."""

    def emit(
        self, operator: str, inputs: Sequence[Any], attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """A node; returns its first output."""


@dataclass(frozen=True)
class Transposed:
    """A transposed convolution of images: (height, width) of everything.

    `before` is what the result leaves out of the whole one at its top and left.
    """

    stride: tuple[int, int]
    dilation: tuple[int, int]
    output: tuple[int, int]
    before: tuple[int, int]


def same_or_valid(
    kind: str, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], output: Sequence[int]
) -> tuple[int, int]:
    """`Transposed.before` for the paddings SAME and VALID, kernels counted with their dilation."""
    if kind.upper() == "VALID":
        return 0, 0
    whole = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
    top, left = (max(w - o, 0) // 2 for w, o in zip(whole, output, strict=True))
    return top, left


def flipped(kernel: Array) -> Array:
    """Weights [height, width, outputs, inputs] as those of the convolution, [outputs, height, width, inputs]."""
    return kernel[::-1, ::-1].transpose(2, 0, 1, 3)


def transposed_conv_2d(_: Builder, x: Any, weights: Any, bias: Any, about: Transposed) -> str:
    """The nodes; `weights` are those that `flipped` gives.  FormatError for a result of impossible size."""
    batch, *size, channels = _.shape(x)
    kernel = [(k - 1) * d + 1 for k, d in zip(_.shape(weights)[1:3], about.dilation, strict=True)]
    padding: list[int] = []
    for axis in range(2):
        first = kernel[axis] - 1 - about.before[axis]
        last = about.output[axis] - size[axis] * about.stride[axis] - first + kernel[axis] - 1
        if first < 0 or last < 0:
            raise FormatError(f"{_.label}: {size} cannot become {list(about.output)}")
        padding += [first, last]
    if about.stride != (1, 1):
        apart = _.reshape(x, (batch, size[0], 1, size[1], 1, channels))
        zeros = (0, 0, 0, 0, 0, about.stride[0] - 1, 0, 0, 0, about.stride[1] - 1, 0, 0)
        spread = _.emit("pad", (apart,), {"paddings": zeros})
        x = _.reshape(spread, (batch, size[0] * about.stride[0], size[1] * about.stride[1], channels))
    attributes: dict[str, Attribute] = {"padding": tuple(padding), "dilation": about.dilation}
    return _.emit("conv_2d", (x, weights, bias), attributes)


def nearest_places(size: int, output: int, *, half_pixel: bool, align_corners: bool) -> Array:
    """Which element each one of an enlarged or reduced dimension is.  Source: TensorFlow's resize_nearest_neighbor."""
    place = np.arange(output, dtype=np.float32)
    if align_corners and output > 1:
        chosen = np.floor(place * np.float32((size - 1) / (output - 1)) + np.float32(0.5))
    else:
        chosen = np.floor((place + np.float32(0.5 if half_pixel else 0)) * np.float32(size / output))
    return np.asarray(np.clip(chosen, 0, size - 1), np.int32)
