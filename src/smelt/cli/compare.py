"""smelt compare: per-tensor differences between two models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import EmulatedTarget, EngineName, Inputs, Json, Model, Shape


def command(
    first: Model,
    second: Annotated[Path, typer.Argument(help="The model to compare with.", show_default=False)],
    inputs: Inputs = None,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="What runs the first model.")
    ] = EngineName.reference,
    second_engine: Annotated[
        EngineName | None,
        typer.Option(help="What runs the second model (default: as the first).", show_default=False),
    ] = None,
    target: EmulatedTarget = "cortex-m4",
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Compare two models, or one on two engines, tensor by tensor on the same inputs."""
    from smelt import formats
    from smelt.cli import console
    from smelt.engines import open_engine
    from smelt.report.difference import compare_tensors
    from smelt.report.tensors import samples_or_random

    shapes = formats.parse_shapes(shape)
    # a .tflite file has no symbolic shapes; the other model may
    chosen = {path: None if path.suffix == ".tflite" else shapes for path in (first, second)}
    graphs = (formats.load(first, shapes=chosen[first]), formats.load(second, shapes=chosen[second]))
    samples = samples_or_random(graphs[0], inputs, count=5)
    with (
        open_engine(engine.value, graphs[0], target=target, path=first) as a,
        open_engine((second_engine or engine).value, graphs[1], target=target, path=second) as b,
    ):
        differences = compare_tensors(graphs, (a, b), samples)
    if json:
        console.print_json([d.to_json() for d in differences])
        return
    rows = [
        [
            d.name,
            "x".join(map(str, d.shape)),
            "identical" if d.identical else f"{d.max_difference:.4g}",
            f"{d.relative:.2e}",
            "" if d.signal_to_noise_db is None else f"{d.signal_to_noise_db:.1f}",
            "" if d.cosine is None else f"{d.cosine:.6f}",
        ]
        for d in differences
    ]
    columns = [
        ("tensor", "left"),
        ("shape", "left"),
        ("max difference", "right"),
        ("of max |value|", "right"),
    ]
    columns += [("SNR dB", "right"), ("cosine", "right")]
    console.stdout.print(
        console.table(f"{first.name} against {second.name}, {len(samples)} samples", columns, rows)
    )
