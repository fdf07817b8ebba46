"""Layers as several smaller ones after each other: the weights of each, for given ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smelt.ir import Attribute
from smelt.operators import Call
from smelt.train.channel_statistics import Floats
from smelt.train.rank_estimate import variational_rank


@dataclass(frozen=True)
class Factor:
    """One of the layers: its weights, and how its attributes differ from those that do nothing.

    `operator` is None for that of the layer that is taken apart.
    """

    weights: Floats
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    operator: str | None = None

    @property
    def total(self) -> Floats:
        """Of the weights between each output and each input the sum over all places."""
        rows = self.weights
        if self.operator == "depthwise_conv_2d":
            return np.diag(rows.sum(axis=(0, 1, 2)))
        return np.asarray(rows.reshape(len(rows), -1, rows.shape[-1]).sum(axis=1))


@dataclass(frozen=True)
class Split:
    """A way to take a layer apart."""

    name: str
    factors: tuple[Factor, ...]

    @property
    def elements(self) -> int:
        """The number of weights."""
        return sum(factor.weights.size for factor in self.factors)


Ranks = Callable[[Floats, tuple[int, int]], int]
"""How many singular values, in falling order, of a matrix of this shape are kept."""

Splitting = Callable[[Call, Floats, Floats, Ranks], Iterator[Split]]
"""(call, weights, root, ranks) → splits; `root` @ its transpose is the covariance of the data's channels."""


def dense_splits(call: Call, weights: Floats, root: Floats, ranks: Ranks) -> Iterator[Split]:
    """Two dense layers, by truncated singular value decomposition."""
    second, first = _truncated(weights @ root, ranks)
    yield Split("svd", (Factor(unrooted(first, root)), Factor(second)))


def convolution_splits(call: Call, weights: Floats, root: Floats, ranks: Ranks) -> Iterator[Split]:
    """Of a 1x1 convolution: two of them.  Of others: columns then rows; 1x1, smaller, 1x1 (Tucker-2).

    Sources: Jaderberg et al., "Speeding up Convolutional Neural Networks with Low Rank Expansions", 2014; Kim et
    al., "Compression of Deep Convolutional Neural Networks for Fast and Low Power Mobile Applications", 2016.
    """
    outputs, height, width, inputs = weights.shape
    around = window(call)
    rooted = weights @ root
    if height == width == 1:
        second, first = _truncated(rooted[:, 0, 0], ranks)
        small = unrooted(first, root)[:, None, None]
        yield Split("svd", (Factor(small, around), Factor(second[:, None, None])))
        return
    yield _tucker(rooted, root, around, ranks)
    if min(height, width) > 1:
        across, down = _truncated(
            rooted.transpose(0, 2, 1, 3).reshape(outputs * width, height * inputs), ranks
        )
        columns = unrooted(down.reshape(-1, height, 1, inputs), root)
        rows = across.reshape(outputs, width, 1, -1).transpose(0, 2, 1, 3)
        vertical, horizontal = directions(around)
        yield Split("spatial", (Factor(columns, vertical), Factor(rows, horizontal)))


def window(call: Call) -> dict[str, Attribute]:
    """What a convolution's attributes say of where its window is."""
    return {name: getattr(call.attributes, name) for name in ("stride", "padding", "dilation")}


def _tucker(rooted: Floats, root: Floats, window: Mapping[str, Attribute], ranks: Ranks) -> Split:
    outputs, inputs = rooted.shape[0], rooted.shape[-1]
    to_outputs = _basis(rooted.reshape(outputs, -1), ranks)
    to_inputs = _basis(np.moveaxis(rooted, -1, 0).reshape(inputs, -1), ranks)
    core = np.tensordot(to_outputs, rooted, (0, 0)) @ to_inputs
    first = unrooted(to_inputs.T, root)[:, None, None]
    return Split("tucker", (Factor(first), Factor(core, window), Factor(to_outputs[:, None, None])))


def _truncated(matrix: Floats, ranks: Ranks) -> tuple[Floats, Floats]:
    """Two matrices whose product is near; what is strong is spread over both."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    rank = ranks(values, (len(left), right.shape[1]))
    strength = np.sqrt(values[:rank])
    return left[:, :rank] * strength, strength[:, None] * right[:rank]


def _basis(matrix: Floats, ranks: Ranks) -> Floats:
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(left[:, : ranks(values, (matrix.shape[0], matrix.shape[1]))])


def unrooted(weights: Floats, root: Floats) -> Floats:
    """Weights for the data, from those for what has been whitened."""
    return np.asarray(np.linalg.solve(root.T, weights.reshape(-1, len(root)).T).T.reshape(weights.shape))


def directions(window: Mapping[str, Any]) -> tuple[dict[str, Attribute], dict[str, Attribute]]:
    """A window's attributes for its columns alone, and for its rows alone."""
    (down, across), (high, wide) = window["stride"], window["dilation"]
    top, bottom, left, right = window["padding"]
    vertical: dict[str, Attribute] = {
        "stride": (down, 1),
        "dilation": (high, 1),
        "padding": (top, bottom, 0, 0),
    }
    horizontal: dict[str, Attribute] = {
        "stride": (1, across),
        "dilation": (1, wide),
        "padding": (0, 0, left, right),
    }
    return vertical, horizontal


SPLITTINGS: Mapping[str, Splitting] = {"fully_connected": dense_splits, "conv_2d": convolution_splits}
"""How each operator's layers are taken apart."""


def keeping_energy(energy: float, multiple: int) -> Ranks:
    """As many singular values as keep this share of the sum of squares, rounded up to a multiple."""

    def rank(values: Floats, shape: tuple[int, int]) -> int:
        shares = np.cumsum(values**2)
        return int(np.searchsorted(shares, energy * shares[-1] * (1 - 1e-12))) + 1

    return _in_multiples(rank, multiple)


def above_noise(multiple: int) -> Ranks:
    """`variational_rank`, rounded up to a multiple."""
    return _in_multiples(variational_rank, multiple)


def _in_multiples(rank: Ranks, multiple: int) -> Ranks:
    def rounded(values: Floats, shape: tuple[int, int]) -> int:
        return min(-(-rank(values, shape) // multiple) * multiple, len(values))

    return rounded
