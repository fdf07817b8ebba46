"""How the elements of a channels-first file's tensor lie in smelt's: NCHW becomes NHWC once, and stays so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from smelt.ir import Array, Quantization

Shape = tuple[int, ...]

NHWC: Shape = (0, 2, 3, 1)
"""The permutation from the file's N, C, H, W to smelt's N, H, W, C."""


@dataclass(frozen=True)
class Layout:
    """smelt's elements are `foreign.reshape(factors).transpose(permutation).reshape(shape)`.

    `foreign` is the tensor's shape in the file, `shape` that in smelt.  Three kinds occur: natural (nothing
    moves), channels last (4-D, a 1-D signal with height 1), and flattened (a channels-last tensor as rows).
    """

    foreign: Shape
    factors: Shape
    permutation: Shape
    shape: Shape

    @property
    def is_channels_last(self) -> bool:
        """Whether this is a 4-D tensor with its channels moved to the end."""
        return self.permutation == NHWC and len(self.shape) == 4

    @property
    def moves_dimensions(self) -> bool:
        """Whether smelt's dimensions are the file's in another order."""
        return self.factors == self.foreign and len(self.shape) == len(self.foreign)

    @property
    def keeps_order(self) -> bool:
        """Whether the elements lie in memory as in the file: only dimensions of size 1 move."""
        return keeps_order(self.factors, self.permutation)

    def array(self, array: Array) -> Array:
        """An array of the file as smelt has it."""
        moved = array.reshape(self.factors).transpose(self.permutation)
        return np.ascontiguousarray(moved).reshape(self.shape)

    def restored(self, array: Array) -> Array:
        """An array of smelt as the file has it: the reverse of `array`."""
        inner = tuple(self.factors[axis] for axis in self.permutation)
        moved = array.reshape(inner).transpose(inverse(self.permutation))
        return np.ascontiguousarray(moved).reshape(self.foreign)

    def axis(self, axis: int) -> int:
        """Where a dimension of the file is in smelt's tensor."""
        if self.is_channels_last and len(self.foreign) == 3:
            return (0, 3, 2)[axis]
        return self.permutation.index(axis) if self.moves_dimensions else axis

    def alike(self, foreign: Shape) -> Layout:
        """This layout for a tensor of the same rank that is broadcast against one with this layout."""
        if self.is_channels_last:
            return channels_last(foreign)
        if self.permutation == NHWC and foreign[1] == self.foreign[1]:
            return Layout(foreign, (foreign[0], *self.factors[1:]), NHWC, foreign)
        if self.moves_dimensions and len(foreign) == len(self.foreign):
            return Layout(foreign, foreign, self.permutation, tuple(foreign[k] for k in self.permutation))
        return natural(foreign)


def natural(foreign: Shape) -> Layout:
    """The file's own layout."""
    return Layout(foreign, foreign, tuple(range(len(foreign))), foreign)


def channels_last(foreign: Shape) -> Layout:
    """NHWC for a shape NCHW, or N1LC for a shape NCL."""
    factors = foreign if len(foreign) == 4 else (foreign[0], foreign[1], 1, foreign[2])
    return Layout(foreign, factors, NHWC, tuple(factors[axis] for axis in NHWC))


def flattened(layout: Layout) -> Layout:
    """The rows [N, H*W*C] of a channels-last tensor that the file has as rows [N, C*H*W]."""
    rows = (layout.factors[0], math.prod(layout.factors[1:]))
    return Layout(rows, layout.factors, NHWC, rows)


def channels_last_of_rank(rank: int) -> Callable[[Shape], Layout]:
    """What gives the channels-last layout of a result with this shape in smelt; rank is the file's, 3 or 4."""

    def layout(shape: Shape) -> Layout:
        batch, height, width, channels = shape
        return channels_last((batch, channels, height, width) if rank == 4 else (batch, channels, width))

    return layout


def keeps_order(shape: Sequence[int], permutation: Sequence[int]) -> bool:
    """Whether a transpose moves no element: dimensions that are not of size 1 stay in their order."""
    moved = [axis for axis in permutation if shape[axis] != 1]
    return moved == sorted(moved)


def inverse(permutation: Sequence[int]) -> Shape:
    """The permutation that undoes another."""
    return tuple(permutation.index(axis) for axis in range(len(permutation)))


@dataclass(frozen=True)
class Integers:
    """What a constant is stored as: real = scale * (integer - zero_point); numbers of half precision as they are."""

    array: Array
    quantization: Quantization | None

    def moved(self, transform: Callable[[Array], Array]) -> Integers | None:
        """The same after a rearrangement of its elements; None where that leaves no one axis of scales."""
        array, own = transform(self.array), self.quantization
        if own is None or own.axis is None:
            return Integers(array, own)
        shape = [1] * self.array.ndim
        shape[own.axis] = -1
        count = len(own.scales)
        channels = transform(np.broadcast_to(np.arange(count).reshape(shape), self.array.shape))
        for axis in range(channels.ndim):
            row = channels[tuple(slice(None) if k == axis else slice(0, 1) for k in range(channels.ndim))]
            if np.array_equal(np.broadcast_to(row, channels.shape), channels):
                order = [int(channel) for channel in row.reshape(-1)]
                scales = tuple(own.scales[channel] for channel in order)
                zero_points = tuple(own.zero_points[channel] for channel in order)
                return Integers(array, Quantization(scales, zero_points, axis))
        return None


@dataclass
class Tensor:
    """A tensor of the file: its shape there, its contents when constant, and the smelt values that hold it.

    The first of `forms` is the one that it was computed in.  `variant` tells constants apart that are made
    of the same constant of the file.  `integers`: what a constant of float32 is stored as in the file.
    """

    name: str
    shape: Shape
    array: Array | None = None
    forms: dict[Layout, str] = field(default_factory=dict)
    variant: str = ""
    integers: Integers | None = None

    @property
    def layout(self) -> Layout:
        """The layout it was computed in."""
        return next(iter(self.forms), natural(self.shape))

    @property
    def rank(self) -> int:
        """The number of its dimensions in the file."""
        return len(self.shape)
