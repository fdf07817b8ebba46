"""Which tensors must have the same quantization parameters, and the parameters of all of them."""

from __future__ import annotations

from collections.abc import Iterable

from smelt.ir import DType, Graph, Quantization
from smelt.operators import call_of, find_operator
from smelt.quantize.calibrate import Ranges
from smelt.quantize.parameters import activation_quantization


def activation_parameters(graph: Graph, ranges: Ranges, dtype: DType = DType.S8) -> dict[str, Quantization]:
    """The parameters in a type, s8 or s16, of every float tensor that is no weight.

    Tensors joined by an operator that keeps its scale (pooling, reshape, concatenation, …) share
    one range; outputs whose parameters the specification fixes (softmax, logistic, tanh) keep them.
    """
    all_ranges = {**ranges, **_constant_ranges(graph)}
    groups, fixed = _share(graph, dtype)
    result: dict[str, Quantization] = {}
    for members in groups.partition(all_ranges):
        given = next((fixed[m] for m in members if m in fixed), None)
        low = min(all_ranges[m][0] for m in members)
        high = max(all_ranges[m][1] for m in members)
        result.update(dict.fromkeys(members, given or activation_quantization(low, high, dtype)))
    result.update(fixed)
    return result


def _share(graph: Graph, dtype: DType) -> tuple[Groups, dict[str, Quantization]]:
    groups, fixed = Groups(), dict[str, Quantization]()
    for node in graph.nodes:
        traits = find_operator(node.operator).traits
        if traits.fixed_output and call_of(graph, node).output.dtype is DType.F32:
            fixed[node.outputs[0]] = traits.fixed_output(dtype)
        if traits.same_quantization:
            source = [n for n in node.inputs if n and graph.values[n].dtype is DType.F32]
            for name in source:
                pinned = {groups.root(other) for other in fixed}
                if len(source) == 1 or groups.root(name) not in pinned:
                    groups.join(name, node.outputs[0])
    return groups, fixed


def _constant_ranges(graph: Graph) -> dict[str, tuple[float, float]]:
    """Ranges of the float constants that nodes read or that are outputs."""
    used = dict.fromkeys(name for node in graph.nodes for name in node.inputs if name is not None)
    result = {}
    for name in (*used, *graph.outputs):
        if name in graph.constants and graph.values[name].dtype is DType.F32:
            array = graph.constants[name]
            result[name] = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    return result


class Groups:
    """Union-find over tensor names."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        """The representative of a name's group."""
        while self.parent.get(name, name) != name:
            name = self.parent[name]
        return name

    def join(self, a: str, b: str) -> None:
        """Put two names into one group."""
        self.parent[self.root(a)] = self.root(b)

    def partition(self, names: Iterable[str]) -> list[list[str]]:
        """All names, group by group, in their given order."""
        members: dict[str, list[str]] = {}
        for name in names:
            members.setdefault(self.root(name), []).append(name)
        return list(members.values())
