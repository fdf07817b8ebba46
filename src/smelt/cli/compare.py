"""smelt compare: per-tensor differences between two models; any models on any engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smelt.cli.options import EmulatedTarget, EngineName, Inputs, Json, Shape
from smelt.cli.reporting import Report, check_report, give_report

if TYPE_CHECKING:
    from smelt.ir import Array, Graph
    from smelt.report.difference import TensorDifference
    from smelt.report.engine_comparison import EngineResult, LoadedModel


def command(
    models: Annotated[
        list[Path],
        typer.Argument(
            help="Two models; with --engines one or more.", metavar="MODEL...", show_default=False
        ),
    ],
    inputs: Inputs = None,
    engine: Annotated[
        EngineName | None,
        typer.Option("--engine", help="What runs the first model (default: reference).", show_default=False),
    ] = None,
    second_engine: Annotated[
        EngineName | None,
        typer.Option(help="What runs the second model (default: as the first).", show_default=False),
    ] = None,
    engines: Annotated[
        str | None,
        typer.Option(
            "--engines",
            help="Run every model on each of these, comma separated, or on all: time of a run, difference to the "
            "first model on the engine reference. Models are optimized and converted for each engine.",
            show_default=False,
        ),
    ] = None,
    target: EmulatedTarget = "cortex-m4",
    report: Report = None,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Compare two models, or one on two engines, tensor by tensor; with --engines the outputs of any number."""
    from smelt import formats
    from smelt.cli import console
    from smelt.engines.apart import MAY_CRASH, call_apart
    from smelt.errors import UsageError
    from smelt.report.tensors import samples_or_random

    if engines is None and len(models) != 2:
        raise UsageError("compare wants two models (one on two engines: the same twice), or --engines")
    check_report(report)
    if report is not None and (engines or engine or second_engine):
        raise UsageError(
            "--report runs both models on the engine reference: leave out the options for engines"
        )
    if engines is not None and (engine or second_engine):
        raise UsageError("--engines says what runs every model: leave out --engine and --second-engine")
    shapes = formats.parse_shapes(shape)
    loaded = _load_all(models, shapes or {})
    samples = samples_or_random(loaded[0].graph, inputs, count=5)
    if engines is not None:
        from smelt.report.engine_comparison import compare_engines, parse_engines

        names = parse_engines(engines)
        with console.progress("comparing", len(loaded) * len(names)) as bar:
            results = compare_engines(loaded, names, samples, target=target, apart=True, after_result=bar)
        _show_engines(results, target, json)
        return
    if report is not None:
        from smelt.report.quantization import quantization_report

        names = (models[0].name, models[1].name)
        give_report(quantization_report(loaded[0].graph, loaded[1].graph, samples, names=names), report)
        return
    first = (engine or EngineName.reference).value
    names = (first, second_engine.value if second_engine else first)
    job = (loaded, names, samples, target)
    risky = any(name in MAY_CRASH for name in names)
    differences = call_apart(_compare_tensors, *job) if risky else _compare_tensors(*job)
    _show_tensors(differences, f"{models[0].name} against {models[1].name}, {len(samples)} samples", json)


def _load_all(models: Sequence[Path], shapes: Mapping[str, tuple[int, ...]]) -> list[LoadedModel]:
    """Every model with the shapes of those inputs that it has; UsageError for a shape that none has."""
    from smelt.errors import UsageError
    from smelt.report.engine_comparison import LoadedModel

    loaded, known = [], set[str]()
    for path in models:
        graph = _load(path, shapes)
        loaded.append(LoadedModel(path, graph))
        known.update(graph.inputs)
    if unknown := shapes.keys() - known:
        raise UsageError(f"a shape is given for '{min(unknown)}'; inputs are: {', '.join(sorted(known))}")
    return loaded


def _load(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The model, with the shapes of those inputs that it has."""
    from smelt import formats
    from smelt.errors import UnknownInputError

    # a .tflite file has no symbolic shapes; the other models may
    own = None if path.suffix == ".tflite" else shapes
    try:
        return formats.load(path, shapes=own)
    except UnknownInputError as error:
        return _load(path, {name: shape for name, shape in shapes.items() if name != error.name})


def _compare_tensors(
    models: Sequence[LoadedModel],
    engines: tuple[str, str],
    samples: Sequence[Mapping[str, Array]],
    target: str,
) -> list[TensorDifference]:
    from smelt.engines import open_engine
    from smelt.report.difference import compare_tensors

    first, second = models
    with (
        open_engine(engines[0], first.graph, target=target, path=first.path) as a,
        open_engine(engines[1], second.graph, target=target, path=second.path) as b,
    ):
        return compare_tensors((first.graph, second.graph), (a, b), samples)


def _show_tensors(differences: Sequence[TensorDifference], title: str, json: bool) -> None:
    from smelt.cli import console

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
    console.stdout.print(console.table(title, columns, rows))


def _show_engines(results: Sequence[EngineResult], target: str, json: bool) -> None:
    from smelt.cli import console

    if json:
        console.print_json([result.to_json() for result in results])
        return
    ran = [result for result in results if result.reason is None]
    rows = [[r.model, r.engine, _cost(r), f"{r.max_difference:.4g}", f"{r.relative:.2e}"] for r in ran]
    columns = [("model", "left"), ("engine", "left"), ("one run", "right")]
    columns += [("max difference", "right"), ("of max |output|", "right")]
    console.stdout.print(console.table(f"against {results[0].model} on the engine reference", columns, rows))
    if any(r.seconds is not None for r in ran):
        console.stdout.print(
            "times: wall time on this computer, median; nothing that a microcontroller would take"
        )
    if any(r.instructions is not None for r in ran):
        console.stdout.print(f"emulated: counted on {target}, cycles estimated")
    refused = [[r.model, r.engine, r.reason] for r in results if r.reason is not None]
    if refused:
        columns = [("model", "left"), ("engine", "left"), ("why", "left")]
        console.stdout.print(console.table("not run", columns, refused))


def _cost(result: EngineResult) -> str:
    if result.seconds is not None:
        unit, scale = next((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("µs", 0.0)) if result.seconds >= s)
        return f"{result.seconds / (scale or 1e-6):,.3g} {unit}"
    cycles = "" if result.estimated_cycles is None else f", {result.estimated_cycles:,} cycles"
    return f"{result.instructions:,} instructions{cycles}"
