"""smelt convert: from one model file to another, quantized on the way if asked."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import Calibrate, CalibrationSamples, Constant, Json, Model, Shape, Signature


class Scheme(StrEnum):
    """Quantization schemes."""

    int8 = "int8"


class IoType(StrEnum):
    """Element types of a quantized model's inputs and outputs."""

    int8 = "int8"
    float32 = "float32"


def command(
    model: Model,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write: .tflite.", show_default=False)
    ],
    quantize: Annotated[
        Scheme | None, typer.Option("--quantize", help="Quantize with this scheme.", show_default=False)
    ] = None,
    calibrate: Calibrate = None,
    calibration_samples: CalibrationSamples = None,
    input_type: Annotated[IoType, typer.Option(help="Type of a quantized model's inputs.")] = IoType.int8,
    output_type: Annotated[IoType, typer.Option(help="Type of a quantized model's outputs.")] = IoType.int8,
    passes: Annotated[
        str | None,
        typer.Option(
            help="Graph rewrites to run, comma separated; an empty text runs none (default: all).",
            show_default=False,
        ),
    ] = None,
    shape: Shape = None,
    constant: Constant = None,
    signature: Signature = None,
    json: Json = False,
) -> None:
    """Convert a model to .tflite, optimized; with --quantize int8 --calibrate X.npz to full int8."""
    from itertools import islice

    from smelt import formats
    from smelt.cli import console
    from smelt.errors import UsageError
    from smelt.passes import find_pass, optimize

    if quantize is not None and calibrate is None:
        raise UsageError("--quantize int8 needs --calibrate FILE with representative samples (.npz or .npy)")
    if calibrate is not None and quantize is None:
        raise UsageError("--calibrate is used by --quantize int8 only")
    if output.resolve() == model.resolve():
        raise UsageError("the output is the input file: choose another name, inputs are never overwritten")
    graph = formats.load(
        model,
        shapes=formats.parse_shapes(shape),
        constants=formats.parse_constants(constant),
        signature=signature,
    )
    chosen = (
        None if passes is None else [find_pass(name.strip()) for name in passes.split(",") if name.strip()]
    )
    graph = optimize(graph, chosen)
    if quantize is not None and calibrate is not None:
        from smelt.quantize import quantize_int8, read_data, samples_for
        from smelt.quantize.samples import sample_count

        data = read_data(calibrate)
        total = sample_count(graph, data)
        total = min(total, calibration_samples or total)
        with console.progress("calibrating", total) as advance:
            graph = quantize_int8(
                graph,
                islice(samples_for(graph, data), total),
                input_type=input_type.value,
                output_type=output_type.value,
                after_sample=advance,
            )
    formats.save(graph, output)
    before, after = formats.stored_bytes(model), output.stat().st_size
    if json:
        console.print_json(
            {"input": str(model), "input_bytes": before, "output": str(output), "output_bytes": after}
        )
    else:
        console.stdout.print(f"{output}: {after:,} bytes ({model.name}: {before:,})")
