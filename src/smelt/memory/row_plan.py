"""Plans below the live peak: layers run over their own inputs, and in turn through rings of rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal

from smelt.errors import UsageError
from smelt.memory.check_rows import check_row_plan
from smelt.memory.episode import Episode
from smelt.memory.groups import Groups, Partition
from smelt.memory.layout import plan as plan_buffers
from smelt.memory.lifetimes import Step, lifetimes
from smelt.memory.placement import SEARCH_NODES, place
from smelt.memory.row_graph import RowGraph
from smelt.memory.rows import RowLayer, RowPlan, RowStep, RowTensor
from smelt.memory.time_search import Setting

Mode = Literal["whole", "overlap", "stream"]

_PARTITIONS = 8
_RANKING_NODES = 1_500
_CHEAPER_PARTITIONS = 3
_NEXT_TO_NOTHING = 0.02


def plan_rows(
    layers: Sequence[RowLayer],
    tensors: Sequence[RowTensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    mode: Mode = "overlap",
    ram_bytes: int | None = None,
    price_limit: float = inf,
    keep_inputs: bool = False,
    solver_effort: float = 1.0,
) -> RowPlan:
    """Plan the arena of `layers`, which run in the order given.

    mode "whole": tensors are live as a whole; the fastest kernels.
    mode "overlap": layers run one after another, and an output may lie where rows of an input were.
    mode "stream": consecutive layers may also run in turn, a few rows at a time, through rings.

    With `ram_bytes` the plan is the cheapest one found that takes no more, or the smallest one found where
    none does: compare `arena_bytes`. Without it "overlap" gives the smallest arena of the fastest
    kernels, "stream" the smallest one whose price is at most `price_limit`. `keep_inputs`: the inputs are
    intact at the end. Inputs outside the arena are left out of `tensors`, `inputs` and the layers' inputs.
    The same arguments give the same plan (of one version of OR-tools, where it is installed; `solver_effort`
    0 does without). Every plan has passed `check_row_plan`. Raises GraphError for layers and tensors that
    contradict each other.
    """
    if mode not in ("whole", "overlap", "stream"):
        raise UsageError(f"mode '{mode}' is not one of whole, overlap, stream")
    graph = RowGraph(layers, tensors, inputs, outputs, keep_inputs)
    made = _whole(graph)
    if mode != "whole" and graph.layers and not (ram_bytes is not None and made.arena_bytes <= ram_bytes):
        planner = _Planner(graph, mode == "stream", ram_bytes, price_limit, solver_effort)
        found = planner.plan()
        made = found if found.arena_bytes < made.arena_bytes else made
    check_row_plan(layers, tensors, made, inputs, outputs, keep_inputs)
    return made


class _Planner:
    """Looks for the partition and placement that the caller asked for."""

    def __init__(
        self, graph: RowGraph, stream: bool, ram_bytes: int | None, price_limit: float, effort: float
    ) -> None:
        self.graph = graph
        self.ram_bytes = ram_bytes
        self.price_limit = price_limit
        self.effort = effort
        self.groups = Groups(graph, stream=stream, any_kernel=stream or ram_bytes is not None)
        self.stream = stream

    def plan(self) -> RowPlan:
        if self.ram_bytes is not None:
            return self._within(self.ram_bytes)
        if not self.stream:
            return self._plan(self._partition(self.groups.free_peak), 0, self.effort)
        return self._smallest()

    def _partition(self, budget: int) -> Partition:
        found = self.groups.cheapest(budget)
        assert found, "the budget is one that a partition was found for"
        return found

    def _within(self, ram_bytes: int) -> RowPlan:
        """The first plan that fits, of partitions with ever smaller peaks and higher prices."""
        best = None
        partition = self.groups.cheapest(ram_bytes)
        for _ in range(_PARTITIONS):
            if not partition:
                break
            made = self._plan(partition, ram_bytes, self.effort)
            if made.arena_bytes <= ram_bytes:
                return made
            best = made if best is None or made.arena_bytes < best.arena_bytes else best
            partition = self.groups.cheapest(partition.peak_bytes - 1)
        smallest = self._smallest()
        return smallest if best is None or smallest.arena_bytes < best.arena_bytes else best

    def _smallest(self) -> RowPlan:
        """The smallest arena of partitions with the least peak and slightly larger ones."""
        budget = least = self.groups.least_peak(self.price_limit)
        chosen = self._partition(least)
        best = self._plan(chosen, 0, 0, _RANKING_NODES)
        tried = {chosen}
        while len(tried) < _PARTITIONS and budget < best.arena_bytes:
            budget += max(least // 64, 1)
            partition = self._partition(budget)
            if partition not in tried:
                tried.add(partition)
                made = self._plan(partition, 0, 0, _RANKING_NODES)
                if made.arena_bytes < best.arena_bytes:
                    best, chosen = made, partition
        if best.arena_bytes > best.bound_bytes:
            made = self._plan(chosen, 0, self.effort)
            best = made if made.arena_bytes < best.arena_bytes else best
        return best if self.price_limit == inf else self._cheaper(best)

    def _cheaper(self, best: RowPlan) -> RowPlan:
        """The cheapest plan found that takes hardly more bytes than the best one: they are not worth any cycles."""
        enough = int(best.arena_bytes * (1 + _NEXT_TO_NOTHING))
        partition = self.groups.cheapest(enough)
        for _ in range(_CHEAPER_PARTITIONS):
            if not partition or partition.price >= best.price:
                break
            made = self._plan(partition, enough, self.effort)
            if made.arena_bytes <= enough:
                return made
            partition = self.groups.cheapest(partition.peak_bytes - 1)
        return best

    def _plan(self, partition: Partition, goal: int, effort: float, nodes: int = SEARCH_NODES) -> RowPlan:
        """Place a partition's buffers."""
        options = [[Episode(self.graph, o.variant) for o in episode] for episode in partition.episodes]
        units = [[_entry(self.graph)], *([_setting(e) for e in episode] for episode in options)]
        bound = max(partition.peak_bytes, sum(size for size, _ in units[0][0].sizes.values()))
        placed, method = place(units, bound, goal=goal, nodes=nodes, solver_effort=effort)
        episodes = [options[at][choice] for at, choice in enumerate(placed.choices[1:])]
        rings = {name: tensor.rows for name, tensor in self.graph.tensors.items()}
        for episode in episodes:
            rings |= {b.name: b.rows for b in episode.buffers if b.name in rings}
        return RowPlan(
            steps=_steps(self.graph, episodes),
            offsets=placed.bases,
            ring_rows=rings,
            kernels={
                self.graph.layers[at].name: kernel
                for episode in episodes
                for at, kernel in enumerate(episode.variant.kernels, episode.variant.first)
            },
            groups=tuple(
                tuple(layer.name for layer in self.graph.layers[e.variant.first : e.variant.last])
                for e in episodes
                if e.streams
            ),
            arena_bytes=placed.arena_bytes,
            bound_bytes=bound,
            price=sum(episode.price for episode in episodes),
            method=method,
        )


