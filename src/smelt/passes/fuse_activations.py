"""An activation becomes the `activation` attribute of the node before it."""

from __future__ import annotations

from smelt.ir import Graph, Node
from smelt.ir.rewrite import Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator
from smelt.operators.fixed_point import ACTIVATIONS


def fuse_activations(graph: Graph) -> Graph:
    """Move activations into producers that can apply them, where the result stays the same.

    A quantized activation is only moved when it keeps scale and zero point: then it is a clamp of the
    same integers.  With other parameters it rounds a second time, which a fused one would not.
    """
    return apply_rules(graph, RULES)


def _is_activation(node: Node) -> bool:
    return find_operator(node.operator).traits.activation is not None


def _fuses_activation(node: Node) -> bool:
    return find_operator(node.operator).traits.fuses_activation


def _clamps_only(match: Match) -> bool:
    before, after = match.value(match.node("producer").outputs[0]), match.output
    return before.dtype is after.dtype and before.quantization == after.quantization


def _combined(first: str, second: str) -> str | None:
    """The activation that clamps like one after the other, when it has a name."""
    low = max(ACTIVATIONS[first][0], ACTIVATIONS[second][0])
    high = min(ACTIVATIONS[first][1], ACTIVATIONS[second][1])
    return next((name for name, bounds in ACTIVATIONS.items() if bounds == (low, high)), None)


def _fuse(match: Match) -> Replacement | None:
    producer, activation = match.node("producer"), match.node("activation")
    later = find_operator(activation.operator).traits.activation
    fused = _combined(str(producer.attributes.get("activation", "none")), str(later))
    if fused is None:
        return None
    attributes = {**producer.attributes, "activation": fused}
    return Replacement(
        (Node(producer.operator, producer.inputs, activation.outputs, attributes, producer.name),)
    )


RULES = (
    Rule(
        "activation into its producer",
        Pattern(
            _is_activation,
            (Pattern(_fuses_activation, name="producer", single_use=True),),
            name="activation",
        ),
        _fuse,
        where=_clamps_only,
    ),
)
