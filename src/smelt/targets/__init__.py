"""Cores and boards: instruction set, memories, clock, alignment, compiler flags, currents."""

from smelt.targets.target import (
    Board,
    Target,
    all_boards,
    all_targets,
    find_board,
    find_target,
)

__all__ = ["Board", "Target", "all_boards", "all_targets", "find_board", "find_target"]
