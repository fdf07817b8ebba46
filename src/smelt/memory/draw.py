"""A plan as text for the terminal: addresses down, steps across."""

from __future__ import annotations

import string
from collections.abc import Sequence

from smelt.memory.layout import Plan
from smelt.memory.lifetimes import Buffer

_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits


def draw(buffers: Sequence[Buffer], plan: Plan, rows: int = 16) -> str:
    """A grid of at most `rows` address ranges and one column a step, then one line a buffer.

    A cell shows the letter of the buffer that has most of its bytes there on that step, or a dot.
    """
    steps = max((buffer.last for buffer in buffers), default=-1) + 1
    height = max(-(-plan.arena_bytes // max(rows, 1)), 1)
    digits = len(str(plan.arena_bytes))
    lines = [
        f"{begin:>{digits}} │ "
        + "".join(_cell(buffers, plan, begin, begin + height, s) for s in range(steps))
        for begin in range(0, plan.arena_bytes, height)
    ]
    lines.append(f"{plan.arena_bytes:>{digits}} └─" + "─" * steps)
    lines.append(f"{plan.arena_bytes:,} bytes, live peak {plan.bound_bytes:,}, {plan.method}")
    width = max((len(buffer.name) for buffer in buffers), default=0)
    for at, buffer in enumerate(buffers):
        offset = plan.offsets[buffer.name]
        place = f"{offset:>{digits}}..{offset + buffer.bytes:<{digits}}"
        lines.append(f"{_letter(at)} {buffer.name:<{width}} {place} steps {buffer.first}..{buffer.last}")
    return "\n".join(lines)


def _letter(at: int) -> str:
    return _LETTERS[at % len(_LETTERS)]


def _cell(buffers: Sequence[Buffer], plan: Plan, begin: int, end: int, step: int) -> str:
    most, shown = 0, "·"
    for at, buffer in enumerate(buffers):
        first, last = buffer.extent(step)
        offset = plan.offsets[buffer.name]
        share = min(end, offset + last) - max(begin, offset + first)
        if share > most:
            most, shown = share, _letter(at)
    return shown
