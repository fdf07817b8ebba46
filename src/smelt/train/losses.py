"""Losses: from a module's result and the batch that it was computed of to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from smelt.errors import UsageError
from smelt.train.data import Batch

Loss = Callable[[Any, Batch], torch.Tensor]


def cross_entropy(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Of outputs before softmax [samples, classes] and labels; UsageError without labels."""
    if batch.labels is None:
        raise UsageError("a cross entropy needs labels: give the training data an array y, or another loss")
    return functional.cross_entropy(outputs.flatten(1), batch.labels.reshape(-1))


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
    """

    def loss(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        if batch.taught is None:
            raise UsageError("soft targets need a teacher")
        own = functional.log_softmax(outputs.flatten(1) / temperature, 1)
        wanted = functional.log_softmax(batch.taught.flatten(1) / temperature, 1)
        soft = functional.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
        return soft if not labels else (1 - labels) * soft + labels * cross_entropy(outputs, batch)

    return loss
