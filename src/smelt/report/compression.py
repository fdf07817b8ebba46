"""What each stage of a compression cost and gave: rows, and which of them nothing else beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smelt.engines import open_engine
from smelt.errors import CompileError, MissingExtraError, UnsupportedError
from smelt.ir import Array, Graph
from smelt.quantize.samples import DataFile
from smelt.report.accuracy import measure_accuracy
from smelt.train.costs import Costs

COSTS: Mapping[str, str] = {"flash": "flash, bytes", "ram": "RAM, bytes", "cycles": "cycles"}
"""The costs by name, with what an axis says."""


@dataclass(frozen=True)
class Row:
    """The network after a stage (or before all): its costs as int8 build, and its accuracy from 0 to 1.

    `chosen_by` is the accuracy on the training samples held out, `tested` on the test samples; None where there are
    none.
    """

    label: str
    costs: Costs
    chosen_by: float | None
    tested: float | None
    epochs: int = 0
    seconds: float = 0.0

    @property
    def accuracy(self) -> float | None:
        """On the test samples, else on those held out."""
        return self.chosen_by if self.tested is None else self.tested

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        said = asdict(self)
        return {**said.pop("costs"), **said}


def not_beaten(rows: Sequence[Row], cost: str) -> list[Row]:
    """The rows for which no other row is both as accurate and as cheap (the Pareto front), the cheapest first."""
    known = [row for row in rows if row.accuracy is not None]
    ranked = sorted(known, key=lambda row: (getattr(row.costs, cost), -(row.accuracy or 0.0)))
    front: list[Row] = []
    for row in ranked:
        if not front or (row.accuracy or 0.0) > (front[-1].accuracy or 0.0):
            front.append(row)
    return front


def accuracy_of(graph: Graph, images: Array, labels: Array) -> float:
    """The share of samples that a classifier decides as labelled, compiled for this computer where that is possible."""
    data = DataFile(Path("samples"), {"x": images, "y": labels})
    try:
        with open_engine("native", graph) as engine:
            return measure_accuracy(engine, data).fraction
    except (CompileError, MissingExtraError, UnsupportedError):
        with open_engine("reference", graph) as engine:
            return measure_accuracy(engine, data).fraction


def class_labels(labels: Array | None) -> Array | None:
    """Labels as integers in a row, None where they are no classes."""
    if labels is None or labels.dtype.kind not in "iub":
        return None
    return labels.reshape(-1).astype(np.int64)
