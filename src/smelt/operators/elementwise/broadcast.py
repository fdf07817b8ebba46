"""Two shapes as nested loops: what the broadcasting kernels need to know of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array
from smelt.operators.operator import Call

OUTER_LOOPS = 3
"""Loops around the row in `smelt_broadcast.h`."""


@dataclass(frozen=True)
class Layout:
    """An output of `count`-element rows; inputs a and b advance by `steps` (0 or 1) elements within a row.

    `loops` are the loops around it, outermost first: extent, stride of a, stride of b in elements.
    """

    count: int
    steps: tuple[int, int]
    loops: tuple[tuple[int, int, int], ...]

    def table(self) -> Array:
        """The int32 table that `smelt_broadcast_next` reads: extents, jumps of a, jumps of b."""
        loops = [(1, 0, 0)] * (OUTER_LOOPS - len(self.loops)) + list(self.loops)
        extents = [extent for extent, _, _ in loops]
        jumps = []
        for operand in (1, 2):
            # When a loop ends, its input has advanced by extent * stride: the next loop out takes that back.
            ended = [loop[0] * loop[operand] for loop in loops[1:]] + [0]
            jumps += [loop[operand] - back for loop, back in zip(loops, ended, strict=True)]
        return np.array(extents + jumps, np.int32)


def broadcast_shape(call: Call) -> tuple[int, ...]:
    """The shape of the output; GraphError when the inputs do not broadcast."""
    a, b = call.input(0), call.input(1)
    try:
        return np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise GraphError(
            f"{call.node.label}: '{a.name}' {list(a.shape)} and '{b.name}' {list(b.shape)} do not broadcast"
        ) from None


def layout_of(a: tuple[int, ...], b: tuple[int, ...]) -> Layout:
    """The fewest loops for two shapes that broadcast: neighbouring dimensions treated alike are one loop."""
    shape = np.broadcast_shapes(a, b)
    if 0 in shape:
        return Layout(0, (1, 1), ())
    padded = [(1,) * (len(shape) - len(s)) + s for s in (a, b)]
    dimensions = [
        (extent, extent == a_extent, extent == b_extent)
        for extent, a_extent, b_extent in zip(shape, *padded, strict=True)
        if extent != 1
    ]
    groups = [
        (int(np.prod([extent for extent, _, _ in group])), *advance)
        for advance, group in itertools.groupby(dimensions, lambda d: d[1:])
    ] or [(1, True, True)]
    count, *steps = groups.pop()
    loops = []
    strides = [count if step else 1 for step in steps]
    for extent, *advance in reversed(groups):
        loops.append((extent, *(stride if go else 0 for stride, go in zip(strides, advance, strict=True))))
        strides = [stride * (extent if go else 1) for stride, go in zip(strides, advance, strict=True)]
    return Layout(count, (int(steps[0]), int(steps[1])), tuple(reversed(loops)))
