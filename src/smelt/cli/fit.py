"""smelt fit: does a model fit a board."""

from __future__ import annotations

from typing import Annotated

import typer

from smelt.cli.options import Json, Model, Shape


def command(
    model: Model,
    board: Annotated[str, typer.Option(help="A board; `smelt targets` lists them.", show_default=False)],
    every: Annotated[str, typer.Option(help="How often it runs: a number with us, ms, s, min or h.")] = "1s",
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Say whether a model fits a board: flash, RAM, operators, time, duty cycle, energy."""
    from rich.text import Text

    from smelt import formats
    from smelt.cli import console
    from smelt.passes import optimize
    from smelt.report.fit import fit, parse_period
    from smelt.targets import find_board

    period = parse_period(every)
    chosen = find_board(board)
    graph = optimize(formats.load(model, shapes=formats.parse_shapes(shape)))
    with console.progress("compiling and counting", None):
        result = fit(graph, chosen, period)
    if json:
        console.print_json(result.to_json())
        return
    out = console.stdout
    verdict = ("fits", "green") if result.fits else ("does not fit", "red")
    where = f"{chosen.name} ({chosen.target.name} at {chosen.clock_hz / 1e6:g} MHz)"
    out.print(Text.assemble(f"{result.model} ", verdict, f" {where}"))
    for text in result.missing_operators:
        out.print(f"  missing: {text}")
    t = result.totals
    if t is not None and result.seconds is not None and result.flash_bytes is not None:
        ram = result.ram_bytes or 0
        rows = [
            ["flash", f"{result.flash_bytes:,} of {chosen.flash_bytes:,} bytes",
             f"{result.flash_bytes / chosen.flash_bytes:.1%}", f"code {t.code_bytes:,}, tables {t.weight_bytes:,}"],
            ["RAM", f"{ram:,} of {chosen.ram_bytes:,} bytes", f"{ram / chosen.ram_bytes:.1%}",
             f"arena {t.arena_bytes:,}, stack {t.stack_bytes:,}"],
            ["time", f"{result.seconds * 1e3:.3g} ms", "", f"from {result.timing}, no memory wait states"],
            ["duty cycle", f"{result.duty_cycle or 0:.3%}", "", f"every {result.period_seconds:g} s"],
            ["energy", f"{(result.joules or 0) * 1e6:.4g} µJ an inference", "",
             f"{chosen.active_amperes * 1e3:g} mA at {chosen.supply_volts:g} V"],
            ["average power", f"{(result.average_watts or 0) * 1e6:.4g} µW", "",
             f"asleep {chosen.sleep_amperes * 1e6:g} µA"],
        ]  # fmt: skip
        columns = [("", "left"), ("", "left"), ("", "right"), ("", "left")]
        out.print(console.table("", columns, rows))
    for text in result.needs:
        out.print(f"too much: {text}")
    for text in result.advice:
        out.print(f"try: {text}")
    if result.estimates:
        out.print(
            f"not from a data sheet: {', '.join(result.estimates)} (see `smelt targets --json`)", style="dim"
        )
    if not result.fits:
        raise typer.Exit(1)
