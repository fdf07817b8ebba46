"""What a network costs on a device, as a function that somebody above measures gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smelt.ir import Graph


@dataclass(frozen=True)
class Costs:
    """Bytes of flash (code, weights, tables) and RAM, and estimated cycles of one inference."""

    flash: int
    ram: int
    cycles: int


Measure = Callable[[Graph], Costs]
"""The costs of a graph's int8 build; of the graph itself where it is quantized already."""
