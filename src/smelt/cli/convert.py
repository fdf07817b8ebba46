"""smelt convert: from one model file to another, quantized on the way if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import Calibrate, CalibrationSamples, Constant, Json, Model, Shape, Signature
from smelt.cli.quantizing import (
    Audio,
    Block,
    Budget,
    CalibratorOption,
    Fallback,
    Images,
    Improve,
    InputType,
    Layers,
    OutputType,
    Precision,
    Quantize,
    Quantizing,
    Strict,
    Wider,
)
from smelt.cli.reporting import Report


def command(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file to write: .tflite, .onnx, .keras, .pt2, .pt, .ptl, or .h, .c, .cc for a C array.",
            show_default=False,
        ),
    ],
    quantize: Quantize = None,
    calibrate: Calibrate = None,
    calibration_samples: CalibrationSamples = None,
    calibrator: CalibratorOption = None,
    improve: Improve = None,
    images: Images = None,
    audio: Audio = None,
    input_type: InputType = None,
    output_type: OutputType = None,
    layers: Layers = None,
    fallback: Fallback = 0,
    fallback_to: Wider = Precision.int16x8,
    budget: Budget = None,
    block: Block = None,
    strict: Strict = False,
    report: Report = None,
    evaluate: Annotated[
        Path | None,
        typer.Option(
            "--evaluate",
            help="Labelled samples, .npz with arrays x and y: accuracy before and after, in the report.",
            show_default=False,
        ),
    ] = None,
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
    """Convert a model to another format, optimized; with --quantize and --calibrate to integers.

    Between a .tflite file and its C array without any option the bytes stay as they are."""
    from smelt import formats
    from smelt.cli.outputs import check_output
    from smelt.passes import find_pass, optimize

    wishes = Quantizing(
        quantize,
        calibrate,
        calibration_samples,
        calibrator,
        improve,
        images,
        input_type,
        output_type,
        strict,
        report,
        evaluate,
        layers,
        fallback,
        fallback_to,
        budget,
        block,
        audio,
    )
    wishes.check()
    for path in formats.files_of_tflite(output) or (output,):
        check_output(path, (model, calibrate))
    before = formats.stored_bytes(model) if model.exists() else 0
    chosen_nothing = not (quantize or passes is not None or shape or constant or signature)
    if chosen_nothing and (data := _unchanged(model, output)) is not None:
        formats.save_tflite(data, model.stem, output)
        _say(json, (model, before), output)
        return
    graph = formats.load(
        model,
        shapes=formats.parse_shapes(shape),
        constants=formats.parse_constants(constant),
        signature=signature,
    )
    chosen = (
        None if passes is None else [find_pass(name.strip()) for name in passes.split(",") if name.strip()]
    )
    original = optimize(graph, chosen)
    graph = wishes.apply(original)
    formats.save(graph, output)
    wishes.give_report(original, graph, (model.name, output.name))
    _say(json, (model, before), output)


def _unchanged(model: Path, output: Path) -> bytes | None:
    """The .tflite file, where one is only put into a C array or taken out of one, or is compiled for an Ethos-U."""
    from smelt import formats
    from smelt.errors import SmeltError
    from smelt.formats.tflite.flatbuffer import read_flatbuffer
    from smelt.formats.tflite.read import ETHOS_U
    from smelt.formats.tflite.schema import TFLITE

    data = formats.load_tflite(model) if formats.files_of_tflite(output) else None
    if data is None:
        return None
    try:
        codes = read_flatbuffer(data, TFLITE).operator_codes
    except SmeltError as error:
        raise formats.type_preserving(error, f"{model}: {error}") from error
    optimizable = output.suffix.lower() == ".tflite" and data == formats.read_bytes(model)
    return None if optimizable and ETHOS_U not in (code.custom_code for code in codes) else data


def _say(json: bool, model: tuple[Path, int], output: Path) -> None:
    from smelt.cli import console

    path, before = model
    after = output.stat().st_size
    if json:
        console.print_json(
            {"input": str(path), "input_bytes": before, "output": str(output), "output_bytes": after}
        )
    else:
        console.stdout.print(f"{output}: {after:,} bytes ({path.name}: {before:,})")
