"""smelt arena: what a model needs in smelt's interpreter."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smelt.cli.options import Json, Model, Shape, TargetName

if TYPE_CHECKING:
    from smelt.engines.interpreted import ArenaItem


def command(
    model: Model,
    target: TargetName = "cortex-m4",
    at_invoke: Annotated[
        bool,
        typer.Option(
            "--multipliers-at-invoke",
            help="As with SMELT_MULTIPLIERS_AT_INVOKE: less arena, more cycles.",
        ),
    ] = False,
    tensors: Annotated[
        bool,
        typer.Option("--tensors", help="Every tensor and scratch memory too: where, and from when to when."),
    ] = False,
    store_plan: Annotated[
        bool,
        typer.Option(
            "--store-plan",
            help="Write the model with a plan of the arena for this core, for smelt_stored_plan.h.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .tflite file with the plan.", show_default=False),
    ] = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Print the exact bytes of the arena that a model needs in smelt's interpreter."""
    from smelt import formats
    from smelt.cli import console
    from smelt.engines import tflite_file
    from smelt.engines.interpreted import ALIGNMENT, MULTIPLIERS_AT_INVOKE, InterpretedEngine
    from smelt.engines.stored_plan import with_stored_plan
    from smelt.errors import UsageError
    from smelt.targets import find_target

    if store_plan != (output is not None):
        raise UsageError(
            "--store-plan needs -o with the name of the file to write, and -o needs --store-plan"
        )
    core = find_target(target)
    graph = formats.load(model, shapes=formats.parse_shapes(shape))
    options = MULTIPLIERS_AT_INVOKE if at_invoke else 0
    file = tflite_file(graph, model)
    with InterpretedEngine(file, graph, options=options) as engine:
        use, items = engine.arena, engine.arena_items()
    if output is not None:
        data, items = with_stored_plan(file, items, core)
        formats.write_bytes(output, data)
        end = max((item.offset + item.bytes for item in items if item.place == "planned"), default=0)
        use = replace(use, planned=max(end - use.state - use.kept, 0))
    if json:
        listed = [asdict(item) for item in items]
        console.print_json({"model": str(model), "target": core.name, **use.to_json(), "items": listed})
        return
    rows = [
        ["state", f"{use.state:,}", "what the interpreter knows of each tensor and operator"],
        ["kept", f"{use.kept:,}", "what operators keep: multipliers"],
        [
            "planned",
            f"{use.planned:,}",
            f"tensors (at most {use.tensors:,} at once) and scratch memory (at most {use.scratch:,}), sharing places",
        ],
    ]
    columns = [("section", "left"), ("bytes", "right"), ("holds", "left")]
    console.stdout.print(console.table(f"{graph.name} in smelt's interpreter on {core.name}", columns, rows))
    if tensors:
        headings = ("tensor", "from byte", "bytes", "section", "operators")
        rows = [
            [item.name or "scratch memory", str(item.offset), f"{item.bytes:,}", item.place, _life(item)]
            for item in items
            if item.place in ("kept", "planned")
        ]
        columns = [(name, "right" if "byte" in name else "left") for name in headings]
        console.stdout.print(console.table("in the arena", columns, rows))
    console.stdout.print(f"arena {use.bytes:,} bytes, aligned to {ALIGNMENT}")


def _life(item: ArenaItem) -> str:
    return f"{item.first} to {item.last}"
