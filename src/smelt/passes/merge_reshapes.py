"""A chain of reshapes becomes one reshape, and every other change of shape is written as a reshape too."""

from __future__ import annotations

from smelt.ir import Graph, Node
from smelt.ir.rewrite import Anything, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator


def merge_reshapes(graph: Graph) -> Graph:
    """Let reshapes read what their input was reshaped from; squeeze and expand_dims become reshape."""
    return apply_rules(graph, RULES)


def _is_alias(node: Node) -> bool:
    return find_operator(node.operator).traits.alias and node.operator != "bitcast"


def _is_other_alias(node: Node) -> bool:
    return _is_alias(node) and node.operator != "reshape"


def _reshape(match: Match) -> Replacement:
    node = Node(
        "reshape", (match.tensor("x"),), match.root.outputs, {"shape": match.output.shape}, match.root.name
    )
    return Replacement((node,))


RULES = (
    Rule("reshape of a reshape", Pattern(_is_alias, (Pattern(_is_alias, (Anything("x"),)),)), _reshape),
    Rule("change of shape as reshape", Pattern(_is_other_alias, (Anything("x"),)), _reshape),
)
