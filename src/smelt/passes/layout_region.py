"""Computing a connected part of a graph with its dimensions in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from smelt.ir import Array, Attribute, Graph, Node, Quantization, Value
from smelt.operators import find_operator

Permutation = tuple[int, ...]
Attributes = Mapping[str, Attribute]


def inverse(permutation: Permutation) -> Permutation:
    """The permutation that undoes another."""
    return tuple(int(axis) for axis in np.argsort(permutation))


def _numbers(attributes: Attributes, key: str) -> tuple[int, ...]:
    value = attributes[key]
    assert isinstance(value, tuple)
    return tuple(int(item) for item in value)


def _padded(attributes: Attributes, layout: Permutation) -> Attributes:
    paddings = _numbers(attributes, "paddings")
    pairs = [paddings[2 * axis : 2 * axis + 2] for axis in inverse(layout)]
    return {**attributes, "paddings": tuple(amount for pair in pairs for amount in pair)}


def _sliced(attributes: Attributes, layout: Permutation) -> Attributes:
    moved = {
        key: tuple(_numbers(attributes, key)[axis] for axis in inverse(layout))
        for key in ("begin", "end", "stride")
    }
    return {**attributes, **moved}


def _joined(attributes: Attributes, layout: Permutation) -> Attributes:
    axis = attributes["axis"]
    assert isinstance(axis, int)
    return {**attributes, "axis": layout[axis]}


def _averaged(attributes: Attributes, layout: Permutation) -> Attributes:
    return {**attributes, "axes": tuple(layout[axis] for axis in _numbers(attributes, "axes"))}


MOVED: Mapping[str, Callable[[Attributes, Permutation], Attributes]] = {
    "pad": _padded,
    "strided_slice": _sliced,
    "concatenation": _joined,
    "mean": _averaged,
}
"""The attributes of operators that name dimensions, for a tensor v that becomes v' with
v = transpose(v', layout).  Elementwise operators need no change; all others stop a region."""


def connected_region(graph: Graph, seeds: Iterable[str], rank: int, direction: str) -> set[str]:
    """The nodes (by first output) that can be computed in another layout and hang together with the seeds.

    `direction` "down" follows results to their readers, "both" also goes from a reader to what else it reads.
    """
    producers, consumers = graph.producers(), graph.consumers()
    region: set[str] = set()
    waiting = list(seeds)
    seen = set(waiting)
    while waiting:
        tensor = waiting.pop()
        nearby = list(consumers[tensor])
        if direction == "both" and tensor in producers:
            nearby.append(producers[tensor])
        for node in nearby:
            if node.outputs[0] in region or not _has_any_layout(graph, node, rank):
                continue
            region.add(node.outputs[0])
            reached = [*node.outputs, *(node.inputs if direction == "both" else ())]
            for name in reached:
                if name is not None and name not in seen and name not in graph.constants:
                    seen.add(name)
                    waiting.append(name)
    return region


def _has_any_layout(graph: Graph, node: Node, rank: int) -> bool:
    if node.operator not in MOVED and not find_operator(node.operator).traits.elementwise:
        return False
    if len(node.outputs) != 1 or len(graph.values[node.outputs[0]].shape) != rank:
        return False
    return all(_fits_rank(graph, name, rank) for name in node.inputs if name is not None)


def _fits_rank(graph: Graph, name: str, rank: int) -> bool:
    shape = graph.values[name].shape
    return len(shape) == rank or (name in graph.constants and len(shape) < rank)


def flip_region(graph: Graph, region: set[str], layout: Permutation) -> Graph:
    """The same graph with the region's tensors v computed as v', where v = transpose(v', layout).

    Transposes are put wherever a tensor enters or leaves the region.
    """
    return _Flip(graph, region, layout).result()


class _Flip:
    def __init__(self, graph: Graph, region: set[str], layout: Permutation) -> None:
        self._graph = graph
        self._region = region
        self._layout = layout
        self._flipped: dict[str, str] = {}
        self._nodes: list[Node] = []
        self._values: dict[str, Value] = {}
        self._constants: dict[str, Array] = {}
        self._consumers = graph.consumers()

    def result(self) -> Graph:
        for node in self._graph.nodes:
            if node.outputs[0] in self._region:
                self._append_flipped(node)
            else:
                self._nodes.append(node)
        values = self._values.values()
        return self._graph.replaced(nodes=self._nodes, values=values, constants=self._constants)

    def _append_flipped(self, node: Node) -> None:
        inputs = tuple(None if name is None else self._enter(name) for name in node.inputs)
        (output,) = node.outputs
        move = MOVED.get(node.operator)
        attributes = node.attributes if move is None else move(node.attributes, self._layout)
        flipped = self._describe(self._graph.values[output])
        self._nodes.append(Node(node.operator, inputs, (flipped,), attributes, node.name))
        if output in self._graph.outputs or any(
            reader.outputs[0] not in self._region for reader in self._consumers[output]
        ):
            self._nodes.append(_transpose(flipped, output, self._layout))

    def _enter(self, name: str) -> str:
        """The flipped form of a tensor that a node of the region reads."""
        if name in self._flipped:
            return self._flipped[name]
        value = self._graph.values[name]
        array = self._graph.constants.get(name)
        if array is None:
            flipped = self._describe(value)
            self._nodes.append(_transpose(name, flipped, inverse(self._layout)))
            return flipped
        if value.elements == 1:
            return name
        missing = len(self._layout) - len(value.shape)
        aligned = replace(
            value,
            shape=(*[1] * missing, *value.shape),
            quantization=_on_axis(value.quantization, lambda axis: axis + missing),
        )
        flipped = self._describe(aligned)
        self._constants[flipped] = array.reshape(aligned.shape).transpose(inverse(self._layout))
        return flipped

    def _describe(self, value: Value) -> str:
        name = self._graph.fresh_name(value.name, self._values)
        self._flipped[value.name] = name
        self._values[name] = Value(
            name,
            value.dtype,
            tuple(value.shape[axis] for axis in inverse(self._layout)),
            _on_axis(value.quantization, lambda axis: self._layout[axis]),
        )
        return name


def _on_axis(quantization: Quantization | None, moved: Callable[[int], int]) -> Quantization | None:
    if quantization is None or quantization.axis is None:
        return quantization
    return replace(quantization, axis=moved(quantization.axis))


def _transpose(source: str, result: str, permutation: Permutation) -> Node:
    return Node("transpose", (source,), (result,), {"permutation": permutation}, result)
