"""The judge of every plan: plays the steps in an arena of owner tags. Shares no code with the planner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.memory.lifetimes import Buffer

if TYPE_CHECKING:
    from smelt.memory.layout import Plan

_NOBODY = -1


def check_plan(buffers: Sequence[Buffer], plan: Plan) -> None:
    """Raise GraphError, naming the buffers, if a plan loses a live byte.

    On each step every buffer first writes its tag on the bytes that come to life, then finds its tag on all
    bytes that are live. Also checked: every buffer has one offset, aligned, inside the arena.
    """
    _check_places(buffers, plan)
    arena: NDArray[np.int32] = np.full(plan.arena_bytes, _NOBODY, np.int32)
    for step in range(max((buffer.last for buffer in buffers), default=-1) + 1):
        living = [(tag, buffer) for tag, buffer in enumerate(buffers) if buffer.first <= step <= buffer.last]
        for tag, buffer in living:
            _write(arena, tag, buffer, plan.offsets[buffer.name], step)
        for tag, buffer in living:
            begin, end = buffer.extent(step)
            offset = plan.offsets[buffer.name]
            found = arena[offset + begin : offset + end]
            lost = np.flatnonzero(found != tag)
            if lost.size:
                at = int(lost[0])
                raise GraphError(
                    f"memory plan: on step {step} byte {begin + at} of buffer '{buffer.name}' "
                    f"(arena byte {offset + begin + at}) is overwritten by buffer '{buffers[found[at]].name}'"
                )


def _write(arena: NDArray[np.int32], tag: int, buffer: Buffer, offset: int, step: int) -> None:
    """Tag the bytes that are live on this step and were not on the one before."""
    begin, end = buffer.extent(step)
    old_begin, old_end = buffer.extent(step - 1)
    if old_begin == old_end:
        old_begin = old_end = end
    arena[offset + begin : offset + max(begin, min(end, old_begin))] = tag
    arena[offset + min(end, max(begin, old_end)) : offset + end] = tag


def _check_places(buffers: Sequence[Buffer], plan: Plan) -> None:
    names = [buffer.name for buffer in buffers]
    if len(set(names)) != len(names) or set(names) != set(plan.offsets):
        odd = sorted(set(names) ^ set(plan.offsets)) or sorted({n for n in names if names.count(n) > 1})
        raise GraphError(f"memory plan: buffers and offsets differ in {', '.join(map(repr, odd))}")
    for buffer in buffers:
        offset = plan.offsets[buffer.name]
        if offset % buffer.alignment:
            raise GraphError(
                f"memory plan: buffer '{buffer.name}' at {offset} is not aligned to {buffer.alignment} bytes"
            )
        if offset < 0 or offset + buffer.bytes > plan.arena_bytes:
            raise GraphError(
                f"memory plan: buffer '{buffer.name}' at {offset}..{offset + buffer.bytes} "
                f"is outside the arena of {plan.arena_bytes} bytes"
            )
