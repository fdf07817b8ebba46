"""smelt's interpreter and compiled C beside TensorFlow Lite Micro with CMSIS-NN on an emulated Cortex-M4.

    python benchmarks/interpreter.py SHARED

SHARED has models/mlperf_tiny/*_int8.tflite and baselines/tflite_micro.json.  Prints a table in Markdown: the five
MLPerf Tiny models and hello_world.  Code is all in flash but the model (or the weights, compiled) and the harness.
TensorFlow Lite Micro's figures are each the best of its builds; it has none for hello_world.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import smelt
from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.linked_code import linked_code
from smelt.engines.profile import profile
from smelt.operators.builder import random_array

EXAMPLE = Path(__file__).parents[1] / "examples" / "hello_world" / "sine.tflite"
MODELS = ("kws", "vww", "resnet8", "ad", "sww")
ENTRIES = ("interpreted_initialize", "interpreted_invoke", "interpreted_tensor")
HEAD = "| model | runtime | code | arena | instructions | estimated cycles | of TFLM's |\n|---|---|---|---|---|---|---|"


def rival(baselines: Path, model: str) -> dict[str, int]:
    """The best figure of each kind that TensorFlow Lite Micro with CMSIS-NN has; nothing for other models."""
    rows = [
        row
        for row in json.loads(baselines.read_text())["rows"]
        if (row["model"], row["core"], row["kernels"]) == (model, "cortex-m4", "cmsis-nn")
    ]
    kinds = ("code_bytes", "arena_bytes", "instructions", "estimated_cycles")
    return {kind: min(row[kind] for row in rows) for kind in kinds} if rows else {}


def interpreted(path: Path, optimize: str = "-O2") -> dict[str, int]:
    """The interpreter's figures; with `-Os` it is compiled without messages of errors."""
    graph, target = smelt.load(path), smelt.find_target("cortex-m4")
    inputs = {name: random_array(graph.values[name], 0) for name in graph.inputs}
    messages = optimize != "-Os"
    with InterpretedEngine(path.read_bytes(), graph, target, optimize=optimize, messages=messages) as engine:
        counted, firmware = engine.count(inputs), engine.firmware
        code = linked_code(firmware.elf, firmware.objects, ENTRIES)
        sections = {name: size for sizes in code.values() for name, size in sizes.items()}
        return {
            "code_bytes": sum(sections.values()),
            "arena_bytes": engine.arena.bytes,
            "instructions": counted.instructions or 0,
            "estimated_cycles": counted.estimated_cycles or 0,
        }


def compiled(path: Path) -> dict[str, int]:
    """Those of compiled C."""
    totals = profile(smelt.optimize(smelt.load(path)), smelt.find_target("cortex-m4")).totals
    kinds = ("code_bytes", "arena_bytes", "instructions", "estimated_cycles")
    return {kind: getattr(totals, kind) for kind in kinds}


def line(model: str, title: str, figures: dict[str, int], best: dict[str, int]) -> str:
    """A row of the table."""
    numbers = " | ".join(f"{number:,}" for number in figures.values())
    share = f"{figures['estimated_cycles'] / best['estimated_cycles']:.2f}" if best else "-"
    return f"| {model} | {title} | {numbers} | {share} |"


def main() -> int:
    """Print the table."""
    shared = Path(sys.argv[1])
    paths = {name: shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite" for name in MODELS}
    lines = [HEAD]
    for model, path in {"hello_world": EXAMPLE, **paths}.items():
        best = rival(shared / "baselines" / "tflite_micro.json", model)
        if best:
            lines.append(line(model, "TensorFlow Lite Micro", best, best))
        lines.append(line(model, "interpreter", interpreted(path), best))
        lines.append(line(model, "interpreter, -Os, no messages", interpreted(path, "-Os"), best))
        lines.append(line(model, "compiled", compiled(path), best))
        sys.stderr.write(f"{lines[-3]}\n{lines[-2]}\n{lines[-1]}\n")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
