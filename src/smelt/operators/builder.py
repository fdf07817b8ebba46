"""Building graphs node by node, with shapes inferred by the operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from smelt.ir import Array, Attribute, DType, Graph, Node, Quantization, Value
from smelt.operators import find_operator, verify_graph
from smelt.operators.operator import Call


class GraphBuilder:
    """Collects inputs, constants and nodes; names are made unique; `build` verifies and returns the Graph."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []
        self.metadata: dict[str, bytes] = {}
        self._counts: dict[str, int] = {}

    def unique(self, stem: str) -> str:
        """A value name that is not in use yet."""
        stem = stem or "value"
        name, number = stem, self._counts.get(stem, 0)
        while name in self.values:
            number += 1
            name = f"{stem}_{number}"
        self._counts[stem] = number
        return name

    def input(
        self, name: str, dtype: DType, shape: Sequence[int], quantization: Quantization | None = None
    ) -> str:
        """Declare a graph input; returns its name."""
        name = self.unique(name)
        self.values[name] = Value(name, dtype, tuple(shape), quantization)
        self.inputs.append(name)
        return name

    def constant(
        self,
        name: str,
        array: Array,
        quantization: Quantization | None = None,
        dtype: DType | None = None,
    ) -> str:
        """Declare a constant; `dtype` is needed only where numpy cannot say it (s4). Returns its name."""
        name = self.unique(name)
        self.values[name] = Value(name, dtype or DType.of(array), tuple(array.shape), quantization)
        self.constants[name] = array
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str | None],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        quantization: Quantization | Sequence[Quantization | None] | None = None,
        outputs: Sequence[str] | None = None,
        name: str = "",
    ) -> str:
        """Append a node; output types are inferred. Returns the first output's name.

        `outputs` names the outputs (default: the node's name or operator; names for more outputs than
        there are go unused); `quantization` is that of the first output, or one a output.
        """
        node = Node(operator, tuple(inputs), (), attributes or {}, name)
        kinds = find_operator(operator).infer(self._call(node))
        stems = list(outputs or ())[: len(kinds)]
        stems += [name or operator] * (len(kinds) - len(stems))
        per_output = (
            list(quantization)
            if isinstance(quantization, Sequence)
            else [quantization] + [None] * (len(kinds) - 1)
        )
        names = []
        for stem, kind, parameters in zip(stems, kinds, per_output, strict=True):
            unique = self.unique(stem)
            self.values[unique] = Value(unique, kind.dtype, kind.shape, parameters)
            names.append(unique)
        self.nodes.append(Node(operator, node.inputs, tuple(names), node.attributes, name or names[0]))
        return names[0]

    def _call(self, node: Node) -> Call:
        return Call(
            node=node,
            attributes=find_operator(node.operator).parse(node),
            inputs=tuple(None if n is None else self.values[n] for n in node.inputs),
            outputs=(),
            constants=tuple(None if n is None else self.constants.get(n) for n in node.inputs),
        )

    def build(self, outputs: Sequence[str]) -> Graph:
        """The finished graph, verified; unused constants are left out."""
        graph = Graph(
            name=self.name,
            values=self.values,
            nodes=tuple(self.nodes),
            inputs=tuple(self.inputs),
            outputs=tuple(outputs),
            constants=self.constants,
            metadata=self.metadata,
        )
        return verify_graph(graph.replaced())


def random_array(value: Value, seed: int) -> Array:
    """Reproducible test data for a tensor: the full range of integer types, a normal distribution for floats."""
    rng = np.random.default_rng(seed)
    if value.dtype.is_float:
        return rng.normal(size=value.shape).astype(value.dtype.numpy)
    if value.dtype is DType.BOOL:
        return rng.integers(0, 2, value.shape).astype(np.bool_)
    low, high = value.dtype.integer_range
    return rng.integers(low, high, value.shape, endpoint=True, dtype=value.dtype.numpy)
