"""Every quantization scheme on two models, with defaults: accuracy, agreement with float, noise, flash, RAM, cycles.

Three draws of calibration samples a scheme; the test sets are scored once.  Other quantizers get the first draw.

    python benchmarks/quantization.py --ai-edge-python venv/bin/python --markdown docs/quantization.md
    python benchmarks/quantization.py --models kws --schemes int8 dynamic --skip time    # a part of it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import smelt
from baseline import shared_folder
from conversion import run
from quantization_rivals import ai_edge, onnx_runtime, tensorflow
from quantization_tasks import DRAWS, Answers, Score, Task, answers, load_task, mean, score
from smelt.engines.profile import Totals
from smelt.quantize import SCHEMES

MODELS = ("kws", "resnet8")


@dataclass(frozen=True)
class Row:
    """A scheme of smelt's on a model, over all draws."""

    model: str
    scheme: str
    scores: tuple[Score, ...]
    totals: Totals
    seconds: float


@cache
def _task(shared: Path, model: str) -> tuple[Task, Answers]:
    task = load_task(shared, model)
    return task, answers(task.graph, task.x)


def measure_draw(shared: Path, model: str, scheme: str, draw: int) -> tuple[Score, Totals | None, float]:
    """Quantize on one draw and score; the firmware is measured for the first."""
    task, wanted = _task(shared, model)
    start = time.perf_counter()
    quantized = smelt.quantize_graph(task.graph, scheme, task.draws[draw], tell=lambda text: None)
    seconds = time.perf_counter() - start
    totals = smelt.profile(quantized, smelt.find_target("cortex-m4")).totals if draw == 0 else None
    return score(task, wanted, answers(quantized, task.x)), totals, seconds


def float_row(shared: Path, model: str) -> Row:
    """The float model against itself."""
    task, wanted = _task(shared, model)
    totals = smelt.profile(task.graph, smelt.find_target("cortex-m4")).totals
    return Row(model, "float32", (score(task, wanted, wanted),), totals, 0.0)


def rivals(shared: Path, model: str, python: Path | None) -> list[tuple[str, str, Score]]:
    """Scheme, who made it, score; of all that can run here."""
    task, wanted = _task(shared, model)

    def found() -> Iterator[tuple[str, str, Answers]]:
        yield from tensorflow(task, shared)
        if python is not None:
            yield from ai_edge(task, python)
        yield from onnx_runtime(task)

    return [(scheme, title, score(task, wanted, given)) for scheme, title, given in found()]


