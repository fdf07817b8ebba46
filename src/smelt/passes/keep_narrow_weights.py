"""Layers read weights of half precision, int8 or int4 as they are stored, not what a `dequantize` makes of them."""

from __future__ import annotations

from smelt.ir import DType, Graph
from smelt.ir.rewrite import Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator

NARROW = (DType.F16, DType.S8, DType.S4)
"""The types of weights that float32 layers take."""

LAYERS = ("conv_2d", "depthwise_conv_2d", "fully_connected")


def keep_narrow_weights(graph: Graph) -> Graph:
    """Let layers take narrow constant weights from before their `dequantize`, so that flash holds no wider copy.

    The kernels widen weights one by one; results change by float32 rounding only.
    """
    return apply_rules(graph, RULES)


def _keep(match: Match) -> Replacement | None:
    place = find_operator(match.root.operator).traits.weights
    assert place is not None
    weights = match.root.inputs[place.input]
    source = None if weights is None else match.producer(weights)
    if source is None or source.operator != "dequantize" or source.inputs[0] is None:
        return None
    narrow = match.value(source.inputs[0])
    if match.array(narrow.name) is None or narrow.dtype not in NARROW:
        return None
    known = narrow.quantization
    if known is not None and (known.axis not in (None, place.channel_axis) or any(known.zero_points)):
        return None
    inputs = list(match.root.inputs)
    inputs[place.input] = narrow.name
    return Replacement((match.root.with_inputs(*inputs),))


RULES = (Rule("weights as they are stored", Pattern(LAYERS), _keep),)