def _entry(graph: RowGraph) -> Setting:
    """The moment before the first layer: all inputs are there."""
    tensors = [graph.tensors[name] for name in graph.inputs]
    gaps = {
        (a.name, b.name): ((-b.bytes, a.bytes),)
        for at, b in enumerate(tensors)
        for a in tensors[:at]
        if a.bytes and b.bytes
    }
    return Setting({tensor.name: (tensor.bytes, tensor.alignment) for tensor in tensors}, gaps)


def _setting(episode: Episode) -> Setting:
    return Setting({b.name: (b.bytes, b.alignment) for b in episode.buffers}, episode.gaps)


def _steps(graph: RowGraph, episodes: Sequence[Episode]) -> tuple[RowStep, ...]:
    """The row steps of all episodes, consecutive ones of a layer joined."""
    found: list[RowStep] = []
    for episode in episodes:
        down = episode.variant.descending
        runs: list[RowStep] = []
        for at, step in episode.order:
            name = graph.layers[at].name
            if runs and runs[-1].layer == name:
                first = step if down else runs[-1].first_row
                runs[-1] = RowStep(name, first, runs[-1].count + 1, down)
            else:
                runs.append(RowStep(name, step, 1, down))
        found += runs
    return tuple(found)


def _whole(graph: RowGraph) -> RowPlan:
    """The plan of whole tensors with disjoint lifetimes."""
    kernels = {}
    steps = []
    for layer in graph.layers:
        best = min(
            range(len(layer.kernels)), key=lambda n: (layer.kernels[n].price, layer.kernels[n].scratch_bytes)
        )
        kernel = layer.kernels[best]
        kernels[layer.name] = best
        reads = tuple(dict.fromkeys(read.tensor for read in layer.inputs))
        steps.append(Step(layer.name, reads, (layer.output,), kernel.scratch_bytes, kernel.scratch_alignment))
    made = plan_buffers(
        lifetimes(
            steps,
            {name: tensor.bytes for name, tensor in graph.tensors.items()},
            graph.inputs,
            sorted(graph.kept),
            {name: tensor.alignment for name, tensor in graph.tensors.items()},
        )
    )
    return RowPlan(
        steps=tuple(
            RowStep(layer.name, 0, count) for layer, count in zip(graph.layers, graph.steps, strict=True)
        ),
        offsets=made.offsets,
        ring_rows={name: tensor.rows for name, tensor in graph.tensors.items()},
        kernels=kernels,
        groups=(),
        arena_bytes=made.arena_bytes,
        bound_bytes=made.bound_bytes,
        price=sum(layer.kernels[kernels[layer.name]].price for layer in graph.layers),
        method=made.method,
    )
