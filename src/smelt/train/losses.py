"""Losses: from a module's result and the batch that it was computed of to one number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.operators import find_operator
from smelt.train.data import Batch

Loss = Callable[[Any, Batch], torch.Tensor]


def cross_entropy(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Of outputs before softmax [samples, classes] and labels; UsageError unless these are numbers of classes."""
    if batch.labels is None:
        raise UsageError("a cross entropy needs labels: give the training data an array y, or another loss")
    scores, labels = outputs.flatten(1), batch.labels.reshape(-1)
    samples, classes = scores.shape
    whole = len(labels) == samples and not labels.is_floating_point()
    if not whole or bool(((labels < 0) | (labels >= classes)).any()):
        raise UsageError(
            f"a cross entropy needs labels that are integers from 0 to {classes - 1}, one a sample"
        )
    return functional.cross_entropy(scores, labels)


def squared_error(outputs: Any, batch: Batch) -> torch.Tensor:
    """The mean squared difference from what the teacher gives or, without one, from the labels."""
    found = outputs if isinstance(outputs, tuple) else (outputs,)
    wanted = batch.labels if batch.taught is None else batch.taught
    if wanted is None:
        raise UsageError("a squared error needs a teacher, or labels: an array y in the training data")
    pairs = zip(found, wanted if isinstance(wanted, tuple) else (wanted,), strict=True)
    losses = [functional.mse_loss(a, b.reshape(a.shape).to(a.dtype)) for a, b in pairs]
    return torch.stack(losses).mean()


def soft_targets(temperature: float = 1.0, labels: float = 0.0) -> Loss:
    """Distillation: the divergence from the teacher's softened decisions, of outputs before softmax.

    `labels` is the share of the cross entropy with labels.  Hinton, Vinyals, Dean, "Distilling the knowledge in a
    neural network", 2015, section 2: soft losses count by the square of the temperature.
    UsageError unless `temperature` is more than 0, and `labels` from 0 to 1.
    """
    if not 0 < temperature < math.inf or not 0 <= labels <= 1:
        raise UsageError(
            f"a temperature is more than 0, a share of labels from 0 to 1; given {temperature:g} and {labels:g}"
        )

    def loss(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        if batch.taught is None:
            raise UsageError("soft targets need a teacher")
        own = functional.log_softmax(outputs.flatten(1) / temperature, 1)
        wanted = functional.log_softmax(batch.taught.flatten(1) / temperature, 1)
        soft = functional.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
        return soft if not labels else (1 - labels) * soft + labels * cross_entropy(outputs, batch)

    return loss


def last_operator(graph: Graph) -> str | None:
    """The operator that squashes the only output, in any shape: softmax, logistic or tanh; None where none does."""
    producers = graph.producers()
    node = producers.get(graph.outputs[0]) if len(graph.outputs) == 1 else None
    while node is not None and find_operator(node.operator).traits.alias:
        node = producers.get(node.inputs[0] or "")
    squashes = node is not None and find_operator(node.operator).traits.fixed_output is not None
    return node.operator if node is not None and squashes else None
