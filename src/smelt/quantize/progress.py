"""How far quantization is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with the stage, the steps of it that are done, and how many there are (None: not known)."""


def unwatched(stage: str, done: int, total: int | None) -> None:
    """Where nobody looks on."""
