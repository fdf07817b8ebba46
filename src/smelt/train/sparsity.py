"""Unstructured pruning: single weights become zero, the smallest of a network, of a layer, or of few neighbours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.operators.operator import Mask
from smelt.train.channel_statistics import Floats
from smelt.train.layer_weights import float_layers, settings, with_weights


def zero_weights(graph: Graph, share: float | Mapping[str, float]) -> Graph:
    """The graph with this share of its weights zero, the smallest of all layers together, relative to a layer's mean.

    Shares of single layers, by the name of a node or its output, are of their own weights.
    UsageError for shares outside 0 to 1 and for names of no layer.
    """
    shares = settings(graph, share)
    for each in shares.values():
        if not 0 <= each <= 1:
            raise UsageError(f"the share of weights to make zero is {each:g}; it is from 0 to 1")
    layers = {name: rows for _, name, rows in float_layers(graph) if name in shares}
    sizes = {
        name: np.abs(rows) / max(np.abs(rows).mean(), np.finfo(float).tiny) for name, rows in layers.items()
    }
    if isinstance(share, Mapping):
        kept = {
            name: _largest(size.reshape(-1), shares[name]).reshape(size.shape) for name, size in sizes.items()
        }
    else:
        together = _largest(
            np.concatenate([np.zeros(0), *(size.reshape(-1) for size in sizes.values())]), share
        )
        ends = np.cumsum([size.size for size in sizes.values()])[:-1]
        parts = np.split(together, ends) if sizes else []
        kept = {name: part.reshape(sizes[name].shape) for name, part in zip(sizes, parts, strict=True)}
    return with_weights(graph, {name: rows * kept[name] for name, rows in layers.items()})


def zero_weights_of_blocks(graph: Graph, kept: int, size: int) -> Graph:
    """The graph whose layers keep at most `kept` weights in each `size` along the data's channels (2:4), the largest.

    Layers whose data have not a multiple of `size` channels stay, and so do depthwise ones.  UsageError unless
    0 < kept < size.
    """
    if not 0 < kept < size:
        raise UsageError(f"{kept} of {size} weights cannot be kept: the first number is less, and at least 1")
    changed = {}
    for call, name, rows in float_layers(graph):
        if rows.shape[-1] % size == 0 and rows.ndim > 1 and call.input(0).shape[-1] == rows.shape[-1]:
            blocks = rows.reshape(-1, size)
            order = np.argsort(-np.abs(blocks), axis=1, kind="stable")
            mask = np.zeros(blocks.shape, np.bool_)
            np.put_along_axis(mask, order[:, :kept], values=True, axis=1)
            changed[name] = (blocks * mask).reshape(rows.shape)
    return with_weights(graph, changed)


def _largest(sizes: Floats, zero_share: float) -> Mask:
    order = np.argsort(sizes, kind="stable")
    mask = np.ones(len(sizes), np.bool_)
    mask[order[: round(zero_share * len(sizes))]] = False
    return mask
