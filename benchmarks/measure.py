"""One model on one core: profile it, compare its outputs with TensorFlow Lite Micro, count it twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import smelt
from baseline import Figures
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.profile import profile
from smelt.engines.tflm import TflmEngine
from smelt.operators.builder import random_array

COUNTER_CORES = {"cortex-m0plus": "m0p", "cortex-m4": "m4", "cortex-m7": "m7"}


@dataclass(frozen=True)
class Job:
    """What to measure: `counter` is the folder of the independent count.py, None to leave it out."""

    model: str
    path: Path
    core: str
    optimize: str
    inputs: int
    counter: Path | None


@dataclass(frozen=True)
class Measurement:
    """The figures of one model on one core.

    `identical` of `inputs` runs gave TensorFlow Lite Micro's bytes.  `count_ratio` is smelt's number of
    instructions over count.py's, `cycle_ratio` the same for estimated cycles.
    """

    model: str
    core: str
    compiler: str
    figures: Figures
    inputs: int
    identical: int
    count_ratio: float | None
    cycle_ratio: float | None


def measure(job: Job) -> Measurement:
    """Compile, run and count; raises SmeltError."""
    graph = smelt.optimize(smelt.load(job.path))
    target = smelt.find_target(job.core)
    with tempfile.TemporaryDirectory(prefix="smelt-benchmark-") as temporary:
        folder = Path(temporary)
        costs = profile(graph, target, keep=folder, optimize=job.optimize)
        counted = count_again(folder, job.core, job.counter) if job.counter else None
    totals = costs.totals
    figures: Figures = {
        "instructions": totals.instructions,
        "estimated_cycles": totals.estimated_cycles,
        "code_bytes": totals.code_bytes,
        "weight_bytes": totals.weight_bytes,
        "arena_bytes": totals.arena_bytes,
        "stack_bytes": totals.stack_bytes,
        "ram_bytes": totals.arena_bytes + totals.stack_bytes,
    }
    return Measurement(
        model=job.model,
        core=job.core,
        compiler=costs.compiler,
        figures=figures,
        inputs=job.inputs,
        identical=identical_runs(job, graph, target),
        count_ratio=totals.instructions / counted[0] if counted else None,
        cycle_ratio=totals.estimated_cycles / counted[1] if counted and totals.estimated_cycles else None,
    )


def identical_runs(job: Job, graph: smelt.Graph, target: smelt.Target) -> int:
    """How many of `job.inputs` random inputs give the same output bytes as TensorFlow Lite Micro."""
    rival = TflmEngine(job.path.read_bytes(), smelt.load(job.path))
    engine = EmulatedEngine(graph, target, optimize=job.optimize)
    same = 0
    try:
        for run in range(job.inputs):
            arrays = [random_array(value, 1000 * run + k) for k, value in enumerate(rival.inputs)]
            theirs = rival.run({v.name: a for v, a in zip(rival.inputs, arrays, strict=True)})
            ours = engine.run({v.name: a for v, a in zip(engine.inputs, arrays, strict=True)})
            same += [a.tobytes() for a in ours.values()] == [a.tobytes() for a in theirs.values()]
    finally:
        engine.close()
    return same


def count_again(folder: Path, core: str, counter: Path) -> tuple[int, int]:
    """Instructions and estimated cycles of the same ELF as count.py counts them, which shares no code.

    It runs from a copy, because it compiles a library into its own folder.
    """
    elf = next(folder.glob("*.elf"))
    for name in ("count.py", "_cnt.c"):
        shutil.copyfile(counter / name, folder / name)
    function = f"{elf.stem}_invoke"
    command = [
        sys.executable,
        "count.py",
        elf.name,
        "--func",
        function,
        "--cpu",
        COUNTER_CORES[core],
        "--json",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"count.py failed on {elf.name} for {core}: {done.stderr or done.stdout}")
    counted = json.loads(done.stdout)
    return counted["instr"], counted["m4cyc"]
