"""The tasks of the quantization benchmark: float models, calibration draws, test sets; and how a model is scored."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import smelt
import smelt.errors
from smelt.ir import Array, Graph
from smelt.quantize.batches import all_tensors
from smelt.quantize.noise import decibels, scored_tensors
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input
from smelt.report.accuracy import mcnemar

DRAWS = 3


@dataclass(frozen=True)
class Task:
    """A float classifier, three draws of calibration samples, and labelled samples that none of them holds."""

    name: str
    graph: Graph
    draws: tuple[Array, ...]
    x: Array
    labels: Array


@dataclass(frozen=True)
class Answers:
    """What a model says on the test set: real outputs before softmax, and decisions."""

    logits: NDArray[np.float64]
    decisions: NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """A model against the labels and against the float model."""

    accuracy: float
    agreement: float
    decibels: float
    p_value: float


def load_task(shared: Path, name: str) -> Task:
    """kws: calibrated on the first 100 of its test set, scored on the other 900; resnet8: on training images.

    The first draw of kws is all 100 in order, as other converters had them; the others are 80 of these.
    """
    graph = smelt.optimize(smelt.load(shared / f"models/mlperf_tiny/{name}_float32.tflite"))
    if name == "kws":
        given = smelt.load(shared / "models/mlperf_tiny/kws_int8.tflite")
        stored = given.values[given.inputs[0]]
        data = smelt.read_data(shared / "data/kws_test.npz").arrays
        x = real(stored, data["x"]).astype(np.float32)
        chosen = [np.arange(100)] + [
            np.random.default_rng(seed).permutation(100)[:80] for seed in range(1, DRAWS)
        ]
        return Task(name, graph, tuple(x[index] for index in chosen), x[100:], data["y"][100:])
    train = smelt.read_data(shared / "data/cifar10_train.npz").arrays["x"].astype(np.float32)
    test = smelt.read_data(shared / "data/cifar10_test.npz").arrays
    chosen = [np.random.default_rng(seed).permutation(len(train))[:100] for seed in range(DRAWS)]
    return Task(name, graph, tuple(train[i] for i in chosen), test["x"].astype(np.float32), test["y"])


def logits_of(graph: Graph) -> str:
    """The tensor before the last softmax, of a quantized graph too."""
    node = graph.producers()[graph.outputs[0]]
    while node.operator in ("dequantize", "reshape"):
        node = graph.producers()[str(node.inputs[0])]
    return str(node.inputs[0]) if node.operator == "softmax" else graph.outputs[0]


def answers(graph: Graph, x: Array) -> Answers:
    """A model's answers: of the generated C where it can be compiled, which is quick, else by its meaning."""
    value, logits, output = graph.values[graph.inputs[0]], logits_of(graph), graph.outputs[0]
    given = [{value.name: to_input(value, sample)} for sample in x]
    both = smelt.optimize(graph.replaced(outputs=tuple(dict.fromkeys((logits, output)))))
    try:
        with smelt.open_engine("native", both) as engine:
            found = [engine.run(sample) for sample in given]
    except (smelt.errors.CompileError, smelt.errors.UnsupportedError) as error:
        print(f"{graph.name} is not compiled: {error}", file=sys.stderr)
        found = list(all_tensors(graph, given, (logits, output)))
    return Answers(
        np.array([real(graph.values[logits], each[logits]).ravel() for each in found]),
        np.array([int(np.argmax(each[output])) for each in found]),
    )


def score(task: Task, wanted: Answers, found: Answers) -> Score:
    """Against the labels, and against the float model's answers."""
    right, float_right = found.decisions == task.labels, wanted.decisions == task.labels
    noise = ((found.logits - wanted.logits) ** 2).sum() / (wanted.logits**2).sum()
    return Score(
        accuracy=float(right.mean()),
        agreement=float((found.decisions == wanted.decisions).mean()),
        decibels=decibels(float(noise)),
        p_value=mcnemar(int((right & ~float_right).sum()), int((float_right & ~right).sum())),
    )


def without_softmax(graph: Graph) -> Graph:
    """The graph up to the tensor before the last softmax."""
    return graph.replaced(outputs=scored_tensors(graph))


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)
