"""Costs that pruning chooses by: those of the int8 model."""

from __future__ import annotations

import numpy as np
import pytest
from random_networks import RandomNetwork

from smelt.passes.remove_dead_channels import remove_dead_channels
from smelt.quantize import quantize_int8
from smelt.targets import find_target

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.device_cost import Quantity, int8_cost
from smelt.train.pruning import prune
from smelt.train.pruning_choice import Limit

M4 = find_target("cortex-m4")


def test_flash_is_that_of_the_int8_constants() -> None:
    graph = RandomNetwork(8).graph
    rng = np.random.default_rng(0)
    samples = [{name: rng.normal(size=graph.values[name].shape).astype(np.float32) for name in graph.inputs}]
    quantized = quantize_int8(graph, samples)
    expected = sum(quantized.values[name].bytes for name in quantized.constants)
    assert int8_cost("flash_bytes", M4)(graph) == expected
    assert int8_cost("flash_bytes", M4)(graph) == int8_cost("flash_bytes", M4)(graph)


@pytest.mark.parametrize("quantity", ["flash_bytes", "ram_bytes", "cycles"])
def test_networks_are_pruned_to_a_cost(quantity: Quantity) -> None:
    graph, cost = remove_dead_channels(RandomNetwork(8).graph), int8_cost(quantity, M4)
    pruned = prune(graph, Limit(cost, 0.8 * cost(graph)), multiple=2)
    assert cost(pruned.graph) <= 0.8 * cost(graph)
    assert pruned.kept
