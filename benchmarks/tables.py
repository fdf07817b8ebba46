"""The benchmark's figures as tables for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import groupby

from rich.table import Table

import goals
from baseline import METRICS, Figures
from measure import Measurement

HEADINGS = {
    "instructions": "instructions",
    "estimated_cycles": "est. cycles",
    "code_bytes": "code B",
    "weight_bytes": "weights B",
    "arena_bytes": "arena B",
    "stack_bytes": "stack B",
    "ram_bytes": "RAM B",
}
PACKAGES = ("smelt", "unicorn", "capstone", "tflite-micro", "numpy")


@dataclass(frozen=True)
class Row:
    """smelt's figures of one model on one core, beside the rival's best."""

    measured: Measurement
    rival: Figures

    @property
    def ratios(self) -> dict[str, float | None]:
        """smelt / rival; below 1 smelt is smaller. None where one of them has no figure."""
        return {metric: self._ratio(metric) for metric in METRICS}

    def _ratio(self, metric: str) -> float | None:
        ours, theirs = self.measured.figures[metric], self.rival[metric]
        return ours / theirs if ours is not None and theirs else None

    @property
    def outputs(self) -> str:
        """How many of all outputs are byte-identical to TensorFlow Lite Micro's."""
        return f"{self.measured.identical}/{self.measured.inputs}"

    @property
    def count(self) -> str:
        """smelt's instruction count over the independent one."""
        ratio = self.measured.count_ratio
        return "–" if ratio is None else f"{ratio:.6f}"


def terminal_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """One table a core; in a cell smelt's figure, the rival's, and their ratio."""
    for core, group in groupby(rows, _build):
        table = Table(title=f"{core}: smelt, TFLite Micro with CMSIS-NN, ratio", title_justify="left")
        table.add_column("model")
        for metric in METRICS:
            table.add_column(HEADINGS[metric], justify="right", no_wrap=True)
        table.add_column("outputs =", justify="right")
        table.add_column("count.py", justify="right")
        for row in group:
            cells = [_terminal_cell(row, metric) for metric in METRICS]
            table.add_row(row.measured.model, *cells, row.outputs, row.count, end_section=True)
        yield table


def _build(row: Row) -> str:
    """The core, and the mode where it is not the default."""
    return row.measured.core + (
        "" if row.measured.mode == "balanced" else f", --optimize {row.measured.mode}"
    )


def layer_tables(measured: Sequence[Measurement]) -> Iterator[Table]:
    """What each layer costs in the default build for the Cortex-M4, a table a model."""
    for m in measured:
        if (m.core, m.mode) != ("cortex-m4", "balanced"):
            continue
        table = Table(title=f"{m.model} on {m.core}: layers (* portable C)", title_justify="left")
        for name in ("", "operator", "output", "kernel", "MACs", "est. cycles", "cycles/MAC"):
            table.add_column(name, justify="left" if name in ("operator", "output", "kernel") else "right")
        for index, x in enumerate(m.layers, start=1):
            kernel = x.kernel + (" *" if x.portable else "")
            each = f"{x.cost / x.macs:.2f}" if x.macs else ""
            table.add_row(str(index), x.operator, x.output, kernel, f"{x.macs:,}", f"{x.cost:,}", each)
        yield table


def _terminal_cell(row: Row, metric: str) -> str:
    ratio = row.ratios[metric]
    colour = "green" if ratio is not None and ratio < 1 else "red"
    verdict = "–" if ratio is None else f"[{colour}]{ratio:.3f}[/{colour}]"
    return f"{_number(row.measured.figures[metric])}\n{_number(row.rival[metric])}\n{verdict}"


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def markdown(
    rows: Sequence[Row], rival: Mapping[str, str], command: str, reached: Sequence[goals.Line]
) -> str:
    """The document: the goals where they were measured, the comparison, and how it was made."""
    parts = [
        "# Benchmarks\n",
        *_markdown_goals(reached),
        "The five MLPerf Tiny int8 models, one inference each. A cell is smelt / TensorFlow Lite Micro with\n"
        "CMSIS-NN, each figure at the build that is best for it, and in bold their ratio: below 1 smelt is\n"
        "smaller.\n",
    ]
    for core, group in groupby(rows, _build):
        parts += [f"## {core}\n", *_markdown_table(list(group)), ""]
    parts += ["## How it was made\n", *_provenance(rows, rival, command)]
    return "\n".join(parts) + "\n"


def _markdown_goals(reached: Sequence[goals.Line]) -> Iterator[str]:
    if reached:
        yield "## Goals\n"
        yield "Reached / goal, on the Cortex-M4 where no core is named; cycles are estimated. A goal is reached by the"
        yield 'exact figure: a cell may show the two alike. "Theirs" is TensorFlow Lite Micro with CMSIS-NN.\n'
        yield from goals.markdown_table(reached)
        yield "\n## Beside TensorFlow Lite Micro\n"


def _markdown_table(rows: Sequence[Row]) -> Iterator[str]:
    headings = [
        "model",
        *(HEADINGS[metric] for metric in METRICS),
        "outputs identical",
        "smelt's count / count.py",
    ]
    yield "| " + " | ".join(headings) + " |"
    yield "|---" + "|---:" * (len(headings) - 1) + "|"
    for row in rows:
        cells = [
            row.measured.model,
            *(_markdown_cell(row, metric) for metric in METRICS),
            row.outputs,
            row.count,
        ]
        yield "| " + " | ".join(cells) + " |"


def _markdown_cell(row: Row, metric: str) -> str:
    figures = f"{_number(row.measured.figures[metric])} / {_number(row.rival[metric])}"
    ratio = row.ratios[metric]
    return figures if ratio is None else f"{figures} **{ratio:.2f}**"


def _provenance(rows: Sequence[Row], rival: Mapping[str, str], command: str) -> Iterator[str]:
    own = ", ".join(f"{name} {version}" for name, version in versions().items())
    compilers = "; ".join(sorted({row.measured.compiler for row in rows}))
    real = max((row.measured.real for row in rows), default=0)
    drawn = max((row.measured.inputs - row.measured.real for row in rows), default=0)
    yield f"    {command}\n"
    yield f"- Compiler: {compilers}, at `-O2`, for size at `-Os`, unless the command says otherwise; run on unicorn's"
    yield f"  cores, the Cortex-M55 on QEMU. {own}."
    yield (
        "- TensorFlow Lite Micro: " + ", ".join(f"{name} {version}" for name, version in rival.items()) + "."
    )
    yield "- RAM is arena + stack, for TensorFlow Lite Micro + static RAM (smelt has none); its weights are its"
    yield "  model file. [measuring.md](measuring.md) defines the other figures."
    yield "- TensorFlow Lite Micro was built with int8 kernels alone on the Cortex-M4 only; elsewhere its code bytes"
    yield "  include the other types."
    yield "- Outputs identical: runs on the emulated core that gave the bytes of the package tflite-micro, of"
    yield f"  {drawn} random inputs and {real} recorded ones (kws, resnet8, sww; there is no data for vww and ad)."
    yield "- count.py is an independent counter run on the same ELF: executed instructions of one `invoke`."


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that make the figures."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
