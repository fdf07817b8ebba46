"""What a quantized graph costs, near enough to compare assignments: bytes, memory, cycles."""

from __future__ import annotations

from dataclasses import dataclass

from smelt.errors import UnsupportedError
from smelt.ir import Graph
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.cycles import estimated_cycles
from smelt.targets import Target


@dataclass(frozen=True)
class Price:
    """size: bytes of all constants.  ram: bytes of the tensors alive at once, at most.

    cycles: estimated, of all kernels; None where there is none for an operator.
    """

    size: int
    ram: int
    cycles: int | None

    def __str__(self) -> str:
        cycles = "no kernels" if self.cycles is None else f"about {self.cycles:,} cycles"
        return f"{self.size:,} bytes of constants, {self.ram:,} bytes of tensors at once, {cycles}"


def price(graph: Graph, target: Target) -> Price:
    """The price of a graph on a target, without compiling it."""
    return Price(
        sum(graph.values[name].bytes for name in graph.constants), _live_bytes(graph), _cycles(graph, target)
    )


def _live_bytes(graph: Graph) -> int:
    last = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs if name}
    last.update(dict.fromkeys(graph.outputs, len(graph.nodes)))
    alive = {name: graph.values[name].bytes for name in graph.inputs}
    peak = sum(alive.values())
    for index, node in enumerate(graph.nodes):
        alias = find_operator(node.operator).traits.alias
        alive.update((name, 0 if alias else graph.values[name].bytes) for name in node.outputs)
        if alias and node.inputs[0] in alive:
            # a view keeps what it shows
            last[node.inputs[0]] = max(last.get(node.outputs[0], index), last[node.inputs[0]])
        peak = max(peak, sum(alive.values()))
        alive = {name: size for name, size in alive.items() if last.get(name, -1) > index}
    return peak


def _cycles(graph: Graph, target: Target) -> int | None:
    total = 0.0
    for node in graph.nodes:
        if find_operator(node.operator).traits.alias:
            continue
        call = call_of(graph, node)
        try:
            total += estimated_cycles(call, choose_kernel(call, target), target=target)
        except UnsupportedError:
            return None
    return round(total)
