"""The graph representation: frozen dataclasses, a verifier, text in and out, rewriting."""

from smelt.ir.equality import graphs_equal
from smelt.ir.graph import Attribute, Graph, Node, Value, short_name
from smelt.ir.text import from_text, to_text
from smelt.ir.types import Array, DType, Quantization
from smelt.ir.verify import verify

__all__ = [
    "Array",
    "Attribute",
    "DType",
    "Graph",
    "Node",
    "Quantization",
    "Value",
    "from_text",
    "graphs_equal",
    "short_name",
    "to_text",
    "verify",
]
