"""Tuning for the commands that take --tune: measure, and show what was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from smelt.cli import console

if TYPE_CHECKING:
    from smelt.codegen import Options
    from smelt.engines.tune import TunedLayer, Tuning
    from smelt.ir import Graph
    from smelt.targets import Target


def tuned(graph: Graph, target: Target, options: Options, wanted: bool, folder: Path | None) -> Tuning | None:
    """What --tune finds, None without it; progress and what was wrong with the cache go to standard error."""
    from smelt.engines.tune import tune
    from smelt.errors import UsageError

    if not wanted:
        if folder is not None:
            raise UsageError("--tune-cache says where --tune keeps what it has measured; give --tune too")
        return None
    with console.progress("trying kernels on the emulated core", None):
        found = tune(graph, target, options, folder=folder)
    for warning in found.warnings:
        console.note(f"warning: {warning}")
    return found


def show(tuning: Tuning) -> None:
    """Print a table: for each kind of layer its kernels, the one that is taken, and what that saves."""
    columns = [("layer", "left"), ("output", "left"), ("kernel", "left"), (tuning.unit, "right")]
    columns += [("scratch", "right"), ("tables", "right"), ("code", "right"), ("", "left")]
    rows = [row for layer in tuning.layers for row in _rows(layer)]
    console.stdout.print(console.table(f"kernels on {tuning.target} ({tuning.compiler})", columns, rows))
    known = len(tuning.layers) - tuning.measured
    console.stdout.print(
        f"tuning saves {tuning.saved_cycles:,} {tuning.unit}; {tuning.measured} kinds of layers measured, "
        f"{known} known from earlier"
    )


def _rows(layer: TunedLayer) -> Iterator[list[str]]:
    titles = [f"{', '.join(map(str, layer.indices))} {layer.operator}", layer.output]
    for label, figures in layer.figures.items():
        numbers = (figures.cycles, figures.scratch_bytes, figures.table_bytes, figures.code_bytes)
        yield [*titles, label.removeprefix("smelt_"), *(f"{n:,}" for n in numbers), _verdict(layer, label)]
        titles = ["", ""]


def _verdict(layer: TunedLayer, label: str) -> str:
    if not layer.figures[label].exact:
        return "wrong outputs"
    if label == layer.chosen:
        return "taken" if label == layer.default else f"taken, {-layer.gain:+.1%}"
    return "default" if label == layer.default else ""
