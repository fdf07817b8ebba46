"""How one layer computes: the element types of its activations, weights and bias."""

from __future__ import annotations

from dataclasses import dataclass

from smelt.errors import UsageError
from smelt.ir import DType, Graph, Node
from smelt.operators import call_of, find_operator


@dataclass(frozen=True)
class Precision:
    """The types of a layer; None is float32.

    `largest_weight` is the integer that the largest |weight| of a channel becomes; sums are safe while a bias
    stays below 2^`bias_bits`.
    """

    name: str
    activations: DType | None = None
    weights: DType | None = None
    bias: DType | None = None
    largest_weight: int = 0
    bias_bits: int = 0

    @property
    def is_narrow(self) -> bool:
        """Whether weights that meet integers have fewer bits than a byte."""
        return self.activations is not None and self.weights is not None and self.weights.bits < 8

    @property
    def is_coarse(self) -> bool:
        """Whether weights have but a sign, or a sign and zero."""
        return self.largest_weight == 1

    @property
    def has_zero(self) -> bool:
        """Whether a weight can be zero."""
        return self.weights is not DType.S1


FLOAT32 = Precision("float32")
INT8 = Precision("int8", DType.S8, DType.S8, DType.S32, 127, 30)
TERNARY = Precision("ternary", DType.S8, DType.S2, DType.S32, 1, 30)
BINARY = Precision("binary", DType.S8, DType.S1, DType.S32, 1, 30)
INT4 = Precision("int4", DType.S8, DType.S4, DType.S32, 7, 30)
INT4_BLOCKS = Precision("int4 in blocks", weights=DType.S4, largest_weight=7)
"""Of dense layers: float32 results, inputs quantized at each run, weights with a scale for each block of a row."""
# 64-bit sums are multiplied by a 16-bit mantissa
INT16X8 = Precision("int16x8", DType.S16, DType.S8, DType.S64, 127, 46)
PRECISIONS = {precision.name: precision for precision in (FLOAT32, INT8, INT4, TERNARY, BINARY, INT16X8)}
_COARSE_LAYERS = ("conv_2d", "depthwise_conv_2d", "fully_connected")


def find_precision(name: str) -> Precision:
    """The precision of that name; UsageError."""
    try:
        return PRECISIONS[name]
    except KeyError:
        raise UsageError(
            f"no layer precision is called '{name}'; there are {', '.join(PRECISIONS)}"
        ) from None


def obstacle(graph: Graph, node: Node, precision: Precision) -> str | None:
    """Why a node cannot be computed in a precision, or None."""
    operator = find_operator(node.operator)
    if precision is FLOAT32:
        return None
    traits = operator.traits
    if not traits.quantizable or (traits.int8_only and precision.activations is DType.S16):
        return f"{node.operator} has no {precision.name} form in smelt"
    place = operator.traits.weights
    if place is None:
        return None
    if precision.is_coarse and node.operator not in _COARSE_LAYERS:
        return f"{node.operator} has no {precision.name} form in smelt"
    for what, index in (("weights", place.input), ("bias", place.bias)):
        if index is not None and index < len(node.inputs):
            name = node.inputs[index]
            if name is not None and name not in graph.constants:
                return f"{precision.name} needs constant {what}, and '{name}' is computed"
    return None


def has_weights(graph: Graph, node: Node) -> bool:
    """Whether a node has constant trained weights."""
    place = find_operator(node.operator).traits.weights
    return place is not None and call_of(graph, node).constant(place.input) is not None
