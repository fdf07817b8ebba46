"""A recipe run for a device: stages measured, and everything written that a person or a board wants of the result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from smelt import formats
from smelt.codegen import Options, generate, write_project
from smelt.errors import SmeltError, TrainingError, UnsupportedError, UsageError
from smelt.formats.files import write_bytes
from smelt.ir import Graph
from smelt.quantize.samples import Sample
from smelt.report.compression import Row, accuracy_of, class_labels
from smelt.report.compression_page import Page, compression_html, compression_png
from smelt.report.device_costs import device_costs
from smelt.report.sparse_layers import sparse_layers, sparse_sentences
from smelt.targets import Target
from smelt.train.compression import Compression, Done, Watch, is_quantized
from smelt.train.costs import Measure
from smelt.train.data import TrainingData
from smelt.train.recipe import Recipe

SO_FAR = "so_far.tflite"
"""What a run that an error stopped leaves beside its stages."""

COST_SAMPLES = 8
"""Enough to calibrate a build whose costs are asked for, not its accuracy."""


@dataclass(frozen=True)
class Device:
    """The core that costs are of, and how is compiled for it."""

    target: Target
    options: Options

    def measure(self, graph: Graph, data: TrainingData) -> Measure:
        """The costs of networks in the place of `graph`."""
        samples: list[Sample] = []
        for index in range(min(COST_SAMPLES, len(data))):
            sample = data.at(slice(index, index + 1))
            samples.append(
                {
                    name: array.reshape(graph.values[name].shape)
                    for name, array in zip(graph.inputs, sample.inputs, strict=True)
                }
            )
        return device_costs(self.target, samples, self.options)


@dataclass(frozen=True)
class Compressed:
    """A recipe's result: a row for the model before all and one a stage, and the last stage's network."""

    name: str
    rows: tuple[Row, ...]
    graph: Graph
    device: Device
    accuracy: str

    def zeros(self) -> str | None:
        """What the device makes of single weights of zero, in one paragraph; None while the network is float."""
        if not is_quantized(self.graph):
            return None
        layers = sparse_layers(self.graph, self.device.target, self.device.options)
        return sparse_sentences(layers, self.device.target)

    def write(self, folder: Path, version: str) -> str | None:
        """Write the model, its firmware, log.json, report.html and pareto.png.

        A network that no .tflite holds (its weights have one or two bits) is written as firmware only; why is returned.
        """
        page = Page(self.name, self.device.target.name, self.accuracy, self.rows)
        write_bytes(folder / "log.json", json.dumps([row.to_json() for row in self.rows], indent=1).encode())
        write_bytes(folder / "report.html", compression_html(page).encode())
        write_bytes(folder / "pareto.png", compression_png(page))
        write_project(
            generate(self.graph, self.device.target, "model", version=version, options=self.device.options),
            folder / "firmware",
        )
        (folder / SO_FAR).unlink(missing_ok=True)
        try:
            formats.save(self.graph, folder / "model.tflite")
        except UnsupportedError as error:
            (folder / "model.tflite").unlink(missing_ok=True)
            return f"there is no model.tflite, the firmware alone: {error}"
        return None


def compress(
    graph: Graph,
    recipe: Recipe,
    data: TrainingData,
    folder: Path,
    device: Device,
    *,
    tested: TrainingData | None = None,
    train_on: str | None = None,
    watch: Watch | None = None,
) -> Compressed:
    """All stages of a recipe for a float graph, measured on a device; `folder` keeps stages and epochs.

    `train_on` is a device as torch calls it.  The test samples are scored when all is done.  An error in a stage leaves
    the best so far as so_far.tflite.  Raises what `Compression.run` does, and UsageError for test samples without class
    labels.
    """
    if tested is not None and class_labels(tested.labels) is None:
        raise UsageError("the test samples have no integer class labels: an array called y")
    measure = device.measure(graph, data)
    work = Compression(
        graph,
        recipe,
        data,
        folder / "stages",
        measure,
        device.target,
        device=train_on,
        watch=watch or Watch(),
    )
    done = _done(work, folder / SO_FAR)
    chosen = work.split[1]

    def row(label: str, network: Graph, stage: Done | None = None) -> Row:
        return Row(
            label,
            measure(network),
            _accuracy(network, chosen),
            None if tested is None else _accuracy(network, tested),
            len(stage.epochs) - 1 if stage is not None and stage.epochs else 0,
            0.0 if stage is None else stage.seconds,
        )

    rows = (row("original", graph), *(row(stage.label, stage.graph, stage) for stage in done))
    where = "training samples held out" if tested is None else "test samples"
    return Compressed(graph.name, rows, done[-1].graph, device, where)


def _done(work: Compression, path: Path) -> list[Done]:
    """All stages; what there is of them is written before an error leaves."""
    try:
        return work.run()
    except SmeltError as error:
        kept = work.so_far()
        try:
            if kept is not None:
                formats.save(kept, path)
        except UnsupportedError:  # weights of one or two bits: the stages have it
            kept = None
        if kept is None or not isinstance(error, UsageError | TrainingError):
            raise
        raise type(error)(f"{error}. The best so far is '{path}'") from error


def _accuracy(graph: Graph, data: TrainingData) -> float | None:
    """Of a classifier with one input, where the samples have labels."""
    labels = class_labels(data.labels)
    if labels is None or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return None
    return accuracy_of(graph, data.inputs[0], labels)
