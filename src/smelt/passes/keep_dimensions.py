"""A dense layer between reshapes to rows and back keeps its input's dimensions instead."""

from __future__ import annotations

from dataclasses import replace

from smelt.ir import Graph
from smelt.ir.rewrite import Anything, Match, Pattern, Replacement, Rule, apply_rules


def keep_dimensions(graph: Graph) -> Graph:
    """Let fully connected layers read what was reshaped to rows, where the result gets those dimensions back."""
    return apply_rules(graph, RULES)


def _kept(match: Match) -> Replacement | None:
    dense, data = match.node("dense"), match.value(match.tensor("x"))
    rows = match.value(dense.outputs[0])
    read = match.value(str(dense.inputs[0]))
    if data.shape[-1:] != read.shape[-1:] or rows.quantization != match.output.quantization:
        return None
    if match.output.shape != (*data.shape[:-1], rows.shape[-1]):
        return None
    node = dense.with_inputs(match.tensor("x"), *dense.inputs[1:]).with_attributes(keep_dims=True)
    return Replacement((replace(node, outputs=match.root.outputs),))


RULES = (
    Rule(
        "dense layer between reshapes",
        Pattern(
            "reshape",
            (
                Pattern(
                    "fully_connected",
                    (Pattern("reshape", (Anything("x"),)),),
                    name="dense",
                    single_use=True,
                ),
            ),
        ),
        _kept,
    ),
)
