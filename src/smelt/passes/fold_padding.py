"""A `pad` becomes part of the padding of the convolution or pooling after it, or of another pad."""

from __future__ import annotations

import math

import numpy as np

from smelt.ir import Graph, Node, Value
from smelt.ir.rewrite import Anything, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator
from smelt.operators.fixed_point import ACTIVATIONS, activation_bounds, quantize_value


def fold_padding(graph: Graph) -> Graph:
    """Let convolutions and max pools pad for themselves where that gives the same numbers.

    A convolution's own padding is with zeros (the zero point), so only zeros are folded.  A max pool
    ignores its padding, so zeros are folded when no element can be less than zero.  An average pool
    does not count its padding, so nothing is folded into it.
    """
    return apply_rules(graph, RULES)


def _paddings(pad: Node) -> tuple[int, ...]:
    paddings = pad.attributes["paddings"]
    assert isinstance(paddings, tuple)
    return tuple(int(amount) for amount in paddings)


def _pads_the_image(pad: Node) -> bool:
    paddings = _paddings(pad)
    return len(paddings) == 8 and not any(paddings[:2]) and not any(paddings[6:])


def _pads_with_zeros(pad: Node) -> bool:
    return pad.attributes.get("value", 0.0) == 0.0


def _keeps_quantization(match: Match) -> bool:
    return (
        match.value(match.tensor("x")).quantization == match.value(match.node("pad").outputs[0]).quantization
    )


def _total_padding(match: Match) -> tuple[int, ...]:
    """(top, bottom, left, right) of the pad and the node after it together."""
    own = match.root.attributes.get("padding", (0, 0, 0, 0))
    assert isinstance(own, tuple)
    return tuple(int(amount) for amount in np.add(own, _paddings(match.node("pad"))[2:6]))


def _into_padding(match: Match) -> Replacement:
    node = match.root.with_inputs(match.tensor("x"), *match.root.inputs[1:])
    return Replacement((node.with_attributes(padding=_total_padding(match)),))


def _is_exact_for_max(match: Match) -> bool:
    """Whether every window holds an element that is at least as large as what was padded."""
    size = match.root.attributes["filter"]
    assert isinstance(size, tuple)
    top, bottom, left, right = _total_padding(match)
    some_input = max(top, bottom) < int(size[0]) and max(left, right) < int(size[1])
    value = match.value(match.tensor("x"))
    return some_input and _keeps_quantization(match) and _padded_with(match, value) <= _smallest(match, value)


def _padded_with(match: Match, value: Value) -> float:
    real = match.node("pad").attributes.get("value", 0.0)
    assert isinstance(real, int | float)
    if value.dtype.is_float:
        return real
    if value.quantization is None:
        return math.inf
    return max(quantize_value(real, value.quantization), value.dtype.integer_range[0])


def _smallest(match: Match, value: Value) -> float:
    """The least that an element can be, as far as its type and its producer's activation tell."""
    producer = match.producer(value.name)
    activation = None
    if producer is not None:
        traits = find_operator(producer.operator).traits
        fused = producer.attributes.get("activation", "none") if traits.fuses_activation else None
        activation = traits.activation or fused
    if value.dtype.is_float:
        return ACTIVATIONS[str(activation or "none")][0]
    if value.quantization is None:
        return -math.inf
    return activation_bounds(str(activation or "none"), value.quantization, value.dtype)[0]


def _pads_alike(match: Match) -> bool:
    inner, outer = match.node("pad"), match.root
    return inner.attributes.get("value", 0.0) == outer.attributes.get("value", 0.0) and (
        match.value(match.tensor("x")).quantization == match.output.quantization
        and _keeps_quantization(match)
    )


def _merge(match: Match) -> Replacement:
    pairs = zip(_paddings(match.node("pad")), _paddings(match.root), strict=True)
    node = match.root.with_inputs(match.tensor("x")).with_attributes(paddings=tuple(a + b for a, b in pairs))
    return Replacement((node,))


def _pads_the_signal(pad: Node) -> bool:
    paddings = _paddings(pad)
    return len(paddings) == 6 and not any(paddings[:2]) and not any(paddings[4:]) and _pads_with_zeros(pad)


def _of_a_signal(match: Match) -> Replacement | None:
    """The convolution of an image of height or width 1 that a padded signal was reshaped to."""
    reshape, value = match.node("reshape"), match.value(match.tensor("x"))
    batch, padded, channels = match.value(str(reshape.inputs[0])).shape
    image = match.value(reshape.outputs[0]).shape
    places = {(batch, 1, padded, channels): 2, (batch, padded, 1, channels): 0}
    if image not in places:
        return None
    own = match.root.attributes.get("padding", (0, 0, 0, 0))
    assert isinstance(own, tuple)
    place, around = places[image], [int(amount) for amount in own]
    around[place : place + 2] = np.add(around[place : place + 2], _paddings(match.node("pad"))[2:4]).tolist()
    shape = tuple(value.shape[1] if axis == place // 2 + 1 else size for axis, size in enumerate(image))
    name = match.fresh_name(f"{reshape.outputs[0]}/unpadded")
    shaped = Node("reshape", (match.tensor("x"),), (name,), {"shape": shape}, reshape.name)
    node = match.root.with_inputs(name, *match.root.inputs[1:]).with_attributes(padding=tuple(around))
    return Replacement((shaped, node), values=(Value(name, value.dtype, shape, value.quantization),))


_IMAGE_PAD = Pattern("pad", (Anything("x"),), name="pad", where=_pads_the_image)
_ZERO_PAD = Pattern(
    "pad", (Anything("x"),), name="pad", where=lambda pad: _pads_the_image(pad) and _pads_with_zeros(pad)
)

RULES = (
    Rule(
        "pad of a pad", Pattern("pad", (Pattern("pad", (Anything("x"),), name="pad"),)), _merge, _pads_alike
    ),
    Rule(
        "zeros into a convolution",
        Pattern(("conv_2d", "depthwise_conv_2d"), (_ZERO_PAD,)),
        _into_padding,
        _keeps_quantization,
    ),
    Rule(
        "zeros of a signal into a convolution",
        Pattern(
            ("conv_2d", "depthwise_conv_2d"),
            (
                Pattern(
                    "reshape",
                    (Pattern("pad", (Anything("x"),), name="pad", where=_pads_the_signal),),
                    name="reshape",
                ),
            ),
        ),
        _of_a_signal,
        _keeps_quantization,
    ),
    Rule(
        "least values into a max pool",
        Pattern("max_pool_2d", (_IMAGE_PAD,)),
        _into_padding,
        _is_exact_for_max,
    ),
)
