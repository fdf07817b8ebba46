"""Transposed convolutions as Keras and TensorFlow have them, as transpose_conv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from smelt.ir import Array, Attribute


class Builder(Protocol):
    """What appends nodes."""

    def emit(
        self, operator: str, inputs: Sequence[Any], attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """A node; returns its first output."""


def cut_off(
    kind: str, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], output: Sequence[int]
) -> tuple[int, int]:
    """The rows and columns that SAME or VALID leave out at the top and left; kernels count with their dilation."""
    if kind.upper() == "VALID":
        return 0, 0
    whole = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
    top, left = (max(w - o, 0) // 2 for w, o in zip(whole, output, strict=True))
    return top, left


def weights_of(kernel: Array, dilation: Sequence[int]) -> Array:
    """Weights [height, width, outputs, inputs] as transpose_conv has them, with zeros where a dilation skips."""
    moved = kernel.transpose(2, 0, 1, 3)
    if tuple(dilation) == (1, 1):
        return moved
    outputs, height, width, inputs = moved.shape
    extent = (height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1
    result = np.zeros((outputs, *extent, inputs), kernel.dtype)
    result[:, :: dilation[0], :: dilation[1]] = moved
    return result


def transpose_conv(
    _: Builder,
    x: Any,
    weights: Any,
    bias: Any,
    stride: Sequence[int],
    size: Sequence[int],
    cut: Sequence[int],
) -> str:
    """The node: `size` is the result's, `cut` what `cut_off` says."""
    attributes: dict[str, Attribute] = {"size": tuple(size), "stride": tuple(stride), "padding": tuple(cut)}
    return _.emit("transpose_conv", (x, weights, bias), attributes)
