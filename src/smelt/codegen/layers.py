"""The executed steps of a graph: kernels chosen and lowered, and where aliases really live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from smelt.codegen.options import BALANCED, Options
from smelt.codegen.shared_code import sharing_kernels
from smelt.codegen.sparse import sparse_form
from smelt.ir import Graph, Node
from smelt.memory import Step
from smelt.operators import Call, Kernel, call_of, candidate_kernels, choose_kernel, find_operator
from smelt.operators.operator import Lowering
from smelt.operators.rows import has_rows, one_row
from smelt.targets import Target


@dataclass(frozen=True)
class Layer:
    """One step of the program: a kernel call, or a plain copy (`kernel` is None).

    `by_rows`: where it runs by itself its kernel's row function computes it, called once.  `packed`: the kernels with
    packed weights that a plan may choose from instead, in one slice first; empty where weights are plain.
    """

    index: int
    call: Call
    kernel: Kernel | None
    lowering: Lowering | None
    scratch_bytes: int
    macs: int
    by_rows: bool = False
    packed: tuple[Kernel, ...] = ()

    @property
    def node(self) -> Node:
        """The node that this layer computes."""
        return self.call.node

    @property
    def is_copy(self) -> bool:
        """Whether the layer only moves bytes."""
        return self.kernel is None


def is_alias(graph: Graph, node: Node) -> bool:
    """Whether a node only renames a tensor of the arena."""
    return find_operator(node.operator).traits.alias and node.inputs[0] not in graph.constants


def homes(graph: Graph) -> dict[str, str]:
    """For every tensor in the arena, the tensor whose memory it uses (itself unless an alias)."""
    home = {name: name for name in graph.inputs}
    for node in graph.nodes:
        for output in node.outputs:
            source = node.inputs[0] if node.inputs else None
            home[output] = home[source] if source and is_alias(graph, node) else output
    for name in graph.outputs:
        home.setdefault(name, name)
    return home


@dataclass(frozen=True)
class ArenaTensors:
    """The tensors of the arena, each with the one whose memory it uses (`home`), and what is outside it.

    `arrive` are those that are there from the start, `leave` those that are left at the end.  `external` names for
    every other tensor the input that it is or renames, which stays with the caller.
    """

    home: Mapping[str, str]
    arrive: tuple[str, ...]
    leave: tuple[str, ...]
    external: Mapping[str, str]


def arena_tensors(graph: Graph, options: Options = BALANCED, *, keep_all: bool = False) -> ArenaTensors:
    """What the arena holds; with `keep_all` everything is left at the end.

    Constant outputs are there from the start, and inputs, unless they are external; what is left at the end is not.
    """
    home = homes(graph)
    leave = tuple(dict.fromkeys(home.values() if keep_all else (home[name] for name in graph.outputs)))
    outside = set(graph.inputs) - set(leave) if options.external_input else set()
    present = [*graph.inputs, *(name for name in graph.outputs if name in graph.constants)]
    return ArenaTensors(
        home={name: root for name, root in home.items() if root not in outside},
        arrive=tuple(dict.fromkeys(name for name in present if name not in outside)),
        leave=leave,
        external={name: root for name, root in home.items() if root in outside},
    )


def make_layers(graph: Graph, target: Target, options: Options = BALANCED) -> tuple[Layer, ...]:
    """A layer for every node that is executed, in the graph's order, numbered from 1.

    Raises UnsupportedError when a node has no kernel for its types.
    """
    calls = [call_of(graph, node) for node in graph.nodes if not is_alias(graph, node)]
    operators = [find_operator(call.node.operator) for call in calls]
    macs = [operator.cost(call).macs for operator, call in zip(operators, calls, strict=True)]
    best = [
        None if operator.traits.alias else _best_kernel(call, target, options)
        for operator, call in zip(operators, calls, strict=True)
    ]
    kernels = sharing_kernels(calls, best, macs, target, options)
    layers: list[Layer] = []
    for call, kernel, n in zip(calls, kernels, macs, strict=True):
        layer = Layer(len(layers) + 1, call, None, None, 0, n)
        if kernel is not None:
            layer = with_kernel(layer, kernel, target, by_rows=prefers_rows(call, kernel))
        layers.append(layer)
    return tuple(layers)


def _best_kernel(call: Call, target: Target, options: Options) -> Kernel:
    """The cheapest of those with a measured price, else the first for the form, or one that skips zeros where it pays.

    Raises UnsupportedError.
    """
    prices = options.prices.get(call.output.name, {})
    priced = [kernel for kernel in candidate_kernels(call, target) if kernel.label in prices]
    if priced:
        return min(priced, key=lambda kernel: prices[kernel.label])
    kernel = choose_kernel(call, target, options.form)
    if call.output.name in options.packed:
        return kernel
    sparse = sparse_form(call, kernel, target, options)
    return sparse.kernel if sparse is not None and sparse.pays(options) else kernel


def with_kernel(layer: Layer, kernel: Kernel, target: Target, *, by_rows: bool) -> Layer:
    """The layer computed by a kernel, lowered for the target."""
    return replace(
        layer,
        kernel=kernel,
        lowering=kernel.lower(layer.call, target),
        scratch_bytes=kernel.scratch_bytes(layer.call, target),
        by_rows=by_rows,
    )


def goes_by_rows(call: Call, kernel: Kernel) -> bool:
    """Whether a kernel can compute some rows of a call at a time."""
    if kernel.accumulates:
        return True
    able = kernel.row_function is not None or kernel.row_by_row
    return able and has_rows(call.input(0)) and has_rows(call.output)


def prefers_rows(call: Call, kernel: Kernel) -> bool:
    """Whether the row function computes the whole layer at the same speed: then the other need not be linked."""
    same = kernel.ascending or kernel.buffered or kernel.accumulates
    return same and kernel.row_function is not None and goes_by_rows(call, kernel)


def for_one_row(layer: Layer, target: Target) -> Layer:
    """The layer with its kernel lowered for one row, where the kernel works row by row; else as it is."""
    call, kernel = layer.call, layer.kernel
    if kernel is None or not kernel.row_by_row:
        return layer
    needs = find_operator(layer.node.operator).traits.needs
    inputs = tuple(
        value if value is None or needs(call, index) is None else one_row(value)
        for index, value in enumerate(call.inputs)
    )
    narrow = replace(call, inputs=inputs, outputs=tuple(one_row(value) for value in call.outputs))
    return replace(layer, lowering=kernel.lower(narrow, target))


def planner_step(layer: Layer, home: Mapping[str, str], target: Target) -> Step:
    """A layer as the planner of whole tensors sees it."""
    return Step(
        name=f"layer {layer.index}",
        inputs=tuple(dict.fromkeys(home[n] for n in layer.node.inputs if n is not None and n in home)),
        outputs=tuple(home[n] for n in layer.node.outputs),
        scratch_bytes=layer.scratch_bytes,
        scratch_alignment=max(4, target.alignment_bytes),
    )
