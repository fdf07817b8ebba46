"""Pruning in rounds, evenly and with lower bounds; training with features and rates relative to the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smelt.errors import UsageError
from smelt.ir import Array, DType, Graph, graphs_equal
from smelt.operators import call_of, find_operator
from smelt.operators.builder import GraphBuilder

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import (  # noqa: E402
    Compression,
    Costs,
    Epoch,
    GraphModule,
    Recipe,
    Stage,
    Training,
    Watch,
    to_graph,
    training_data,
)
from smelt.train.distillation import Adapted, shared_features  # noqa: E402
from smelt.train.loop import relative_adam  # noqa: E402
from smelt.train.pruning import prune  # noqa: E402
from smelt.train.pruning_choice import Limit  # noqa: E402


def network() -> Graph:
    """A small classifier of images with a residual addition."""
    build, rng = GraphBuilder("residual"), np.random.default_rng(2)

    def convolution(x: str, inputs: int, outputs: int) -> str:
        weights = (rng.normal(size=(outputs, 3, 3, inputs)) / np.sqrt(9 * inputs)).astype(np.float32)
        parameters = [build.constant("w", weights), build.constant("b", np.zeros(outputs, np.float32))]
        return build.add(
            "conv_2d", [x, *parameters], {"padding": (1, 1, 1, 1), "activation": "relu"}, name=f"conv{inputs}"
        )

    x = build.input("image", DType.F32, (1, 6, 6, 1))
    first = convolution(x, 1, 16)
    x = build.add("add", [convolution(first, 16, 16), first])
    x = build.add("mean", [x], {"axes": (1, 2), "keep_dims": False})
    dense = rng.normal(size=(3, 16)).astype(np.float32)
    x = build.add(
        "fully_connected", [x, build.constant("w", dense), build.constant("b", np.zeros(3, np.float32))]
    )
    return build.build([build.add("softmax", [x])])


def chain(*channels: int) -> Graph:
    """Convolutions one after the other."""
    build, rng = GraphBuilder("chain"), np.random.default_rng(4)
    x, inputs = build.input("image", DType.F32, (1, 6, 6, 1)), 1
    for outputs in channels:
        weights = (rng.normal(size=(outputs, 3, 3, inputs)) / np.sqrt(9 * inputs)).astype(np.float32)
        x = build.add("conv_2d", [x, build.constant("w", weights), None], {"padding": (1, 1, 1, 1)})
        inputs = outputs
    return build.build([build.add("mean", [x], {"axes": (1, 2), "keep_dims": False})])


def samples(count: int = 60) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, count)
    images = rng.normal(size=(count, 6, 6, 1)).astype(np.float32) + labels[:, None, None, None]
    return {"x": images.astype(np.float32), "y": labels}


def multiplications(graph: Graph) -> float:
    return float(sum(find_operator(node.operator).cost(call_of(graph, node)).macs for node in graph.nodes))


def parameters(graph: Graph) -> Costs:
    """Costs that need no device."""
    count = sum(array.size for array in graph.constants.values())
    return Costs(count, count, int(multiplications(graph)))


def run(folder: Path, training: Training, watch: Watch | None = None, **options: object) -> list[Graph]:
    graph, recipe = network(), Recipe((Stage("prune", options, training),), seed=3, held_out=0.2)
    data = training_data(graph, samples())
    work = Compression(graph, recipe, data, folder, parameters, watch=watch or Watch())
    return [done.graph for done in work.run()]


def widths(graph: Graph) -> list[int]:
    return [graph.values[node.outputs[0]].shape[-1] for node in graph.nodes if node.operator == "conv_2d"]


class Killed(Exception):
    """Somebody pulled the plug."""


ROUNDS = {"flash": 0.4, "rounds": 3, "between": 1, "multiple": 1}


def test_rounds_train_in_between_and_keep_the_limit(tmp_path: Path) -> None:
    seen: list[Epoch] = []
    (graph,) = run(
        tmp_path, Training(epochs=2), Watch(epoch=lambda number, epoch: seen.append(epoch)), **ROUNDS
    )
    assert parameters(graph).flash <= 0.4 * parameters(network()).flash
    assert [(epoch.number, epoch.count) for epoch in seen] == [(0, 1), (1, 1)] * 2 + [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_killed_in_any_round_it_ends_the_same(tmp_path: Path, at: int) -> None:
    training, count = Training(epochs=2, features=1.0), 0

    def kill(number: int, epoch: Epoch) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path / "killed", training, Watch(epoch=kill), **ROUNDS)
    (again,) = run(tmp_path / "killed", training, **ROUNDS)
    (whole,) = run(tmp_path / "whole", training, **ROUNDS)
    assert graphs_equal(again, whole)


def test_shares_of_rounds_make_up_the_whole(tmp_path: Path) -> None:
    (graph,) = run(tmp_path, Training(epochs=0), rounds=3, multiple=1, channels=0.5)
    (at_once,) = run(tmp_path / "once", Training(epochs=0), multiple=1, channels=0.5)
    assert sum(widths(graph)) == sum(widths(at_once)) == 16
    with pytest.raises(UsageError, match="single layers go in one round"):
        run(tmp_path / "single", Training(epochs=0), rounds=2, channels={"conv16": 0.5})


def test_no_layer_loses_more_than_it_may_over_all_rounds(tmp_path: Path) -> None:
    (graph,) = run(tmp_path, Training(epochs=0), rounds=4, multiple=1, most=0.25, flash=0.6)
    assert widths(graph) == [12, 12]
    with pytest.raises(UsageError, match="pruning reaches"):
        run(tmp_path / "more", Training(epochs=0), rounds=4, multiple=1, most=0.25, flash=0.4)
    with pytest.raises(UsageError, match="1 round or more"):
        run(tmp_path / "none", Training(epochs=0), rounds=0, flash=0.5)


@pytest.mark.parametrize("even", [False, True])
def test_nothing_goes_that_the_limit_lets_stay(even: bool) -> None:
    graph = chain(8, 12, 16, 4)
    limit = Limit(multiplications, 0.5 * multiplications(graph))
    pruned = prune(graph, limit, multiple=1, even=even).graph
    assert multiplications(pruned) <= limit.at_most
    shares = [after / before for after, before in zip(widths(pruned), widths(graph), strict=True)][:3]
    if even:
        assert max(shares) - min(shares) < 0.15
    # one channel less in some layer is the difference between within and beyond
    assert multiplications(pruned) > 0.85 * limit.at_most


def test_a_rate_means_the_same_at_any_scale() -> None:
    """One step changes each weight by the same share of what its tensor is like."""
    large, small = (
        torch.nn.Parameter(scale * torch.tensor([[3.0, -4.0, 0.0, 0.0]])) for scale in (100, 0.001)
    )
    bias = torch.nn.Parameter(torch.zeros(3))
    before = [parameter.detach().clone() for parameter in (large, small, bias)]
    optimizer = relative_adam(0.01)([large, small, bias])
    (1e3 * large.sum() + 1e3 * small.sum() + bias.sum()).backward()
    optimizer.step()
    moved = [old - new.detach() for old, new in zip(before, (large, small, bias), strict=True)]
    assert torch.allclose(moved[0], torch.tensor(0.01 * 250.0), rtol=1e-3)
    assert torch.allclose(moved[1], torch.tensor(0.01 * 0.0025), rtol=1e-3)
    assert torch.allclose(moved[2], torch.tensor(0.001), rtol=1e-3)


def test_features_begin_as_regressions() -> None:
    graph = network()
    features = shared_features(graph, graph)
    assert features == ["conv1"], "the only tensor with two readers"
    assert len(shared_features(chain(4, 8), chain(4, 8))) == 1
    pruned = prune(graph, 0.5, multiple=1).graph
    teacher, student = (GraphModule(each, [*each.outputs, *features]) for each in (graph, pruned))
    adapted = Adapted(student, pruned, graph, [(name, name) for name in features], len(features))
    x = torch.from_numpy(samples()["x"])
    wanted = teacher(x)[-1]
    before = adapted(x)[-1]
    after = adapted.start_from(teacher, [x])(x)[-1]
    assert after.shape == wanted.shape
    error = (after - wanted).square().mean()
    assert error < (before - wanted).square().mean()
    assert error < (wanted - wanted.mean((0, 1, 2))).square().mean()
    kept = student(x)[-1]
    rows = torch.cat([kept, torch.ones_like(kept[..., :1])], -1).reshape(-1, kept.shape[-1] + 1)
    best = rows @ torch.linalg.lstsq(rows.double(), wanted.reshape(len(rows), -1).double())[0].float()
    assert error <= 1.01 * (best - wanted.reshape(best.shape)).square().mean() + 1e-6
    assert graphs_equal(to_graph(student), pruned)
