"""Multiplications and additions of channels by constants, as batch normalization leaves them, go into weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Array, DType, Graph, Node, Value
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator

Floats = NDArray[np.float64]


def fold_batch_normalization(graph: Graph) -> Graph:
    """Fold mul, add and sub by per-channel constants into float layers next to them.

    After a layer they scale its weights and change its bias.  Before it a multiplication is folded
    always, an addition only into a layer without padding, since padding is not added to.  Weights that
    several layers share are not scaled.  Results change by float32 rounding only.
    """
    return apply_rules(graph, RULES)


def _has_weights(node: Node) -> bool:
    return find_operator(node.operator).traits.weights is not None


def _is_plain(node: Node) -> bool:
    return node.attributes.get("activation", "none") == "none"


def _per_channel(array: Array, channels: int) -> Floats | None:
    """The constant as one number a channel (the last dimension), or None when it is something else."""
    if array.size == 1:
        return np.full(channels, array.reshape(-1)[0], np.float64)
    return array.reshape(-1).astype(np.float64) if array.shape[-1] == array.size == channels else None


AffineOf = Callable[[Floats], tuple[Floats, Floats]]

AFFINE: Mapping[str, tuple[str, bool, AffineOf]] = {
    "multiplication": ("mul", True, lambda c: (c, np.zeros_like(c))),
    "addition": ("add", True, lambda c: (np.ones_like(c), c)),
    "subtraction": ("sub", False, lambda c: (np.ones_like(c), -c)),
}
"""Name → operator, whether its operands may be exchanged, and (scale, offset) of x → scale * x + offset."""


def _reversed_subtraction(c: Floats) -> tuple[Floats, Floats]:
    return -np.ones_like(c), c


def _after(affine: AffineOf) -> Callable[[Match], Replacement | None]:
    """What builds a layer that also does the step after it."""

    def build(match: Match) -> Replacement | None:
        layer, step = match.node("layer"), match.root
        constants = _trained(match, layer)
        if constants is None or match.value(layer.outputs[0]).shape != match.output.shape:
            return None
        weights, bias, channel_axis = constants
        c = _per_channel(_array(match, "c"), weights.shape[channel_axis])
        if c is None:
            return None
        scale, offset = affine(c)
        shape = [1] * weights.ndim
        shape[channel_axis] = -1
        attributes = {**layer.attributes, "activation": step.attributes.get("activation", "none")}
        node = Node(layer.operator, layer.inputs, step.outputs, attributes, layer.name)
        return _retrained(match, node, weights * scale.reshape(shape), bias * scale + offset)

    return build


def _before(affine: AffineOf) -> Callable[[Match], Replacement | None]:
    """What builds a layer that also does the step before it."""

    def build(match: Match) -> Replacement | None:
        layer, x = match.root, match.value(match.tensor("x"))
        constants = _trained(match, layer)
        if constants is None or x.shape != match.value(match.node("step").outputs[0]).shape:
            return None
        weights, bias, channel_axis = constants
        c = _per_channel(_array(match, "c"), x.shape[-1])
        spread = None if c is None else INPUT_CHANNELS[layer.operator](weights, c)
        if spread is None:
            return None
        scale, offset = affine(spread)
        if offset.any() and any(np.ravel(layer.attributes.get("padding", 0))):
            return None
        others = tuple(axis for axis in range(weights.ndim) if axis != channel_axis)
        node = layer.with_inputs(x.name, *layer.inputs[1:])
        return _retrained(match, node, weights * scale, bias + (weights * offset).sum(axis=others))

    return build


INPUT_CHANNELS: Mapping[str, Callable[[Floats, Floats], Floats | None]] = {
    "conv_2d": lambda weights, c: c if weights.shape[3] == c.size else None,
    "depthwise_conv_2d": lambda weights, c: np.repeat(c, weights.shape[3] // c.size),
    "fully_connected": lambda weights, c: c if weights.shape[1] == c.size else None,
}
"""A number for each input channel, spread along the last dimension of the weights; None where that is not it."""


def _array(match: Match, name: str) -> Array:
    array = match.array(match.tensor(name))
    assert array is not None
    return array


def _trained(match: Match, layer: Node) -> tuple[Floats, Floats, int] | None:
    """Weights, bias (zeros when absent) and channel axis of a float layer, or None if they are not its own."""
    role = find_operator(layer.operator).traits.weights
    assert role is not None
    name = layer.inputs[role.input]
    weights = match.array(name)
    if name is None or weights is None or match.value(name).dtype is not DType.F32 or role.bias is None:
        return None
    channels = weights.shape[role.channel_axis]
    bias_name = layer.inputs[role.bias] if len(layer.inputs) > role.bias else None
    bias = np.zeros(channels) if bias_name is None else match.array(bias_name)
    if bias is None or match.uses(name) != 1:
        return None
    return weights.astype(np.float64), bias.astype(np.float64), role.channel_axis


def _retrained(match: Match, layer: Node, weights: Floats, bias: Floats) -> Replacement | None:
    """The layer with other weights and bias, where they differ; None where they do not fit float32."""
    role = find_operator(layer.operator).traits.weights
    assert role is not None
    assert role.bias is not None
    inputs: list[str | None] = [*layer.inputs, *[None] * (role.bias + 1 - len(layer.inputs))]
    values, constants = [], {}
    for index, array, stem in ((role.input, weights, "weights"), (role.bias, bias, f"{layer.name}/bias")):
        if not (np.abs(array) < np.finfo(np.float32).max).all():
            return None
        old = match.array(inputs[index])
        if np.array_equal(array, np.zeros_like(array) if old is None else old):
            continue
        name = match.fresh_name(inputs[index] or stem)
        inputs[index] = name
        values.append(Value(name, DType.F32, array.shape))
        constants[name] = np.asarray(array, np.float32)
    while inputs[-1] is None:
        inputs.pop()
    return Replacement((layer.with_inputs(*inputs),), tuple(values), constants)


def _is_float(match: Match) -> bool:
    return match.output.dtype is DType.F32


def _merge(combine: Callable[[Floats, Floats], Floats]) -> Callable[[Match], Replacement | None]:
    """What builds one step by a combined constant out of two steps."""

    def build(match: Match) -> Replacement | None:
        first, second = _array(match, "a"), _array(match, "b")
        combined = np.asarray(combine(first.astype(np.float64), second.astype(np.float64)), np.float32)
        if combined.size > max(first.size, second.size) or not np.isfinite(combined).all():
            return None
        name = match.fresh_name(match.tensor("b"))
        node = match.root.with_inputs(match.tensor("x"), name)
        return Replacement((node,), (Value(name, DType.F32, combined.shape),), {name: combined})

    return build


_LAYER = Pattern(_has_weights, name="layer", where=_is_plain, single_use=True)


def _step(operator: str, either_order: bool) -> Pattern:
    return Pattern(
        operator,
        (Anything("x"), Constant("c")),
        name="step",
        where=_is_plain,
        single_use=True,
        either_order=either_order,
    )


def _chain(operator: str) -> Pattern:
    inner = Pattern(
        operator, (Anything("x"), Constant("a")), where=_is_plain, single_use=True, either_order=True
    )
    return Pattern(operator, (inner, Constant("b")), either_order=True)


RULES = (
    *(
        Rule(
            f"{name} after a layer",
            Pattern(operator, (_LAYER, Constant("c")), either_order=either),
            _after(affine),
            _is_float,
        )
        for name, (operator, either, affine) in AFFINE.items()
    ),
    Rule(
        "subtraction of a layer",
        Pattern("sub", (Constant("c"), _LAYER)),
        _after(_reversed_subtraction),
        _is_float,
    ),
    *(
        Rule(
            f"{name} before a layer",
            Pattern(tuple(INPUT_CHANNELS), (_step(operator, either),)),
            _before(affine),
            _is_float,
        )
        for name, (operator, either, affine) in AFFINE.items()
    ),
    Rule("two multiplications", _chain("mul"), _merge(np.multiply), _is_float),
    Rule("two additions", _chain("add"), _merge(np.add), _is_float),
)
