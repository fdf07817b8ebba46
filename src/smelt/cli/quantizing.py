"""The options that quantize a model, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smelt.ir import Array, Graph
    from smelt.quantize.prices import Price


class Scheme(StrEnum):
    """Quantization schemes."""

    int8 = "int8"
    int16x8 = "int16x8"
    int4 = "int4"
    ternary = "ternary"
    binary = "binary"
    dynamic = "dynamic"
    dynamic_int4 = "dynamic-int4"
    weight_only_int8 = "weight-only-int8"
    weight_only_int4 = "weight-only-int4"
    float16 = "float16"

    @property
    def calibrates(self) -> bool:
        """Whether samples are needed."""
        return self in (Scheme.int8, Scheme.int16x8, Scheme.int4, Scheme.ternary, Scheme.binary)


class Calibrator(StrEnum):
    """Calibration methods."""

    min_max = "min-max"
    moving_average = "moving-average"
    percentile = "percentile"
    mse = "mse"
    entropy = "entropy"
    octav = "octav"
    auto = "auto"


class Precision(StrEnum):
    """Precisions that sensitive layers fall back to."""

    int16x8 = "int16x8"
    float32 = "float32"


class IoType(StrEnum):
    """Element types of a quantized model's inputs and outputs."""

    int8 = "int8"
    uint8 = "uint8"
    int16 = "int16"
    float32 = "float32"


Quantize = Annotated[
    Scheme | None, typer.Option("--quantize", help="Quantize with this scheme.", show_default=False)
]
CalibratorOption = Annotated[
    Calibrator | None,
    typer.Option(
        "--calibrator",
        help="How ranges are made of what was seen; auto: the one with the least error on samples it has not seen "
        "(default: the scheme's).",
        show_default=False,
    ),
]
Images = Annotated[
    str | None,
    typer.Option(
        "--images",
        help="How images become inputs: fit=stretch|crop|pad, order=rgb|bgr, mean=N, std=N (one number, or one a "
        "channel with colons between), comma separated; the input is (pixel - mean) / std, pixels 0 to 255.",
        show_default=False,
    ),
]
Audio = Annotated[
    str | None,
    typer.Option(
        "--audio",
        help="How .wav files become inputs: features=raw|log-mel|mfcc, rate=HZ, fit=start|middle|split, mean=N, std=N, "
        "frame=MS, stride=MS, mels=N, coefficients=N, low=HZ, high=HZ, … comma separated, or a .toml file with a "
        "table [audio] of these.",
        show_default=False,
    ),
]
Improve = Annotated[
    str | None,
    typer.Option(
        "--improve",
        help="What is done for accuracy without training, comma separated: means, equalization, bias, gptq, learned, "
        "scales; an empty text does nothing (default: the scheme's). Kept only where it is better on unseen samples.",
        show_default=False,
    ),
]
Layers = Annotated[
    Path | None,
    typer.Option(
        "--layers",
        help="A .toml file with a table [layers]: a precision (int8, int4, ternary, binary, int16x8, float32) by the "
        "name of a layer's output, or by pattern.",
        show_default=False,
    ),
]
Fallback = Annotated[
    int,
    typer.Option(
        "--fallback", min=0, help="Compute the N layers that hurt most in --fallback-to; says what it costs."
    ),
]
Wider = Annotated[Precision, typer.Option("--fallback-to", help="The precision of --fallback.")]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="Find int4, int8 or int16x8 for each layer, with the least error within limits on a Cortex-M4: "
        "size=BYTES (tables), ram=BYTES (arena), cycles=N, comma separated. They are held by the compiled network, or, "
        "where there is no compiler for it, by estimates.",
        show_default=False,
    ),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block",
        min=2,
        help="int4 weights of dense layers have a scale for each N of a row: more exact. A .tflite file holds "
        "that with --quantize int4 and dynamic-int4, for multiples of 32.",
        show_default=False,
    ),
]
InputType = Annotated[
    IoType | None,
    typer.Option(help="Type of a quantized model's inputs (default: the scheme's).", show_default=False),
]
OutputType = Annotated[
    IoType | None,
    typer.Option(help="Type of a quantized model's outputs (default: the scheme's).", show_default=False),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse to leave any operator in float32 when quantizing.")
]


