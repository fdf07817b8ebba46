"""Recurrent layers that were written step by step become one node again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.ir import Array, Attribute, DType, Graph, Node, Value
from smelt.operators import call_of, find_operator
from smelt.operators.operator import Call
from smelt.operators.recurrent import GATES
from smelt.operators.recurrent.unrolled import Layer, unrolled


def fuse_recurrent(graph: Graph) -> Graph:
    """Find lstm, gru and rnn layers in their unrolled form (smelt.operators.recurrent.unrolled).

    What looks like a layer is unrolled and compared, expression by expression, so that nothing else is taken for one.
    A layer whose last output alone is cut from its sequence returns just that.
    """
    found = True
    while found:
        found = False
        for layer in _candidates(graph):
            fused = _fused(graph, layer)
            if fused is not None:
                graph, found = fused, True
                break
    return _with_last_only(graph)


class _Numbering:
    """Tensors by what they compute: equal expressions have equal numbers."""

    def __init__(self, graph: Graph) -> None:
        self.numbers: dict[object, str] = {}
        self.of: dict[str, str] = {}
        self.names: dict[str, str] = {}
        for name in graph.inputs:
            self._name(name, ("input", name))
        for name, array in graph.constants.items():
            self._name(name, _contents(array))
        for node in graph.nodes:
            if len(node.outputs) == 1:
                self._name(
                    node.outputs[0], self._key(node.operator, self._inputs(node), spelled(graph, node))
                )
            else:
                for output in node.outputs:
                    self._name(output, ("output", output))

    def constant(self, role: str, array: Array) -> str:
        """The number of a constant."""
        return self._number(_contents(array))

    def emit(self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]) -> str:
        """The number of what an operator makes of numbered tensors."""
        full = dataclasses.asdict(find_operator(operator).attributes(**attributes))
        return self._number(self._key(operator, inputs, full))

    def _inputs(self, node: Node) -> list[str | None]:
        given = list(node.inputs)
        while given and given[-1] is None:
            given.pop()
        return [None if name is None else self.of.get(name, name) for name in given]

    def _key(self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, object]) -> object:
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        return (operator, tuple(given), tuple(sorted(attributes.items())))

    def _number(self, key: object) -> str:
        return self.numbers.setdefault(key, f"#{len(self.numbers)}")

    def _name(self, name: str, key: object) -> None:
        number = self._number(key)
        self.of[name] = number
        self.names.setdefault(number, name)


def _contents(array: Array) -> object:
    return ("constant", str(array.dtype), array.shape, array.tobytes())


def spelled(graph: Graph, node: Node) -> dict[str, object]:
    """A node's attributes, those that it leaves out too."""
    return dataclasses.asdict(find_operator(node.operator).parse(node))


@dataclass(frozen=True)
class _Product:
    """Products of a state with constant recurrent weights: the weights, the bias, how often, the first state."""

    weights: str
    bias: str | None
    count: int
    state: str


def _candidates(graph: Graph) -> Iterator[Layer]:
    """What may be unrolled layers: a product of the whole sequence, and as many products of states as it has steps."""
    products = list(_products(graph))
    for node in graph.nodes:
        projection = _projection(graph, node)
        if projection is None:
            continue
        data, kernel, bias = projection
        batch, time, _ = data.shape
        fitting = [p for p in products if p.count == time and graph.values[p.state].shape[0] == batch]
        for product in fitting:
            yield from _layers(graph, data, kernel, bias, product, fitting)


def _projection(graph: Graph, node: Node) -> tuple[Value, Array, Array] | None:
    call = call_of(graph, node) if node.operator == "fully_connected" else None
    if call is None or not call.attributes.keep_dims or len(call.input(0).shape) != 3:
        return None
    kernel, bias = call.constant(1), call.constant(2)
    if kernel is None or bias is None or call.input(0).dtype is not DType.F32:
        return None
    return call.input(0), kernel, bias


