"""What the user asks of the generated code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from smelt.errors import UsageError
from smelt.operators import Form

Optimize = Literal["balanced", "ram", "speed", "size", "flash"]

Prices = Mapping[str, Mapping[str, int]]
"""By the name of a layer's first output: what each kernel costs there, by its label, in cycles.

A layer that is named takes only kernels that have a price, the cheapest first.
"""
_NO_PRICES: Prices = MappingProxyType({})


@dataclass(frozen=True)
class Options:
    """How to weigh cycles, RAM and code against each other.

    optimize: "balanced": little RAM as long as it costs next to no cycles; "ram": the least RAM for at
    most about a fifth more cycles; "speed": fewest cycles, for more flash too; "size": kernels of the
    least code, RAM as balanced; "flash": least code and tables, weights packed where that saves flash,
    whatever it costs.
    ram_bytes: the largest arena allowed; the fastest plan that fits is taken (`optimize` "ram" or not).
    keep_input: leave the inputs intact.
    external_input: the inputs stay with the caller, outside the arena; `invoke` takes a pointer to each and only reads.
    packed: layers whose weights are packed too, by the names of their first outputs, for one graph and target.
    prices: measured prices of kernels (smelt.engines.tune), for one graph and target.
    """

    optimize: Optimize = "balanced"
    ram_bytes: int | None = None
    keep_input: bool = False
    external_input: bool = False
    packed: frozenset[str] = frozenset()
    prices: Prices = field(default_factory=lambda: _NO_PRICES, hash=False)

    def __post_init__(self) -> None:
        if self.optimize not in get_args(Optimize):
            raise UsageError(f"optimize '{self.optimize}' is not one of {', '.join(get_args(Optimize))}")
        if self.ram_bytes is not None and self.ram_bytes < 1:
            raise UsageError(f"a RAM budget of {self.ram_bytes} bytes makes no sense")

    @property
    def form(self) -> Form:
        """The form of kernels that is tried first."""
        forms: dict[str, Form] = {"size": "compact", "flash": "compact", "speed": "large"}
        return forms.get(self.optimize, "usual")

    @property
    def compiler_flag(self) -> str:
        """The compiler's optimization level that goes with it."""
        return "-Os" if self.optimize in ("size", "flash") else "-O2"


BALANCED = Options()
