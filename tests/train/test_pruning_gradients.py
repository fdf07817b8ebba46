"""Pruning by gradients: those of weights, and the channel that the loss needs least."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.errors import UsageError
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.pruning import prune  # noqa: E402
from smelt.train.pruning_gradients import gradients, taylor  # noqa: E402


def _graph() -> Graph:
    """Three units with equal weights, of which the second counts little for the output."""
    builder = GraphBuilder("units")
    x = builder.input("x", DType.F32, (1, 2))
    x = builder.add("fully_connected", [x, builder.constant("w", np.ones((3, 2), np.float32))], name="first")
    weights = np.array([[1, 0.1, 1]], np.float32)
    return builder.build([builder.add("fully_connected", [x, builder.constant("v", weights)])])


def _loss(outputs: object, labels: object) -> object:
    return ((outputs - labels) ** 2).mean()  # type: ignore[operator]


def test_gradients_are_those_of_the_loss() -> None:
    inputs, labels = torch.tensor([[1.0, 2.0], [0.5, -1.0]]), torch.tensor([[1.0], [2.0]])
    (found,) = gradients(_graph(), [(inputs, labels)], _loss)
    w, v = torch.ones(3, 2, requires_grad=True), torch.tensor([[1, 0.1, 1]], requires_grad=True)
    ((inputs @ w.T @ v.T - labels) ** 2).mean().backward()
    np.testing.assert_allclose(found["w"], w.grad.numpy(), rtol=1e-5)
    np.testing.assert_allclose(found["v"], v.grad.numpy(), rtol=1e-5)


def test_what_the_loss_needs_least_goes_first() -> None:
    batches = [
        (torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0]])),
        (torch.tensor([[1.0, 1.0]]), torch.tensor([[9.0]])),
    ]
    pruned = prune(_graph(), 0.34, taylor(gradients(_graph(), batches, _loss)), multiple=1)
    assert pruned.kept["first"].tolist() == [True, False, True]


def test_no_batches() -> None:
    with pytest.raises(UsageError, match="no batches"):
        gradients(_graph(), [], _loss)
