"""smelt run: run a model on an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import EmulatedTarget, EngineName, EngineOption, Inputs, Json, Model, Shape


def command(
    model: Model,
    engine: EngineOption = EngineName.reference,
    target: EmulatedTarget = "cortex-m4",
    inputs: Inputs = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the outputs: .npy (one output) or .npz.", show_default=False
        ),
    ] = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Run a model on an engine and print or save its outputs."""
    import numpy as np
    from rich.text import Text

    from smelt import formats
    from smelt.cli import console
    from smelt.cli.outputs import check_output
    from smelt.engines import open_engine
    from smelt.report.summary import type_text
    from smelt.report.tensors import run_samples, save_arrays

    check_output(output, (model, inputs))
    graph = formats.load(model, shapes=formats.parse_shapes(shape))
    with open_engine(engine.value, graph, target=target, path=model, optimized=True) as runner:
        outputs = run_samples(graph, runner, inputs)
    if output is not None:
        save_arrays(output, outputs)
    if json:
        console.print_json({name: array.tolist() for name, array in outputs.items()})
        return
    described = {value.name: value for value in graph.values.values()}
    for name, array in outputs.items():
        kind = type_text(described[name]) if name in described else str(array.dtype)
        console.stdout.print(Text.assemble((name, "bold"), f" {kind}"))
        console.stdout.print(np.array2string(array, threshold=64, precision=6))
    if output is not None:
        console.note(f"written to {output}")
