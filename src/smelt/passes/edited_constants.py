"""Constants that a pass changes for one reader: renamed where others read the old ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from smelt.ir import Array, Graph, Value


class EditedConstants:
    """The new constants of a graph; `values` and `arrays` are for `Graph.replaced`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._readers = Counter([*graph.outputs, *(name for node in graph.nodes for name in node.inputs)])
        self._made: dict[tuple[Value, bytes], str] = {}
        self.arrays: dict[str, Array] = {}

    @property
    def values(self) -> list[Value]:
        """The descriptions of the new constants."""
        return [replace(value, name=name) for (value, _), name in self._made.items()]

    def put(self, value: Value, array: Array) -> str:
        """The name of a constant described like `value`, but with this content; equal ones share a name."""
        key = value, array.tobytes()
        if key not in self._made:
            own = value.name in self._graph.constants and self._readers[value.name] == 1
            name = value.name if own else self._graph.fresh_name(value.name, self.arrays)
            self._made[key] = name
            self.arrays[name] = array
        return self._made[key]
