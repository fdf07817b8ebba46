"""Recipes run: stages follow each other, and go on after an interruption as if there had been none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.errors import FormatError, TrainingError, UsageError
from smelt.ir import Array, DType, Graph, graphs_equal
from smelt.operators.builder import GraphBuilder

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import Compression, Costs, Done, Epoch, Recipe, Stage, Training, Watch, training_data  # noqa: E402


def network() -> Graph:
    """A small classifier of images with two convolutions."""
    build, rng = GraphBuilder("small"), np.random.default_rng(2)
    x = build.input("image", DType.F32, (1, 6, 6, 1))

    def weights(*shape: int) -> str:
        return build.constant("w", (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32))

    for inputs, outputs in ((1, 8), (8, 12)):
        bias = build.constant("b", np.zeros(outputs, np.float32))
        attributes = {"padding": (1, 1, 1, 1), "activation": "relu"}
        x = build.add("conv_2d", [x, weights(outputs, 3, 3, inputs), bias], attributes)
    x = build.add("mean", [x], {"axes": (1, 2), "keep_dims": False})
    x = build.add("fully_connected", [x, weights(3, 12), build.constant("b", np.zeros(3, np.float32))])
    return build.build([build.add("softmax", [x])])


def samples(count: int = 60) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, count)
    images = rng.normal(size=(count, 6, 6, 1)).astype(np.float32) + labels[:, None, None, None]
    return {"x": images.astype(np.float32), "y": labels}


def parameters(graph: Graph) -> Costs:
    """Costs that need no device."""
    count = sum(array.size for array in graph.constants.values())
    return Costs(count, count, count)


RECIPE = Recipe(
    (
        Stage("prune", {"flash": 0.7}, Training(epochs=2, labels=0.5)),
        Stage("qat", {"scheme": "int8"}, Training(epochs=2)),
    ),
    seed=3,
    held_out=0.2,
)


class Killed(Exception):
    """Somebody pulled the plug."""


def compression(folder: Path, recipe: Recipe = RECIPE, watch: Watch | None = None) -> Compression:
    graph = network()
    return Compression(
        graph, recipe, training_data(graph, samples()), folder, parameters, watch=watch or Watch()
    )


def test_each_stage_changes_what_the_one_before_left(tmp_path: Path) -> None:
    ended: list[Done] = []
    done = compression(tmp_path, watch=Watch(end=ended.append)).run()
    assert [stage.label for stage in done] == ["1-prune", "2-qat"] == [stage.label for stage in ended]
    pruned, quantized = (stage.graph for stage in done)
    assert parameters(pruned).flash <= 0.7 * parameters(network()).flash
    assert all(value.quantization is None for value in pruned.values.values())
    assert {node.outputs[0] for node in pruned.nodes} <= set(quantized.values)
    layers = [node for node in quantized.nodes if node.operator == "conv_2d"]
    assert [quantized.constants[str(node.inputs[1])].dtype for node in layers] == [np.int8, np.int8]
    assert [epoch.number for epoch in done[0].epochs] == [0, 1, 2]


@pytest.mark.parametrize("at", [(1, 1), (2, 0), (2, 2)])
def test_killed_anywhere_and_started_again_it_ends_the_same(tmp_path: Path, at: tuple[int, int]) -> None:
    expected = compression(tmp_path / "whole").run()

    def kill(number: int, epoch: Epoch) -> None:
        if (number, epoch.number) == at:
            raise Killed

    with pytest.raises(Killed):
        compression(tmp_path / "killed", watch=Watch(epoch=kill)).run()
    again = compression(tmp_path / "killed").run()
    for one, other in zip(expected, again, strict=True):
        assert graphs_equal(one.graph, other.graph)
    third = compression(
        tmp_path / "killed", watch=Watch(epoch=kill)
    ).run()  # nothing is trained, nothing killed
    assert graphs_equal(third[-1].graph, expected[-1].graph)


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    short = Recipe((Stage("prune", {"channels": 0.3}, Training(epochs=0)),))
    compression(tmp_path, short).run()
    with pytest.raises(UsageError, match="another recipe"):
        compression(tmp_path, RECIPE).run()
    graph = network()
    other = {**samples(), "x": samples()["x"] + 1}
    with pytest.raises(UsageError, match="another training data"):
        Compression(graph, short, training_data(graph, other), tmp_path, parameters).run()
    (tmp_path / "1-prune.graph").write_text("graph {")
    with pytest.raises(FormatError, match="damaged"):
        compression(tmp_path, short).run()


def test_what_cannot_be_done_is_said_with_its_stage(tmp_path: Path) -> None:
    for number, (options, said) in enumerate(
        [
            ({"flash": 0.001}, r"stage 1 \(prune\): pruning reaches"),
            ({}, "one budget"),
            ({"flash": 0.5, "ram": 0.5}, "one budget"),
            ({"channels": 0.5, "criterion": "luck"}, "'luck'; there are l1"),
        ]
    ):
        with pytest.raises(UsageError, match=said):
            compression(tmp_path / str(number), Recipe((Stage("prune", options),))).run()
    graph = network()
    unlabelled = training_data(graph, {"x": samples()["x"]})
    recipe = Recipe((Stage("prune", {"channels": 0.5}, Training(labels=0.5)),))
    with pytest.raises(UsageError, match="labels"):
        Compression(graph, recipe, unlabelled, tmp_path / "unlabelled").run()


def test_students_and_schemes_that_cannot_be_trained(tmp_path: Path) -> None:
    build = GraphBuilder("other")
    student = build.build([build.add("softmax", [build.input("x", DType.F32, (1, 6, 6, 1))])])
    smelt.save(student, tmp_path / "other.tflite")
    for technique, options, said in (
        (
            "distil",
            {"student": str(tmp_path / "other.tflite")},
            r"stage 1 \(distil\): the student 'other' has outp",
        ),
        ("qat", {"scheme": "float16"}, r"stage 1 \(qat\): scheme float16 has real activations"),
        (
            "low-rank",
            {"energy": 0.5, "multiple": 0},
            r"stage 1 \(low-rank\): ranks are multiples of 1 or more",
        ),
    ):
        with pytest.raises(UsageError, match=said):
            compression(tmp_path / technique, Recipe((Stage(technique, options),))).run()


def test_a_loss_that_is_no_number_keeps_the_best_so_far(tmp_path: Path) -> None:
    recipe = Recipe((Stage("prune", {"channels": 0.3}, Training(epochs=3, rate=1e30)),))
    with pytest.raises(TrainingError, match=r"stage 1 \(prune\): training stopped"):
        compression(tmp_path, recipe).run()
    assert (tmp_path / "1-prune-best.graph").exists()


def test_a_student_takes_the_originals_place(tmp_path: Path) -> None:
    recipe = Recipe(
        (
            Stage("distil", {"architecture": "cnn", "width": 0.5, "depth": 2}, Training(epochs=2)),
            Stage("quantize", {"scheme": "int8"}),
        )
    )
    student, quantized = (done.graph for done in compression(tmp_path, recipe).run())
    assert student.name.startswith("cnn student")
    assert len(student.inputs) == 1
    assert any(value.dtype is DType.S8 for value in quantized.values.values())


def test_low_rank_leaves_alone_what_gains_nothing_on_the_device(tmp_path: Path) -> None:
    """Where what is measured falls neither in cycles nor in flash, the network stays as it was."""
    recipe = Recipe((Stage("low-rank", {"energy": 0.5}, Training(epochs=0)),))
    (gaining,) = compression(tmp_path / "gaining", recipe).run()
    assert len(gaining.graph.nodes) > len(network().nodes)

    def nodes(graph: Graph) -> Costs:
        return Costs(len(graph.nodes), 1, len(graph.nodes))

    data = training_data(network(), samples())
    (alone,) = Compression(network(), recipe, data, tmp_path / "alone", nodes).run()
    assert graphs_equal(alone.graph, network())


def test_hooks_reach_every_stage_that_trains(tmp_path: Path) -> None:
    """A step of the user's own, and mixed precision, which integers do without."""
    steps: list[tuple[str, bool]] = []

    def step(module: Any, batch: Any, optimizer: Any) -> Any:
        steps.append((type(module).__name__, batch.taught is not None))
        optimizer.step()
        return torch.zeros(())

    plain = Compression(
        network(), RECIPE, training_data(network(), samples()), tmp_path / "own", parameters, train_step=step
    ).run()
    assert set(steps) == {("GraphModule", True), ("QuantizedModule", True)}
    assert len(plain) == 2
    recipe = replace(
        RECIPE,
        stages=tuple(
            replace(stage, training=replace(stage.training, mixed_precision=True)) for stage in RECIPE.stages
        ),
    )
    mixed, exact = (compression(tmp_path / name, each).run() for name, each in (("m", recipe), ("e", RECIPE)))
    assert not graphs_equal(mixed[0].graph, exact[0].graph)
    assert all(math.isfinite(epoch.score) for done in mixed for epoch in done.epochs)


def test_labels_that_are_missing_are_said_before_anything_is_done(tmp_path: Path) -> None:
    graph = network()
    stages = (Stage("prune", {"channels": 0.3}, Training(epochs=1)), Stage("qat", {}, Training(labels=0.5)))
    unlabelled = training_data(graph, {"x": samples()["x"]})
    with pytest.raises(UsageError, match=r"stage 2 \(qat\): labels have a share of 0.5 in its loss"):
        Compression(graph, Recipe(stages), unlabelled, tmp_path / "out", parameters).run()
    assert not (tmp_path / "out").exists()
