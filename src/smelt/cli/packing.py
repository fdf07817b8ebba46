"""Flash, for the commands that take --flash and --optimize flash: a build that fits, and what packing costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smelt.cli import console

if TYPE_CHECKING:
    from smelt.codegen import Options
    from smelt.codegen.program import Program
    from smelt.engines.packing_price import PackingPrice
    from smelt.engines.profile import Profile
    from smelt.ir import Graph
    from smelt.targets import Target


def fitted(graph: Graph, target: Target, options: Options, flash_bytes: int | None) -> Options:
    """The options of the fastest build that fits; those given where there is no budget."""
    from smelt.engines.flash_budget import fit_flash

    if flash_bytes is None:
        return options
    with console.progress("looking for the fastest build that fits", None):
        found = fit_flash(graph, target, options, flash_bytes)
    taken = found.profile.totals.flash_bytes
    console.note(f"{taken:,} bytes of flash fit {flash_bytes:,}: {found.found}")
    return found.options


def has_packed_layers(program: Program) -> bool:
    """Whether some layer's weights are packed."""
    return any(
        layer.lowering is not None and layer.lowering.unpacking is not None for layer in program.layers
    )


def price(
    graph: Graph, target: Target, options: Options, packed: Profile | None = None
) -> PackingPrice | None:
    """What packing saves and costs, measured; None for plain weights, or (with a note) where nothing can be counted.

    `packed` is the profile of the build with packed weights where there is one already.
    """
    from smelt.engines.packing_price import is_packed, packing_price
    from smelt.errors import SmeltError

    if not is_packed(options):
        return None
    try:
        with console.progress("counting without packing", None):
            return packing_price(graph, target, options, packed=packed)
    except SmeltError as error:
        console.note(f"what packing costs is not known: {error}")
        return None


def show_price(price: PackingPrice) -> None:
    """Print a table: for each layer with packed weights what that saves and costs, and the whole."""
    if price.layers:
        columns = [("layer", "right"), ("output", "left"), ("tables saved", "right")]
        columns += [(f"more {price.unit}", "right")]
        rows = [[str(x.index), x.output, f"{x.saved_bytes:,}", f"{x.cycles:,}"] for x in price.layers]
        console.stdout.print(console.table("packed weights", columns, rows))
    console.stdout.print(
        f"packing saves {price.saved_bytes:,} of {price.plain_flash_bytes:,} bytes of flash, for {price.cycles:,} "
        f"more {price.unit} ({price.cycles / max(price.plain_cycles, 1):.1%}) and {price.arena_bytes:,} more bytes "
        "of RAM"
    )
