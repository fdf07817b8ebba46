"""Whether two graphs say the same, to the last bit."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from smelt.ir.graph import Attribute, Graph, Node
from smelt.ir.types import Array


def graphs_equal(a: Graph, b: Graph) -> bool:
    """Whether two graphs have the same names, nodes in the same order, values, constants and metadata.

    Arrays are compared bitwise.  Of float attributes 0.0 differs from -0.0 and one NaN equals another;
    1, 1.0 and True are three different attributes.  The order of tables does not count.
    """
    return (
        (a.name, a.inputs, a.outputs) == (b.name, b.inputs, b.outputs)
        and a.values == b.values
        and a.metadata == b.metadata
        and len(a.nodes) == len(b.nodes)
        and all(nodes_equal(x, y) for x, y in zip(a.nodes, b.nodes, strict=True))
        and a.constants.keys() == b.constants.keys()
        and all(arrays_equal(array, b.constants[name]) for name, array in a.constants.items())
    )


def nodes_equal(a: Node, b: Node) -> bool:
    """Whether two nodes have the same operator, names and attributes."""
    return (a.operator, a.inputs, a.outputs, a.name) == (b.operator, b.inputs, b.outputs, b.name) and (
        _attribute_bits(a.attributes) == _attribute_bits(b.attributes)
    )


def arrays_equal(a: Array, b: Array) -> bool:
    """Whether two arrays have the same type, shape and bytes."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _attribute_bits(attributes: Mapping[str, Attribute]) -> dict[str, object]:
    return {key: _bits(value) for key, value in attributes.items()}


def _bits(value: Attribute) -> object:
    if isinstance(value, tuple):
        return tuple(_bits(item) for item in value)
    if isinstance(value, float):
        return float, "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value
