"""smelt compile: a model, quantized where that is wanted, becomes a folder of C99."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import (
    Calibrate,
    CalibrationSamples,
    ExternalInput,
    Flash,
    Json,
    KeepInput,
    Model,
    OptimizeFor,
    OptimizeOption,
    Ram,
    Shape,
    TargetName,
    Tune,
    TuneCache,
)
from smelt.cli.quantizing import Audio, Images, Layers, Quantize, Quantizing, Strict


def command(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.", show_default=False)],
    target: TargetName = "cortex-m4",
    name: Annotated[
        str | None,
        typer.Option(
            help="Prefix of files and functions (default: from the file's name).", show_default=False
        ),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(
            help="Input of the example's self check, .npz or .npy (default: random).", show_default=False
        ),
    ] = None,
    optimize_for: OptimizeOption = OptimizeFor.balanced,
    ram: Ram = None,
    flash: Flash = None,
    keep_input: KeepInput = False,
    external_input: ExternalInput = False,
    tune: Tune = False,
    tune_cache: TuneCache = None,
    quantize: Quantize = None,
    calibrate: Calibrate = None,
    calibration_samples: CalibrationSamples = None,
    images: Images = None,
    audio: Audio = None,
    layers: Layers = None,
    strict: Strict = False,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Generate a self-contained C99 project that runs the model on a target."""
    from smelt import __version__, formats
    from smelt.cli import console, packing, tuning
    from smelt.codegen import Options, generate, write_project
    from smelt.codegen.calls import input_arguments
    from smelt.passes import optimize
    from smelt.report.tensors import samples_or_random
    from smelt.targets import find_target

    core = find_target(target)
    wishes = Quantizing(
        quantize,
        calibrate,
        calibration_samples,
        images=images,
        audio=audio,
        strict=strict,
        layers=layers,
    )
    wishes.check()
    graph = wishes.apply(optimize(formats.load(model, shapes=formats.parse_shapes(shape))))
    sample = samples_or_random(graph, golden)[0] if golden is not None else None
    options = Options(optimize_for.value, ram, keep_input, external_input)
    tuned = tuning.tuned(graph, core, options, tune, tune_cache)
    options = packing.fitted(graph, core, tuned.options if tuned else options, flash)
    project = generate(graph, core, name, golden=sample, version=__version__, options=options)
    write_project(project, output)
    plan = project.program.plan
    result = {
        "folder": str(output),
        "name": project.name,
        "target": core.name,
        "files": list(project.files),
        "arena_bytes": plan.arena_bytes,
        "plan_bound_bytes": plan.bound_bytes,
        "live_peak_bytes": project.program.live_peak_bytes,
        "table_bytes": sum(table.bytes for table in project.tables),
    }
    price = packing.price(graph, core, options) if packing.has_packed_layers(project.program) else None
    if json:
        tuning_json = {"tuning": tuned.to_json()} if tuned else {}
        console.print_json(result | tuning_json | ({"packing": price.to_json()} if price else {}))
        return
    if tuned:
        tuning.show(tuned)
    console.stdout.print(
        f"{output}: {len(project.files)} files for {core.name}; arena {plan.arena_bytes:,} bytes "
        f"(whole tensors would take {project.program.live_peak_bytes:,}), tables {result['table_bytes']:,} bytes"
    )
    if price is not None:
        packing.show_price(price)
    arguments = ", ".join(["arena", *input_arguments(project.program).values()])
    console.stdout.print(f"include {project.name}.h, call {project.name}_invoke({arguments})")
