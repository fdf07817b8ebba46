"""What packed weights save and cost: a build measured beside the same one with plain weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from smelt.codegen import Options
from smelt.engines.profile import Profile, profile
from smelt.ir import Array, Graph
from smelt.targets import Target


@dataclass(frozen=True)
class PackedLayer:
    """A layer with packed weights: bytes of its tables that are saved, and cycles that unpacking costs."""

    index: int
    output: str
    saved_bytes: int
    cycles: int


@dataclass(frozen=True)
class PackingPrice:
    """The layers, and the whole: flash saved (the decoder's code counted), cycles and RAM that it costs.

    `unit` is "est. cycles", or "instructions" where the core has no cycle table; `plain_cycles` and
    `plain_flash_bytes` are those of the build with plain weights.
    """

    unit: str
    layers: tuple[PackedLayer, ...]
    saved_bytes: int
    cycles: int
    arena_bytes: int
    plain_cycles: int
    plain_flash_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def is_packed(options: Options) -> bool:
    """Whether the options may pack weights."""
    return options.optimize == "flash" or bool(options.packed)


def plain(options: Options) -> Options:
    """The options with plain weights."""
    return replace(
        options, optimize="size" if options.optimize == "flash" else options.optimize, packed=frozenset()
    )


def packing_price(
    graph: Graph,
    target: Target,
    options: Options,
    *,
    packed: Profile | None = None,
    inputs: Mapping[str, Array] | None = None,
) -> PackingPrice:
    """Measure what the options' packing saves and costs; `packed` is the profile of the build if there is one."""
    packed = packed or profile(graph, target, options=options, inputs=inputs)
    before = profile(graph, target, options=plain(options), inputs=inputs)
    layers = {layer.output_name: layer for layer in before.layers}
    return PackingPrice(
        unit="instructions" if target.cycle_model is None else "est. cycles",
        layers=tuple(
            PackedLayer(
                index=layer.index,
                output=layer.output,
                saved_bytes=layers[layer.output_name].table_bytes - layer.table_bytes,
                cycles=layer.cost - layers[layer.output_name].cost,
            )
            for layer in packed.layers
            if layer.packed
        ),
        saved_bytes=before.totals.flash_bytes - packed.totals.flash_bytes,
        cycles=packed.cost - before.cost,
        arena_bytes=packed.totals.arena_bytes - before.totals.arena_bytes,
        plain_cycles=before.cost,
        plain_flash_bytes=before.totals.flash_bytes,
    )
