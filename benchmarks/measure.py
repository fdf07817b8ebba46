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
from real_inputs import real_inputs
from smelt.codegen import Options
from smelt.codegen.options import Optimize
from smelt.codegen.program import build_program
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.profile import LayerProfile, profile
from smelt.engines.tflm import TflmEngine
from smelt.operators.builder import random_array

COUNTER_CORES = {"cortex-m0plus": "m0p", "cortex-m4": "m4", "cortex-m7": "m7"}


@dataclass(frozen=True)
class Job:
    """What to measure: `mode` is smelt's --optimize, `level` the C compiler's (None: what goes with the mode).

    `inputs` random and as many recorded inputs are run.  `counter` is the folder of the independent
    count.py, None to leave it out.
    """

    model: str
    shared: Path
    core: str
    mode: Optimize
    level: str | None
    inputs: int
    counter: Path | None

    @property
    def path(self) -> Path:
        """The model's file."""
        return self.shared / "models" / "mlperf_tiny" / f"{self.model}_int8.tflite"


@dataclass(frozen=True)
class LayerCost:
    """A layer's share: `cost` is estimated cycles, instructions on cores without a cycle table."""

    operator: str
    output: str
    kernel: str
    portable: bool
    macs: int
    cost: int


@dataclass(frozen=True)
class Measurement:
    """The figures of one model on one core.

    `identical` of `inputs` runs, `real` of them with recorded data, gave TensorFlow Lite Micro's bytes.
    `count_ratio` is smelt's number of instructions over count.py's, `cycle_ratio` the same for
    estimated cycles.  `kept_input_arena_bytes` is the arena of the same build that keeps its input, None
    where it was not planned (elsewhere than on the Cortex-M4).
    """

    model: str
    core: str
    mode: str
    compiler: str
    figures: Figures
    layers: tuple[LayerCost, ...]
    kept_input_arena_bytes: int | None
    inputs: int
    real: int
    identical: int
    count_ratio: float | None
    cycle_ratio: float | None


def measure(job: Job) -> Measurement:
    """Compile, run and count; raises SmeltError."""
    graph = smelt.optimize(smelt.load(job.path))
    target = smelt.find_target(job.core)
    with tempfile.TemporaryDirectory(prefix="smelt-benchmark-") as temporary:
        folder = Path(temporary)
        costs = profile(graph, target, keep=folder, options=Options(job.mode), optimize=job.level)
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
    kept = None
    if job.core == "cortex-m4":
        kept = build_program(graph, target, options=Options(job.mode, keep_input=True)).plan.arena_bytes
    inputs, real, identical = compared_runs(job, graph, target)
    return Measurement(
        model=job.model,
        core=job.core,
        mode=job.mode,
        compiler=costs.compiler,
        figures=figures,
        layers=tuple(layer_cost(layer) for layer in costs.layers),
        kept_input_arena_bytes=kept,
        inputs=inputs,
        real=real,
        identical=identical,
        count_ratio=totals.instructions / counted[0] if counted else None,
        cycle_ratio=totals.estimated_cycles / counted[1] if counted and totals.estimated_cycles else None,
    )


def layer_cost(layer: LayerProfile) -> LayerCost:
    """What the table of layers shows."""
    return LayerCost(
        operator=layer.operator,
        output=layer.output,
        kernel=layer.kernel.removeprefix("smelt_"),
        portable=layer.portable,
        macs=layer.macs,
        cost=layer.instructions if layer.estimated_cycles is None else layer.estimated_cycles,
    )


def compared_runs(job: Job, graph: smelt.Graph, target: smelt.Target) -> tuple[int, int, int]:
    """Runs, those of them with recorded data, and those that gave TensorFlow Lite Micro's output bytes."""
    rival = TflmEngine(job.path.read_bytes(), smelt.load(job.path))
    (value,) = rival.inputs
    real = real_inputs(job.model, value, job.shared, job.inputs)
    samples = [*(random_array(value, 1000 * run) for run in range(job.inputs)), *real]
    engine = EmulatedEngine(graph, target, options=Options(job.mode), optimize=job.level)
    same = 0
    try:
        for array in samples:
            theirs = rival.run({value.name: array})
            ours = engine.run({engine.inputs[0].name: array})
            same += [a.tobytes() for a in ours.values()] == [a.tobytes() for a in theirs.values()]
    finally:
        engine.close()
    return len(samples), len(real), same


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
