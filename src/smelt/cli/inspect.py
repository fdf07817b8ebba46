"""smelt inspect: what is in a model."""

from __future__ import annotations

from typing import Annotated

import typer

from smelt.cli.options import Constant, Json, Model, Shape, Signature


def command(
    model: Model,
    shape: Shape = None,
    constant: Constant = None,
    signature: Signature = None,
    text: Annotated[bool, typer.Option("--text", help="Print the graph in smelt's text form.")] = False,
    json: Json = False,
) -> None:
    """Show a model: inputs, outputs, layers, parameters, work, memory."""
    from smelt import formats
    from smelt.cli import console
    from smelt.report.summary import summarize

    graph = formats.load(
        model,
        shapes=formats.parse_shapes(shape),
        constants=formats.parse_constants(constant),
        signature=signature,
    )
    if text:
        from smelt.ir.text import to_text

        typer.echo(to_text(graph, elide_constants=True))
        return
    summary = summarize(graph)
    if json:
        console.print_json(summary.to_json())
        return
    console.stdout.print(summary.name, style="bold")
    for role, tensors in (("input", summary.inputs), ("output", summary.outputs)):
        for tensor in tensors:
            console.stdout.print(f"  {role:7}{tensor.name}: {tensor.type}{tensor.quantization_text}")
    console.stdout.print(
        console.table(
            "",
            [
                ("layer", "left"),
                ("operator", "left"),
                ("output", "left"),
                ("parameters", "right"),
                ("MACs", "right"),
            ],
            [
                [row.name, row.operator, row.output, f"{row.parameters:,}", f"{row.macs:,}"]
                for row in summary.layers
            ],
        )
    )
    console.stdout.print(
        f"{len(summary.layers)} layers, {summary.parameters:,} parameters in {summary.constant_bytes:,} bytes, "
        f"{summary.macs:,} MACs, largest sum of live tensors {summary.live_peak_bytes:,} bytes"
    )
