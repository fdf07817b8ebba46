"""The training loop: shuffled batches, a step each, a held-out share to choose by, the best state kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from smelt.errors import TrainingError, UsageError
from smelt.train.data import Augment, Batch, TrainingData
from smelt.train.losses import Loss

Optimizer = Callable[[Iterable[Any]], torch.optim.Optimizer]


@dataclass(frozen=True)
class Epoch:
    """How far training is.

    `number` of `count` (0 is the start, and has no loss: NaN), the mean loss of the training samples, and the score of
    those held out, smaller is better.
    """

    number: int
    count: int
    loss: float
    score: float


@dataclass
class Fitted:
    """What `fit` did: every epoch, and the one whose parameters the module has now."""

    epochs: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> Epoch:
        """The epoch of the smallest score."""
        return min(self.epochs, key=lambda epoch: epoch.score)


def adam(rate: float) -> Optimizer:
    """Adam with that learning rate."""
    return lambda parameters: torch.optim.Adam(parameters, rate)


def fit(
    module: torch.nn.Module,
    data: TrainingData,
    loss: Loss,
    *,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    held_out: float | TrainingData = 0.1,
    patience: int | None = None,
    score: Loss | None = None,
    teacher: Callable[..., Any] | None = None,
    augment: Augment | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Fitted:
    """Train a module in place; afterwards it has the parameters of its best epoch, the start being one.

    `optimizer` makes one of the parameters, by default Adam with a rate of 0.001; the rate falls to zero along a
    cosine.  `held_out` is the share of the data, or data of its own, on which `score` (by default the loss) chooses the
    best epoch, in evaluation mode; with 0 the training data choose.  Training stops when there was no better epoch for
    `patience` epochs.  `teacher` gives `Batch.taught` for the inputs of each batch, after `augment` has changed them.
    `progress` is called after every epoch.  The same seed gives the same parameters.

    Raises UsageError for settings that make no sense; TrainingError when the loss is not a finite number, the module
    having the best parameters so far.
    """
    if epochs < 0 or batch_size < 1 or not len(data):
        raise UsageError(
            "training needs samples, a batch size of at least 1, and epochs that are not negative"
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        training, chosen = _split(data, held_out, seed)
        generator = torch.Generator().manual_seed(seed)
        run = _Run(module, loss, score or loss, teacher, augment, generator, batch_size)
        stepping = (optimizer or adam(1e-3))(_trained(module))
        return run.epochs(training, chosen, stepping, epochs, patience, progress)


def _split(
    data: TrainingData, held_out: float | TrainingData, seed: int
) -> tuple[TrainingData, TrainingData]:
    if isinstance(held_out, TrainingData):
        return data, held_out
    if not 0 <= held_out < 1:
        raise UsageError(f"the share held out is from 0 to less than 1, not {held_out}")
    training, chosen = data.split(held_out, seed)
    return training, chosen if len(chosen) else training


def _trained(module: torch.nn.Module) -> list[Any]:
    found = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not found:
        raise UsageError("the module has no parameters to train")
    return found


@dataclass
class _Run:
    module: torch.nn.Module
    loss: Loss
    score: Loss
    teacher: Callable[..., Any] | None
    augment: Augment | None
    generator: torch.Generator
    batch_size: int

    def epochs(
        self,
        training: TrainingData,
        chosen: TrainingData,
        optimizer: torch.optim.Optimizer,
        count: int,
        patience: int | None,
        progress: Callable[[Epoch], None] | None,
    ) -> Fitted:
        """All epochs; the best state is loaded at the end, and before an error leaves."""
        result, best = Fitted(), self._state()
        steps = max(1, count * math.ceil(len(training) / self.batch_size))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        try:
            for number in range(count + 1):
                loss = self._train(training, optimizer, schedule) if number else math.nan
                epoch = Epoch(number, count, loss, self._scored(chosen))
                result.epochs.append(epoch)
                if result.best is epoch:
                    best = self._state()
                if progress:
                    progress(epoch)
                if patience is not None and number - result.best.number >= patience:
                    break
        finally:
            self.module.load_state_dict(best)
            self.module.eval()
        return result

    def _train(
        self,
        data: TrainingData,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
    ) -> float:
        """One epoch; the mean loss."""
        self.module.train()
        total = 0.0
        for batch in data.batches(self.batch_size, self.generator):
            inputs = self.augment(batch.inputs, self.generator) if self.augment else batch.inputs
            taught = self._taught(replace(batch, inputs=inputs))
            optimizer.zero_grad()
            loss = self.loss(self.module(*taught.inputs), taught)
            total += _finite(loss) * batch.size
            loss.backward()
            optimizer.step()
            schedule.step()
        return total / len(data)

    def _scored(self, data: TrainingData) -> float:
        """The mean score, weighted by samples."""
        self.module.eval()
        total = 0.0
        with torch.no_grad():
            for batch in data.batches(self.batch_size):
                taught = self._taught(batch)
                total += _finite(self.score(self.module(*taught.inputs), taught)) * batch.size
        return total / len(data)

    def _taught(self, batch: Batch) -> Batch:
        device = next((parameter.device for parameter in self.module.parameters()), None)
        moved = batch if device is None else batch.to(device)
        if self.teacher is None:
            return moved
        with torch.no_grad():
            return replace(moved, taught=self.teacher(*moved.inputs))

    def _state(self) -> dict[str, Any]:
        return {name: tensor.detach().clone() for name, tensor in self.module.state_dict().items()}


def _finite(loss: torch.Tensor) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingError(
            f"training stopped: the loss is {value}, not a finite number. The model has its best parameters so far. A "
            "smaller learning rate, inputs without NaN, and labels that fit the model's outputs are what usually helps"
        )
    return value
