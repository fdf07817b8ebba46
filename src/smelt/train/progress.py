"""How far training is, in memory and in a file from which it can go on."""

from __future__ import annotations

import io
import pickle
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import torch

from smelt.errors import FormatError, UsageError
from smelt.formats.files import write_bytes


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
    """What `fit` did: every epoch, and the one whose parameters the module has now, `chosen_from` at the earliest."""

    epochs: list[Epoch] = field(default_factory=list)
    chosen_from: int = 0

    @property
    def best(self) -> Epoch:
        """The epoch of the smallest score; the last one while none may be chosen."""
        able = [epoch for epoch in self.epochs if epoch.number >= self.chosen_from]
        return min(able or self.epochs[-1:], key=lambda epoch: epoch.score)


class Progress:
    """Everything that the next epoch depends on, and the best state so far."""

    def __init__(
        self,
        module: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        steps: int,
        generator: torch.Generator,
        chosen_from: int = 0,
    ) -> None:
        self.optimizer = optimizer
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        self.fitted = Fitted(chosen_from=chosen_from)
        self.best = _copied(module)
        self._module, self._generator, self._steps = module, generator, steps

    @property
    def epochs(self) -> list[Epoch]:
        """All that are over."""
        return self.fitted.epochs

    def add(self, epoch: Epoch) -> None:
        """An epoch is over."""
        self.epochs.append(epoch)
        if self.fitted.best is epoch:
            self.best = _copied(self._module)

    def save(self, path: Path) -> None:
        """Write all of it, under a temporary name first."""
        state = {
            "steps": self._steps,
            "module": self._module.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "order": self._generator.get_state(),
            "random": torch.get_rng_state(),
            "epochs": [astuple(epoch) for epoch in self.epochs],
        }
        stream = io.BytesIO()
        torch.save(state, stream)
        write_bytes(path, stream.getvalue())

    def resume(self, path: Path) -> None:
        """Take all of it from a file, if there is one; FormatError, UsageError."""
        try:
            contents = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
        try:
            state = torch.load(io.BytesIO(contents), weights_only=True)
            if state["steps"] != self._steps:
                raise UsageError(
                    f"'{path}' is a checkpoint of {state['steps']} training steps, not {self._steps}: train with the "
                    "settings that it was made with, or remove it to begin anew"
                )
            self._module.load_state_dict(state["module"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self._generator.set_state(state["order"])
            torch.set_rng_state(state["random"])
            self.best = state["best"]
            self.epochs[:] = [Epoch(*epoch) for epoch in state["epochs"]]
        except (RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise FormatError(
                f"'{path}' is not a checkpoint of this training; remove it to begin anew "
                f"({next(iter(str(error).splitlines()), type(error).__name__)})"
            ) from error


def _copied(module: torch.nn.Module) -> dict[str, Any]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
