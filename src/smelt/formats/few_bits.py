"""Weights of one and two bits, which no model file holds."""

from __future__ import annotations

from smelt.errors import UnsupportedError
from smelt.ir import DType, Graph

_SCHEMES = {DType.S1: "binary", DType.S2: "ternary"}


def refuse_few_bits(graph: Graph) -> Graph:
    """The graph; UnsupportedError naming a layer whose weights have one or two bits."""
    for node in graph.nodes:
        for name in node.inputs:
            scheme = None if name is None else _SCHEMES.get(graph.values[name].dtype)
            if scheme is not None:
                raise UnsupportedError(
                    f"{node.label}: its {scheme} weights '{name}' are for C only, no model file holds them; "
                    f"`smelt compile MODEL --quantize {scheme}`, or `smelt.generate(graph, target)` in Python, makes "
                    "a C project of the network, and schemes int4 and int8 have files"
                )
    return graph
