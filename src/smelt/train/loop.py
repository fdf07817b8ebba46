"""The training loop: shuffled batches, a step each, a held-out share to choose by, the best state kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from smelt.errors import TrainingError, UsageError
from smelt.train.data import Augment, Batch, TrainingData
from smelt.train.gradual_pruning import GradualPruning, Pruner
from smelt.train.losses import Loss
from smelt.train.progress import Epoch, Fitted, Progress

Optimizer = Callable[[Iterable[Any]], torch.optim.Optimizer]

TrainStep = Callable[[torch.nn.Module, Batch, torch.optim.Optimizer], torch.Tensor]
"""One batch: computes the loss, changes the module's parameters by the optimizer, and returns the loss."""


def adam(rate: float) -> Optimizer:
    """Adam with that learning rate."""
    return lambda parameters: torch.optim.Adam(parameters, rate)


SMALLEST_UNIT = 0.1


def relative_adam(rate: float) -> Optimizer:
    """Adam whose rate is a share of what each tensor's numbers are like: their root mean square at the start.

    A rate then means the same in a layer that reads pixels from 0 to 255 and in one that reads numbers about 1.  Biases
    and other rows of numbers, which may all be 0, count as SMALLEST_UNIT at least.
    """

    def made(parameters: Iterable[Any]) -> torch.optim.Optimizer:
        groups = []
        for parameter in parameters:
            unit = float(parameter.detach().square().mean().sqrt())
            unit = max(unit, SMALLEST_UNIT) if parameter.dim() < 2 or not unit else unit
            groups.append({"params": [parameter], "lr": rate * unit})
        return torch.optim.Adam(groups)

    return made


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
    train_step: TrainStep | None = None,
    mixed_precision: bool = False,
    device: str | None = None,
    progress: Callable[[Epoch], None] | None = None,
    checkpoint: Path | None = None,
    pruning: GradualPruning | None = None,
) -> Fitted:
    """Train a module in place; afterwards it has the parameters of its best epoch, the start being one.

    `optimizer` makes one of the parameters, by default Adam with a rate of 0.001; the rate falls to zero along a
    cosine.  `held_out` is the share of the data, or data of its own, on which `score` (by default the loss) chooses the
    best epoch, in evaluation mode; with 0 the training data choose.  Training stops when there was no better epoch for
    `patience` epochs.  `teacher` gives `Batch.taught` for the inputs of each batch, after `augment` has changed them.
    `train_step` takes the place of the usual step (the loss, its gradients, the optimizer's step); the loss is then
    what scores.  With `mixed_precision` training computes products in float16 on a GPU, its gradients scaled, and in
    bfloat16 elsewhere; scores are computed in float32.  `device` (cpu, cuda, mps) is where training happens, by default
    where the module is; afterwards the module is where it was.  `progress` is called after every epoch.
    The same seed gives the same parameters.  `checkpoint` is a file that is
    written after every epoch; where it exists already, training goes on from it, and gives what it would have given
    without the interruption.  With `pruning` weights become zero on the way; an epoch is chosen when all are.

    Raises UsageError for settings that make no sense, and a checkpoint of other settings; TrainingError when the loss
    is not a finite number, the module having the best parameters so far.
    """
    if epochs < 0 or batch_size < 1 or not len(data):
        raise UsageError(
            "training needs samples, a batch size of at least 1, and epochs that are not negative"
        )
    with torch.random.fork_rng(), _moved(module, teacher, device):
        torch.manual_seed(seed)
        training, chosen = _split(data, held_out, seed)
        if not len(training) or not len(chosen):
            raise UsageError(
                f"{len(training)} of {len(data)} samples are left to train on, and {len(chosen)} choose: each needs one"
            )
        generator = torch.Generator().manual_seed(seed)
        step = train_step or _Step(loss, mixed_precision)
        epoch_steps = math.ceil(len(training) / batch_size)
        pruner = None if pruning is None else _pruner(pruning, module, epochs, epoch_steps)
        run = _Run(module, score or loss, teacher, augment, generator, batch_size, step, pruner)
        made = (optimizer or adam(1e-3))(_trained(module))
        first = 0 if pruning is None else pruning.chosen_from
        progressing = Progress(module, made, max(1, epochs * epoch_steps), generator, first)
        if checkpoint is not None:
            progressing.resume(checkpoint)
        return run.epochs(training, chosen, progressing, epochs, patience, progress, checkpoint)


def _pruner(pruning: GradualPruning, module: torch.nn.Module, epochs: int, epoch_steps: int) -> Pruner:
    if pruning.chosen_from > epochs:
        raise UsageError(
            f"pruning ends after epoch {pruning.end:g}, and training after {epochs}: train longer"
        )
    return Pruner(pruning, module, epoch_steps)


