"""The fewest bytes that any order of rows takes: no plan of these layers can have a smaller arena."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smelt.memory.row_graph import RowGraph
from smelt.memory.rows import RowLayer, RowTensor

State = tuple[int, ...]
"""How many steps of each layer are done."""


@dataclass(frozen=True)
class RowBound:
    """`bytes` is a bound below every plan; `reached`: some order of rows takes no more, workspaces left out."""

    bytes: int
    reached: bool


def row_bound(
    layers: Sequence[RowLayer],
    tensors: Sequence[RowTensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    keep_inputs: bool = False,
    most_states: int = 20_000,
) -> RowBound:
    """Search the orders of rows, the one that takes the fewest bytes so far first.

    Counted are the rows that exist and that a later step needs; the row being written, unless one of the layer's
    kernels can write it over rows that only this step reads; and sums over rows.  Other workspaces, alignment and the
    holes between tensors come on top, so this is a bound below every plan.  After `most_states` states the search
    gives up with the bound that it has proved until then.
    """
    return _Search(RowGraph(layers, tensors, inputs, outputs, keep_inputs)).run(most_states)


class _Search:
    def __init__(self, graph: RowGraph) -> None:
        self.graph = graph
        self.whole = [all(kernel.whole for kernel in layer.kernels) for layer in graph.layers]
        self.steps = [1 if w else count for w, count in zip(self.whole, graph.steps, strict=True)]
        self.overlaps = [_overlaps(layer) for layer in graph.layers]
        self.sums = [
            min(kernel.scratch_bytes for kernel in layer.kernels) if layer.accumulates else 0
            for layer in graph.layers
        ]
        # rows, as bits, that steps from s on need: by layer and input
        self.wanted = [
            [self._wanted(at, needs) for needs in graph.needs[at]] for at in range(len(graph.layers))
        ]
        self.last = [[self._last(at, needs) for needs in graph.needs[at]] for at in range(len(graph.layers))]
        self.readers: dict[str, list[tuple[int, int]]] = {name: [] for name in graph.tensors}
        for at, layer in enumerate(graph.layers):
            for k, read in enumerate(layer.inputs):
                self.readers[read.tensor].append((at, k))

    def run(self, most_states: int) -> RowBound:
        start = (0,) * len(self.steps)
        live = self._live(start)
        queue = [(live, 0, start)]
        best = {start: live}
        for _ in range(most_states):
            bound, _, state = heapq.heappop(queue)
            state = self._free_steps(state, bound)
            if state == tuple(self.steps):
                return RowBound(bound, True)
            for after, during in self._next(state):
                reached = max(bound, during)
                if reached < best.get(after, reached + 1):
                    best[after] = reached
                    heapq.heappush(queue, (reached, -sum(after), after))
        return RowBound(queue[0][0], False)

    def _free_steps(self, state: State, bound: int) -> State:
        """After all steps that keep to the bound and leave no more bytes than there were: taking them cannot hurt."""
        taken = True
        while taken:
            taken = False
            before = self._live(state)
            for after, during in self._next(state):
                if during <= bound and self._live(after) <= before:
                    state, taken = after, True
                    break
        return state

    def _next(self, state: State) -> Iterator[tuple[State, int]]:
        """The states after one more step, with the bytes while it runs."""
        before = self._live(state)
        for at, layer in enumerate(self.graph.layers):
            step = state[at]
            if step == self.steps[at] or not self._is_ready(state, at, step):
                continue
            after = (*state[:at], step + 1, *state[at + 1 :])
            tensor = self.graph.tensors[layer.output]
            rows = self._computed(layer.output, after) - self._computed(layer.output, state)
            apart = 0 if self.overlaps[at] else before + rows * tensor.row_bytes
            yield after, max(before, self._live(after), apart)

    def _is_ready(self, state: State, at: int, step: int) -> bool:
        inputs = self.graph.layers[at].inputs
        return all(
            last[step] < self._computed(read.tensor, state)
            for read, last in zip(inputs, self.last[at], strict=True)
        )

    def _computed(self, tensor: str, state: State) -> int:
        """The rows of a tensor that exist."""
        rows = self.graph.tensors[tensor].rows
        at = self.graph.producer.get(tensor)
        if at is None:
            return rows
        if self.whole[at] or self.graph.layers[at].accumulates:
            return rows if state[at] == self.steps[at] else 0
        return state[at]

    def _live(self, state: State) -> int:
        """The bytes of sums that are under way, and of rows that exist and are needed later."""
        total = sum(
            sums for sums, done, steps in zip(self.sums, state, self.steps, strict=True) if 0 < done < steps
        )
        for name, tensor in self.graph.tensors.items():
            exist = (1 << self._computed(name, state)) - 1
            if name not in self.graph.kept:
                wanted = 0
                for at, k in self.readers[name]:
                    wanted |= self.wanted[at][k][state[at]]
                exist &= wanted
            total += exist.bit_count() * tensor.row_bytes
        return total

    def _wanted(self, at: int, needs: Sequence[tuple[int, int]]) -> list[int]:
        rows = [sum(1 << row for row in range(first, last + 1)) for first, last in needs]
        masks = [0]
        for mask in reversed(rows):
            masks.append(masks[-1] | mask)
        masks.reverse()
        return [masks[0], 0] if self.whole[at] else masks

    def _last(self, at: int, needs: Sequence[tuple[int, int]]) -> list[int]:
        """The last row that must exist before each step; -1 for none."""
        ends = [last if last >= first else -1 for first, last in needs]
        return [max(ends, default=-1)] if self.whole[at] else ends


def _overlaps(layer: RowLayer) -> bool:
    """Whether a kernel of the layer can write over rows that only the same step reads."""
    elementwise = any(read.elementwise for read in layer.inputs)
    return any(
        kernel.buffered or kernel.keeps_rows or kernel.in_place or (elementwise and kernel.elementwise)
        for kernel in layer.kernels
    )
