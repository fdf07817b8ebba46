"""--report: the quantization report on the terminal or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smelt.report.quantization import QuantizationReport

Report = Annotated[
    str | None,
    typer.Option(
        "--report",
        help="What quantization did, layers that hurt most first: terminal, or a FILE.html or FILE.json to write.",
        metavar="terminal|FILE",
        show_default=False,
    ),
]
REPORT_SAMPLES = 16


def check_report(report: str | None) -> None:
    """UsageError for a place to which no report can be written."""
    from smelt.errors import UsageError

    if report is not None and report != "terminal" and Path(report).suffix not in (".html", ".json"):
        raise UsageError(f"--report {report}: wants terminal, or a file that ends in .html or .json")


def give_report(report: QuantizationReport, place: str) -> None:
    """Print or write a report."""
    from smelt.formats import write_bytes
    from smelt.report.plain_json import json_text
    from smelt.report.quantization_html import quantization_html

    if place == "terminal":
        print_report(report)
        return
    path = Path(place)
    text = quantization_html(report) if path.suffix == ".html" else json_text(report.to_json())
    write_bytes(path, text.encode())


def print_report(report: QuantizationReport) -> None:
    """Tables on standard output."""
    from smelt.cli import console
    from smelt.ir import short_name

    for score in report.scores:
        console.stdout.print(f"{score.name}: {score.before:.4f} → {score.after:.4f}  {score.remark}".rstrip())
    for output in report.outputs:
        noise, cosine = _decibels(output.signal_to_noise_db), output.cosine
        console.stdout.print(
            f"output {short_name(output.name)}: {noise} dB, cosine {'' if cosine is None else f'{cosine:.5f}'}"
        )
    for name in report.left_in_float:
        console.stdout.print(f"left in float32: {name}")
    rows = [
        [
            short_name(layer.noise.name),
            layer.noise.operator,
            layer.precision,
            f"{layer.share:.1%}",
            _decibels(layer.noise.own.signal_to_noise_db),
            _decibels(layer.noise.difference.signal_to_noise_db),
            _decibels(layer.weights_db),
            f"{layer.noise.clipped_share:.2%}",
            "" if layer.noise.range_use is None else f"{layer.noise.range_use:.0%}",
            layer.advice,
        ]
        for layer in report.layers
    ]
    columns = [("layer", "left"), ("operator", "left"), ("types", "left"), ("share", "right")]
    columns += [("own dB", "right"), ("all dB", "right"), ("weights dB", "right"), ("clipped", "right")]
    columns += [("range", "right"), ("what to do", "left")]
    title = (
        f"{report.names[1]} beside {report.names[0]}, {report.samples} samples: layers that hurt most first"
    )
    console.stdout.print(console.table(title, columns, rows))


def _decibels(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f}"
