"""What a device makes of weights of zero: layer by layer whether they are skipped, what that saves, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.codegen import BALANCED, Options
from smelt.codegen.layers import make_layers
from smelt.codegen.sparse import sparse_form
from smelt.ir import Graph
from smelt.operators import choose_kernel
from smelt.targets import Target


@dataclass(frozen=True)
class SparseLayer:
    """A layer with weights of zero: their share, whether they are skipped, and what skipping them makes of it.

    Bytes of tables and estimated cycles are those with zeros skipped less those without: below 0 it is a gain.
    """

    name: str
    zeros: float
    skipped: bool
    more_bytes: int
    more_cycles: float


def sparse_layers(graph: Graph, target: Target, options: Options = BALANCED) -> tuple[SparseLayer, ...]:
    """The layers of an integer graph so many of whose weights are zero that they might be skipped."""
    found = []
    for layer in make_layers(graph, target, options):
        if layer.kernel is None or layer.macs == 0:
            continue
        usual = choose_kernel(layer.call, target, options.form)
        form = sparse_form(layer.call, usual, target, options)
        weights = layer.call.constant(1)
        if form is None or weights is None:
            continue
        found.append(
            SparseLayer(
                layer.call.output.name,
                1 - np.count_nonzero(weights) / weights.size,
                layer.kernel == form.kernel,
                form.sparse_bytes - form.dense_bytes,
                form.sparse_cycles - form.dense_cycles,
            )
        )
    return tuple(found)


def sparse_sentences(layers: Sequence[SparseLayer], target: Target) -> str:
    """One paragraph: which layers skip zeros and what that saves, and of all others why they do not."""
    skipped = [layer for layer in layers if layer.skipped]
    refused = [layer for layer in layers if not layer.skipped]
    said = []
    if skipped:
        saved = [f"{layer.name} ({layer.zeros:.0%} zeros: {_cost(layer)})" for layer in skipped]
        said.append(f"On {target.name} zeros are skipped in {', '.join(saved)}.")
    if refused:
        costs = [f"{layer.name} ({layer.zeros:.0%} zeros: {_cost(layer)})" for layer in refused]
        said.append(
            f"They are stored and multiplied like all weights in {', '.join(costs)}, where skipping does not pay."
        )
    if not skipped:
        said.append(
            f"Zeros gain nothing on {target.name} as it is compiled now: more of them, structured pruning, or "
            "--optimize flash, which keeps weights in a code, is what makes the model smaller."
        )
    return " ".join(said)


def _cost(layer: SparseLayer) -> str:
    return f"{layer.more_bytes:+,} bytes, {layer.more_cycles:+,.0f} cycles"
