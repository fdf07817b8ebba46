"""The order that Keras gives the layers of a functional model: its weight files count layers in it.

Source: map_graph in keras/src/ops/function.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def order_of_layers(
    parents: Mapping[str, Sequence[str]], inputs: Sequence[str], outputs: Sequence[str]
) -> list[str]:
    """The layers that the outputs need, and all inputs: those furthest from the outputs first.

    `parents` are the layers whose results a layer reads, in the order of its arguments.
    """
    first_seen, finished = _walk(parents, outputs)
    depths: dict[str, int] = {}
    for name in reversed(finished):
        depth = depths.setdefault(name, 0)
        for parent in parents[name]:
            depths[parent] = max(depths.get(parent, 0), depth + 1)
    for name in inputs:
        if name not in depths:
            depths[name], first_seen[name] = 0, -1
    return sorted(depths, key=lambda name: (-depths[name], first_seen[name]))


def _walk(parents: Mapping[str, Sequence[str]], outputs: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """When each layer is first met, depth first from the outputs, and the layers behind all that they read."""
    first_seen: dict[str, int] = {}
    finished: dict[str, None] = {}
    for output in outputs:
        pending = [(output, 0)]
        while pending:
            name, place = pending.pop()
            if name in finished:
                continue
            first_seen.setdefault(name, len(first_seen))
            if place < len(parents[name]):
                pending += [(name, place + 1), (parents[name][place], 0)]
            else:
                finished[name] = None
    return first_seen, list(finished)