def _products(graph: Graph) -> Iterator[_Product]:
    groups: dict[tuple[str | None, str | None], list[Call]] = {}
    for node in graph.nodes:
        if node.operator == "fully_connected":
            call = call_of(graph, node)
            if call.constant(1) is not None and len(call.input(0).shape) == 2:
                bias = call.input(2).name if call.has(2) else None
                groups.setdefault((call.input(1).name, bias), []).append(call)
    for (weights, bias), calls in groups.items():
        yield _Product(str(weights), bias, len(calls), calls[0].input(0).name)


def _layers(
    graph: Graph, data: Value, kernel: Array, bias: Array, product: _Product, others: Sequence[_Product]
) -> Iterator[Layer]:
    recurrent = graph.constants[product.weights]
    batch, time, _ = data.shape
    rows, units = recurrent.shape
    state = _state(graph, product.state)
    after = None if product.bias is None else graph.constants.get(product.bias)
    if product.bias is not None and after is None:
        return

    def layer(operator: str, weights: Array, cell: str | None = None, **options: object) -> Layer:
        whole = np.concatenate([bias, after]) if after is not None else bias
        given = {"operator": operator, "kernel": kernel, "recurrent": weights, "bias": whole, **options}
        return Layer(batch=batch, time=time, units=units, data=data.name, state=state, cell=cell, **given)  # type: ignore[arg-type]

    if len(kernel) == rows == 3 * units and after is not None:
        yield layer("gru", recurrent, reset_after=True)
    if after is not None:
        return
    if len(kernel) == rows == 4 * units:
        for cell in _cells(graph, (batch, units)):
            yield layer("lstm", recurrent, cell)
    if len(kernel) == rows == units:
        for activation in ("tanh", "relu", "logistic", "linear"):
            yield layer("rnn", recurrent, activation=activation)
    if len(kernel) == 3 * units and rows == 2 * units:
        for new in others:
            if graph.constants[new.weights].shape == (units, units) and new.bias is None:
                yield layer("gru", np.concatenate([recurrent, graph.constants[new.weights]]))


def _state(graph: Graph, name: str) -> str | None:
    """The name of a first state, None for zeros."""
    array = graph.constants.get(name)
    return None if array is not None and not array.any() else name


def _cells(graph: Graph, shape: tuple[int, ...]) -> list[str | None]:
    """What a first cell state may be: zeros, or a tensor that is there."""
    given = [*graph.inputs, *(name for name, array in graph.constants.items() if array.any())]
    return [None, *(name for name in given if graph.values[name].shape == shape)]


def _fused(graph: Graph, layer: Layer) -> Graph | None:
    """The graph with the layer as one node, or None where it is not what its candidate is."""
    numbering = _Numbering(graph)
    known = set(numbering.numbers.values())
    tensors = {name: None if name is None else numbering.of[name] for name in (layer.state, layer.cell)}
    there = dataclasses.replace(
        layer, data=numbering.of[layer.data], state=tensors[layer.state], cell=tensors[layer.cell]
    )
    steps = unrolled(there, numbering.emit, numbering.constant)
    if steps.states[-1] not in known:
        return None
    inside = _inside(graph, numbering, there)
    results = [steps.sequence if steps.sequence in known else None, steps.states[-1], steps.cell]
    return _replaced(graph, layer, numbering, inside, results)


def _inside(graph: Graph, numbering: _Numbering, layer: Layer) -> set[str]:
    """The numbers of all that the steps of a layer compute."""
    found: set[str] = set()

    def emit(operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]) -> str:
        number = numbering.emit(operator, inputs, attributes)
        found.add(number)
        return number

    unrolled(layer, emit, numbering.constant)
    return found


def _replaced(
    graph: Graph, layer: Layer, numbering: _Numbering, inside: set[str], results: Sequence[str | None]
) -> Graph | None:
    nodes = [n for n in graph.nodes if len(n.outputs) != 1 or numbering.of[n.outputs[0]] not in inside]
    kept = {id(node) for node in nodes}
    read = {name for node in nodes for name in node.inputs if name is not None} | set(graph.outputs)
    needed = [n.outputs[0] for n in graph.nodes if id(n) not in kept and n.outputs[0] in read]
    places = [numbering.of[name] for name in needed]
    if not needed or len(set(places)) != len(places) or not set(places) <= {r for r in results if r}:
        return None
    names = dict(zip(places, needed, strict=True))
    sequence, last, cell = (None if r is None else names.get(r) for r in results)
    node, values, constants = _layer_node(graph, layer, sequence, last, cell)
    first = min(i for i, n in enumerate(graph.nodes) if n.outputs[0] in needed)
    at = sum(id(n) in kept for n in graph.nodes[:first])
    return graph.replaced(nodes=[*nodes[:at], node, *nodes[at:]], values=values, constants=constants)


