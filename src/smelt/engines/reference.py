"""The reference engine: every operator's numpy meaning, in order."""

from __future__ import annotations

from collections.abc import Mapping

from smelt.engines.engine import Engine
from smelt.ir import Array, Graph
from smelt.operators import verify_graph
from smelt.operators.evaluate import evaluate_graph


class ReferenceEngine(Engine):
    """Runs a graph in numpy; slow and right."""

    name = "reference"

    def __init__(self, graph: Graph) -> None:
        self.graph = verify_graph(graph)
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        return evaluate_graph(self.graph, inputs)

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that is computed, by name."""
        tensors: dict[str, Array] = {}
        outputs = evaluate_graph(self.graph, inputs, tensors.__setitem__)
        return {n: a for n, a in {**tensors, **outputs}.items() if n not in self.graph.inputs}
