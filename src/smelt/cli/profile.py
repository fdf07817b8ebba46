"""smelt profile: instructions, cycles and memory on an emulated core, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import (
    ExternalInput,
    Flash,
    Inputs,
    Json,
    KeepInput,
    Model,
    OptimizeFor,
    OptimizeOption,
    Ram,
    Shape,
    TargetName,
    Tune,
    TuneCache,
)


def command(
    model: Model,
    target: TargetName = "cortex-m4",
    inputs: Inputs = None,
    keep: Annotated[
        Path | None, typer.Option(help="Leave the C project and the ELF in this folder.", show_default=False)
    ] = None,
    optimize_for: OptimizeOption = OptimizeFor.balanced,
    ram: Ram = None,
    flash: Flash = None,
    keep_input: KeepInput = False,
    external_input: ExternalInput = False,
    tune: Tune = False,
    tune_cache: TuneCache = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Compile a model for a core, run it there once (emulated), and show what each layer costs."""
    from smelt import formats
    from smelt.cli import console, packing, tuning
    from smelt.codegen import Options
    from smelt.engines.profile import profile
    from smelt.passes import optimize
    from smelt.report.tensors import samples_or_random
    from smelt.targets import find_target

    core = find_target(target)
    graph = optimize(formats.load(model, shapes=formats.parse_shapes(shape)))
    sample = samples_or_random(graph, inputs)[0] if inputs is not None else None
    options = Options(optimize_for.value, ram, keep_input, external_input)
    tuned = tuning.tuned(graph, core, options, tune, tune_cache)
    options = packing.fitted(graph, core, tuned.options if tuned else options, flash)
    with console.progress("compiling and counting", None):
        result = profile(graph, core, inputs=sample, keep=keep, options=options)
    price = packing.price(graph, core, options, result)
    if json:
        tuning_json = {"tuning": tuned.to_json()} if tuned else {}
        console.print_json(result.to_json() | tuning_json | ({"packing": price.to_json()} if price else {}))
        return
    if tuned:
        tuning.show(tuned)
    cycles = core.cycle_model is not None
    rows = []
    for x in result.layers:
        per_mac = "" if x.cycles_per_mac is None else f"{x.cycles_per_mac:.2f}"
        rows.append(
            [
                str(x.index),
                x.operator,
                x.output,
                x.kernel.removeprefix("smelt_") + (" *" if x.portable else ""),
                f"{x.macs:,}",
                f"{x.instructions:,}",
            ]
            + ([f"{x.estimated_cycles:,}"] if cycles else [])
            + [per_mac, f"{result.share(x):.1%}"]
        )
    t = result.totals
    total_cost = t.estimated_cycles if cycles and t.estimated_cycles is not None else t.instructions
    rows.append(
        ["", "total", "", "", f"{t.macs:,}", f"{t.instructions:,}"]
        + ([f"{t.estimated_cycles:,}"] if cycles else [])
        + [f"{total_cost / t.macs:.2f}" if t.macs else "", ""]
    )
    columns = [("", "right"), ("layer", "left"), ("output", "left"), ("kernel", "left"), ("MACs", "right")]
    columns += [("instructions", "right"), *([("est. cycles", "right")] if cycles else [])]
    columns += [("cycles/MAC" if cycles else "instr./MAC", "right"), ("share", "right")]
    title = f"{result.model} on {result.target} ({result.compiler})"
    console.stdout.print(console.table(title, columns, rows, footer=True))
    if any(x.portable for x in result.layers):
        console.stdout.print(f"* portable C: none of the faster kernels for {result.target} takes this layer")
    console.stdout.print(
        f"flash {t.code_bytes + t.weight_bytes:,} bytes: code {t.code_bytes:,}, weights and tables {t.weight_bytes:,}"
    )
    console.stdout.print(
        f"RAM {t.arena_bytes + t.stack_bytes:,} bytes: arena {t.arena_bytes:,} (whole tensors would "
        f"take {t.live_peak_bytes:,}), stack {t.stack_bytes:,}"
    )
    if t.external_input_bytes:
        console.stdout.print(
            f"inputs outside the arena, in the caller's memory: {t.external_input_bytes:,} bytes"
        )
    if price is not None:
        packing.show_price(price)
    if keep is not None:
        console.note(f"C project and ELF are in {keep}")