def _layer_node(
    graph: Graph, layer: Layer, sequence: str | None, last: str | None, cell: str | None
) -> tuple[Node, list[Value], dict[str, Array]]:
    stem = sequence or last or cell or layer.operator
    taken: list[str] = []

    def fresh(role: str) -> str:
        taken.append(graph.fresh_name(f"{stem}/{role}", taken=taken))
        return taken[-1]

    arrays = {"kernel": layer.kernel, "recurrent": layer.recurrent, "bias": layer.bias}
    constants = {fresh(role): np.ascontiguousarray(a) for role, a in arrays.items() if a is not None}
    returns = {(True, False, False): "sequence", (False, True, False): "last"}.get(
        (sequence is not None, last is not None, cell is not None), "all"
    )
    shapes = ((layer.batch, layer.time, layer.units), (layer.batch, layer.units), (layer.batch, layer.units))
    places = {"sequence": (0,), "last": (1,)}.get(returns, (0, 1, 2) if layer.operator == "lstm" else (0, 1))
    named = (sequence, last, cell)
    outputs = tuple(named[p] or fresh(("sequence", "last", "cell")[p]) for p in places)
    values = [Value(name, DType.F32, shapes[p]) for name, p in zip(outputs, places, strict=True)]
    values += [Value(name, DType.F32, array.shape) for name, array in constants.items()]
    inputs: list[str | None] = [layer.data, *constants, layer.state]
    inputs += [layer.cell] if layer.operator == "lstm" else []
    while inputs[-1] is None:
        inputs.pop()
    attributes: dict[str, Attribute] = {"returns": returns, "activation": layer.activation}
    if layer.operator == "gru":
        attributes["reset_after"] = layer.reset_after
    return Node(layer.operator, tuple(inputs), outputs, attributes, stem), values, constants


def _with_last_only(graph: Graph) -> Graph:
    """Layers whose sequence is read only for its last step return that."""
    producers, consumers = graph.producers(), graph.consumers()
    for node in graph.nodes:
        layer = _read_last(graph, node, producers, consumers)
        if layer is None:
            continue
        cut = producers[str(node.inputs[0])]
        attributes = {**layer.attributes, "returns": "last"}
        last = Node(layer.operator, layer.inputs, node.outputs, attributes, layer.name)
        gone = {id(node), id(cut)}
        nodes = [last if n is layer else n for n in graph.nodes if id(n) not in gone]
        return _with_last_only(graph.replaced(nodes=nodes))
    return graph


def _read_last(
    graph: Graph, node: Node, producers: Mapping[str, Node], consumers: Mapping[str, list[Node]]
) -> Node | None:
    """The layer whose last output a reshape of a slice of its sequence is."""
    cut = producers.get(str(node.inputs[0])) if node.operator == "reshape" else None
    layer = producers.get(str(cut.inputs[0])) if cut is not None and cut.operator == "strided_slice" else None
    if cut is None or layer is None or layer.operator not in GATES:
        return None
    sequence = graph.values[str(cut.inputs[0])]
    if layer.attributes.get("returns") != "sequence" or layer.attributes.get("reverse", False):
        return None
    batch, time, units = sequence.shape
    wanted = {"begin": (0, time - 1, 0), "end": (batch, time, units), "stride": (1, 1, 1)}
    alone = all(len(consumers[n]) == 1 and n not in graph.outputs for n in (sequence.name, cut.outputs[0]))
    last = graph.values[node.outputs[0]].shape == (batch, units)
    return layer if alone and last and spelled(graph, cut) == wanted else None
