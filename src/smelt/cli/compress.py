"""smelt compress: techniques that train, in a row, as a recipe says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smelt.cli.options import Json, Model, OptimizeFor, OptimizeOption, Shape, TargetName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from smelt.report.compression import Row
    from smelt.train.compression import Watch


def command(
    model: Model,
    recipe: Annotated[
        Path,
        typer.Option("--recipe", help="The stages, .toml (docs/compression.md).", show_default=False),
    ],
    train: Annotated[
        Path,
        typer.Option(
            "--train",
            help="Training samples, .npz with an array x and, where the recipe wants labels, y.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A folder for the model, the firmware, the report, and what is done after every stage and epoch: the "
            "same command goes on from there after an interruption.",
            show_default=False,
        ),
    ],
    evaluate: Annotated[
        Path | None,
        typer.Option(
            "--evaluate",
            help="Labelled test samples, .npz with arrays x and y, scored when all is done; nothing is chosen by them.",
            show_default=False,
        ),
    ] = None,
    target: TargetName = "cortex-m4",
    optimize_for: OptimizeOption = OptimizeFor.balanced,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", help="Where to train, as torch calls it: cpu, cuda, mps.", show_default="cpu"
        ),
    ] = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Compress a float model by a recipe: prune, distil, quantize with training, … in a row."""
    from smelt import __version__, formats
    from smelt.cli import console
    from smelt.cli.outputs import check_folder
    from smelt.codegen import Options
    from smelt.errors import require
    from smelt.passes import optimize
    from smelt.targets import find_target

    check_folder(output)
    require("torch", "torch", "training")
    require("matplotlib", "plots", "drawing accuracy against costs")
    from smelt.report.compress import Device, compress
    from smelt.train import TECHNIQUES, read_recipe, training_data

    board = Device(find_target(target), Options(optimize_for.value))
    stages = read_recipe(recipe, TECHNIQUES)
    graph = optimize(formats.load(model, shapes=formats.parse_shapes(shape)))
    samples = training_data(graph, train)
    tested = None if evaluate is None else training_data(graph, evaluate)
    with _watched([stage.technique for stage in stages.stages]) as watch:
        result = compress(graph, stages, samples, output, board, tested=tested, train_on=device, watch=watch)
    if missing := result.write(output, __version__):
        console.note(missing)
    if any(each.technique == "sparsify" for each in stages.stages) and (zeros := result.zeros()):
        console.note(zeros)
    if json:
        console.print_json([row.to_json() for row in result.rows])
        return
    console.stdout.print(_table(graph.name, board.target.name, result.rows))
    console.stdout.print(f"{output}: {', '.join(sorted(path.name for path in output.iterdir()))}")


def _table(name: str, target: str, rows: Sequence[Row]) -> Table:
    from smelt.cli import console

    first = rows[0].costs

    def percent(accuracy: float | None) -> str:
        return "" if accuracy is None else f"{accuracy:.2%}"

    cells = []
    for row in rows:
        costs = [
            f"{found:,} ({found / was:.2f})"
            for found, was in (
                (row.costs.flash, first.flash),
                (row.costs.ram, first.ram),
                (row.costs.cycles, first.cycles),
            )
        ]
        training = [str(row.epochs or ""), f"{row.seconds:.0f}"]
        cells.append([row.label, percent(row.tested), percent(row.chosen_by), *costs, *training])
    columns = [
        ("after", "left"),
        ("accuracy", "right"),
        ("held out", "right"),
        ("flash", "right"),
        ("RAM", "right"),
    ]
    columns += [("cycles", "right"), ("epochs", "right"), ("s", "right")]
    return console.table(f"{name} on {target}", columns, cells)


@contextmanager
def _watched(techniques: list[str]) -> Iterator[Watch]:
    """Progress with the time left on standard error; a line a stage where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from smelt.cli import console
    from smelt.train.compression import Watch

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console.stderr, disable=not console.stderr.is_terminal) as bars:
        tasks = [
            bars.add_task(f"{n}-{name}", total=None, start=False) for n, name in enumerate(techniques, 1)
        ]

        def begin(number: int, stage: object) -> None:
            bars.start_task(tasks[number - 1])
            if not console.stderr.is_terminal:
                console.note(f"stage {number} of {len(techniques)}: {techniques[number - 1]}")

        yield Watch(
            begin,
            lambda number, epoch: bars.update(tasks[number - 1], total=epoch.count, completed=epoch.number),
            lambda done: bars.update(tasks[done.number - 1], total=1, completed=1),
        )
