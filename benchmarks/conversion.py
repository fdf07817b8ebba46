"""Time and peak memory to convert each MLPerf Tiny model to .tflite: the whole process, start-up included.

Each conversion is a fresh `smelt convert`; the shortest of several runs counts, the largest peak.  Other converters'
figures, measured on the same kind of machine, are in the folder `shared` (see --shared).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

RIVALS = (
    ("TensorFlow 2.21, KWS SavedModel", 7.4, 742),
    ("litert-torch 0.10, a small CNN", 8.6, 627),
    ("onnx2tf 2.6, a small CNN", 1.3, 177),
)
"""Seconds and megabytes of whole processes, from shared/baselines/converters.md."""

MODELS = ("kws_saved_model", "kws_float32.tflite", "resnet8.h5", "vww.h5", "ad.h5", "sww.h5")


@dataclass(frozen=True)
class Conversion:
    """One model's figures."""

    model: str
    seconds: float
    peak_megabytes: float
    bytes: int


def run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak resident megabytes of a process; SystemExit when it fails."""
    start = time.perf_counter()
    child = os.posix_spawn(command[0], list(command), os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    # kilobytes on Linux, bytes on macOS
    unit = 1e6 if platform.system() == "Darwin" else 1e3
    return seconds, usage.ru_maxrss / unit


def conversions(folder: Path, runs: int) -> Iterator[Conversion]:
    """All models that are there."""
    for name in MODELS:
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "model.tflite"
            command = [
                sys.executable,
                "-m",
                "smelt",
                "convert",
                str(folder / name),
                "-o",
                str(output),
                "--json",
            ]
            sys.stdout.flush()
            figures = [run(command) for _ in range(runs)]
            yield Conversion(
                name, min(s for s, _ in figures), max(m for _, m in figures), output.stat().st_size
            )


def markdown(rows: Sequence[Conversion]) -> str:
    """The table for docs/conversion.md."""
    lines = [
        "# Converting: time and memory",
        "",
        "Made by `python benchmarks/conversion.py --markdown docs/conversion.md`: float model to `.tflite`, the whole",
        "process with start-up, on 2 cores; the shortest of several runs, the largest peak of resident memory.",
        "",
        "| conversion | seconds | peak MB | .tflite bytes |",
        "|---|---|---|---|",
        *(
            f"| smelt, {row.model} | {row.seconds:.2f} | {row.peak_megabytes:.0f} | {row.bytes:,} |"
            for row in rows
        ),
        *(f"| {name} | {seconds} | {megabytes} | |" for name, seconds, megabytes in RIVALS),
        "",
        "Others' figures were measured on the same kind of machine in November 2026; they vary with the model as",
        "smelt's do, so the comparison is one of orders of magnitude.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table; --markdown writes it too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("SMELT_SHARED", Path(__file__).parents[2] / "shared"))
    parser.add_argument("--shared", type=Path, default=default)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    folder = options.shared / "models" / "mlperf_tiny"
    if not folder.is_dir():
        raise SystemExit(f"the models are not there: {folder}")
    text = markdown(list(conversions(folder, options.runs)))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
