"""The execution order with the smallest live peak."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smelt.memory.lifetimes import Step, check_steps


@dataclass(frozen=True)
class Order:
    """An execution order as indices into the given steps, and its live peak (without alignment).

    `proved` says that no other order has a smaller peak.
    """

    indices: tuple[int, ...]
    peak_bytes: int
    given_peak_bytes: int
    proved: bool


def best_order(
    steps: Sequence[Step],
    sizes: Mapping[str, int],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    limit: int = 40_000,
) -> Order:
    """The order with the smallest live peak; the given one unless another is strictly better.

    The arguments are those of `lifetimes`. Searches sets of finished steps for an order within a budget of
    bytes, first the largest single step's, then by bisection. `limit` is the number of sets visited in all;
    a budget that a quarter of them does not settle counts as too small. It is not a time, so the result is
    always the same. Raises GraphError as `check_steps` does.
    """
    check_steps(steps, sizes, inputs, outputs)
    graph = _Graph(steps, sizes, inputs, outputs)
    best = given = tuple(range(len(steps)))
    given_peak = high = graph.peak(given)
    low = budget = graph.floor
    left, proved = limit, True
    while low < high:
        found, visited, complete = _within(graph, budget, min(left, limit // 4))
        left -= visited
        if found:
            best = found.indices()
            high = graph.peak(best)
        else:
            low, proved = budget + 1, complete
        budget = (low + high) // 2
    return Order(best, high, given_peak, proved)


@dataclass(frozen=True)
class _State:
    """A set of finished steps (a bit each), how it was reached, and the bytes live then and at the worst."""

    done: int
    live: int
    peak: int
    path: _Link | None

    def indices(self) -> tuple[int, ...]:
        found: list[int] = []
        link = self.path
        while link:
            found.append(link.step)
            link = link.before
        return tuple(reversed(found))


@dataclass(frozen=True)
class _Link:
    step: int
    before: _Link | None


class _Graph:
    """The steps as bit sets and byte counts."""

    def __init__(
        self, steps: Sequence[Step], sizes: Mapping[str, int], inputs: Sequence[str], outputs: Sequence[str]
    ) -> None:
        producer = {name: at for at, step in enumerate(steps) for name in step.outputs}
        readers = dict.fromkeys((*inputs, *producer), 0)
        for at, step in enumerate(steps):
            for name in step.inputs:
                readers[name] |= 1 << at
        kept = set(outputs)
        self.all = (1 << len(steps)) - 1
        self.needs = [sum({1 << producer[n] for n in step.inputs if n in producer}) for step in steps]
        self.made = [sum(sizes[name] for name in step.outputs) for step in steps]
        self.scratch = [step.scratch_bytes for step in steps]
        # What a step may free: (bytes, steps that read it) of all it touches and nobody keeps.
        self.frees = [
            [(sizes[n], readers[n]) for n in dict.fromkeys((*step.inputs, *step.outputs)) if n not in kept]
            for step in steps
        ]
        self.unread = sum(sizes[name] for name in inputs if not readers[name] and name not in kept)
        self.start = _State(0, sum(sizes[name] for name in inputs), 0, None)
        self.floor = max(
            (sum(sizes[n] for n in {*s.inputs, *s.outputs}) + s.scratch_bytes for s in steps), default=0
        )
        self.floor = max(self.floor, self.start.live, sum(sizes[name] for name in kept))

    def ready(self, done: int) -> Iterator[int]:
        """Steps that can run next, in the given order."""
        waiting = self.all & ~done
        while waiting:
            low = waiting & -waiting
            step = low.bit_length() - 1
            if not self.needs[step] & ~done:
                yield step
            waiting ^= low

    def after(self, state: _State, step: int) -> _State:
        """The state after one more step."""
        done = state.done | 1 << step
        during = state.live + self.made[step] + self.scratch[step]
        freed = sum(size for size, readers in self.frees[step] if not readers & ~done)
        if not state.done:
            freed += self.unread
        live = during - self.scratch[step] - freed
        return _State(done, live, max(state.peak, during), _Link(step, state.path))

    def peak(self, order: Sequence[int]) -> int:
        state = self.start
        for step in order:
            state = self.after(state, step)
        return max(state.peak, state.live)

    def successors(self, state: _State, budget: int) -> list[_State]:
        """The states after one more step within the budget; only one where that step cannot be a mistake.

        A step that leaves no more bytes live may run at once: moving it to the front of any completion
        raises no later sum, because what it frees is free from then on.
        """
        found = []
        for step in self.ready(state.done):
            following = self.after(state, step)
            if following.peak <= budget:
                if following.live <= state.live:
                    return [following]
                found.append(following)
        return found


def _within(graph: _Graph, budget: int, limit: int) -> tuple[_State | None, int, bool]:
    """An order within the budget or None, the states visited, and whether None means that there is none.

    The furthest state goes first, of these the one with the fewest bytes live.
    """
    heap = [(0, 0, 0, graph.start)]
    seen = {0}
    visited = 0
    while heap:
        if visited >= limit:
            return None, visited, False
        state = heapq.heappop(heap)[-1]
        if state.done == graph.all:
            return state, visited, True
        visited += 1
        for following in graph.successors(state, budget):
            if following.done not in seen:
                seen.add(following.done)
                heapq.heappush(heap, (-following.done.bit_count(), following.live, len(seen), following))
    return None, visited, True
