"""Accuracy before and after, as a row of the quantization report."""

from __future__ import annotations

from collections.abc import Callable

from smelt.engines import open_engine
from smelt.errors import CompileError, MissingExtraError, UnsupportedError
from smelt.ir import Graph
from smelt.quantize.samples import DataFile
from smelt.report.accuracy import Accuracy, compare_accuracy, in_common_numbers, measure_accuracy
from smelt.report.quantization import Score


def accuracy_score(
    first: Graph, second: Graph, data: DataFile, *, after_sample: Callable[[int], None] | None = None
) -> Score:
    """Two classifiers on labelled samples, compiled for this computer where that is possible, else in numpy."""
    common = in_common_numbers(data, [g.values[name] for g in (first, second) for name in g.inputs])
    before = _measured(first, common, after_sample)
    after = _measured(second, common, after_sample)
    both = compare_accuracy(before, after)
    return Score(
        "accuracy",
        before.fraction,
        after.fraction,
        f"{before.samples} samples, one standard error {before.standard_error:.4f}; same decision on "
        f"{100 * both.agreement:.2f} %; p = {both.p_value:.3f} (McNemar)",
    )


def _measured(graph: Graph, data: DataFile, after_sample: Callable[[int], None] | None) -> Accuracy:
    try:
        with open_engine("native", graph) as engine:
            return measure_accuracy(engine, data, after_sample=after_sample)
    except (CompileError, MissingExtraError, UnsupportedError):
        with open_engine("reference", graph) as engine:
            return measure_accuracy(engine, data, after_sample=after_sample)
