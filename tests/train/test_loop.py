"""The training loop: it learns, keeps the best, repeats itself, and stops in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smelt.errors import FormatError, TrainingError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import (  # noqa: E402
    Epoch,
    TrainingData,
    cross_entropy,
    fit,
    soft_targets,
    squared_error,
    to_graph,
    to_module,
    training_data,
)


def classifier(seed: int = 0) -> Graph:
    """Two inputs, eight hidden units, two classes; random weights."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder("classifier")
    x = build.input("x", DType.F32, (1, 2))

    def dense(x: str, name: str, outputs: int, inputs: int, activation: str = "none") -> str:
        weights = build.constant(f"{name}/w", rng.normal(size=(outputs, inputs)).astype(np.float32))
        bias = build.constant(f"{name}/b", np.zeros(outputs, np.float32))
        return build.add("fully_connected", [x, weights, bias], {"activation": activation}, name=name)

    return build.build([dense(dense(x, "hidden", 8, 2, "relu"), "logits", 2, 8)])


def ring(count: int = 400) -> dict[str, Array]:
    """Points in a square; the class says whether they are near its middle."""
    x = np.random.default_rng(3).uniform(-1, 1, (count, 2)).astype(np.float32)
    return {"x": x, "y": (np.hypot(x[:, 0], x[:, 1]) < 0.7).astype(np.uint8)}


def accuracy(module: Any, data: TrainingData) -> float:
    with torch.no_grad():
        found = module(torch.from_numpy(data.inputs[0])).argmax(1).numpy()
    return float((found == data.labels).mean())


def quick(rate: float = 0.02) -> Any:
    return lambda parameters: torch.optim.Adam(parameters, rate)


def test_a_classifier_learns_and_the_graph_has_it() -> None:
    graph = classifier()
    module, data = to_module(graph), training_data(graph, ring())
    before = accuracy(module, data)
    seen: list[Epoch] = []
    result = fit(module, data, cross_entropy, optimizer=quick(), epochs=20, progress=seen.append)
    assert accuracy(module, data) > max(before, 0.9)
    assert [epoch.number for epoch in seen] == list(range(21))
    assert result.epochs == seen
    again = to_module(to_graph(module))
    assert accuracy(again, data) == accuracy(module, data)
    assert not module.training


def test_the_same_seed_gives_the_same_parameters() -> None:
    graph = classifier()
    data = training_data(graph, ring(100))

    def trained(seed: int) -> Array:
        module = to_module(graph)
        fit(module, data, cross_entropy, epochs=2, seed=seed)
        return to_graph(module).constants["hidden/w"]

    np.testing.assert_array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


def test_the_best_epoch_is_kept_and_no_better_one_ends_training() -> None:
    graph = classifier()
    module, data = to_module(graph), training_data(graph, ring(100))
    scores = iter([3.0, 2.0, 1.0, 5.0, 4.0, 0.0])
    states: list[Any] = []

    def score(outputs: Any, batch: Any) -> Any:
        return torch.tensor(next(scores))

    def keep(epoch: Epoch) -> None:
        states.append(to_graph(module).constants["hidden/w"])

    result = fit(module, data, cross_entropy, epochs=9, patience=2, score=score, progress=keep, batch_size=90)
    assert (len(result.epochs), result.best.number) == (5, 2)
    np.testing.assert_array_equal(to_graph(module).constants["hidden/w"], states[2])
    assert not np.array_equal(states[2], states[4])


def test_a_student_learns_without_labels() -> None:
    teacher, student = to_module(classifier()), to_module(classifier(1))
    data = TrainingData((ring()["x"],))
    for loss in (soft_targets(2.0), squared_error):
        result = fit(student, data, loss, teacher=teacher, optimizer=quick(), epochs=10)
        assert result.best.score < 0.5 * result.epochs[0].score


def test_augmentation_changes_what_is_trained_on_and_not_what_chooses() -> None:
    graph = classifier()
    seen: list[Any] = []

    def augment(inputs: Any, generator: Any) -> Any:
        moved = inputs[0] + torch.rand(inputs[0].shape, generator=generator)
        seen.append(moved)
        return (moved,)

    module = to_module(graph)
    result = fit(module, training_data(graph, ring(100)), cross_entropy, epochs=2, augment=augment)
    assert sum(map(len, seen)) == 2 * 90
    plain = fit(to_module(graph), training_data(graph, ring(100)), cross_entropy, epochs=2)
    assert result.epochs[0].score == plain.epochs[0].score
    assert result.epochs[1].loss != plain.epochs[1].loss


def test_a_loss_that_is_no_number_stops_with_the_best_parameters() -> None:
    graph = classifier()
    module = to_module(graph)
    data = training_data(graph, ring(100))
    states = [to_graph(module).constants["hidden/w"]]

    def loss(outputs: Any, batch: Any) -> Any:
        found = cross_entropy(outputs, batch)
        return found * float("nan") if len(states) > 3 and module.training else found

    def keep(epoch: Epoch) -> None:
        states.append(to_graph(module).constants["hidden/w"])

    with pytest.raises(TrainingError, match="the loss is nan"):
        fit(module, data, loss, optimizer=quick(), epochs=5, progress=keep)
    kept = to_graph(module).constants["hidden/w"]
    assert np.isfinite(kept).all()
    assert any(np.array_equal(kept, state) for state in states)


def test_what_makes_no_sense_is_said(tmp_path: Path) -> None:
    graph = classifier()
    data = training_data(graph, ring(20))
    module = to_module(graph)
    with pytest.raises(UsageError, match="needs labels"):
        fit(module, TrainingData(data.inputs), cross_entropy, epochs=1)
    with pytest.raises(UsageError, match="need a teacher"):
        fit(module, data, soft_targets(), epochs=1)
    with pytest.raises(UsageError, match="held out"):
        fit(module, data, cross_entropy, held_out=1.5)
    with pytest.raises(UsageError, match="batch size"):
        fit(module, data, cross_entropy, batch_size=0)
    with pytest.raises(UsageError, match="0 of 20 samples are left to train on, and 20 choose"):
        fit(module, data, cross_entropy, held_out=0.99)
    with pytest.raises(UsageError, match="and 0 choose"):
        fit(module, data, cross_entropy, held_out=data.at(slice(0)))
    for labels in (np.full(20, 2), np.full(20, -1), np.zeros(20, np.float32), np.zeros((20, 2), np.int64)):
        with pytest.raises(UsageError, match="integers from 0 to 1, one a sample"):
            fit(module, TrainingData(data.inputs, labels), cross_entropy, epochs=1)
    with pytest.raises(UsageError, match="20 samples and 19 labels"):
        training_data(graph, {"x": data.inputs[0], "y": np.zeros(19, np.int64)})
    with pytest.raises(UsageError, match="20 samples and 0 labels"):
        training_data(graph, {"x": data.inputs[0], "y": np.int64(3)})
    with pytest.raises(FormatError):
        training_data(graph, {"x": np.zeros((4, 3), np.float32)})
    np.savez(tmp_path / "train.npz", **ring(30))
    assert len(training_data(graph, tmp_path / "train.npz")) == 30
