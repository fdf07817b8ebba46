"""Graph, Node and Value: frozen; a rewrite returns a new graph.

A graph holds nodes in execution order.  Values are named; every value has a static shape.  The
value of an input, a node's output or a constant is described once, in `Graph.values`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from smelt.ir.types import Array, DType, Quantization

Attribute = bool | int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]


def short_name(name: str) -> str:
    """The first of the names that a converter joined with semicolons, for messages and reports."""
    return name.split(";")[0] or name


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its name, element type, shape, and quantization parameters when it has them."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None = None

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes it takes in memory (4-bit elements two to a byte)."""
        return (self.elements * self.dtype.bits + 7) // 8


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to values.

    `inputs` may hold None where an optional input is absent.  `attributes` maps names to plain
    values; the operator's attribute dataclass (smelt.operators) gives them types and defaults.
    """

    operator: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    @property
    def label(self) -> str:
        """A short name for messages."""
        return f"{self.operator} '{short_name(self.name or (self.outputs[0] if self.outputs else '?'))}'"

    def with_inputs(self, *inputs: str | None) -> Node:
        """The same node reading other values."""
        return replace(self, inputs=tuple(inputs))

    def with_attributes(self, **attributes: Attribute) -> Node:
        """The same node with some attributes changed."""
        return replace(self, attributes={**self.attributes, **attributes})


def frozen_array(array: Array) -> Array:
    """A read-only, contiguous view or copy of an array."""
    result = np.ascontiguousarray(array).reshape(array.shape)
    if result.flags.writeable:
        result = result.view()
        result.flags.writeable = False
    return result


@dataclass(frozen=True)
class Graph:
    """A network: nodes in execution order, inputs, outputs, constants.

    `values` describes every name that is used; `constants` holds read-only arrays, shaped as their
    values say (s1, s2 and s4 constants are int8 arrays, one element a byte).  `metadata` carries what formats
    want to keep.
    """

    name: str
    values: Mapping[str, Value]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array] = field(default_factory=dict)
    metadata: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arrays = {name: frozen_array(array) for name, array in self.constants.items()}
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        object.__setattr__(self, "constants", MappingProxyType(arrays))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def producers(self) -> dict[str, Node]:
        """The node that computes each value (inputs and constants have none)."""
        return {output: node for node in self.nodes for output in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """The nodes that read each value, in execution order; a node that reads twice is there once."""
        result: dict[str, list[Node]] = {name: [] for name in self.values}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                if name is not None:
                    result[name].append(node)
        return result

    def fresh_name(self, stem: str, taken: Iterable[str] = ()) -> str:
        """A value name that is not in use: the stem, or the stem with a number."""
        used = set(taken) | set(self.values)
        if stem not in used:
            return stem
        number = 1
        while f"{stem}_{number}" in used:
            number += 1
        return f"{stem}_{number}"

    def replaced(
        self,
        *,
        nodes: Iterable[Node] | None = None,
        values: Iterable[Value] = (),
        constants: Mapping[str, Array] | None = None,
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
    ) -> Graph:
        """A new graph with other nodes, and with values and constants added or replaced.

        Values and constants that nothing uses any longer are left out.
        """
        new_nodes = self.nodes if nodes is None else tuple(nodes)
        new_inputs = self.inputs if inputs is None else tuple(inputs)
        new_outputs = self.outputs if outputs is None else tuple(outputs)
        all_values = {**self.values, **{value.name: value for value in values}}
        all_constants = {**self.constants, **(constants or {})}
        used = {*new_inputs, *new_outputs}
        for node in new_nodes:
            used.update(name for name in node.inputs if name is not None)
            used.update(node.outputs)
        produced = {*new_inputs, *(output for node in new_nodes for output in node.outputs)}
        return Graph(
            name=self.name,
            values={name: value for name, value in all_values.items() if name in used},
            nodes=new_nodes,
            inputs=new_inputs,
            outputs=new_outputs,
            constants={n: a for n, a in all_constants.items() if n in used and n not in produced},
            metadata=self.metadata,
        )
