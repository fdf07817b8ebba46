"""Techniques of compression by training, each alone and several in a row, on real data: docs/compression_results.md.

Every row is a recipe, run as `smelt compress` runs it, with its seed; epochs are chosen on training samples held out,
and the test samples scored when all is done.  Rows go to a JSON file, which further runs add to.

    python benchmarks/compression.py --json rows.json --work stages --markdown docs/compression_results.md
    python benchmarks/compression.py --task digits --rows qat joint
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baseline import shared_folder
from compression_tasks import TASKS, Task
from smelt.codegen import Options
from smelt.engines.profile import profile
from smelt.report.compress import Device, compress
from smelt.report.compression import accuracy_of, class_labels
from smelt.targets import find_target
from smelt.train import TECHNIQUES, Epoch, Watch, read_recipe

Row = dict[str, Any]
TARGET = "cortex-m4"


@dataclass(frozen=True)
class Place:
    """Where the stages of rows are kept: a row that was interrupted goes on, one that is done is only measured."""

    folder: Path
    tell: Callable[[str], None] = print


def run_row(task: Task, name: str, place: Place) -> list[Row]:
    """One recipe: the network before all, and after every stage."""
    folder = place.folder / f"{task.name}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    path = task.recipes[name]
    if isinstance(path, str):
        text, path = path, folder / "recipe.toml"
        path.write_text(text, encoding="utf-8")
    recipe = read_recipe(path, TECHNIQUES)

    def epoch(number: int, each: Epoch) -> None:
        place.tell(
            f"{task.name} {name}, stage {number}: epoch {each.number} of {each.count}, {each.score:.4f}"
        )

    device = Device(find_target(TARGET), Options("balanced"))
    found = compress(
        task.graph, recipe, task.training, folder, device, tested=task.test, watch=Watch(epoch=epoch)
    )
    rows = [{"task": task.name, "row": name, "seed": recipe.seed, **row.to_json()} for row in found.rows]
    if task.deployed is not None:
        rows.append(_deployed(task, name, recipe.seed, task.deployed(found.graph)))
    return rows


def _deployed(task: Task, name: str, seed: int, graph: Any) -> Row:
    """The last network as it goes to the device: as small as can be, without what decides nothing."""
    found = profile(graph, find_target(TARGET), options=Options("flash"))
    labels = class_labels(task.test.labels)
    assert labels is not None
    totals = found.totals
    return {
        "task": task.name,
        "row": name,
        "seed": seed,
        "label": "without softmax, --optimize flash",
        "flash": totals.flash_bytes,
        "ram": totals.arena_bytes + totals.stack_bytes,
        "cycles": found.cost,
        "tested": accuracy_of(graph, task.test.inputs[0], labels),
        "chosen_by": None,
        "epochs": 0,
        "seconds": 0.0,
    }


def merged(before: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Rows with those of the same task and name replaced."""
    new = {(row["task"], row["row"]) for row in rows}
    return [*(row for row in before if (row["task"], row["row"]) not in new), *rows]


def markdown(rows: Sequence[Row]) -> list[str]:
    """The page: a table a task."""
    lines = [
        "# Compression: results",
        "",
        "Made by `benchmarks/compression.py`. Each row is a recipe of `smelt compress`, trained on the task's training",
        "samples with one seed; a tenth of them chose the epochs, and the test samples were scored when all was done.",
        "Costs are of the int8 build for a Cortex-M4 (`--optimize balanced`), of float networks too, in brackets",
        "relative to the original's; flash is code, weights and tables; cycles are estimated. Accuracies are of the",
        "float network until it is quantized. Seconds are of one core of a machine that others used too.",
    ]
    for name in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == name]
        lines += ["", f"## {name}", "", TASKS[name].about, "", *_table(own)]
    return [*lines, ""]


def _table(rows: Sequence[Row]) -> list[str]:
    first = next(row for row in rows if row["label"] == "original")
    lines = [
        "| recipe | after | test % | held out % | flash | RAM | cycles | epochs | seed | s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    seen = False
    for row in rows:
        original = row["label"] == "original"
        if original and seen:
            continue
        seen = True
        costs = [f"{row[cost]:,} ({row[cost] / first[cost]:.2f})" for cost in ("flash", "ram", "cycles")]
        cells = [
            "" if original else row["row"],
            row["label"],
            *(_percent(row[key]) for key in ("tested", "chosen_by")),
            *costs,
            str(row["epochs"] or ""),
            "" if original else str(row["seed"]),
            f"{row['seconds']:.0f}" if row["seconds"] else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--rows", nargs="*", help="rows by name; default: all")
    parser.add_argument("--work", type=Path, help="keeps the stages: what is done is not trained again")
    parser.add_argument("--json", type=Path, help="rows are added to this file")
    parser.add_argument("--markdown", type=Path, help="the page is written here")
    said = parser.parse_args(arguments)
    rows: list[Row] = json.loads(said.json.read_text()) if said.json and said.json.exists() else []
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(said.work or Path(scratch))
        for name in said.task:
            task = TASKS[name].load(place.folder, shared_folder)
            for row in task.recipes if said.rows is None else [r for r in said.rows if r in task.recipes]:
                rows = merged(rows, run_row(task, row, place))
                if said.json:
                    said.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    page = "\n".join(markdown(rows))
    print(page)
    if said.markdown:
        said.markdown.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
