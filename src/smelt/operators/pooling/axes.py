"""What operators over whole axes share: the reduced shape, and the loops that their kernels run."""

from __future__ import annotations

import math
from itertools import groupby

from smelt.errors import GraphError
from smelt.operators.operator import Call


def reduced_shape(call: Call) -> tuple[int, ...]:
    """The shape without `attributes.axes`, or with size 1 there; GraphError for axes that are not there."""
    axes = call.attributes.axes
    value = call.input(0)
    rank = len(value.shape)
    if len(set(axes)) != len(axes) or not all(0 <= axis < rank for axis in axes):
        raise GraphError(f"{call.node.label}: axes {axes} are not distinct axes of a tensor with {rank}")
    if reduced_count(call) == 0:
        raise GraphError(f"{call.node.label}: reduces no elements, shape {list(value.shape)}")
    kept = [1 if axis in axes else size for axis, size in enumerate(value.shape)]
    return tuple(kept if call.attributes.keep_dims else [s for k, s in enumerate(kept) if k not in axes])


def reduced_count(call: Call) -> int:
    """The elements that become one."""
    return math.prod(call.input(0).shape[axis] for axis in call.attributes.axes)


def reduced_loops(call: Call) -> dict[str, int] | None:
    """The input as [outer, rows, middle, columns, inner] with rows and columns reduced, or None.

    Neighbouring axes that are treated alike are one; None when more than two blocks are reduced.
    """
    shape = call.input(0).shape
    wide = [axis for axis, size in enumerate(shape) if size != 1]
    blocks = [
        (reduced, math.prod(shape[axis] for axis in block))
        for reduced, block in groupby(wide, lambda axis: axis in call.attributes.axes)
    ]
    if not blocks or blocks[0][0]:
        blocks.insert(0, (False, 1))
    if blocks[-1][0]:
        blocks.append((False, 1))
    sizes = [size for _, size in blocks]
    if len(sizes) > 5:
        return None
    # The rest goes before the last two, so that the inner loop of the usual case is the columns.
    sizes[-2:-2] = [1] * (5 - len(sizes))
    return dict(zip(("outer", "rows", "middle", "columns", "inner"), sizes, strict=True))
