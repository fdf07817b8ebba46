"""Gradual pruning: how many weights are zero when, that they stay so, and that an interruption changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_models import small_float, small_int8, small_samples

from smelt.errors import QuantizationError, UsageError
from smelt.ir import Graph, to_text

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import (  # noqa: E402
    Compression,
    Epoch,
    GradualPruning,
    Recipe,
    Stage,
    Training,
    TrainingData,
    fit,
    squared_error,
    to_graph,
    to_module,
)
from smelt.train.layer_weights import float_layers  # noqa: E402

DATA = TrainingData((small_samples(80),))
STEPS = 5
"""An epoch of 40 samples in batches of 8."""


def _zeros(graph: Graph) -> float:
    layers = [rows for _, _, rows in float_layers(graph)]
    return sum(np.count_nonzero(rows == 0) for rows in layers) / sum(rows.size for rows in layers)


def _fitted(pruning: GradualPruning, epochs: int = 4, **options: Any) -> tuple[Graph, list[float], Any]:
    module, shares = to_module(small_float()), list[float]()

    def seen(epoch: Epoch) -> None:
        shares.append(_zeros(to_graph(module)))

    found = fit(
        module,
        DATA,
        squared_error,
        teacher=to_module(small_float()),
        epochs=epochs,
        batch_size=8,
        held_out=0.5,
        pruning=pruning,
        progress=seen,
        **options,
    )
    return to_graph(module), shares, found


def test_the_share_grows_along_a_cubic() -> None:
    plan = GradualPruning(0.8, end=3, begin=1, every=1)
    graph, shares, found = _fitted(plan)
    wanted = [0.0, 0.0, 0.8 * (1 - 0.5**3), 0.8, 0.8]
    np.testing.assert_allclose(shares, wanted, atol=0.01)
    assert found.best.number >= 3
    assert _zeros(graph) == shares[-1]


def test_between_the_times_of_pruning_zeros_stay() -> None:
    _, shares, _ = _fitted(GradualPruning(0.6, end=3, every=2 * STEPS))
    np.testing.assert_allclose(shares, [0, 0, 0.6 * (1 - (1 / 3) ** 3), 0.6, 0.6], atol=0.01)


def test_shares_of_single_layers() -> None:
    graph, _, _ = _fitted(GradualPruning({"first": 0.5}, end=2, every=1), epochs=2)
    zeros = {name: np.mean(rows == 0) for _, name, rows in float_layers(graph)}
    assert zeros.pop("first/w") == pytest.approx(0.5, abs=0.01)
    assert not any(zeros.values())


def test_a_chosen_epoch_is_one_with_all_zeros() -> None:
    scores = iter(range(100))  # the first epoch is the best

    def score(outputs: Any, batch: Any) -> Any:
        return torch.tensor(float(next(scores)))

    graph, shares, found = _fitted(GradualPruning(0.7, end=2, every=1), score=score, patience=1)
    assert found.best.number == 2
    assert len(shares) == 4  # patience counts from there
    assert _zeros(graph) == pytest.approx(0.7, abs=0.01)


class _Killed(Exception):
    pass


def _recipe(**options: Any) -> Recipe:
    training = Training(epochs=4, batch_size=8)
    return Recipe(
        (Stage("sparsify", {"share": 0.8, "end": 3.0, "every": 3, **options}, training),), held_out=0.5
    )


def test_a_recipe_that_is_killed_gives_the_same_weights(tmp_path: Path) -> None:
    from smelt.train import Watch

    def kill(number: int, epoch: Epoch) -> None:
        if epoch.number == 2:
            raise _Killed

    whole = Compression(small_float(), _recipe(), DATA, tmp_path / "whole").run()[-1]
    with pytest.raises(_Killed):
        Compression(small_float(), _recipe(), DATA, tmp_path / "killed", watch=Watch(epoch=kill)).run()
    again = Compression(small_float(), _recipe(), DATA, tmp_path / "killed").run()[-1]
    assert to_text(again.graph) == to_text(whole.graph)
    assert _zeros(whole.graph) == pytest.approx(0.8, abs=0.01)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="to a later one"):
        GradualPruning(0.5, end=1, begin=1)
    with pytest.raises(UsageError, match="train longer"):
        _fitted(GradualPruning(0.5, end=5))
    with pytest.raises(UsageError, match="from 0 to 1"):
        _fitted(GradualPruning(1.5, end=1))
    with pytest.raises(QuantizationError, match="prune, then quantize"):
        fit(to_module(small_int8()), DATA, squared_error, epochs=2, pruning=GradualPruning(0.5, end=1))
    with pytest.raises(UsageError, match=r"stage 1 \(sparsify\): pruning ends after epoch 9"):
        Compression(small_float(), _recipe(end=9.0), DATA, tmp_path / "late").run()
    stage = Stage("sparsify", {"keep": 2, "end": 1.0})
    with pytest.raises(UsageError, match="2 of 4 weights at once"):
        Compression(small_float(), Recipe((stage,)), DATA, tmp_path / "blocks").run()
    stage = Stage("sparsify", {"share": 0.5, "end": 1.0}, Training(epochs=0))
    with pytest.raises(UsageError, match="needs epochs"):
        Compression(small_float(), Recipe((stage,)), DATA, tmp_path / "none").run()
