"""A graph made ready for C: kernels chosen, calls lowered, every tensor given its place in the arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from smelt.errors import CompileError
from smelt.ir import Graph, Node
from smelt.memory import Buffer, Plan, Step, best_order, lifetimes, plan
from smelt.operators import Call, Kernel, call_of, choose_kernel, find_operator, verify_graph
from smelt.operators.operator import Lowering
from smelt.targets import Target


@dataclass(frozen=True)
class Layer:
    """One step of the program: a kernel call, a plain copy (`kernel` is None), or nothing (an alias)."""

    index: int
    call: Call
    kernel: Kernel | None
    lowering: Lowering | None
    scratch_bytes: int
    macs: int

    @property
    def node(self) -> Node:
        """The node that this layer computes."""
        return self.call.node

    @property
    def is_copy(self) -> bool:
        """Whether the layer only moves bytes."""
        return self.kernel is None


@dataclass(frozen=True)
class Program:
    """What the C writer needs to know.

    `layers` holds what is executed (aliases are not); `offsets` gives the arena offset in bytes of
    every tensor that lives there, `scratch_offsets` that of each layer's workspace.
    """

    graph: Graph
    target: Target
    layers: tuple[Layer, ...]
    offsets: Mapping[str, int]
    scratch_offsets: Mapping[int, int]
    plan: Plan
    input_preserved: bool
    output_survives_input: bool


def build_program(graph: Graph, target: Target, *, keep_all: bool = False) -> Program:
    """Choose kernels, order the layers and plan memory for a target.

    With `keep_all` every tensor keeps its own memory to the end, so that intermediate results can
    be read after `invoke`.  Raises UnsupportedError when a node has no kernel for its types.
    """
    verify_graph(graph)
    if not graph.outputs:
        raise CompileError(f"'{graph.name}' computes nothing")
    home = _homes(graph)
    layers = _layers(graph, target)
    steps = [_step(layer, home, target) for layer in layers]
    # constant outputs are copied into the arena before the first layer
    arrive = tuple(dict.fromkeys([*graph.inputs, *(n for n in graph.outputs if n in graph.constants)]))
    leave = tuple(dict.fromkeys(home.values() if keep_all else (home[n] for n in graph.outputs)))
    sizes = {root: graph.values[root].bytes for root in home.values()}
    if not keep_all:
        order = best_order(steps, sizes, arrive, leave).indices
        layers = tuple(replace(layers[old], index=new + 1) for new, old in enumerate(order))
        steps = [_step(layer, home, target) for layer in layers]
    alignments = {
        root: max(target.alignment_bytes, 4, graph.values[root].dtype.numpy.itemsize) for root in sizes
    }
    for name, root in home.items():
        alignments[root] = max(alignments[root], graph.values[name].dtype.numpy.itemsize)
    buffers = {buffer.name: buffer for buffer in lifetimes(steps, sizes, arrive, leave, alignments)}
    layout = plan(tuple(buffers.values()))
    inputs, outputs = ({home[n] for n in names} for names in (graph.inputs, graph.outputs))
    return Program(
        graph=graph,
        target=target,
        layers=layers,
        offsets={name: layout.offsets[root] for name, root in home.items()},
        scratch_offsets={
            layer.index: layout.offsets[f"{step.name}.scratch"]
            for layer, step in zip(layers, steps, strict=True)
            if layer.scratch_bytes
        },
        plan=layout,
        input_preserved=not any(
            _overlap(buffers[name], other, layout)
            for name in inputs
            for other in buffers.values()
            if other.name != name
        ),
        output_survives_input=not any(
            _overlap(buffers[i], buffers[o], layout) for i in inputs for o in outputs
        ),
    )


def _is_alias(graph: Graph, node: Node) -> bool:
    return find_operator(node.operator).traits.alias and node.inputs[0] not in graph.constants


def _homes(graph: Graph) -> dict[str, str]:
    """For every tensor in the arena, the tensor whose memory it uses (itself unless an alias)."""
    home = {name: name for name in graph.inputs}
    for node in graph.nodes:
        for output in node.outputs:
            source = node.inputs[0] if node.inputs else None
            home[output] = home[source] if source and _is_alias(graph, node) else output
    for name in graph.outputs:
        home.setdefault(name, name)
    return home


def _layers(graph: Graph, target: Target) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for node in graph.nodes:
        if _is_alias(graph, node):
            continue
        call = call_of(graph, node)
        operator = find_operator(node.operator)
        kernel = None if operator.traits.alias else choose_kernel(call, target)
        layers.append(
            Layer(
                index=len(layers) + 1,
                call=call,
                kernel=kernel,
                lowering=kernel.lower(call, target) if kernel else None,
                scratch_bytes=kernel.scratch_bytes(call, target) if kernel else 0,
                macs=operator.cost(call).macs,
            )
        )
    return tuple(layers)


def _step(layer: Layer, home: Mapping[str, str], target: Target) -> Step:
    """A layer as the planner sees it."""
    return Step(
        name=f"layer {layer.index}",
        inputs=tuple(dict.fromkeys(home[n] for n in layer.node.inputs if n is not None and n in home)),
        outputs=tuple(home[n] for n in layer.node.outputs),
        scratch_bytes=layer.scratch_bytes,
        scratch_alignment=max(4, target.alignment_bytes),
    )


def _overlap(a: Buffer, b: Buffer, layout: Plan) -> bool:
    start_a, start_b = layout.offsets[a.name], layout.offsets[b.name]
    return start_a < start_b + b.bytes and start_b < start_a + a.bytes
