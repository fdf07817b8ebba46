"""The criterion of pruning that needs gradients: how much the loss would change, to first order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.train.channel_statistics import Floats
from smelt.train.convert import to_module
from smelt.train.pruning_criteria import Criterion, weighted_calls
from smelt.train.pruning_groups import ChannelGroups

Gradients = Sequence[Mapping[str, Array]]
"""Of each batch, the gradient of every constant, by name."""


def gradients(
    graph: Graph,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    loss: Callable[[Any, torch.Tensor], torch.Tensor],
) -> Gradients:
    """The gradients of `loss(outputs, labels)` at each batch of (inputs, labels); UsageError without batches."""
    found = []
    for inputs, labels in batches:
        # a module of its own: its parameters are overwritten by their gradients, and read back as constants
        module = to_module(graph)
        loss(module(inputs), labels).backward()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        found.append({name: module.current_constant(name) for name in graph.constants})
    if not found:
        raise UsageError("there are no batches to take gradients of: give at least one")
    return found


def taylor(found: Gradients) -> Criterion:
    """The mean over batches of the squared change of the loss, to first order, without the weights of a channel.

    Source: Molchanov et al., "Importance Estimation for Neural Network Pruning", 2019.
    """

    def importance(groups: ChannelGroups) -> Floats:
        return groups.mean(_changes(groups, found))

    return importance


def _changes(groups: ChannelGroups, found: Gradients) -> Iterator[tuple[str, Floats]]:
    for call, role in weighted_calls(groups):
        name, weights = call.input(role.input).name, call.constant(role.input)
        assert weights is not None
        others = tuple(axis for axis in range(weights.ndim) if axis != role.channel_axis)
        products = [np.asarray(batch[name] * weights, np.float64).sum(axis=others) for batch in found]  # type: ignore[operator]
        yield call.output.name, np.mean(np.square(products), axis=0)