def _split(
    data: TrainingData, held_out: float | TrainingData, seed: int
) -> tuple[TrainingData, TrainingData]:
    if isinstance(held_out, TrainingData):
        return data, held_out
    if not 0 <= held_out < 1:
        raise UsageError(f"the share held out is from 0 to less than 1, not {held_out}")
    training, chosen = data.split(held_out, seed)
    return training, chosen if len(chosen) else training


@contextmanager
def _moved(module: torch.nn.Module, teacher: Any, device: str | None) -> Iterator[None]:
    """Modules on a device, and back where they were."""
    modules = [each for each in (module, teacher) if isinstance(each, torch.nn.Module)]
    before = [next((parameter.device for parameter in each.parameters()), None) for each in modules]
    try:
        if device is not None:
            for each in modules:
                each.to(device)
        yield
    except (RuntimeError, AssertionError) as error:
        if device is None or ("device" not in str(error).lower() and "cuda" not in str(error).lower()):
            raise
        raise UsageError(f"cannot train on device '{device}': {str(error).splitlines()[0]}") from error
    finally:
        for each, place in zip(modules, before, strict=True):
            if device is not None and place is not None:
                each.to(place)


class _Step:
    """The usual step."""

    def __init__(self, loss: Loss, mixed_precision: bool) -> None:
        self._loss, self._mixed = loss, mixed_precision
        self._scaler: Any = None

    def __call__(
        self, module: torch.nn.Module, batch: Batch, optimizer: torch.optim.Optimizer
    ) -> torch.Tensor:
        optimizer.zero_grad()
        kind = batch.inputs[0].device.type
        small = torch.float16 if kind == "cuda" else torch.bfloat16
        with torch.autocast(kind, dtype=small, enabled=self._mixed):
            loss = self._loss(module(*batch.inputs), batch)
        finite_loss(loss)
        if not self._mixed or kind != "cuda":
            loss.backward()
            optimizer.step()
            return loss
        # float16 loses small gradients: they are scaled on the way
        self._scaler = self._scaler or torch.amp.GradScaler(kind)
        self._scaler.scale(loss).backward()
        self._scaler.step(optimizer)
        self._scaler.update()
        return loss


def _trained(module: torch.nn.Module) -> list[Any]:
    found = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not found:
        raise UsageError("the module has no parameters to train")
    return found


@dataclass
class _Run:
    module: torch.nn.Module
    score: Loss
    teacher: Callable[..., Any] | None
    augment: Augment | None
    generator: torch.Generator
    batch_size: int
    step: TrainStep
    pruner: Pruner | None = None

    def epochs(
        self,
        training: TrainingData,
        chosen: TrainingData,
        state: Progress,
        count: int,
        patience: int | None,
        progress: Callable[[Epoch], None] | None,
        checkpoint: Path | None,
    ) -> Fitted:
        """All epochs that are left; the best state is loaded at the end, and before an error leaves."""
        result = state.fitted
        try:
            for number in range(len(state.epochs), count + 1):
                waited = number - 1 - max(result.best.number, result.chosen_from) if number else 0
                if patience is not None and number and waited >= patience:
                    break
                loss = self._train(training, state) if number else math.nan
                state.add(Epoch(number, count, loss, self._scored(chosen)))
                if checkpoint is not None:
                    state.save(checkpoint)
                if progress:
                    progress(state.epochs[-1])
        finally:
            self.module.load_state_dict(state.best)
            self.module.eval()
        return result

    def _train(self, data: TrainingData, state: Progress) -> float:
        """One epoch; the mean loss."""
        self.module.train()
        total = 0.0
        for batch in data.batches(self.batch_size, self.generator):
            inputs = self.augment(batch.inputs, self.generator) if self.augment else batch.inputs
            taught = self._taught(replace(batch, inputs=inputs))
            total += finite_loss(self.step(self.module, taught, state.optimizer)) * batch.size
            state.schedule.step()
            if self.pruner is not None:
                self.pruner.after_step(state.schedule.last_epoch)
        return total / len(data)

    def _scored(self, data: TrainingData) -> float:
        """The mean score, weighted by samples."""
        self.module.eval()
        total = 0.0
        with torch.no_grad():
            for batch in data.batches(self.batch_size):
                taught = self._taught(batch)
                total += finite_loss(self.score(self.module(*taught.inputs), taught)) * batch.size
        return total / len(data)

    def _taught(self, batch: Batch) -> Batch:
        device = next((parameter.device for parameter in self.module.parameters()), None)
        moved = batch if device is None else batch.to(device)
        if self.teacher is None:
            return moved
        with torch.no_grad():
            return replace(moved, taught=self.teacher(*moved.inputs))


def finite_loss(loss: torch.Tensor) -> float:
    """A loss as a number; TrainingError where it is none."""
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingError(
            f"training stopped: the loss is {value}, not a finite number. The model has its best parameters so far. A "
            "smaller learning rate, inputs without NaN, and labels that fit the model's outputs are what usually helps"
        )
    return value
