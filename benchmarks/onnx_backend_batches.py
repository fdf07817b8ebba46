"""Graphs side by side in one, so that one compilation serves many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from smelt.ir import Array, Graph


def merged(graphs: Sequence[Graph]) -> Graph:
    """All graphs in one; the names of the k-th begin with "t<k>/"."""
    parts = [_prefixed(graph, f"t{k}/") for k, graph in enumerate(graphs)]
    return Graph(
        name="batch",
        values={n: value for part in parts for n, value in part.values.items()},
        nodes=tuple(node for part in parts for node in part.nodes),
        inputs=tuple(n for part in parts for n in part.inputs),
        outputs=tuple(n for part in parts for n in part.outputs),
        constants={n: array for part in parts for n, array in part.constants.items()},
    )


def split(results: Mapping[str, Array], graphs: Sequence[Graph]) -> Iterable[dict[str, Array]]:
    """The outputs of each graph, by their names in it."""
    for k, graph in enumerate(graphs):
        yield {name: results[f"t{k}/{name}"] for name in graph.outputs}


def _prefixed(graph: Graph, prefix: str) -> Graph:
    def new(names: Iterable[str | None]) -> tuple[str | None, ...]:
        return tuple(None if name is None else prefix + name for name in names)

    return Graph(
        name=graph.name,
        values={prefix + n: replace(value, name=prefix + n) for n, value in graph.values.items()},
        nodes=tuple(
            replace(
                node,
                inputs=new(node.inputs),
                outputs=tuple(prefix + name for name in node.outputs),
                name=prefix + node.name,
            )
            for node in graph.nodes
        ),
        inputs=tuple(prefix + n for n in graph.inputs),
        outputs=tuple(prefix + n for n in graph.outputs),
        constants={prefix + n: array for n, array in graph.constants.items()},
    )