def names(text: str) -> list[str]:
    """A comma separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def limits(text: str) -> dict[str, int]:
    """The limits of --budget; UsageError."""
    from smelt.errors import UsageError

    result = {}
    for part in names(text):
        name, _, number = part.partition("=")
        if not number.isdecimal():
            raise UsageError(f"--budget {part}: wants size=BYTES, ram=BYTES or cycles=N")
        result[name] = int(number)
    return result


def compiled_price(graph: Graph) -> Price:
    """What a graph costs compiled and counted for a Cortex-M4; estimated, and said so, where that cannot be."""
    from smelt.cli import console
    from smelt.engines.profile import profile
    from smelt.errors import CompileError, MissingExtraError, UnsupportedError
    from smelt.passes import optimize
    from smelt.quantize.prices import Price, price
    from smelt.targets import find_target

    target = find_target("cortex-m4")
    try:
        totals = profile(optimize(graph), target).totals
    except (CompileError, MissingExtraError, UnsupportedError) as error:
        console.note(f"the budget is held by estimates, nothing is measured: {error}")
        return price(graph, target)
    return Price(totals.weight_bytes, totals.arena_bytes, totals.estimated_cycles)


@dataclass(frozen=True)
class Quantizing:
    """What the options say."""

    scheme: Scheme | None
    calibrate: Path | None
    calibration_samples: int | None
    calibrator: Calibrator | None = None
    improve: str | None = None
    images: str | None = None
    input_type: IoType | None = None
    output_type: IoType | None = None
    strict: bool = False
    report: str | None = None
    evaluate: Path | None = None
    layers: Path | None = None
    fallback: int = 0
    wider: Precision = Precision.int16x8
    budget: str | None = None
    block: int | None = None
    audio: str | None = None

    def check(self) -> None:
        """UsageError for options that contradict each other."""
        from smelt.cli.reporting import check_report
        from smelt.errors import UsageError

        check_report(self.report)
        if self.evaluate is not None and self.report is None:
            raise UsageError("--evaluate is used by --report only (`smelt evaluate` measures accuracy alone)")
        if self.scheme is None:
            given = {
                "--calibrate": self.calibrate,
                "--report": self.report,
                "--layers": self.layers,
                "--budget": self.budget,
                "--fallback": self.fallback or None,
                "--block": self.block,
                "--images": self.images,
                "--audio": self.audio,
                "--input-type": self.input_type,
                "--output-type": self.output_type,
            }
            for name, value in given.items():
                if value is not None:
                    raise UsageError(f"{name} is used by --quantize only")
        elif self.scheme.calibrates and self.calibrate is None:
            raise UsageError(
                f"--quantize {self.scheme.value} needs --calibrate with representative samples: "
                ".npz, .npy, .csv or a folder of images or .wav files"
            )
        if self.images is not None and self.audio is not None:
            raise UsageError("--images and --audio are for different folders: give one")
        if self.report is not None and self.calibrate is None:
            raise UsageError("--report needs --calibrate: samples on which the models are compared")

    def apply(self, graph: Graph) -> Graph:
        """The quantized graph; the graph itself without --quantize."""
        if self.scheme is None:
            return graph
        from smelt.cli import console
        from smelt.quantize import Mixed, quantize_graph

        mixed = None
        if self.layers is not None or self.fallback or self.budget is not None:
            layers = {} if self.layers is None else Mixed.read_layers(self.layers)
            budget = limits(self.budget or "")
            mixed = Mixed(
                layers, self.fallback, self.wider.value, budget, measure=compiled_price if budget else None
            )
        samples, total = None, None
        if self.calibrate is not None:
            samples, total = self._samples(graph, self.calibrate)
        with console.stages({"calibrating": total}) as progress:
            return quantize_graph(
                graph,
                self.scheme.value,
                samples,
                calibrator=None if self.calibrator is None else self.calibrator.value,
                improve=None if self.improve is None else names(self.improve),
                input_type=None if self.input_type is None else self.input_type.value,
                output_type=None if self.output_type is None else self.output_type.value,
                mixed=mixed,
                block=self.block or 0,
                strict=self.strict,
                tell=console.note,
                progress=progress,
            )

    def give_report(self, before: Graph, after: Graph, names: tuple[str, str]) -> None:
        """Print or write the report, if one is wanted."""
        if self.report is None or self.calibrate is None:
            return
        from itertools import islice

        from smelt.cli import console
        from smelt.cli.reporting import REPORT_SAMPLES, give_report
        from smelt.quantize import read_data
        from smelt.report.accuracy_score import accuracy_score
        from smelt.report.quantization import quantization_report

        scores = []
        if self.evaluate is not None:
            data = read_data(self.evaluate)
            total = None if data.labels is None else len(data.labels)
            with console.progress("evaluating", total) as advance:
                scores.append(accuracy_score(before, after, data, after_sample=advance))
        samples, _ = self._samples(before, self.calibrate)
        chosen = islice(samples, REPORT_SAMPLES)
        give_report(quantization_report(before, after, chosen, names=names, scores=scores), self.report)

    def _samples(self, graph: Graph, path: Path) -> tuple[Iterator[Mapping[str, Array]], int | None]:
        from smelt.quantize import AudioRecipe, ImageRecipe, open_samples

        recipe: ImageRecipe | AudioRecipe | None = None
        if self.images is not None:
            recipe = ImageRecipe.parse(self.images)
        elif self.audio is not None:
            recipe = AudioRecipe.parse(self.audio)
        return open_samples(graph, path, recipe=recipe, limit=self.calibration_samples)
