"""Nested loops over runs of bytes: how a rearrangement looks to the C kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.operators.operator import Table

MOST_LOOPS = 8
"""SMELT_STRIDED_COPY_LOOPS of shape.h."""


@dataclass(frozen=True)
class Loop:
    """`count` rounds, with the bytes from one to the next in the input and in the output."""

    count: int
    input_stride: int
    output_stride: int


@dataclass(frozen=True)
class Runs:
    """`run` bytes that lie together on both sides, and the loops around them, outermost first."""

    run: int
    loops: tuple[Loop, ...]

    def axes(self) -> Table:
        """The loops as the kernels read them: innermost first, steps that end the loops inside them."""
        rows: list[tuple[int, int, int]] = []
        passed_input = passed_output = 0
        for loop in reversed(self.loops or (Loop(1, 0, 0),)):
            rows.append((loop.count, loop.input_stride - passed_input, loop.output_stride - passed_output))
            passed_input += (loop.count - 1) * loop.input_stride
            passed_output += (loop.count - 1) * loop.output_stride
        return Table("axes", np.array(rows, np.int32).reshape(-1), "count, input step, output step")

    @property
    def table_loops(self) -> int:
        """The loops in the table: never none."""
        return max(len(self.loops), 1)


def strides(shape: Sequence[int], element_bytes: int) -> list[int]:
    """The bytes from one index to the next along each dimension of a contiguous tensor."""
    result = [element_bytes] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        result[axis] = result[axis + 1] * shape[axis + 1]
    return result


def merged(loops: Sequence[Loop], element_bytes: int) -> Runs:
    """The same copy with the fewest loops: neighbours that are one walk on both sides become one."""
    result: list[Loop] = []
    for loop in loops:
        if loop.count == 1:
            continue
        outer = result[-1] if result else None
        if (
            outer is not None
            and outer.input_stride == loop.count * loop.input_stride
            and outer.output_stride == loop.count * loop.output_stride
        ):
            result[-1] = Loop(outer.count * loop.count, loop.input_stride, loop.output_stride)
        else:
            result.append(loop)
    if result and result[-1].input_stride == result[-1].output_stride == element_bytes:
        return Runs(element_bytes * result[-1].count, tuple(result[:-1]))
    return Runs(element_bytes, tuple(result))
