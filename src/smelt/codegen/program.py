"""A graph made ready for C: layers in order, every tensor given its place in the arena."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smelt.codegen.layers import ArenaTensors, Layer, arena_tensors, for_one_row, make_layers, planner_step
from smelt.codegen.nibbles import with_packed_nibbles
from smelt.codegen.options import BALANCED, Options
from smelt.codegen.packing import BLOCK_BYTES, pack
from smelt.codegen.row_planning import layer_name, plan_arena
from smelt.errors import CompileError
from smelt.ir import Graph
from smelt.memory import Buffer, Plan, best_order, lifetimes, peak_bound, plan
from smelt.memory.rows import RowPlan
from smelt.operators import verify_graph
from smelt.operators.rows import row_count
from smelt.targets import Target

MOST_ALIVE = 24
"""With more tensors than this alive at once, only whole tensors are planned: the search by rows would take minutes."""


@dataclass(frozen=True)
class Group:
    """Layers that run in turn, a row at a time.

    `schedule` names the layer of each step by its place in `layers`; the step computes the next row of it.
    """

    number: int
    layers: tuple[Layer, ...]
    schedule: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """What the C writer needs to know.

    `parts` is what is executed, in order.  `offsets` gives the arena offset in bytes of every tensor
    that lives there, `ring_rows` how many of its rows are kept (row r at r modulo that),
    `scratch_offsets` the place of each layer's workspace.  `external` names for every other tensor the input
    that it is or renames, which stays with the caller.  `live_peak_bytes` is the largest sum of whole
    tensors and scratch alive at once: what an arena takes in which no tensor lies over another.
    `external_input`: `invoke` takes all inputs as arguments; those with a place in the arena it copies there.
    """

    graph: Graph
    target: Target
    parts: tuple[Layer | Group, ...]
    offsets: Mapping[str, int]
    external: Mapping[str, str]
    ring_rows: Mapping[str, int]
    scratch_offsets: Mapping[int, int]
    plan: Plan | RowPlan
    live_peak_bytes: int
    external_input: bool
    input_preserved: bool
    output_survives_input: bool

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, in the order of their numbers."""
        found: list[Layer] = []
        for part in self.parts:
            found.extend(part.layers if isinstance(part, Group) else (part,))
        return tuple(sorted(found, key=lambda layer: layer.index))

    @property
    def stale_input(self) -> tuple[tuple[int, int], ...]:
        """(offset, bytes) of what was input and is no output when `invoke` returns; nothing if inputs are preserved."""
        if self.input_preserved:
            return ()
        stale = np.zeros(self.plan.arena_bytes + 1, np.int8)
        for names, mark in ((self.graph.inputs, 1), (self.graph.outputs, 0)):
            for name in names:
                stale[self.offsets[name] : self.offsets[name] + self.graph.values[name].bytes] = mark
        edges = np.flatnonzero(np.diff(stale, prepend=0)).tolist()
        return tuple((start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of layers that run row by row."""
        return tuple(part for part in self.parts if isinstance(part, Group))


def build_program(
    graph: Graph, target: Target, *, keep_all: bool = False, options: Options = BALANCED
) -> Program:
    """Choose kernels, order the layers and plan memory for a target.

    With `keep_all` every tensor keeps its own memory to the end, so that intermediate results can
    be read after `invoke`.  Raises UnsupportedError when a node has no kernel for its types,
    CompileError when a RAM budget cannot be met.
    """
    verify_graph(graph)
    if not graph.outputs:
        raise CompileError(f"'{graph.name}' computes nothing")
    graph, options = with_packed_nibbles(graph, target, options)
    held = arena_tensors(graph, options, keep_all=keep_all)
    home, arrive, leave = held.home, held.arrive, held.leave
    plain = make_layers(graph, target, options)
    layers = pack(plain, target, options)
    wide = _most_alive(graph, target, layers, home, arrive, leave) > MOST_ALIVE
    if keep_all or wide or any(len(layer.node.outputs) != 1 for layer in layers):
        return _whole(graph, target, layers, held, options)
    enough = None
    if any(layer.packed for layer in layers):
        plain = _ordered(graph, target, plain, home, arrive, leave)
        enough = plan_arena(graph, plain, home, target, arrive, leave, options)[0].arena_bytes + BLOCK_BYTES
    layers = _ordered(graph, target, layers, home, arrive, leave)
    made, layers = plan_arena(graph, layers, home, target, arrive, leave, options, enough)
    rows = {root: row_count(graph.values[root]) for root in home.values()}
    sizes = {root: graph.values[root].bytes // max(rows[root], 1) * made.ring_rows[root] for root in rows}
    return Program(
        graph=graph,
        target=target,
        parts=tuple(_parts(layers, made, target)),
        offsets={name: made.offsets[root] for name, root in home.items()},
        external=held.external,
        ring_rows={name: row_count(graph.values[name]) for name in held.external}
        | {
            # the planner keeps a tensor whole that is also read as another number of rows
            name: made.ring_rows[root]
            if rows[root] == row_count(graph.values[name])
            else row_count(graph.values[name])
            for name, root in home.items()
        },
        scratch_offsets={
            layer.index: made.offsets[f"{layer_name(layer)}.scratch"]
            for layer in layers
            if layer.scratch_bytes
        },
        plan=made,
        live_peak_bytes=_live_peak(graph, target, layers, home, arrive, leave),
        external_input=options.external_input,
        input_preserved=options.keep_input
        or options.external_input
        or _untouched(graph, home, sizes, layers, made.offsets),
        output_survives_input=options.external_input or _apart(graph, home, sizes, made.offsets),
    )


def _most_alive(
    graph: Graph,
    target: Target,
    layers: Sequence[Layer],
    home: Mapping[str, str],
    arrive: Sequence[str],
    leave: Sequence[str],
) -> int:
    """The largest number of tensors and workspaces that are alive at once."""
    alive = [0] * max(len(layers), 1)
    for buffer in _lifetimes(graph, target, layers, home, arrive, leave):
        for step in range(buffer.first, buffer.last + 1):
            alive[step] += 1
    return max(alive)


def _whole(
    graph: Graph,
    target: Target,
    layers: tuple[Layer, ...],
    held: ArenaTensors,
    options: Options,
) -> Program:
    """Every tensor whole, in the order given."""
    home = held.home
    sizes = {root: graph.values[root].bytes for root in home.values()}
    buffers = _lifetimes(graph, target, layers, home, held.arrive, held.leave)
    # the searches' work a step grows with the number of buffers
    effort = min(1.0, 40 / max(len(buffers), 1)) ** 2
    made = plan(buffers, iterations=int(2_000 * effort), nodes=int(20_000 * effort))
    return Program(
        graph=graph,
        target=target,
        parts=layers,
        offsets={name: made.offsets[root] for name, root in home.items()},
        external=held.external,
        ring_rows={name: row_count(graph.values[name]) for name in (*home, *held.external)},
        scratch_offsets={
            layer.index: made.offsets[f"{layer_name(layer)}.scratch"]
            for layer in layers
            if layer.scratch_bytes
        },
        plan=made,
        live_peak_bytes=made.bound_bytes,
        external_input=options.external_input,
        input_preserved=options.external_input or _untouched(graph, home, sizes, layers, made.offsets),
        output_survives_input=options.external_input or _apart(graph, home, sizes, made.offsets),
    )


def _lifetimes(
    graph: Graph,
    target: Target,
    layers: Sequence[Layer],
    home: Mapping[str, str],
    arrive: Sequence[str],
    leave: Sequence[str],
) -> tuple[Buffer, ...]:
    """The buffers of whole tensors and scratch."""
    sizes = {root: graph.values[root].bytes for root in home.values()}
    alignments = {root: max(target.alignment_bytes, 4) for root in sizes}
    for name, root in home.items():
        alignments[root] = max(alignments[root], graph.values[name].dtype.numpy.itemsize)
    steps = [planner_step(layer, home, target) for layer in layers]
    return lifetimes(steps, sizes, arrive, leave, alignments)


def _live_peak(
    graph: Graph,
    target: Target,
    layers: Sequence[Layer],
    home: Mapping[str, str],
    arrive: Sequence[str],
    leave: Sequence[str],
) -> int:
    return peak_bound(_lifetimes(graph, target, layers, home, arrive, leave)).bytes


def _ordered(
    graph: Graph,
    target: Target,
    layers: tuple[Layer, ...],
    home: Mapping[str, str],
    arrive: Sequence[str],
    leave: Sequence[str],
) -> tuple[Layer, ...]:
    """The layers in the execution order with the smallest live peak, numbered anew."""
    sizes = {root: graph.values[root].bytes for root in home.values()}
    steps = [planner_step(layer, home, target) for layer in layers]
    order = best_order(steps, sizes, arrive, leave).indices
    return tuple(replace(layers[old], index=new + 1) for new, old in enumerate(order))


def _parts(layers: Sequence[Layer], made: RowPlan, target: Target) -> Iterator[Layer | Group]:
    """Layers and groups in the plan's order."""
    by_name = {layer_name(layer): layer for layer in layers}
    group_of = {name: number for number, names in enumerate(made.groups, start=1) for name in names}
    done: set[int] = set()
    for step in made.steps:
        number = group_of.get(step.layer)
        if number is None:
            yield by_name[step.layer]
        elif number not in done:
            done.add(number)
            names = made.groups[number - 1]
            steps = [
                (names.index(s.layer), row)
                for s in made.steps
                if s.layer in names
                for row in range(s.first_row, s.first_row + s.count)
            ]
            yield Group(number, tuple(for_one_row(by_name[name], target) for name in names), _schedule(steps))


def _schedule(steps: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The layer of each step; its rows count up from 0, though the last ones may be left out if unread."""
    layers = tuple(layer for layer, _ in steps)
    assert all(row == layers[:at].count(layer) for at, (layer, row) in enumerate(steps))
    return layers


def _untouched(
    graph: Graph,
    home: Mapping[str, str],
    sizes: Mapping[str, int],
    layers: Sequence[Layer],
    offsets: Mapping[str, int],
) -> bool:
    """Whether nothing else ever lies where the inputs are."""
    inputs = {home[name] for name in graph.inputs}
    others = [(offsets[root], sizes[root]) for root in sizes if root not in inputs]
    others += [(offsets[f"{layer_name(x)}.scratch"], x.scratch_bytes) for x in layers if x.scratch_bytes]
    return not any(_overlap((offsets[root], sizes[root]), other) for root in inputs for other in others)


def _apart(
    graph: Graph, home: Mapping[str, str], sizes: Mapping[str, int], offsets: Mapping[str, int]
) -> bool:
    """Whether writing inputs leaves the outputs as they are."""
    inputs, outputs = ({home[n] for n in names} for names in (graph.inputs, graph.outputs))
    return not any(_overlap((offsets[i], sizes[i]), (offsets[o], sizes[o])) for i in inputs for o in outputs)


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[0] + b[1] and b[0] < a[0] + a[1]
