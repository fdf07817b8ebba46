"""Low-rank factorization: layers become several smaller ones that compute nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import UsageError
from smelt.ir import Array, Attribute, DType, Graph, Node, Value
from smelt.operators import Call, call_of, find_operator
from smelt.passes.channels import Mixing, mixing
from smelt.train.channel_statistics import Floats, Moments, with_ridge
from smelt.train.low_rank_cp import cp_split
from smelt.train.low_rank_factors import SPLITTINGS, Factor, Split, above_noise, keeping_energy, window
from smelt.train.pruning_choice import Limit


def factorize(
    graph: Graph,
    budget: float | Mapping[str, float] | Limit | None,
    moments: Mapping[str, Moments] | None = None,
    *,
    multiple: int = 4,
    measure: Callable[[Graph], float] | None = None,
    cp: bool = False,
) -> Graph:
    """The graph with dense layers and convolutions in factors, where that is a gain.

    `budget` is the share of the weights' squares to keep, the same for single layers by the name of a node or its
    output, or a `Limit`: then the largest share that keeps it; None: as many ranks as are more than noise.  Ranks
    are multiples of `multiple`.  With `moments` (`data_moments`), it is the share of what layers compute from data
    that is kept, and biases make up for the mean of the rest.  Of the ways to take a layer apart the one with the
    lowest `measure(graph)` is taken, by default that of the limit, else the number of multiplications; the layer stays
    if none is lower, or if weights become more.  With `cp`, which takes longer, convolutions are taken apart by CP
    decomposition too, where the budget is a share or a limit.
    UsageError for a quantized graph, shares outside 0 to 1, a multiple below 1, unknown names, a limit out of reach.
    """
    if any(value.quantization is not None for value in graph.values.values()):
        raise UsageError(f"'{graph.name}' is quantized: factorize the float model, then quantize it")
    if multiple < 1:
        raise UsageError(f"ranks are multiples of 1 or more, not of {multiple}")
    if not isinstance(budget, Limit):
        return _Work(moments or {}, multiple, measure or _multiplications, cp).factorized(graph, budget)
    work = _Work(moments or {}, multiple, measure or budget.measure, cp)
    return _to_limit(graph, budget, work)


SEARCH_STEPS = 6
"""Halvings of the share in search of a limit: it is found to 1/64."""


def _to_limit(graph: Graph, limit: Limit, work: _Work) -> Graph:
    if limit.measure(graph) <= limit.at_most:
        return graph
    low, high, found = 0.0, 1.0, None
    for _ in range(SEARCH_STEPS):
        share = (low + high) / 2
        tried = work.factorized(graph, share)
        if limit.measure(tried) <= limit.at_most:
            low, found = share, tried
        else:
            high = share
    if found is None:
        least = limit.measure(work.factorized(graph, high))
        raise UsageError(
            f"factorization reaches {least:,.0f} with {high:.1%} of the weights' squares, not {limit.at_most:,.0f}: "
            "raise the limit, or prune first"
        )
    return found


def _multiplications(graph: Graph) -> float:
    return sum(find_operator(node.operator).cost(call_of(graph, node)).macs for node in graph.nodes)


@dataclass(frozen=True)
class _Work:
    moments: Mapping[str, Moments]
    multiple: int
    measure: Callable[[Graph], float]
    cp: bool

    def factorized(self, graph: Graph, shares: float | Mapping[str, float] | None) -> Graph:
        single = isinstance(shares, Mapping)
        named: dict[str, float | None] = dict(shares) if isinstance(shares, Mapping) else {}
        general = None if isinstance(shares, Mapping) else shares
        for share in (*named.values(), general):
            if share is not None and not 0 <= share <= 1:
                raise UsageError(f"the share of the weights' squares to keep is {share:g}; it is from 0 to 1")
        for node in graph.nodes:
            wanted = not single or node.name in named or node.outputs[0] in named
            share = named.pop(node.outputs[0], named.pop(node.name, general))
            if wanted and node.operator in SPLITTINGS:
                graph = self._better(graph, node, share)
        if named:
            raise UsageError(f"there is no layer '{next(iter(named))}' to factorize in '{graph.name}'")
        return graph

    def _better(self, graph: Graph, node: Node, share: float | None) -> Graph:
        best, lowest = graph, self.measure(graph)
        call = call_of(graph, node)
        for split in self._splits(call, share):
            tried = _with_split(graph, call, split, self._offset(call, split))
            if (cost := self.measure(tried)) < lowest:
                best, lowest = tried, cost
        return best

    def _splits(self, call: Call, share: float | None) -> Iterator[Split]:
        mixed = mixing(call)
        if mixed is None or mixed.groups > 1 or call.input(mixed.role.input).dtype is not DType.F32:
            return
        weights = _weights(call, mixed)
        root = self._root(call, weights.shape[-1])
        ranks = above_noise(self.multiple) if share is None else keeping_energy(share, self.multiple)
        for split in SPLITTINGS[call.node.operator](call, weights, root, ranks):
            if split.elements < weights.size:
                yield split
        if self.cp and share is not None and weights.ndim == 4 and min(weights.shape[1:3]) > 1:
            by_cp = cp_split(weights, root, window(call), share, self.multiple)
            if by_cp is not None:
                yield by_cp

    def _root(self, call: Call, features: int) -> Floats:
        moments = self.moments.get(call.input(0).name)
        if moments is None or len(moments.total) != features:
            return np.eye(features)
        return np.asarray(np.linalg.cholesky(with_ridge(moments.covariance)), np.float64)

    def _offset(self, call: Call, split: Split) -> Floats | None:
        """What the bias has to make up for: the mean of what the factors lose."""
        mixed, moments = mixing(call), self.moments.get(call.input(0).name)
        assert mixed is not None
        weights = _weights(call, mixed)
        if moments is None or len(moments.total) != weights.shape[-1]:
            return None
        exact = weights.reshape(len(weights), -1, weights.shape[-1]).sum(axis=1)
        product: Floats = np.eye(weights.shape[-1])
        for factor in split.factors:
            product = factor.total @ product
        return np.asarray((exact - product) @ moments.mean)


def _weights(call: Call, mixed: Mixing) -> Floats:
    weights = call.constant(mixed.role.input)
    assert weights is not None
    return np.asarray(weights, np.float64)


def _with_split(graph: Graph, call: Call, split: Split, offset: Floats | None) -> Graph:
    """The graph with the factors of a layer in its place; the last has its bias and activation."""
    layer, role = call.node, find_operator(call.node.operator).traits.weights
    assert role is not None
    values: list[Value] = []
    constants: dict[str, Array] = {}

    def constant(stem: str, array: Floats) -> str:
        name = graph.fresh_name(stem, constants)
        constants[name] = array.astype(np.float32)
        values.append(Value(name, DType.F32, array.shape))
        return name

    nodes, data = [], layer.inputs[role.data]
    for number, factor in enumerate(split.factors, 1):
        stem, last = f"{layer.name or layer.outputs[0]}/{split.name}_{number}", number == len(split.factors)
        inputs: list[str | None] = [data, constant(f"{stem}/weights", factor.weights)]
        if last:
            inputs += _bias(graph, call, offset, constant)
        output = layer.outputs[0] if last else graph.fresh_name(stem)
        operator = factor.operator or layer.operator
        nodes.append(Node(operator, tuple(inputs), (output,), _attributes(layer, factor, last), stem))
        data = output
    values += _between(graph, nodes, values)
    at = graph.nodes.index(layer)
    return graph.replaced(
        nodes=[*graph.nodes[:at], *nodes, *graph.nodes[at + 1 :]], values=values, constants=constants
    )


def _bias(
    graph: Graph, call: Call, offset: Floats | None, constant: Callable[[str, Floats], str]
) -> Sequence[str | None]:
    name = call.node.inputs[2] if call.has(2) else None
    if offset is None or not offset.any():
        return [] if name is None else [name]
    given = np.zeros(len(offset)) if name is None else np.asarray(graph.constants[name], np.float64)
    return [constant(f"{call.node.name}/bias", given + offset)]


def _attributes(layer: Node, factor: Factor, last: bool) -> dict[str, Attribute]:
    plain = {
        key: value for key, value in layer.attributes.items() if key not in ("stride", "padding", "dilation")
    }
    return {**plain, **factor.attributes} if last else {**plain, "activation": "none", **factor.attributes}


def _between(graph: Graph, nodes: Sequence[Node], constants: Sequence[Value]) -> list[Value]:
    """The descriptions of the tensors between the factors."""
    known = {**graph.values, **{value.name: value for value in constants}}
    made = []
    for node in nodes[:-1]:
        operator = find_operator(node.operator)
        inputs = tuple(None if name is None else known[name] for name in node.inputs)
        (kind,) = operator.infer(Call(node, operator.parse(node), inputs, (), (None,) * len(inputs)))
        made.append(Value(node.outputs[0], kind.dtype, kind.shape))
        known[node.outputs[0]] = made[-1]
    return made
