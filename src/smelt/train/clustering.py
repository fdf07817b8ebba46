"""Weight clustering: the weights of a layer take few values, which packed weights store in few bits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.train.channel_statistics import Floats
from smelt.train.layer_weights import float_layers, settings, with_weights

FEWEST, MOST = 2, 256
ROUNDS = 100
"""Of Lloyd's algorithm at most; tens are the rule."""


def cluster_weights(graph: Graph, values: int | Mapping[str, int] = 16) -> Graph:
    """The graph each of whose layers has at most so many (2 to 256) different weights, up to a factor a channel.

    `values` is one number for all layers, or numbers for single ones by the name of a node or its output.  Values are
    multiples of 1/127 of the largest weight of an output channel, which keeps its place: so the int8 model has as few
    different bytes, and `--optimize flash` stores them in few bits.  Zeros stay zeros.  Source: Han et al., "Deep
    Compression", 2016 (k-means from values at equal distances).
    """
    counts = settings(graph, values)
    for count in counts.values():
        if not FEWEST <= count <= MOST:
            raise UsageError(f"weights are clustered to {FEWEST} to {MOST} values, not {count}")
    changed = {
        name: _clustered(rows, counts[name]) for _, name, rows in float_layers(graph) if name in counts
    }
    return with_weights(graph, changed)


def _clustered(rows: Floats, count: int) -> Floats:
    largest = np.abs(rows).max(axis=tuple(range(1, rows.ndim)), keepdims=True)
    relative = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    weights, index = np.unique(np.round(relative * 127), return_inverse=True)
    # an error counts as much as the channel's weights are large
    numbers = np.bincount(
        index.reshape(-1), np.broadcast_to(largest**2, rows.shape).reshape(-1), len(weights)
    )
    centres = _centres(weights, numbers.astype(np.float64), count)
    nearest = np.abs(np.round(relative * 127)[..., None] - centres).argmin(axis=-1)
    return np.asarray(centres[nearest] / 127 * largest, np.float64)


def _centres(weights: Floats, numbers: Floats, count: int) -> Floats:
    """The values of weights that count so much; the ends, and zero where many weights are, stay as they are."""
    if len(weights) <= count:
        return weights
    fixed = _fixed(weights, numbers, count)
    centres = np.unique([*np.linspace(weights[0], weights[-1], count - len(fixed) + 2)[1:-1], *fixed])
    for _ in range(ROUNDS):
        nearest = np.abs(weights[:, None] - centres).argmin(axis=1)
        total = np.bincount(nearest, numbers, len(centres))
        sums = np.bincount(nearest, numbers * weights, len(centres))
        means = np.divide(sums, total, out=centres.copy(), where=total > 0)
        moved = np.where(np.isin(centres, fixed), centres, np.round(means))
        if np.array_equal(moved, centres):
            break
        centres = moved
    return np.unique(centres)


def _fixed(weights: Floats, numbers: Floats, count: int) -> list[float]:
    """Both ends, which are the largest weights of channels; zero, where there are as many as pruning leaves."""
    ends = [float(weights[0]), float(weights[-1])]
    pruned = numbers[weights == 0].sum() > numbers.sum() / 4
    return [*ends, 0.0] if pruned and count > len(ends) else ends
