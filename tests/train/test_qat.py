"""Quantization-aware training: from a float graph and samples to integers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from small_models import small_float, small_int8, small_samples

import smelt
from smelt.errors import QuantizationError, TrainingError, UsageError
from smelt.quantize.noise import noise_ratio, wanted_numbers

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import Epoch, TrainingData, cross_entropy, qat, soft_targets  # noqa: E402
from smelt.train.loop import adam  # noqa: E402
from smelt.train.quantized_module import QuantizedModule  # noqa: E402
from smelt.train.trained_integers import UNIT_STEPS  # noqa: E402

QUIET: dict[str, Any] = {"tell": lambda text: None, "improve": (), "calibrator": "min-max"}


def test_training_brings_int4_nearer_to_float() -> None:
    graph, samples = small_float(), small_samples(200)
    unseen = [
        {"image": sample[None]}
        for sample in np.random.default_rng(9).normal(size=(40, 8, 8, 3)).astype(np.float32)
    ]
    wanted = wanted_numbers(graph, unseen)
    start = smelt.quantize_graph(graph, "int4", samples[:50], **QUIET)
    seen: list[Epoch] = []
    found = qat(
        graph, {"x": samples}, "int4", start=start, epochs=6, progress=seen.append, optimizer=adam(0.003)
    )
    assert noise_ratio(found, unseen, wanted) < 0.8 * noise_ratio(start, unseen, wanted)
    assert len(seen) == 7
    assert [node.operator for node in found.nodes] == [node.operator for node in start.nodes]
    assert {v.name: v.dtype for v in found.values.values()} == {
        v.name: v.dtype for v in start.values.values()
    }


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_it_quantizes_by_itself(scheme: str) -> None:
    found = qat(small_float(), {"x": small_samples(40)}, scheme, epochs=1, **QUIET)
    assert all(v.quantization is not None for v in found.values.values())
    assert found.metadata == small_float().metadata


def test_labels_and_a_loss_of_ones_own() -> None:
    data = {"x": small_samples(40), "y": np.arange(40) % 5}
    losses: list[Epoch] = []
    qat(small_float(), data, "int4", loss=cross_entropy, epochs=1, progress=losses.append, **QUIET)
    mixed = soft_targets(2.0, labels=0.5)
    qat(
        small_float(),
        data,
        "int4",
        loss=mixed,
        score=cross_entropy,
        epochs=1,
        progress=losses.append,
        **QUIET,
    )
    assert losses[0].score == losses[2].score
    assert losses[1].loss != losses[3].loss


def test_what_cannot_be_trained_is_said() -> None:
    data = TrainingData((small_samples(10),))
    with pytest.raises(UsageError, match="real activations"):
        qat(small_float(), data, "dynamic")
    with pytest.raises(QuantizationError, match="quantized already"):
        qat(small_int8(), data)
    with pytest.raises(TrainingError, match="not a finite number"):
        qat(
            small_float(),
            TrainingData((np.full((10, 8, 8, 3), np.nan, np.float32),)),
            start=small_int8(),
            epochs=1,
        )


def test_weights_that_are_zero_stay_zero() -> None:
    graph = small_float()
    zeros = np.random.default_rng(5).random(graph.constants["first/w"].shape) < 0.5
    weights = np.where(zeros, np.float32(0), graph.constants["first/w"])
    sparse = graph.replaced(constants={"first/w": weights})
    start = smelt.quantize_graph(sparse, "int4", small_samples(20), **QUIET)
    later = itertools.count(0, -1)  # the last epoch is the best

    def score(outputs: Any, batch: Any) -> Any:
        return torch.tensor(float(next(later)))

    data = {"x": small_samples(64)}
    found = qat(sparse, data, start=start, epochs=2, optimizer=adam(0.1), score=score)
    assert not np.array_equal(found.constants["first/w"], start.constants["first/w"])
    assert (found.constants["first/w"][zeros] == 0).all()
    assert (found.constants["first/w"][~zeros] != 0).mean() > 0.5


@pytest.mark.parametrize("scheme", ["int8", "int4", "ternary"])
def test_a_step_of_training_moves_weights_by_as_many_steps_in_every_scheme(scheme: str) -> None:
    start = smelt.quantize_graph(small_float(), scheme, small_samples(20), **QUIET)
    integers = QuantizedModule(start).integers
    layers = integers.layers.values()
    before = [integers.weight_levels(layer).detach() for layer in layers]
    with torch.no_grad():
        for weights in integers.weights:
            weights += 1 / UNIT_STEPS
    for layer, levels in zip(layers, before, strict=True):
        top = start.values[layer.weights].dtype.integer_range[1]
        assert torch.equal(integers.weight_levels(layer).detach(), (levels + 1).clamp(max=top)), layer.weights
        assert levels.min() < top