def line(cells: Sequence[object]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def scheme_table(rows: Sequence[Row]) -> list[str]:
    """All schemes of one model."""
    heads = [
        "scheme",
        "accuracy %",
        "lost",
        "p",
        "as float %",
        "SNR dB",
        "flash B",
        "RAM B",
        "M4 cycles",
        "s",
    ]
    lines = [line(heads), line(["---", *["---:"] * (len(heads) - 1)])]
    reference = rows[0].scores[0].accuracy
    for row in rows:
        accuracy, totals = mean([s.accuracy for s in row.scores]), row.totals
        smallest = min(s.agreement for s in row.scores)
        cells = [
            row.scheme,
            f"{100 * accuracy:.2f}",
            f"{100 * (reference - accuracy):+.2f}",
            f"{min(s.p_value for s in row.scores):.2f}",
            f"{100 * mean([s.agreement for s in row.scores]):.2f} ({100 * smallest:.2f})",
            f"{mean([s.decibels for s in row.scores]):.1f}" if row.scheme != "float32" else "",
            f"{totals.code_bytes + totals.weight_bytes:,}",
            f"{totals.arena_bytes + totals.stack_bytes:,}",
            f"{totals.estimated_cycles:,}",
            f"{row.seconds:.1f}",
        ]
        lines.append(line(cells))
    return lines


def rival_table(rows: Sequence[Row], others: Sequence[tuple[str, str, Score]]) -> list[str]:
    """Everybody's first draw, scheme by scheme."""
    heads = ["scheme", "made by", "SNR dB", "as float %", "accuracy %"]
    lines = [line(heads), line(["---", "---", "---:", "---:", "---:"])]
    for row in rows:
        beside = [(title, given) for scheme, title, given in others if scheme == row.scheme]
        for title, given in [("smelt", row.scores[0]), *beside] if beside else []:
            figures = [f"{given.decibels:.1f}", f"{100 * given.agreement:.2f}", f"{100 * given.accuracy:.2f}"]
            lines.append(line([row.scheme, title, *figures]))
    return [*lines, "", beaten(rows, others)]


def beaten(rows: Sequence[Row], others: Sequence[tuple[str, str, Score]]) -> str:
    """Where somebody else's signal-to-noise ratio is higher, by a tenth of a decibel or more as it is printed."""
    own = {row.scheme: row.scores[0].decibels for row in rows}
    higher = [
        f"{scheme} by {title} ({given.decibels - own[scheme]:.1f} dB)"
        for scheme, title, given in others
        if scheme in own and round(given.decibels - own[scheme], 1) > 0
    ]
    return "A higher signal-to-noise ratio than smelt's: " + (", ".join(higher) if higher else "none") + "."


def time_table(shared: Path) -> list[str]:
    """Seconds and peak memory of `smelt convert` on vww with 100 random images, a fresh process."""
    with tempfile.TemporaryDirectory() as temporary:
        samples, output = Path(temporary) / "samples.npz", Path(temporary) / "vww.tflite"
        np.savez(samples, x=np.random.default_rng(0).random((100, 96, 96, 3), dtype=np.float32))
        model = shared / "models/mlperf_tiny/vww_float32.tflite"
        command = [sys.executable, "-m", "smelt", "convert", model, "-o", output, "--quantize", "int8"]
        rows = [
            ("defaults", run([*map(str, command), "--calibrate", str(samples)])),
            (
                "min-max, no improvements",
                run(
                    [
                        *map(str, command),
                        "--calibrate",
                        str(samples),
                        "--calibrator",
                        "min-max",
                        "--improve",
                        "",
                    ]
                ),
            ),
        ]
    heads = ["vww to int8 with 100 samples, whole process", "seconds", "peak MB"]
    lines = [line(heads), line(["---", "---:", "---:"])]
    lines += [line([f"smelt, {name}", f"{seconds:.1f}", f"{peak:.0f}"]) for name, (seconds, peak) in rows]
    return [*lines, line(["TensorFlow 2.21", "14", ""]), line(["ai-edge-quantizer 0.10", "about 1", ""])]


INTRODUCTION = """# Quantization: what each scheme costs and gives

Made by `python benchmarks/quantization.py --markdown docs/quantization.md` ([how to quantize](quantizing.md)): defaults
only, nothing tuned on the test sets. {draws} draws of calibration samples: of kws all of the first 100 of its test set
and two times 80 of these, scored on the other 900; of resnet8 three times 100 of the training images, scored on the
1017 test images.

accuracy: mean of the draws; lost: points against float; p: McNemar's test against float, the smallest of the draws; as
float: decisions that are the float model's, mean and in brackets the smallest; SNR: of the outputs before softmax;
flash (code and tables), RAM (arena and stack) and estimated cycles of one inference on a Cortex-M4; s: seconds to
quantize on this computer.
"""


TIMES = (
    "Others' times were measured on the same kind of machine when nothing else ran; smelt's are of a computer that",
    "may be shared.",
)


def main() -> None:
    """Print the page; --markdown writes it too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--schemes", nargs="+", choices=SCHEMES, default=list(SCHEMES))
    parser.add_argument(
        "--skip", nargs="+", choices=("rivals", "time"), default=[], help="parts to leave out"
    )
    parser.add_argument("--ai-edge-python", type=Path, help="a Python that has ai-edge-quantizer")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    shared = shared_folder()
    parts = [INTRODUCTION.format(draws=DRAWS)]
    with ProcessPoolExecutor(options.processes) as pool:
        floats, others, jobs = {}, {}, {}
        for model in options.models:
            floats[model] = pool.submit(float_row, shared, model)
            if "rivals" not in options.skip:
                others[model] = pool.submit(rivals, shared, model, options.ai_edge_python)
            for scheme in options.schemes:
                for draw in range(DRAWS):
                    jobs[model, scheme, draw] = pool.submit(measure_draw, shared, model, scheme, draw)
        for model in options.models:
            rows = [floats[model].result()]
            for scheme in options.schemes:
                results = [jobs[model, scheme, draw].result() for draw in range(DRAWS)]
                totals = results[0][1]
                assert totals is not None
                scores = tuple(given for given, _, _ in results)
                rows.append(Row(model, scheme, scores, totals, mean([s for _, _, s in results])))
            parts += [f"## {model}", "", *scheme_table(rows), ""]
            if model in others:
                parts += [f"### {model}: other quantizers", ""]
                parts += ["The same float model and samples (the first draw).", ""]
                parts += [*rival_table(rows, others[model].result()), ""]
            print("\n".join(parts[1:]), flush=True)
    if "time" not in options.skip:
        # before torch is loaded: a process begins as a copy of this one, whose memory would be counted
        times = time_table(shared)
        from quantization_training import table as training_table

        parts += [*training_table(shared), "## Time", "", *times, "", *TIMES]
    if options.markdown:
        options.markdown.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
