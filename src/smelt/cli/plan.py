"""smelt plan: who lives where in the arena, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import (
    ExternalInput,
    Json,
    KeepInput,
    Model,
    OptimizeFor,
    OptimizeOption,
    Ram,
    Shape,
    TargetName,
)


def command(
    model: Model,
    target: TargetName = "cortex-m4",
    optimize_for: OptimizeOption = OptimizeFor.balanced,
    ram: Ram = None,
    keep_input: KeepInput = False,
    external_input: ExternalInput = False,
    svg: Annotated[
        Path | None, typer.Option(help="Draw the plan into this .svg file.", show_default=False)
    ] = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Show the memory plan: where every tensor and workspace lies in the arena, during which layers."""
    from smelt import formats
    from smelt.cli import console
    from smelt.cli.outputs import check_output
    from smelt.codegen import Options, build_program
    from smelt.codegen.arena_bound import arena_bound
    from smelt.passes import optimize
    from smelt.report.plan_drawing import bar, residents, to_svg
    from smelt.targets import find_target

    check_output(svg, (model,))
    graph = optimize(formats.load(model, shapes=formats.parse_shapes(shape)))
    options = Options(optimize_for.value, ram, keep_input, external_input)
    core = find_target(target)
    plan = residents(build_program(graph, core, options=options))
    bound = arena_bound(graph, core, options)
    if svg is not None:
        formats.write_bytes(svg, to_svg(plan).encode())
    if json:
        console.print_json({**plan.to_json(), "order_bound_bytes": bound.bytes if bound else None})
        return
    rows = [
        [
            r.name if len(r.name) <= 48 else f"…{r.name[-47:]}",
            f"{r.offset:,}",
            f"{r.bytes:,}",
            "" if r.rows == r.all_rows else f"{r.rows} of {r.all_rows}",
            bar(r, len(plan.layers)),
        ]
        for r in plan.residents
    ]
    columns = [
        ("tensor", "left"),
        ("at", "right"),
        ("bytes", "right"),
        ("rows kept", "right"),
        ("layers", "left"),
    ]
    console.stdout.print(console.table(graph.name, columns, rows))
    for group in plan.groups:
        console.stdout.print(f"layers {', '.join(map(str, group))} run in turn, a row at a time")
    console.stdout.print(
        f"arena {plan.arena_bytes:,} bytes (bound of this schedule {plan.bound_bytes:,}; "
        f"whole tensors would take {plan.live_peak_bytes:,})"
    )
    if bound is not None:
        console.stdout.print(f"no order of rows takes less than {bound.bytes:,} bytes, workspaces apart")
    if plan.outside:
        console.stdout.print(f"outside the arena: {', '.join(plan.outside)}")
    if svg is not None:
        console.note(f"drawn in {svg}")
