"""The same samples through every model on every engine: how long a run takes, how far the outputs are apart."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.engines import ENGINES, Engine, open_engine
from smelt.engines.apart import MAY_CRASH, call_apart
from smelt.engines.emulated import EmulatedEngine
from smelt.errors import EngineError, FormatError, MissingExtraError, SmeltError, UsageError
from smelt.ir import Array, Graph
from smelt.quantize.parameters import real
from smelt.report.difference import TensorDifference, sample_for
from smelt.targets import find_target

MOST_RUNS = 21
MOST_SECONDS = 1.0
MOST_LETTERS = 160

_Sample = Mapping[str, Array]


@dataclass(frozen=True)
class LoadedModel:
    """A model file and what smelt read from it."""

    path: Path
    graph: Graph


@dataclass(frozen=True)
class EngineResult:
    """One model on one engine.

    model: its file's name, with the folders where two have the same.
    seconds: wall time of one run on this computer, the median of `runs`; None for the engine emulated, which counts
        `instructions` and `estimated_cycles` of one run on the target (None where there is no cycle table).
    max_difference, relative: the largest |difference| of an output to the first model's on the engine reference, in
        real numbers, and over that output's largest |value|.
    reason: why the engine does not run the model; everything else is None then.
    """

    model: str
    engine: str
    seconds: float | None = None
    runs: int | None = None
    instructions: int | None = None
    estimated_cycles: int | None = None
    max_difference: float | None = None
    relative: float | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def compare_engines(
    models: Sequence[LoadedModel],
    engines: Sequence[str],
    samples: Sequence[_Sample],
    *,
    target: str = "cortex-m4",
    apart: bool = False,
    after_result: Callable[[int], None] | None = None,
) -> list[EngineResult]:
    """Every model on every engine, models outermost; `samples` are inputs of the first model.

    Models are optimized and converted for an engine as `open_engine` does, samples for a model as `sample_for` does.
    `apart`: other people's engines run in processes of their own, so that a crash is a reason like others.
    Raises UsageError for an unknown target and for models whose inputs or outputs are not those of the first,
    EngineError when nothing runs.
    """
    find_target(target)
    given = [_samples_for(models[0], model, samples) for model in models]
    with open_engine("reference", models[0].graph) as engine:
        expected = [_outputs(engine, sample) for sample in given[0]]
    names = Counter(model.path.name for model in models)
    results: list[EngineResult] = []
    for model, own in zip(models, given, strict=True):
        label = model.path.name if names[model.path.name] == 1 else str(model.path)
        for name in engines:
            job = (model, name, own, expected, target)
            result = _result_apart(*job) if apart and name in MAY_CRASH else _result(*job)
            results.append(replace(result, model=label))
            if after_result:
                after_result(len(results))
    if all(result.reason for result in results):
        reasons = "; ".join(f"{r.engine}: {r.reason}" for r in results)
        raise EngineError(f"no engine runs this: {reasons}")
    return results


def parse_engines(text: str) -> tuple[str, ...]:
    """The engines in a list as 'native,litert'; 'all' is every one.  UsageError for unknown names."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if "all" in names:
        return ENGINES
    unknown = [name for name in names if name not in ENGINES]
    if unknown or not names:
        raise UsageError(f"--engines {text}: write all, or some of {', '.join(ENGINES)}, comma separated")
    return names


def _samples_for(first: LoadedModel, model: LoadedModel, samples: Sequence[_Sample]) -> list[_Sample]:
    a, b = first.graph, model.graph
    sizes = [[graph.values[name].elements for name in graph.outputs] for graph in (a, b)]
    if len(a.inputs) != len(b.inputs) or sizes[0] != sizes[1]:
        raise UsageError(f"'{first.path}' and '{model.path}' have different inputs or outputs")
    try:
        return [sample_for(a, b, sample) for sample in samples]
    except FormatError as error:
        raise UsageError(f"'{model.path}' takes no samples of '{first.path}': {error}") from error


def _result(
    model: LoadedModel,
    name: str,
    samples: Sequence[_Sample],
    expected: Sequence[Sequence[NDArray[np.float64]]],
    target: str,
) -> EngineResult:
    result = EngineResult(model.path.name, name)
    try:
        with open_engine(name, model.graph, target=target, path=model.path, optimized=True) as engine:
            differences = _differences(engine, samples, expected)
            counted = engine.count(_fed(engine, samples[0])) if isinstance(engine, EmulatedEngine) else None
            seconds = _time(engine, samples) if counted is None else []
    except SmeltError as error:
        return replace(result, reason=_reason(error))
    return replace(
        result,
        seconds=median(seconds) if seconds else None,
        runs=len(seconds) or None,
        instructions=counted.instructions if counted else None,
        estimated_cycles=counted.estimated_cycles if counted else None,
        max_difference=max(entry.max_difference for entry in differences),
        relative=max(entry.relative for entry in differences),
    )


def _result_apart(model: LoadedModel, name: str, *rest: Any) -> EngineResult:
    try:
        return call_apart(_result, model, name, *rest)
    except EngineError as error:
        return EngineResult(model.path.name, name, reason=_reason(error))


def _differences(
    engine: Engine, samples: Sequence[_Sample], expected: Sequence[Sequence[NDArray[np.float64]]]
) -> list[TensorDifference]:
    entries = [TensorDifference(value.name, value.shape) for value in engine.outputs]
    for sample, wanted in zip(samples, expected, strict=True):
        for entry, a, b in zip(entries, wanted, _outputs(engine, sample), strict=True):
            entry.update(a, b.reshape(a.shape), identical=np.array_equal(a.reshape(-1), b.reshape(-1)))
    return entries


def _outputs(engine: Engine, sample: _Sample) -> list[NDArray[np.float64]]:
    """The real numbers of all outputs, in the model's order."""
    results = engine.run(_fed(engine, sample))
    return [real(value, results[value.name]) for value in engine.outputs]


def _fed(engine: Engine, sample: _Sample) -> _Sample:
    """A sample by the engine's names of the inputs; both have the model's order."""
    return {value.name: array for value, array in zip(engine.inputs, sample.values(), strict=True)}


def _time(engine: Engine, samples: Sequence[_Sample]) -> list[float]:
    """Wall time of runs, one sample after the other; the engine has run before."""
    seconds: list[float] = []
    while len(seconds) < MOST_RUNS and sum(seconds) < MOST_SECONDS:
        sample = _fed(engine, samples[len(seconds) % len(samples)])
        begin = time.perf_counter()
        engine.run(sample)
        seconds.append(time.perf_counter() - begin)
    return seconds


def _reason(error: SmeltError) -> str:
    """Why an engine does not run a model, in few words."""
    if isinstance(error, MissingExtraError):
        return f"'{error.package}' is not installed: pip install 'smelt[{error.extra}]'"
    text = " ".join(str(error).split())
    # names of operators and tensors stand first and may be endless; what is wrong with them stands last
    return (
        text
        if len(text) <= MOST_LETTERS
        else f"{text[: MOST_LETTERS // 3]} … {text[-MOST_LETTERS * 2 // 3 :]}"
    )
