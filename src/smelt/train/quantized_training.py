"""Quantization-aware training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import QuantizationError, UnsupportedError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators import find_operator
from smelt.quantize.noise import scored_tensors
from smelt.quantize.quantize_graph import quantize_graph
from smelt.quantize.samples import DataFile
from smelt.quantize.scheme import SCHEMES, find_scheme
from smelt.train.convert import to_graph
from smelt.train.data import Augment, TrainingData, training_data
from smelt.train.distillation import answer_loss
from smelt.train.loop import Optimizer, adam, fit
from smelt.train.losses import Loss
from smelt.train.module import GraphModule
from smelt.train.progress import Epoch
from smelt.train.quantized_module import QuantizedModule

CALIBRATION_SAMPLES = 128
RATE = 4e-4


def qat(
    graph: Graph,
    data: Path | str | DataFile | Mapping[str, Array] | TrainingData,
    scheme: str = "int8",
    *,
    start: Graph | None = None,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    held_out: float | TrainingData = 0.1,
    patience: int | None = None,
    score: Loss | None = None,
    augment: Augment | None = None,
    learn_ranges: bool = True,
    progress: Callable[[Epoch], None] | None = None,
    checkpoint: Path | None = None,
    **options: Any,
) -> Graph:
    """A float graph quantized by a scheme of integers, trained as the integers that it becomes.

    Training begins at `start` or, without one, at what `quantize_graph` makes with CALIBRATION_SAMPLES of the training
    samples and the given `options`; it ends with the best epoch on the samples held out, computed with integers, the
    start being one.  Weights that are zero in the float graph stay zero.  The float graph teaches: the default loss
    wants its decisions where the graph ends in a softmax, else its outputs, and no labels.  A `loss` and a `score` are
    given the tensors before a last softmax, logistic or tanh, in real numbers; `Batch.taught` has the float graph's.
    The default optimizer is Adam with a rate of RATE, in the units of `TrainedIntegers`.  The rest is as in `fit`.

    Raises UsageError for a scheme without integer activations or settings that make no sense, QuantizationError for a
    graph that is quantized, UnsupportedError for operators that torch cannot say, TrainingError when the loss is no
    finite number.
    """
    check_trainable(scheme)
    if any(value.quantization is not None for value in graph.values.values()):
        raise QuantizationError(
            f"'{graph.name}' is quantized already; train the float model, `start` may be quantized"
        )
    given = training_data(graph, data)
    first = start or quantize_graph(graph, scheme, _drawn(graph, given, seed), **options)
    names = scored_tensors(graph)
    missing = [name for name in names if name not in first.values]
    if missing:
        raise UnsupportedError(
            f"'{first.name}' has no tensor '{missing[0]}' to compare with the float graph's"
        )
    teacher = GraphModule(graph, names)
    module = QuantizedModule(first, names, learn_ranges=learn_ranges, zeros=zeros_of(graph, first))
    fit(
        module,
        given,
        loss or answer_loss(graph),
        optimizer=optimizer or adam(RATE),
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        held_out=held_out,
        patience=patience,
        score=score,
        teacher=teacher,
        augment=augment,
        progress=progress,
        checkpoint=checkpoint,
    )
    return to_graph(module)


def check_trainable(scheme: str) -> None:
    """UsageError for a scheme whose activations are no integers."""
    if find_scheme(scheme).precision is None:
        known = ", ".join(name for name, each in SCHEMES.items() if each.precision)
        raise UsageError(f"scheme {scheme} has real activations; those that can be trained are {known}")


def _drawn(graph: Graph, data: TrainingData, seed: int) -> dict[str, Array]:
    """Samples to calibrate on."""
    chosen = np.random.default_rng(seed).permutation(len(data))[:CALIBRATION_SAMPLES]
    return dict(zip(graph.inputs, data.at(chosen).inputs, strict=True))


def zeros_of(graph: Graph, quantized: Graph) -> dict[str, NDArray[np.bool_]]:
    """Which weights of the quantized graph are zero in the float graph; binary ones cannot be."""
    originals, found = graph.producers(), {}
    for node in quantized.nodes:
        place, original = find_operator(node.operator).traits.weights, originals.get(node.outputs[0])
        if place is None or original is None or original.operator != node.operator:
            continue
        name, source = node.inputs[place.input] or "", original.inputs[place.input] or ""
        if name in quantized.constants and source in graph.constants:
            zeros = graph.constants[source] == 0
            same = zeros.shape == quantized.constants[name].shape
            if same and zeros.any() and quantized.values[name].dtype is not DType.S1:
                found[name] = np.asarray(zeros)
    return found
