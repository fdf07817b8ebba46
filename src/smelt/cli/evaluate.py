"""smelt evaluate: accuracy on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import EmulatedTarget, EngineName, EngineOption, Evaluate, Json, Model, Shape


def command(
    model: Model,
    evaluate: Evaluate,
    engine: EngineOption = EngineName.native,
    target: EmulatedTarget = "cortex-m4",
    against: Annotated[
        Path | None,
        typer.Option(help="A second model, compared sample by sample (McNemar's test).", show_default=False),
    ] = None,
    skip: Annotated[
        int, typer.Option(min=0, help="Leave out the first N samples, for example those used in calibration.")
    ] = 0,
    shape: Shape = None,
    json: Json = False,
) -> None:
    """Measure a classifier's accuracy on labelled samples, alone or against another model."""
    from smelt import formats
    from smelt.cli import console
    from smelt.engines import open_engine
    from smelt.quantize import read_data
    from smelt.quantize.samples import came_channels_first
    from smelt.report.accuracy import accuracy_json, compare_accuracy, in_common_numbers, measure_accuracy

    paths = [model, *([against] if against else [])]
    graphs = []
    for path in paths:
        # a .tflite file has no symbolic shapes; the other model may
        shapes = None if against and path.suffix == ".tflite" else formats.parse_shapes(shape)
        graphs.append(formats.load(path, shapes=shapes))
    data = in_common_numbers(read_data(evaluate), [g.values[n] for g in graphs for n in g.inputs])
    results = []
    for path, graph in zip(paths, graphs, strict=True):
        total = len(data.labels) - skip if data.labels is not None else None
        with (
            open_engine(engine.value, graph, target=target, path=path, optimized=True) as runner,
            console.progress(path.name, total) as bar,
        ):
            channels_first = any(came_channels_first(graph, name) for name in graph.inputs)
            results.append(
                measure_accuracy(runner, data, first=skip, channels_first=channels_first, after_sample=bar)
            )
    comparison = compare_accuracy(results[0], results[1]) if against else None
    if json:
        payload = {"model": str(model), "engine": engine.value, **accuracy_json(results[0])}
        if comparison:
            payload["against"] = {"model": str(against), **accuracy_json(results[1])}
            payload["agreement"], payload["p_value"] = comparison.agreement, comparison.p_value
        console.print_json(payload)
        return
    for name, result in zip([model, against], results, strict=False):
        console.stdout.print(
            f"{name}: {result.fraction:.2%} ({result.correct} of {result.samples}, ± {result.standard_error:.2%})"
        )
    if comparison:
        verdict = "no significant difference" if comparison.p_value >= 0.05 else "a significant difference"
        console.stdout.print(
            f"same decision on {comparison.agreement:.2%}; right alone: {comparison.only_first} and "
            f"{comparison.only_second}; p = {comparison.p_value:.3f} (McNemar): {verdict}"
        )
