"""The MLPerf Tiny int8 models on three cores, beside TensorFlow Lite Micro with CMSIS-NN.

    python benchmarks/mlperf_tiny.py [--goals] [--count-check] [--markdown docs/benchmarks.md] [--json FILE]

`--goals` measures all that the goals name, modes and cores, and shows what of them is reached.

Exits 1 when an output differs from TensorFlow Lite Micro's or the second count disagrees.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

import goals
import tables
from baseline import best_figures, load_baseline, shared_folder
from measure import COUNTER_CORES, Job, Measurement, measure
from smelt.codegen.options import Optimize
from smelt.errors import SmeltError

MODELS = goals.MODELS
MODES: tuple[Optimize, ...] = get_args(Optimize)
COUNT_TOLERANCE = 0.001


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument(
        "--cores", nargs="+", choices=(*COUNTER_CORES, *goals.CORES), default=tuple(COUNTER_CORES)
    )
    parser.add_argument(
        "--optimize-for",
        nargs="+",
        choices=MODES,
        default=("balanced",),
        metavar="MODE",
        help=f"smelt's --optimize: {', '.join(MODES)} (several: a build each)",
    )
    parser.add_argument("--optimize", help="the C compiler's level, as --optimize=-Os (default: the mode's)")
    parser.add_argument("--goals", action="store_true", help="measure what the goals name too, and compare")
    parser.add_argument(
        "--inputs",
        type=int,
        default=5,
        help="random inputs, and recorded ones where there is data, to compare with TFLite Micro",
    )
    parser.add_argument("--count-check", action="store_true", help="count the same ELF with count.py too")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> int:
    """Measure, print, write; the exit status."""
    options = arguments()
    shared = shared_folder()
    baseline = load_baseline(shared)
    try:
        measured = measure_all(jobs_of(options, shared), options.workers)
    except SmeltError as error:
        print(error, file=sys.stderr)
        return 2
    rows = [tables.Row(m, best_figures(baseline, m.model, m.core)) for m in measured]
    rivals = {(row.measured.core, row.measured.model): row.rival for row in rows}
    reached = goals.lines(goals.Measured(measured, rivals)) if options.goals else []
    console = Console(width=None if sys.stdout.isatty() else 160)
    for table in tables.terminal_tables(rows):
        console.print(table)
    for table in tables.layer_tables(measured) if options.goals else ():
        console.print(table)
    if reached:
        console.print(goals.terminal_table(reached))
        console.print(goals.score(reached))
    command = shlex.join(["python", "benchmarks/mlperf_tiny.py", *sys.argv[1:]])
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        text = tables.markdown(rows, baseline["versions"], command, reached)
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(
            json.dumps(document(rows, command, reached), indent=1) + "\n", encoding="utf-8"
        )
    return 0 if all(is_right(m) for m in measured) else 1


def jobs_of(options: argparse.Namespace, shared: Path) -> list[Job]:
    """What the command line asks for, a core after the other, and with --goals the builds that goals name."""
    builds: list[tuple[str, Optimize, str]] = [
        (core, mode, model)
        for core in options.cores
        for mode in options.optimize_for
        for model in options.models
    ]
    if options.goals:
        fast: list[Optimize] = ["ram", "size"]
        builds += [("cortex-m4", mode, model) for mode in fast for model in options.models]
        builds += [("cortex-m4", "speed", model) for model in options.models if model in goals.SPEED_CYCLES]
        builds += [(core, "balanced", model) for core in goals.CORES for model in options.models]
    return [
        Job(
            model=model,
            shared=shared,
            core=core,
            mode=mode,
            level=options.optimize,
            inputs=options.inputs,
            counter=shared / "prototypes" if options.count_check and core in COUNTER_CORES else None,
        )
        for core, mode, model in dict.fromkeys(builds)
    ]


def measure_all(jobs: list[Job], workers: int) -> list[Measurement]:
    """The measurements in the order of the jobs, with progress on stderr."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = {pool.submit(measure, job): index for index, job in enumerate(jobs)}
        done: dict[int, Measurement] = {}
        try:
            for future in as_completed(futures):
                index = futures[future]
                done[index] = future.result()
                progress = (
                    f"{len(done)}/{len(jobs)} {jobs[index].model} {jobs[index].mode} on {jobs[index].core}"
                )
                print(progress, file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [done[index] for index in range(len(jobs))]


def is_right(measured: Measurement) -> bool:
    """Whether all outputs are TensorFlow Lite Micro's and both counts agree."""
    agrees = measured.count_ratio is None or abs(measured.count_ratio - 1) <= COUNT_TOLERANCE
    return measured.identical == measured.inputs and agrees


def document(rows: list[tables.Row], command: str, reached: list[goals.Line]) -> dict[str, Any]:
    """All figures as plain data."""
    return {
        "command": command,
        "versions": tables.versions(),
        "goals": {
            line.title: {m: {**asdict(cell), "reached": cell.reached} for m, cell in line.cells.items()}
            for line in reached
        },
        "rows": [
            {
                **asdict(row.measured),
                "tflite_micro": row.rival,
                "ratios": row.ratios,
                "right": is_right(row.measured),
            }
            for row in rows
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
