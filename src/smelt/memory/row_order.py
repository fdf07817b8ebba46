"""The order in which consecutive layers run their rows: pulled from the last ones."""

from __future__ import annotations

from smelt.memory.row_graph import RowGraph

RowOrder = tuple[tuple[int, int], ...]


def row_order(
    graph: RowGraph, first: int, last: int, *, descending: bool = False, reverse_inputs: bool = False
) -> RowOrder:
    """The (layer, step) of layers first .. last - 1, each as late as it can be.

    Layers that nobody among these reads pull their rows one by one, in turn where there are several; a row
    pulls the input rows that it needs, input by input (`reverse_inputs`: the last input first). Rows
    that nobody needs are left out. `descending` starts with the last row. One layer runs all its steps.
    """
    pull = _Pull(graph, first, last, descending, reverse_inputs)
    sinks = [at for at in range(first, last) if not any(r < last for r, _ in graph.readers[pull.output(at)])]
    while sinks:
        # The one that is furthest behind, so that several ends advance together.
        at = min(sinks, key=lambda sink: (pull.done[sink] / graph.steps[sink], sink))
        pull.advance(at)
        if pull.done[at] == graph.steps[at]:
            sinks.remove(at)
    for at in range(first, last):
        if graph.pending(pull.output(at), last).any():
            while pull.done[at] < graph.steps[at]:
                pull.advance(at)
    return tuple(pull.order)


class _Pull:
    """How far each layer is, and what has run so far."""

    def __init__(
        self, graph: RowGraph, first: int, last: int, descending: bool, reverse_inputs: bool
    ) -> None:
        self.graph = graph
        self.descending = descending
        self.reverse_inputs = reverse_inputs
        self.done = dict.fromkeys(range(first, last), 0)
        self.order: list[tuple[int, int]] = []

    def output(self, at: int) -> str:
        return self.graph.layers[at].output

    def advance(self, at: int) -> None:
        """Run the next step of a layer, and before it what that step needs."""
        step = self.done[at]
        if self.descending:
            step = self.graph.steps[at] - 1 - step
        reads = list(zip(self.graph.layers[at].inputs, self.graph.needs[at], strict=True))
        for read, needs in reversed(reads) if self.reverse_inputs else reads:
            maker = self.graph.producer.get(read.tensor, -1)
            low, high = needs[step]
            if maker in self.done and low <= high:
                wanted = self._steps_for(maker, low, high)
                while self.done[maker] < wanted:
                    self.advance(maker)
        self.order.append((at, step))
        self.done[at] += 1

    def _steps_for(self, maker: int, low: int, high: int) -> int:
        """How many steps of a layer make its output rows low .. high."""
        steps = self.graph.steps[maker]
        if self.graph.layers[maker].accumulates:
            return steps
        return steps - low if self.descending else high + 1
