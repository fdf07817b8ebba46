"""Clustered weights and single weights of zero: how many, which, and what becomes of them in the int8 model."""

from __future__ import annotations

import numpy as np
import pytest
from random_networks import RandomNetwork

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.operators import verify_graph
from smelt.operators.evaluate import sample_inputs
from smelt.quantize import quantize_int8

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.clustering import cluster_weights
from smelt.train.layer_weights import float_layers
from smelt.train.sparsity import zero_weights, zero_weights_of_blocks


def _network() -> Graph:
    """The first random network that ends in no layer with a state, so that it has an int8 form."""
    graphs = (RandomNetwork(seed).graph for seed in range(20))
    return next(g for g in graphs if not {"lstm", "gru", "rnn"} & {node.operator for node in g.nodes})


GRAPH = _network()


def _weights(graph: Graph) -> dict[str, Array]:
    return {name: rows for _, name, rows in float_layers(graph)}


@pytest.mark.parametrize("values", [2, 4, 16, 256])
def test_the_int8_model_has_as_few_bytes_a_layer(values: int) -> None:
    clustered = verify_graph(cluster_weights(GRAPH, values))
    quantized = quantize_int8(clustered, [sample_inputs(GRAPH)])
    for node in quantized.nodes:
        if node.operator in ("conv_2d", "depthwise_conv_2d", "fully_connected"):
            assert len(np.unique(quantized.constants[str(node.inputs[1])])) <= values


def test_more_values_are_nearer() -> None:
    errors = []
    for values in (2, 4, 16, 64, 256):
        clustered = _weights(cluster_weights(GRAPH, values))
        errors.append(sum(float(((clustered[n] - w) ** 2).sum()) for n, w in _weights(GRAPH).items()))
    assert errors == sorted(errors, reverse=True)
    whole = sum(float((w**2).sum()) for w in _weights(GRAPH).values())
    assert errors[2] < 0.01 * whole
    assert errors[-1] < 1e-4 * whole


def test_pruned_weights_stay_zero_when_clustered() -> None:
    sparse = zero_weights(GRAPH, dict.fromkeys((c.node.name for c, _, _ in float_layers(GRAPH)), 0.5))
    for name, rows in _weights(cluster_weights(sparse, 8)).items():
        assert not rows[_weights(sparse)[name] == 0].any()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_a_share_of_all_weights(share: float) -> None:
    before, after = _weights(GRAPH), _weights(zero_weights(GRAPH, share))
    total = sum(rows.size for rows in before.values())
    assert sum(np.count_nonzero(rows == 0) for rows in after.values()) == round(share * total)
    kept, gone = [], []
    for name, rows in before.items():
        size, mask = np.abs(rows) / np.abs(rows).mean(), after[name] != 0
        np.testing.assert_array_equal(after[name][mask], rows[mask])
        kept.append(size[mask])
        gone.append(size[~mask])
    if 0 < share < 1:
        assert np.concatenate(gone).max() <= np.concatenate(kept).min()


def test_a_share_of_one_layer() -> None:
    call, name, rows = next(float_layers(GRAPH))
    after = _weights(zero_weights(GRAPH, {call.node.name: 0.25}))
    assert np.count_nonzero(after[name] == 0) == round(rows.size / 4)
    assert all(other.all() for key, other in after.items() if key != name)


@pytest.mark.parametrize(("kept", "size"), [(2, 4), (1, 4), (1, 2)])
def test_blocks_keep_their_largest(kept: int, size: int) -> None:
    before, after = _weights(GRAPH), _weights(zero_weights_of_blocks(GRAPH, kept, size))
    changed = 0
    for name, rows in before.items():
        if np.array_equal(after[name], rows):
            continue
        changed += 1
        blocks, left = np.abs(rows).reshape(-1, size), np.abs(after[name]).reshape(-1, size)
        assert (np.count_nonzero(left, axis=1) == kept).all()
        np.testing.assert_allclose(np.sort(left, axis=1)[:, -kept:], np.sort(blocks, axis=1)[:, -kept:])
    assert changed


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="to 2 to 256 values, not 1"):
        cluster_weights(GRAPH, 1)
    with pytest.raises(UsageError, match="'nothing' is no layer"):
        cluster_weights(GRAPH, {"nothing": 4})
    with pytest.raises(UsageError, match="from 0 to 1"):
        zero_weights(GRAPH, 1.2)
    with pytest.raises(UsageError, match="4 of 4"):
        zero_weights_of_blocks(GRAPH, 4, 4)
    with pytest.raises(UsageError, match="is quantized"):
        zero_weights(quantize_int8(GRAPH, [sample_inputs(GRAPH)]), 0.5)
