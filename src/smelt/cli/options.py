"""The options that several commands share: one name, one meaning, one help text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path,
    typer.Argument(
        help="A model: .tflite, .onnx, .pt2, .pt, .ptl, .keras, .h5, .pb or a SavedModel folder.",
        show_default=False,
    ),
]
TargetName = Annotated[
    str, typer.Option("--target", help="The core to generate for; `smelt targets` lists them.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Calibrate = Annotated[
    Path | None,
    typer.Option(
        "--calibrate",
        help="Calibration samples: .npz or .npy (one array an input, first dimension counts samples), .csv (a sample "
        "a row), or a folder of images or .wav files.",
        show_default=False,
    ),
]
CalibrationSamples = Annotated[
    int | None,
    typer.Option("--calibration-samples", min=1, help="Use only the first N samples.", show_default=False),
]
Inputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs", "--input", help="Tensors to run, .npz or .npy (default: random).", show_default=False
    ),
]
Evaluate = Annotated[
    Path,
    typer.Option("--evaluate", help="Labelled samples, .npz with arrays x and y.", show_default=False),
]
Shape = Annotated[
    list[str] | None,
    typer.Option(
        "--shape",
        help="Fix a symbolic input shape, for example x=1,28,28,1; may be repeated.",
        show_default=False,
    ),
]

Constant = Annotated[
    list[str] | None,
    typer.Option(
        "--constant",
        help="Make an input a constant, for example shape=[1,-1] or axis=2; may be repeated.",
        show_default=False,
    ),
]
Signature = Annotated[
    str | None,
    typer.Option(
        "--signature", help="Which of a file's signatures (entry points) is read.", show_default=False
    ),
]


class OptimizeFor(StrEnum):
    """What the compiler weighs most."""

    balanced = "balanced"
    ram = "ram"
    speed = "speed"
    size = "size"
    flash = "flash"


OptimizeOption = Annotated[
    OptimizeFor,
    typer.Option(
        "--optimize",
        help="balanced: little RAM where it costs next to no cycles; ram: least RAM for at most about a fifth "
        "more cycles; speed: fewest cycles, for more flash too; size: least code; flash: least code and tables, "
        "weights packed where that saves flash, whatever it costs.",
    ),
]
Ram = Annotated[
    int | None,
    typer.Option(
        "--ram", min=1, help="Largest arena in bytes; the fastest plan that fits.", show_default=False
    ),
]
Flash = Annotated[
    int | None,
    typer.Option(
        "--flash",
        min=1,
        help="Largest flash (code and tables) in bytes; the fastest build that fits, found by building and counting.",
        show_default=False,
    ),
]
KeepInput = Annotated[bool, typer.Option("--keep-input", help="Leave the inputs as they are.")]
ExternalInput = Annotated[
    bool,
    typer.Option(
        "--external-input",
        help="Inputs stay in the caller's memory, outside the arena: they are arguments, and only read.",
    ),
]

Tune = Annotated[
    bool,
    typer.Option(
        "--tune", help="Try every kernel on each layer on the emulated core, and take the best ones."
    ),
]
TuneCache = Annotated[
    Path | None,
    typer.Option(
        "--tune-cache",
        help="Where --tune keeps what it has measured (default: SMELT_CACHE, else the user's cache folder).",
        show_default=False,
    ),
]


class EngineName(StrEnum):
    """The engines that can run a model."""

    reference = "reference"
    native = "native"
    emulated = "emulated"
    interpreted = "interpreted"
    litert = "litert"
    tflm = "tflm"
    onnxruntime = "onnxruntime"
    tvm = "tvm"
    torch = "torch"


EngineOption = Annotated[EngineName, typer.Option("--engine", help="What runs the model.")]
EmulatedTarget = Annotated[str, typer.Option("--target", help="The core for the engine emulated.")]
