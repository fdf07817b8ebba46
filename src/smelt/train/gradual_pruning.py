"""Gradual pruning: more and more single weights become zero while a network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import torch

from smelt.errors import QuantizationError, UsageError
from smelt.train.module import GraphModule
from smelt.train.quantized_module import QuantizedModule
from smelt.train.sparsity import zero_weights

KEPT = "kept_of_"
"""How the names of a module's masks begin."""


@dataclass(frozen=True)
class GradualPruning:
    """The share of weights that is zero at last, as `zero_weights` takes it, and when.

    From epoch `begin` to epoch `end` (fractions count) it grows every so many steps: share * (1 - (1 - t)^3), t being
    0 at first and 1 at last.  Zhu and Gupta, "To prune, or not to prune", 2017, equation 1.
    UsageError for numbers that make no sense.
    """

    share: float | Mapping[str, float]
    end: float
    begin: float = 0.0
    every: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end or self.every < 1:
            raise UsageError(
                "gradual pruning goes from an epoch `begin` (0 at least) to a later one, `end`, and prunes every 1 or "
                f"more steps; given {self.begin:g}, {self.end:g} and {self.every}"
            )

    @property
    def chosen_from(self) -> int:
        """The first epoch after which all is pruned."""
        return ceil(self.end)

    def share_at(self, epoch: float) -> float | Mapping[str, float]:
        """What is to be zero after so many epochs."""
        passed = min(max((epoch - self.begin) / (self.end - self.begin), 0.0), 1.0)
        part = 1 - (1 - passed) ** 3
        if isinstance(self.share, Mapping):
            return {name: part * share for name, share in self.share.items()}
        return part * self.share


class Pruner:
    """Prunes a module as it is trained; its masks are buffers of the module, so that checkpoints have them."""

    def __init__(self, plan: GradualPruning, module: torch.nn.Module, epoch_steps: int) -> None:
        """Of a module of `to_module`, or one around it; UsageError for any other.

        QuantizationError where it is of integers.
        """
        module = next((each for each in module.modules() if isinstance(each, GraphModule)), module)
        if isinstance(module, QuantizedModule):
            raise QuantizationError("gradual pruning is of a float model: prune, then quantize")
        if not isinstance(module, GraphModule):
            raise UsageError("gradual pruning takes a module of smelt.train.to_module")
        zero_weights(module.current_graph(), plan.share)  # says what is wrong with the share
        self._plan, self._module, self._epoch_steps = plan, module, epoch_steps
        self._last = ceil(plan.end * epoch_steps)
        for label in module.parameter_places:
            module.register_buffer(KEPT + label, torch.ones_like(getattr(module, label)))

    def after_step(self, step: int) -> None:
        """Weights are zero that were so before step number `step` (from 1), and more where it is time."""
        began = self._plan.begin * self._epoch_steps < step <= self._last
        if began and (step % self._plan.every == 0 or step == self._last):
            self._prune(step / self._epoch_steps)
        with torch.no_grad():
            for label in self._module.parameter_places:
                getattr(self._module, label).mul_(getattr(self._module, KEPT + label))

    def _prune(self, epoch: float) -> None:
        graph = self._module.current_graph()
        pruned = zero_weights(graph, self._plan.share_at(epoch))
        for label, (name, places) in self._module.parameter_places.items():
            gone = (pruned.constants[name] == 0) & (graph.constants[name] != 0)
            mask = getattr(self._module, KEPT + label)
            mask.masked_fill_(torch.from_numpy(gone.reshape(-1)[places]).to(mask.device), 0.0)
